"""Keys and pointers of every kind mean one thing, wherever the focus was."""

import pytest

from tests.e2e.tool import placed


def test_keys_belong_to_the_picture_again_after_any_control(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    eye = tool.page.get_by_label("Show or hide object 1")
    for _ in range(2):
        eye.click()
        tool.idle()
    tool.page.keyboard.press("Space")
    tool.idle()
    assert tool.session.active is None and tool.session.document.instances[0].visible
    tool.click(230, 100)
    tool.idle()
    tool.page.get_by_label("Duplicate object 2").click()
    tool.idle()
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert len(tool.session.document.instances) == 3 and tool.session.active is None


def test_a_space_key_that_is_released_in_another_window_is_not_held(tool, squares):
    tool.upload(squares)
    tool.page.keyboard.down("Space")
    tool.page.evaluate("window.dispatchEvent(new Event('blur'))")
    tool.click(80, 80)
    tool.idle()
    assert len(tool.session.active.clicks) == 1
    tool.page.keyboard.up("Space")
    tool.idle()
    assert tool.session.active is not None


def test_side_buttons_and_the_pens_eraser_mark_nothing_and_a_second_button_is_not_lost(tool, squares):
    tool.upload(squares)
    x, y = placed(tool, 80, 80)
    devtools = tool.page.context.new_cdp_session(tool.page)
    for button, bit in (("back", 8), ("forward", 16)):
        for kind in ("mousePressed", "mouseReleased"):
            event = {"x": x, "y": y, "button": button, "buttons": bit, "clickCount": 1}
            devtools.send("Input.dispatchMouseEvent", {"type": kind, **event})
    tool.page.evaluate(
        """([x, y]) => document.querySelector('.cfr canvas').dispatchEvent(new PointerEvent('pointerdown',
        { bubbles: true, pointerId: 9, pointerType: 'pen', button: 5, buttons: 32,
          clientX: x, clientY: y }))""",
        [x, y],
    )
    tool.idle()
    assert tool.session.document.instances == ()
    mouse = tool.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(*placed(tool, 20, 20))
    mouse.down(button="right")
    mouse.up()
    mouse.up(button="right")
    tool.idle()
    assert [(c.x, c.y, c.positive) for c in tool.session.active.clicks] == [(80, 80, True), (20, 20, False)]


@pytest.mark.parametrize("key", ["r", "b"])
def test_escape_cancels_a_box_or_stroke(tool, squares, key):
    tool.upload(squares)
    tool.page.keyboard.press(key)
    tool.page.mouse.move(*placed(tool, 20, 20))
    tool.page.mouse.down()
    tool.page.mouse.move(*placed(tool, 140, 140), steps=4)
    tool.page.keyboard.press("Escape")
    tool.page.mouse.up()
    tool.idle()
    assert tool.session.document.instances == ()


def test_finishing_an_object_ends_the_mode_of_negative_clicks(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("x")
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert tool.page.locator(".cfr").get_attribute("data-mode") == "positive"


def test_the_browsers_save_dialog_stays_closed(tool, squares):
    tool.upload(squares)
    prevented = """() => { const event = new KeyboardEvent('keydown',
      { key: 's', code: 'KeyS', ctrlKey: true, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event); return event.defaultPrevented; }"""
    assert tool.page.evaluate(prevented)


def test_a_click_that_just_misses_a_thin_object_selects_it_and_alt_starts_another(tool, squares):
    tool.upload(squares)
    tool.page.keyboard.press("a")  # a pixel of the picture is one of the screen
    box = tool.page.locator("canvas").bounding_box()

    def at(x, y):
        return box["x"] + box["width"] / 2 + x - 149.5, box["y"] + box["height"] / 2 + y - 99.5

    tool.page.keyboard.press("b")
    tool.page.locator("[data-ref=brush]").fill("3")
    mouse = tool.page.mouse
    mouse.move(*at(20, 20))
    mouse.down()
    mouse.move(*at(200, 20), steps=3)
    mouse.up()
    tool.page.keyboard.press("Enter")
    tool.page.keyboard.press("v")
    tool.idle()
    assert tool.session.active is None and tool.session.document.instances[0].mask.pixels[20, 100]
    mouse.move(*at(100, 24))
    assert tool.page.locator("[data-ref=objects] li.pointed").count() == 1
    mouse.click(*at(100, 24))
    tool.idle()
    assert tool.session.active.id == 1 and len(tool.session.document.instances) == 1
    tool.page.keyboard.press("Enter")
    tool.idle()
    tool.page.keyboard.down("Alt")
    mouse.click(*at(100, 24))
    tool.page.keyboard.up("Alt")
    tool.idle()
    assert tool.session.active.id == 2
