"""What a click would give is shown where the pointer rests, and never in the way of the click."""

import pytest
from playwright.sync_api import expect

from tests.e2e.tool import Tool, placed

GREY = (128, 128, 128)


@pytest.fixture
def open_tool(tool, squares) -> Tool:
    tool.upload(squares)
    return tool


def rest(tool, x, y):
    tool.page.mouse.move(*placed(tool, x, y))


def previewed(tool):
    return tool.page.locator("canvas[data-preview]")


def asked(tool):
    """The requests for a preview from now on."""
    requests = []
    tool.page.on(
        "request",
        lambda request: requests.append(request) if "preview" in (request.post_data or "") else None,
    )
    return requests


def test_a_resting_pointer_shows_a_preview_until_it_moves(open_tool):
    tool = open_tool
    plain = tool.colour(40, 50)
    rest(tool, 80, 80)
    expect(previewed(tool)).to_be_attached()
    faint = tool.colour(40, 50)
    assert faint != plain and tool.colour(290, 10)[:3] == GREY
    assert tool.session.document.instances == () and not tool.session.can_undo
    rest(tool, 20, 180)
    expect(previewed(tool)).not_to_be_attached()
    assert tool.colour(40, 50) == plain
    tool.click(80, 80)
    tool.idle()
    mask = tool.colour(40, 50)
    assert sum(abs(a - b) for a, b in zip(mask, plain, strict=True)) > sum(
        abs(a - b) for a, b in zip(faint, plain, strict=True)
    )
    requests = asked(tool)
    rest(tool, 200, 100)  # further clicks belong to the object in work
    tool.page.wait_for_timeout(400)
    assert requests == []


def test_no_preview_is_asked_for_on_a_mask_with_another_tool_or_while_masks_are_hidden(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    requests = asked(tool)
    rest(tool, 82, 82)  # a click selects the object
    tool.page.wait_for_timeout(300)
    for key in "bh":
        tool.page.keyboard.press(key)
        rest(tool, 230, 100 + ord(key) % 7)
        tool.page.wait_for_timeout(300)
        tool.page.keyboard.press(key if key == "h" else "v")
    tool.page.keyboard.press("x")  # background: there is no object to take it from
    rest(tool, 230, 90)
    tool.page.wait_for_timeout(300)
    tool.page.keyboard.press("x")
    assert requests == []
    rest(tool, 231, 100)
    expect(previewed(tool)).to_be_attached()
    assert len(requests) == 1


def test_alt_shows_what_a_click_on_a_mask_would_start_there_while_the_pointer_rests(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    rest(tool, 82, 82)
    tool.page.keyboard.down("Alt")
    expect(previewed(tool)).to_be_attached()
    tool.page.keyboard.up("Alt")
    expect(previewed(tool)).not_to_be_attached()


def test_a_preview_on_an_object_that_is_hidden_by_itself_shows_what_the_click_gives(open_tool):
    tool = open_tool
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    tool.page.locator("[data-ref=objects] .eye").click()
    tool.idle()
    requests = asked(tool)
    rest(tool, 82, 82)
    tool.until(lambda: requests)
    tool.page.wait_for_timeout(300)
    plain = tool.colour(40, 50)
    assert sum(abs(a - b) for a, b in zip(plain[:3], (220, 30, 30), strict=True)) < 12  # object 1 has it
    tool.page.keyboard.down("Alt")
    tool.until(lambda: tool.colour(40, 50) != plain)
    tool.page.keyboard.up("Alt")


def test_a_click_does_not_wait_for_the_preview_and_drops_it(open_tool):
    tool = open_tool
    held = []

    def hold(route):
        if '"preview"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    tool.page.route("**/component_server/", hold)
    rest(tool, 80, 80)
    tool.until(lambda: held)
    tool.click(80, 80)
    tool.idle()
    assert tool.session.active.mask.area > 5000
    held[0].continue_()
    tool.page.wait_for_timeout(200)
    expect(previewed(tool)).not_to_be_attached()


def test_the_switch_of_previews_is_remembered_and_has_a_key(open_tool):
    tool = open_tool
    tool.page.keyboard.press("w")
    expect(tool.page.locator(".toast-body").first).to_contain_text("off")
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    requests = asked(tool)
    rest(tool, 80, 80)
    tool.page.wait_for_timeout(400)
    assert requests == []
    tool.unfold("View")
    box = tool.page.get_by_label("Preview of a click", exact=True)
    assert not box.is_checked()
    box.check()
    rest(tool, 82, 80)
    expect(previewed(tool)).to_be_attached()
    tool.page.keyboard.press("w")
    expect(previewed(tool)).not_to_be_attached()


def test_the_crosshair_of_the_keyboard_gets_previews_too(open_tool):
    tool = open_tool
    tool.page.locator("canvas").focus()
    tool.page.keyboard.press("ArrowRight")
    expect(previewed(tool)).to_be_attached()
    tool.page.keyboard.press("Escape")
    expect(previewed(tool)).not_to_be_attached()


def test_fingers_get_no_preview(visit, server, squares):
    tool = visit(server, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    tool.upload(squares)
    requests = asked(tool)
    place = placed(tool, 80, 80)
    tool.page.touchscreen.tap(*place)
    tool.idle()
    tool.page.get_by_role("button", name="Finish").click()
    tool.page.touchscreen.tap(*placed(tool, 230, 100))
    tool.page.wait_for_timeout(400)
    assert requests == [] and tool.errors == []
