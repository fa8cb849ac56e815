"""Click on a photo, see an exact mask, download it."""

import time

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.tool import EXAMPLES, message
from tests.stand_in import ColourModel


def test_the_page_fits_a_laptop_screen_without_scrolling(tool):
    tool.example("coffee")
    assert tool.hidden_controls() == []
    assert tool.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert tool.page.locator("footer").filter(has_text="Gradio").count() == 0


def test_a_click_on_an_example_shows_the_mask(tool):
    tool.example("coffee")
    before = tool.colour(300, 120)
    assert before != (0, 0, 0, 0)
    tool.click(310, 130)
    tool.idle()
    mask = tool.session.mask
    assert mask[130, 310] and mask.any() and not mask.all()
    inside = np.argwhere(mask)[len(np.argwhere(mask)) // 2]
    tool.unfold("View")
    tool.set_range("Mask opacity", 100)
    tool.page.get_by_text("Contour").click()
    assert tool.colour(int(inside[1]), int(inside[0])) == (0x3B, 0x82, 0xF6, 255)


def test_downloads_have_the_pictures_size_and_the_masks_values(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    download = tool.download("Mask")
    assert download.suggested_filename == "squares_mask.png"
    with Image.open(download.path()) as image:
        mask = np.array(image)
        assert image.mode == "L" and image.size == (300, 200)
    assert set(np.unique(mask)) == {0, 255}
    assert np.array_equal(mask == 255, tool.session.mask)
    assert mask[80, 80] == 255 and mask[100, 230] == 0

    download = tool.download("Cut-out")
    assert download.suggested_filename == "squares_cutout.png"
    with Image.open(download.path()) as image:
        cutout = np.array(image)
        assert image.mode == "RGBA" and image.size == (300, 200)
    assert np.array_equal(cutout[..., 3], mask)
    assert (cutout[80, 80] == (220, 30, 30, 255)).all()

    tool.page.keyboard.press("Enter")
    tool.click(230, 100)
    tool.page.keyboard.press("Enter")
    tool.idle()
    download = tool.download("Mask (all)")
    assert download.suggested_filename == "squares_all_mask.png"
    with Image.open(download.path()) as image:
        assert np.array(image)[[80, 100], [80, 230]].all()


def test_right_click_shift_and_the_switch_are_negative(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(230, 100, button="right")
    tool.click(10, 10, modifiers=["Shift"])
    tool.page.get_by_role("radio", name="Background").click()
    tool.click(150, 20)
    tool.idle()
    assert [click.positive for click in tool.session.active.clicks] == [True, False, False, False]
    assert [(click.x, click.y) for click in tool.session.active.clicks][:2] == [(80, 80), (230, 100)]


def test_each_press_of_a_key_on_the_slider_counts(serve, visit):
    class Slow(ColourModel):
        def decode(self, features, prompt_maps):
            time.sleep(0.05)
            return super().decode(features, prompt_maps)

    tool = visit(serve(Slow(), examples=EXAMPLES))
    tool.example("coffee")
    tool.click(300, 130)
    slider = tool.page.get_by_role("slider", name="CFR steps")
    slider.press("Home")
    for _ in range(8):
        slider.press("ArrowRight")
    tool.idle()
    assert slider.input_value() == "8" and tool.session.document.cfr.steps == 8
    assert tool.errors == []


def test_the_slider_and_its_switches_act_on_the_current_clicks(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(100, 100)
    tool.idle()
    tool.unfold("Refinement")
    stop = tool.page.get_by_label("Stop early")
    assert stop.input_value() == "settled" and tool.session.document.cfr.min_change_ratio == 0.02
    stop.select_option("published")
    tool.idle()
    assert tool.session.document.cfr.adaptive and tool.session.document.cfr.min_change_ratio == 0
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert stop.input_value() == "settled"
    stop.select_option("never")
    tool.set_range("CFR steps", 7)
    tool.idle()
    assert tool.session.active.timing.forwards == 8
    assert "8 passes" in tool.page.locator("[data-ref=answer]").inner_text()
    changed = tool.session.active.timing.changed
    refined = tool.page.locator("[data-ref=refined]")
    assert refined.inner_text() == f"8 passes, last changed {changed} px"
    tool.page.get_by_label("Close-ups").click()
    tool.idle()
    assert not tool.session.document.cfr.close_ups
    tool.page.get_by_label("Refine at every click").click()
    tool.idle()
    assert tool.session.active.timing.forwards == 1
    assert refined.inner_text() == "1 pass, nothing was refined"
    tool.set_range("CFR steps", 0)
    tool.idle()
    assert tool.session.document.cfr.steps == 0


def test_undo_redo_and_clear(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(100, 100)
    tool.idle()
    tool.page.get_by_role("button", name="Undo").click()
    tool.idle()
    assert len(tool.session.active.clicks) == 1
    tool.page.keyboard.press("Control+Shift+z")
    tool.idle()
    assert len(tool.session.active.clicks) == 2
    tool.page.get_by_role("button", name="Clear clicks").click()
    tool.idle()
    assert not tool.session.mask.any()
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.mask[80, 80]


def test_twenty_clicks_at_ten_a_second_all_arrive_in_order(tool, squares):
    tool.upload(squares)
    wanted = [(35 + 4 * i, 45 + 3 * i) for i in range(20)]
    for x, y in wanted:
        position = tool.point(x, y)
        box = tool.page.locator("canvas").bounding_box()
        tool.page.mouse.click(box["x"] + position["x"], box["y"] + position["y"])
        tool.page.wait_for_timeout(100)
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == wanted
    assert "20 clicks" in tool.page.locator("[data-ref=answer]").inner_text()


def test_a_burst_without_any_pause_loses_nothing(tool, squares):
    tool.upload(squares)
    tool.page.evaluate(
        """points => { const c = document.querySelector('.cfr canvas'), box = c.getBoundingClientRect();
        c.setPointerCapture = () => {};
        for (const p of points) for (const type of ['pointerdown', 'pointerup'])
          c.dispatchEvent(new PointerEvent(type,
            {bubbles: true, pointerId: 1, button: 0, clientX: box.left + p.x, clientY: box.top + p.y})); }""",
        [tool.point(40 + i, 50) for i in range(30)],
    )
    tool.idle()
    assert [click.x for click in tool.session.active.clicks] == list(range(40, 70))


def test_the_crosshair_clicks_by_keyboard_alone(tool, squares):
    tool.upload(squares)
    tool.page.locator("canvas").focus()
    for _ in range(3):
        tool.page.keyboard.press("ArrowLeft")
    tool.page.keyboard.press("Enter")
    tool.page.keyboard.press("Alt+ArrowRight")
    tool.page.keyboard.press("Backspace")
    tool.idle()
    first, second = tool.session.active.clicks
    assert first.positive and not second.positive
    assert (second.x - first.x, second.y - first.y) == (1, 0)


def test_sliders_labels_and_objects_are_undone_and_redone(tool, squares):
    tool.upload(squares)
    start = tool.session.document
    tool.click(80, 80)
    tool.idle()
    tool.set_range("CFR steps", 7)
    tool.idle()
    label = tool.page.get_by_label("Label of object 1")
    label.fill("cup")
    label.press("Enter")
    tool.idle()
    tool.page.get_by_label("Duplicate object 1").click()
    tool.page.get_by_label("Delete object 1").click()
    tool.idle()
    end = tool.session.document
    tool.page.locator("canvas").focus()
    for _ in range(5):
        tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.document.instances == start.instances and tool.session.document.cfr == start.cfr
    assert tool.page.get_by_role("slider", name="CFR steps").input_value() == "4"
    assert tool.page.locator("[data-ref=objects] li").count() == 0
    for _ in range(5):
        tool.page.keyboard.press("Control+y")
    tool.idle()
    assert tool.session.document == end
    assert tool.page.get_by_role("slider", name="CFR steps").input_value() == "7"
    assert tool.page.get_by_label("Label of object 2").input_value() == "cup"


def test_a_tap_clicks_and_two_fingers_do_not(visit, server, squares):
    tool = visit(server, viewport={"width": 390, "height": 780}, has_touch=True)
    tool.upload(squares)
    position = tool.point(80, 80)
    box = tool.page.locator("canvas").bounding_box()
    tool.page.touchscreen.tap(box["x"] + position["x"], box["y"] + position["y"])
    tool.idle()
    assert [(c.x, c.y) for c in tool.session.active.clicks] == [(80, 80)]
    touch = tool.page.context.new_cdp_session(tool.page)
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    for kind, spread in (("touchStart", 20), ("touchMove", 40), ("touchMove", 80), ("touchEnd", None)):
        fingers = (
            []
            if spread is None
            else [{"x": middle["x"] + s * spread, "y": middle["y"], "id": i} for i, s in enumerate((-1, 1))]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    tool.idle()
    assert len(tool.session.active.clicks) == 1
    zoom = int(tool.page.locator("[data-ref=zoom]").inner_text().split()[0])
    assert zoom > 200
    assert tool.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_two_sessions_never_mix(visit, server, tool, squares):
    other = visit(server)
    tool.upload(squares)
    other.example("coffee")
    for i in range(5):
        tool.click(40 + i, 60)
        other.click(300 + i, 130)
    tool.idle()
    other.idle()
    assert [c.x for c in tool.session.active.clicks] == [40, 41, 42, 43, 44]
    assert [c.x for c in other.session.active.clicks] == [300, 301, 302, 303, 304]
    assert tool.session.mask.shape == (200, 300) and other.session.mask.shape == (400, 600)


def test_a_first_negative_click_is_explained(tool, squares):
    tool.upload(squares)
    tool.click(80, 80, button="right")
    assert "Start an object" in message(tool)


def test_brush_eraser_and_box_by_mouse(tool, squares):
    tool.upload(squares)
    box = tool.page.locator("canvas").bounding_box()

    def drag(start, end):
        points = [tool.point(*start), tool.point(*end)]
        (x0, y0), (x1, y1) = [(box["x"] + p["x"], box["y"] + p["y"]) for p in points]
        tool.page.mouse.move(x0, y0)
        tool.page.mouse.down()
        tool.page.mouse.move(x1, y1, steps=6)
        tool.page.mouse.up()
        tool.idle()

    tool.page.get_by_role("radio", name="Box").click()
    drag((175, 55), (285, 165))
    blue = tool.session.active.id
    assert tool.session.mask[100, 230] and not tool.session.mask[80, 80]
    status = tool.page.locator("[data-ref=answer]")
    assert status.inner_text().startswith("1 box · ") and "click" not in status.inner_text()
    tool.page.keyboard.press("v")
    tool.click(240, 90)
    tool.idle()
    assert status.inner_text().startswith("1 box · 1 click · ")
    tool.page.keyboard.press("Control+z")
    tool.page.keyboard.press("b")
    tool.set_range("Brush size", 10)
    drag((160, 180), (250, 180))
    assert tool.session.active.id == blue and tool.session.mask[180, 165:245].all()
    tool.page.keyboard.press("e")
    drag((200, 150), (200, 190))
    assert not tool.session.mask[155:185, 200].any()
    for _ in range(3):
        tool.page.keyboard.press("Control+z")
    tool.idle()
    assert not tool.session.document.instances
    tool.page.keyboard.press("r")
    drag((80, 80), (81, 81))  # the hand was not still
    drag((230, 100), (233, 102))  # around a few pixels
    assert [len(each.clicks) for each in tool.session.document.instances] == [1, 1]
    assert tool.session.mask[100, 230] and not tool.session.mask[80, 80]


def test_the_box_tool_stays_for_the_next_object_and_for_clicks(tool, squares):
    tool.upload(squares)
    stage = tool.page.locator("canvas").bounding_box()
    chosen = tool.page.get_by_role("radio", name="Box")

    def box(*corners):
        for number, corner in enumerate(corners):
            point = tool.point(*corner)
            tool.page.mouse.move(stage["x"] + point["x"], stage["y"] + point["y"], steps=4)
            if not number:
                tool.page.mouse.down()
        tool.page.mouse.up()
        tool.idle()

    tool.page.keyboard.press("r")
    box((25, 35), (135, 145))
    box((175, 55), (285, 165))
    assert chosen.is_checked() and len(tool.session.document.instances) == 2
    tool.click(240, 90, button="right")
    tool.idle()
    tool.click(200, 90)
    tool.idle()
    assert chosen.is_checked() and len(tool.session.document.instances) == 2
    assert tool.page.locator("[data-ref=answer]").inner_text().startswith("1 box · 2 clicks · ")
    tool.click(80, 80, modifiers=["Control"])
    expect(tool.page.locator("[data-ref=selection-count]")).to_have_text("2 selected")
    tool.page.keyboard.press("v")
    tool.click(80, 80, modifiers=["Alt"])
    tool.idle()
    for x in (82, 84, 86):  # clicks that change nothing
        tool.click(x, 80)
        tool.idle()
    tool.page.get_by_role("button", name="Draw a box instead").click()
    assert chosen.is_checked()
    box((25, 35), (135, 145))
    assert tool.page.get_by_role("radio", name="Click").is_checked()
