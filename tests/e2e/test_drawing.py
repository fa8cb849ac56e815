"""What the page draws of a mask."""

from pathlib import Path

import numpy as np
import pytest

from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.ui.canvas import STATIC

HEIGHT, WIDTH = 40, 60
PAINT = """(mask) => {
  const context = document.querySelector('canvas').getContext('2d');
  context.clearRect(0, 0, 60, 40);
  MaskShape.decode(mask.size, mask.counts).paint(context, 1, '#ffffff', 1, 0);
  return [...context.getImageData(0, 0, 60, 40).data].filter((_, index) => index % 4 === 3);
}"""


@pytest.fixture(scope="module")
def painted(browser):
    """A function that paints a mask, without its contour, and gives the opacity of each pixel."""
    page = browser.new_page()
    page.route("http://page/*", lambda route: route.fulfill(path=STATIC / Path(route.request.url).name))
    page.goto("http://page/mask.js")
    page.set_content(f"<canvas width={WIDTH} height={HEIGHT}></canvas>")
    page.evaluate("async () => Object.assign(window, await import('/mask.js'))")
    yield lambda mask: np.reshape(page.evaluate(PAINT, mask.coco), (HEIGHT, WIDTH))
    page.close()


@pytest.mark.parametrize("share", [0, 0.03, 0.3, 0.5, 0.8, 0.97, 1])
def test_each_pixel_of_a_mask_is_filled_and_no_other(painted, share):
    for seed in range(5):
        pixels = np.random.default_rng(seed).random((HEIGHT, WIDTH)) < share
        assert np.array_equal(painted(Mask.of(pixels)), 255 * pixels)


def test_corners_and_lasso_by_mouse(tool, squares):
    tool.upload(squares)
    box = tool.page.locator("canvas").bounding_box()

    def drag(*places, button="left"):
        points = [tool.point(x - 0.5, y - 0.5) for x, y in places]
        for number, point in enumerate(points):
            tool.page.mouse.move(box["x"] + point["x"], box["y"] + point["y"], steps=3)
            if not number:
                tool.page.mouse.down(button=button)
        tool.page.mouse.up(button=button)
        tool.idle()

    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("p")
    before = tool.session.mask
    assert before[45, 125] and not before[50, 134]
    drag((130, 40), (160, 20))
    assert tool.session.mask[50, 134] and (tool.session.mask[60:, :125] == before[60:, :125]).all()
    drag((160, 20), button="right")
    assert not tool.session.mask[45, 125] and tool.session.mask[100, 100]
    tool.page.keyboard.press("l")
    drag((200, 20), (240, 20), (240, 50), (200, 50))
    assert tool.session.mask[22:48, 202:238].all()
    drag((210, 25), (230, 25), (230, 45), (210, 45), button="right")
    assert not tool.session.mask[27:43, 212:228].any()
    drag((220, 35))
    assert tool.session.mask[22:48, 202:238].all() and len(tool.session.document.instances) == 1
    tool.page.keyboard.press("b")
    size = tool.page.get_by_label("Brush size")
    width = int(size.input_value())
    tool.page.keyboard.down("Shift")
    tool.page.mouse.wheel(0, -100)
    tool.page.keyboard.up("Shift")
    tool.page.wait_for_function(f"Number(document.querySelector('[data-ref=brush]').value) > {width}")


def test_corners_and_lasso_by_the_keyboard(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    keys = tool.page.keyboard
    keys.press("p")
    before = tool.session.mask
    keys.press("Tab")  # the upper left corner, where the outline begins
    keys.press("Shift+ArrowLeft")
    keys.press("ArrowUp")
    keys.press("Tab")
    tool.idle()
    moved = tool.session.mask
    assert moved.sum() > before.sum() and (moved & before).sum() == before.sum()
    assert tool.session.can_undo and len(tool.session.document.instances) == 1

    keys.press("Delete")
    tool.idle()
    assert tool.session.mask.sum() < moved.sum() and len(tool.session.document.instances) == 1
    keys.press("Control+z")
    tool.idle()
    assert (tool.session.mask == moved).all()
    keys.press("Insert")
    keys.press("Shift+ArrowRight")
    keys.press("Enter")
    tool.idle()
    assert (tool.session.mask != moved).any() and tool.session.active is not None

    for _ in range(20):  # past the last corner, the picture lets the keys go
        keys.press("Tab")
        if not tool.page.evaluate("document.activeElement.matches('.cfr canvas')"):
            break
    else:
        raise AssertionError("Tab does not leave the picture")


def test_escape_cancels_a_moved_corner_and_tab_leaves_the_picture(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    keys, before = tool.page.keyboard, tool.session.mask
    keys.press("p")
    keys.press("Tab")
    keys.press("Shift+ArrowLeft")
    keys.press("Escape")
    keys.press("Tab")
    tool.page.wait_for_timeout(800)  # longer than a moved corner waits
    tool.idle()
    assert (tool.session.mask == before).all()
    assert not tool.page.evaluate("document.activeElement.matches('.cfr canvas')")


def test_a_lasso_is_drawn_by_the_keyboard(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    before = tool.session.mask
    keys = tool.page.keyboard
    keys.press("l")

    def line(*sides):
        keys.press("Enter")
        for way, number in sides:
            for _ in range(number):
                keys.press(f"Shift+Arrow{way}")
            keys.press("Enter")

    keys.press("ArrowUp")  # shows the crosshair, in the middle
    line(("Right", 1), ("Down", 1))
    keys.press("Backspace")
    keys.press("Enter")
    line(("Left", 1))  # the first press closes a line of three points
    tool.idle()
    added = tool.session.mask
    assert added.sum() > before.sum() and (added & before).sum() == before.sum()
    keys.press("Escape")
    assert len(tool.session.document.instances) == 1


def test_a_box_is_drawn_and_corrected_by_the_keyboard(tool, squares):
    tool.upload(squares)
    keys = tool.page.keyboard
    keys.press("r")

    def move(way, number):
        for _ in range(number):
            keys.press(f"Shift+Arrow{way}")

    keys.press("ArrowUp")  # shows the crosshair, in the middle
    move("Left", 8)  # to the upper left corner of the picture
    move("Up", 8)
    keys.press("Enter")
    assert not tool.session.document.instances
    move("Right", 6)
    move("Down", 6)
    keys.press("Enter")
    tool.idle()
    box = tool.session.active.box
    assert (box.left, box.top) == (0, 0) and box.right > 100 and box.bottom > 100
    keys.press("Enter")
    keys.press("Enter")  # at the same place: a click, which corrects the mask
    tool.idle()
    keys.press("Backspace")
    tool.idle()
    added = tool.session.active.clicks[-2:]
    assert [click.positive for click in added] == [True, False]
    assert len(tool.session.document.instances) == 1
