"""The page on a phone, and with a keyboard alone."""

import shutil

import pytest

from cfr_icl.annotate.folder.folder import Folder
from tests.e2e.tool import EXAMPLES

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}


CUT_OFF = """() => [...document.querySelectorAll(
        '.cfr .bar *, .cfr .files header *, .cfr .panel > *, .cfr .status *')]
    .map(e => [e, e.getBoundingClientRect()])
    .filter(([e, box]) => e.offsetParent && (box.right > innerWidth + 1 || box.left < 0))
    .map(([e]) => e.outerHTML)"""


@pytest.fixture
def phone(visit, server, squares):
    tool = visit(server, **PHONE)
    tool.upload(squares)
    yield tool
    assert tool.errors == []


def tap(tool, x, y):
    position, box = tool.point(x, y), tool.page.locator("canvas").bounding_box()
    tool.page.touchscreen.tap(box["x"] + position["x"], box["y"] + position["y"])
    tool.idle()


@pytest.mark.parametrize("language", ["de", "es"])
def test_the_status_line_is_not_cut_in_longer_languages(visit, server, squares, language):
    tool = visit(server, **PHONE, locale=language)
    tool.upload(squares)
    tap(tool, 80, 80)
    tool.page.locator("[data-do=finish]").tap()
    tool.idle()
    tool.page.eval_on_selector("[data-ref=size]", "size => { size.textContent = '4000 × 3000'; }")
    answer = tool.page.locator("[data-ref=answer]")
    assert answer.evaluate("answer => answer.scrollWidth <= answer.clientWidth"), answer.inner_text()


def test_objects_are_clicked_finished_and_downloaded_with_a_finger(phone):
    assert "Tap the object." in phone.page.locator("[data-ref=tip]").inner_text()
    tap(phone, 80, 80)
    phone.page.get_by_role("radio", name="Background").tap()
    tap(phone, 20, 20)
    assert [click.positive for click in phone.session.active.clicks] == [True, False]
    phone.page.get_by_role("button", name="Finish").tap()
    phone.page.get_by_role("radio", name="Object", exact=True).tap()
    tap(phone, 230, 100)
    assert len(phone.session.document.instances) == 2
    with phone.page.expect_download():
        phone.page.get_by_role("button", name="Mask", exact=True).tap()


def test_controls_are_large_enough_for_a_finger_and_nothing_is_cut_off(phone):
    tap(phone, 80, 80)
    for fold in ("labels", "inspect"):
        phone.page.locator(f".{fold} summary").tap()
    small = phone.page.evaluate(
        """() => [...document.querySelectorAll('.cfr :is(button, input, select, summary)')]
        .filter(e => e.offsetParent).map(e => [e, (e.closest('label') || e).getBoundingClientRect()])
        .filter(([e, box]) => box.width < 28 || box.height < 28).map(([e]) => e.outerHTML)"""
    )
    assert small == []
    assert phone.page.evaluate(CUT_OFF) == []


def test_two_fingers_on_the_panel_do_not_zoom_the_page(phone):
    tap(phone, 80, 80)
    touch = phone.page.context.new_cdp_session(phone.page)
    for name in (".panel", ".bar"):
        box = phone.page.locator(name).bounding_box()
        x, y = box["x"] + box["width"] / 2, min(box["y"] + box["height"] / 2, 760)
        for spread in (20, 40, 60, 80, 100):
            fingers = [{"x": x + side * spread, "y": y, "id": id} for id, side in enumerate((-1, 1))]
            kind = "touchStart" if spread == 20 else "touchMove"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        phone.page.wait_for_timeout(100)
        assert phone.page.evaluate("visualViewport.scale") == 1


@pytest.mark.parametrize(("width", "height"), [(820, 1180), (744, 1133), (844, 390)])
def test_a_folder_on_a_tablet_has_all_buttons_and_a_picture_of_half_the_width(
    serve, visit, tmp_path, width, height
):
    for path in EXAMPLES:
        shutil.copy(path, tmp_path)
    tool = visit(
        serve(folder=Folder(tmp_path, tmp_path / "work")),
        viewport={"width": width, "height": height},
        has_touch=True,
        is_mobile=True,
    )
    assert tool.page.evaluate(CUT_OFF) == []
    assert tool.page.locator("canvas").bounding_box()["width"] > width / 2
    assert tool.page.locator(".bar").bounding_box()["height"] < 60  # one line
    tool.page.get_by_role("button", name="coffee.png").tap()
    tool.wait_for_picture("coffee.png")
    tool.page.get_by_role("button", name="Help").tap()
    tool.page.get_by_role("heading", name="Keys and mouse").wait_for()
    tool.page.get_by_role("button", name="Close", exact=True).tap()
    assert tool.errors == []


