"""The page is loaded anew, or the server is."""

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.tool import EXAMPLES, Line


def test_a_reload_goes_on_with_the_work(tool, server):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    pages = len(server.pages)
    zoom = tool.page.locator("[data-ref=zoom]")
    fitted = zoom.inner_text()
    tool.page.keyboard.press("+")
    expect(zoom).not_to_have_text(fitted)
    zoomed = zoom.inner_text()
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    assert tool.page.locator("[data-ref=objects] li").count() == 1
    assert zoom.inner_text() == zoomed != fitted
    tool.page.keyboard.press("f")
    tool.click(310, 140)
    tool.idle()
    assert len(server.pages) == pages
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(300, 130), (310, 140)]
    for _ in range(2):
        tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.document.instances == ()


def test_the_chosen_export_survives_a_reload(tool):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    tool.page.locator("[data-ref=format]").select_option("yolo")
    tool.page.locator("[data-ref=detail]").fill("2.5")
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    assert tool.page.locator("[data-ref=format]").input_value() == "yolo"
    assert tool.page.locator("[data-ref=detail]").input_value() == "2.5"
    tool.page.evaluate("localStorage.setItem('cfr-export', '{\"format\": \"of a later version\"}')")
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    assert tool.page.locator("[data-ref=format]").input_value() == "coco"


def test_a_server_that_was_started_anew_is_given_the_work_again(serve, visit):
    first = serve(examples=EXAMPLES)
    tool = visit(first)
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    tool.page.keyboard.press("Enter")
    tool.click(60, 300)
    tool.idle()
    picture, objects = tool.session.picture, tool.session.document.instances
    second = first.started_anew(examples=EXAMPLES)
    tool.click(70, 310)
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "your work is back" in toast.inner_text()
    tool.idle()
    tool.session = second.pages[-1].session
    again = tool.session.document.instances
    assert np.array_equal(tool.session.picture, picture)
    assert "holes" not in tool.page.locator("[data-ref=size]").inner_text()
    assert again[0] == objects[0]
    assert [(o.label, o.colour) for o in again] == [(o.label, o.colour) for o in objects]
    assert again[1].clicks[:-1] == objects[1].clicks
    assert (again[1].clicks[-1].x, again[1].clicks[-1].y) == (70, 310)  # the click that came to nobody


def test_clicks_wait_until_the_server_is_reached_again(tool, server):
    tool.example("coffee")
    refused = []

    def refuse(route):
        refused.append(route)
        route.abort()

    tool.page.route("**/component_server/", refuse)
    tool.click(300, 130)
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "cannot be reached" in toast.inner_text() and len(refused) == 1
    tool.click(310, 140)
    tool.page.unroute("**/component_server/")
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(300, 130), (310, 140)]
    assert all("net::ERR_FAILED" in error for error in tool.errors)
    tool.errors.clear()


def test_a_reload_asks_while_pictures_are_on_their_way(tool, tmp_path):
    """Those that have not arrived would be missing afterwards, and nothing would tell so."""
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.new("RGB", (60, 40), (80 * number, 0, 0)).save(path)
    asked = []
    tool.page.on("dialog", lambda dialog: asked.append(dialog.type))
    line = Line(tool, "**/upload**")
    tool.page.keyboard.press("v")  # browsers ask only where somebody has done something
    tool.page.set_input_files("[data-ref=file]", paths)
    tool.page.locator("[data-ref=upload]").wait_for()
    tool.page.reload()
    assert asked == ["beforeunload"] and line.held
