"""Controls and work stay in sight, and nothing covers them."""

import json

import numpy as np
from PIL import Image

from tests.e2e.tool import Line, placed


def test_export_and_finish_stay_in_the_panel_with_two_hundred_objects(tool, tmp_path):
    picture = np.full((400, 600, 3), 128, np.uint8)
    Image.fromarray(picture).save(tmp_path / "many.png")
    tool.upload(tmp_path / "many.png")
    ids = np.zeros((400, 600), np.uint8)
    for number in range(200):
        x, y = 28 * (number % 20), 38 * (number // 20)
        ids[y : y + 20, x : x + 20] = number + 1
    Image.fromarray(ids).save(tmp_path / "ids.png")
    tool.page.set_input_files("[data-ref=masks-file]", tmp_path / "ids.png")
    tool.page.wait_for_selector("[data-ref=objects] li >> nth=199")
    tool.idle()
    tool.click(10, 10)
    tool.idle()
    assert tool.page.evaluate(
        """() => { const panel = document.querySelector('.panel').getBoundingClientRect();
        return ['[data-do=finish]', '[data-do=export]'].every((name) => {
          const { top, bottom } = document.querySelector(name).getBoundingClientRect();
          return top >= panel.top && bottom <= panel.bottom; }); }"""
    )
    list_of_objects = tool.page.locator("[data-ref=objects]")
    assert list_of_objects.evaluate("e => e.scrollHeight > 2 * e.clientHeight && e.clientHeight > 150")
    tool.unfold("Labels")
    row = tool.page.locator("[data-ref=objects] li").first.evaluate("row => row.offsetHeight")
    assert list_of_objects.evaluate("(list, row) => list.clientHeight >= 6 * row", row)
    tool.page.get_by_label("Order of the objects").select_option("label")
    label = tool.page.get_by_label("Label of object 1", exact=True)
    label.fill("zebra")
    label.press("Enter")  # the row goes to the end of the list
    tool.idle()
    assert list_of_objects.evaluate(
        """list => { const frame = list.getBoundingClientRect(),
          row = list.querySelector('.current').getBoundingClientRect();
        return list.scrollTop > 0 && row.top >= frame.top && row.bottom <= frame.bottom + 1; }"""
    )


def test_a_label_can_be_typed_on_a_tablet(visit, server, squares):
    tool = visit(server, viewport={"width": 768, "height": 1024}, has_touch=True, is_mobile=True)
    tool.upload(squares)
    tool.page.touchscreen.tap(*placed(tool, 80, 80))
    tool.idle()
    assert tool.page.get_by_label("Label of object 1").evaluate("e => e.clientWidth") > 100
    assert tool.page.get_by_label("Delete object 1").is_visible()


def test_the_page_says_that_masks_are_hidden_and_shows_them_when_one_is_selected(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    tool.page.keyboard.press("h")
    note = tool.page.locator("[data-ref=hidden-note]")
    assert note.is_visible() and "hidden" in note.inner_text()
    tool.page.get_by_label("Select object 1").click()
    tool.idle()
    assert not note.is_visible() and tool.session.active is not None


def test_a_small_mask_under_a_large_one_is_reached(tool, squares, tmp_path):
    tool.upload(squares)
    ring = [[0, 0, 300, 0, 300, 200, 0, 200]]
    coco = {
        "images": [{"id": 1, "file_name": "squares.png", "height": 200, "width": 300}],
        "categories": [{"id": 1, "name": "small"}, {"id": 2, "name": "large"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[40, 50, 90, 50, 90, 90, 40, 90]]},
            {"id": 2, "image_id": 1, "category_id": 2, "segmentation": ring},
        ],
    }
    (tmp_path / "over.json").write_text(json.dumps(coco))
    tool.page.set_input_files("[data-ref=masks-file]", tmp_path / "over.json")
    tool.page.wait_for_selector("[data-ref=objects] li >> nth=1")
    tool.idle()
    found = []
    for _ in range(3):
        tool.click(60, 70)
        tool.idle()
        found.append(tool.session.active.label)
        tool.page.keyboard.press("Enter")
        tool.idle()
    assert found == ["small", "large", "small"]


def test_a_stroke_is_shown_before_the_server_answers(tool, squares):
    tool.upload(squares)
    tool.page.keyboard.press("b")
    plain = tool.colour(160, 180)
    line = Line(tool, "**/component_server/")
    tool.page.mouse.move(*placed(tool, 120, 180))
    tool.page.mouse.down()
    tool.page.mouse.move(*placed(tool, 200, 180), steps=5)
    tool.page.mouse.up()
    tool.page.mouse.move(*placed(tool, 20, 20))
    assert tool.colour(160, 180) != plain
    line.let_go()
    tool.idle()
    assert tool.session.mask[180, 160] and tool.colour(160, 180) != plain


def test_the_same_message_is_shown_once_and_covers_no_control(tool, squares):
    tool.upload(squares)
    for _ in range(3):
        tool.click(80, 80, button="right")
        tool.idle()
    notices = tool.page.locator(".cfr .notice")
    assert notices.count() == 1
    box, panel = notices.bounding_box(), tool.page.locator(".panel").bounding_box()
    assert box["x"] + box["width"] < panel["x"]


def test_a_low_window_keeps_the_panel_beside_the_picture(visit, server, squares):
    tool = visit(server, viewport={"width": 683, "height": 384}, device_scale_factor=2)
    tool.upload(squares)
    stage, panel = (tool.page.locator(name).bounding_box() for name in ("canvas", ".panel"))
    assert stage["height"] > 0.75 * 384 and stage["width"] > 0.6 * 683
    assert panel["x"] >= stage["x"] + stage["width"] - 1 and panel["height"] == stage["height"]
    tool.click(80, 80)
    tool.idle()
    assert tool.session.mask[80, 80]


def test_a_section_that_is_opened_is_seen(tool):
    tool.example("coffee")
    for section in ("Labels", "Refinement", "View", "Inspect"):
        tool.unfold(section)
        fold = tool.page.locator("details.fold", has=tool.page.get_by_role("heading", name=section))
        beyond = """fold => {
          const [inner, outer] = [fold, fold.parentElement].map((each) => each.getBoundingClientRect());
          return inner.height > outer.height ? inner.top - outer.top : inner.bottom - outer.bottom;
        }"""
        tool.until(lambda fold=fold, beyond=beyond: fold.evaluate(beyond) <= 1)