def test_a_folder_on_a_phone_shows_its_pictures_and_their_states(serve, visit, tmp_path):
    for path in EXAMPLES:
        shutil.copy(path, tmp_path)
    (tmp_path / "flower.jpg").rename(tmp_path / f"the flower {'of the second camera ' * 4}0017.jpg")
    tool = visit(serve(folder=Folder(tmp_path, tmp_path / "work")), **PHONE)
    tool.page.get_by_role("button", name="Done").tap()
    tool.idle()
    first = tool.page.get_by_role("button", name="astronaut.png")
    assert first.is_visible() and first.get_attribute("data-state") == "done"
    tool.page.get_by_role("button", name="coffee.png").tap()
    tool.wait_for_picture("coffee.png")
    assert tool.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tool.page.locator(".bar").bounding_box()["height"] < 100  # two lines of buttons
    long = tool.page.get_by_role("button", name="the flower")
    assert long.bounding_box()["width"] < 300 and long.get_by_text("0017.jpg").is_visible()
    export = tool.page.locator("[data-do=export]")
    export.scroll_into_view_if_needed()
    assert export.is_enabled() and tool.download_by(export.tap).suggested_filename.endswith(".json")


def test_an_object_is_taken_up_again_from_the_keyboard(tool, squares):
    tool.upload(squares)
    keyboard = tool.page.keyboard
    tool.page.locator("canvas").focus()
    for key in ("ArrowLeft", *["Shift+ArrowLeft"] * 3, "Enter", "Space"):  # the picture's middle, then left
        keyboard.press(key)
    tool.idle()
    (instance,) = tool.session.document.instances
    assert instance.mask.pixels[80, 80] and tool.session.active is None
    keyboard.press("Enter")
    tool.idle()
    assert tool.session.active == instance
    keyboard.press("Enter")
    tool.idle()
    assert len(tool.session.active.clicks) == 2
    assert len(tool.session.document.instances) == 1


def test_objects_are_made_and_labelled_without_a_mouse(tool, squares):
    tool.upload(squares)
    keyboard = tool.page.keyboard
    tool.page.locator("canvas").focus()
    for name, way in (("tin can", "ArrowLeft"), ("lid", "ArrowRight")):
        for key in (way, *[f"Shift+{way}"] * (3 if name == "tin can" else 6), "Enter"):
            keyboard.press(key)
        tool.idle()
        keyboard.press("i")
        keyboard.type(name)
        for _ in range(3):  # the label, back to the picture, the object is finished
            keyboard.press("Enter")
            tool.idle()
    assert [each.label for each in tool.session.document.instances] == ["tin can", "lid"]
    assert tool.session.active is None


def test_arrows_move_within_a_group_of_choices(tool):
    tool.page.get_by_role("radio", name="Click").focus()
    tool.page.keyboard.press("ArrowRight")
    tool.page.keyboard.press("ArrowRight")
    tool.page.keyboard.press("Enter")
    assert tool.page.get_by_role("radio", name="Brush").get_attribute("aria-checked") == "true"


def test_after_a_button_the_keys_belong_to_the_picture_again(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.click(100, 100)
    tool.idle()
    tool.page.get_by_role("button", name="Undo").click()
    tool.page.keyboard.press("Space")
    tool.idle()
    (instance,) = tool.session.document.instances
    assert len(instance.clicks) == 1 and tool.session.active is None


def test_the_threshold_is_seen_while_it_moves_and_is_one_step_to_undo(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    tool.page.locator(".inspect summary").click()
    tool.page.wait_for_selector(".passes button")
    tool.idle()
    slider = tool.page.get_by_role("slider", name="Threshold")
    before, document = tool.colour(60, 60), tool.session.document
    move = "(e, value) => { e.value = value; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    for value in (0.6, 0.7, 0.8):
        slider.evaluate(move, value)
    assert tool.colour(60, 60) != before
    assert tool.session.document is document
    slider.evaluate("e => e.dispatchEvent(new Event('change', {bubbles: true}))")
    tool.idle()
    assert tool.session.active.threshold == 0.8
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.document is document


def test_polygons_follow_the_tolerance_while_it_moves(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Export format").select_option("labelme")
    tool.idle()
    tool.page.get_by_label("Polygon tolerance").evaluate(
        "e => { e.value = 8; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    tool.page.wait_for_function(
        "document.querySelector('[data-ref=detail-value]').textContent.startsWith('8 px · ')"
    )
