"""Objects side by side, and their labels."""

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.tool import EXAMPLES, Line, placed


def deep_inside(mask):
    """A pixel of a mask that is far from its border, as (x, y)."""
    y, x = np.argwhere(cv2.erode(mask.astype(np.uint8), np.ones((9, 9))))[-1]
    return int(x), int(y)


def test_other_objects_are_paler_while_one_is_active(tool):
    tool.example("coffee")
    tool.unfold("View")
    tool.page.get_by_label("Contour").uncheck()
    tool.click(300, 130)
    tool.idle()
    place = deep_inside(tool.session.mask)
    in_work = tool.colour(*place)
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert tool.colour(*place) == in_work
    tool.click(20, 20, modifiers=["Alt"])
    tool.idle()
    assert tool.session.active.id == 2
    assert tool.colour(*place) != in_work


def test_neighbours_of_one_label_are_told_apart_by_shades_of_its_colour(tool, tmp_path):
    Image.new("RGB", (300, 200), (128, 128, 128)).save(tmp_path / "grey.png")
    tool.upload(tmp_path / "grey.png")
    ids = np.zeros((200, 300), np.uint8)
    ids[50:150, 50:100], ids[50:150, 100:150], ids[50:150, 200:250] = 1, 2, 3
    Image.fromarray(ids).save(tmp_path / "ids.png")
    tool.page.set_input_files("[data-ref=masks-file]", tmp_path / "ids.png")
    tool.page.wait_for_selector("[data-ref=objects] li >> nth=2")
    for number in (1, 2, 3):
        label = tool.page.get_by_label(f"Label of object {number}", exact=True)
        label.fill("cell")
        label.press("Enter")
        tool.idle()
    tool.page.keyboard.press("Escape")
    first, second, third = (tool.colour(x, 100) for x in (75, 125, 225))
    assert (
        min(abs(np.subtract(*pair)).max() for pair in ((first, second), (second, third), (first, third))) > 15
    )
    assert len({each.colour for each in tool.session.document.instances}) == 1


def test_a_label_that_no_object_has_can_be_taken_off_the_list(tool):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    tool.page.locator(".labels summary").click()
    for name in ("cpu", "cup"):
        tool.page.get_by_label("New label").fill(name)
        tool.page.keyboard.press("Enter")
        tool.idle()
    remove = tool.page.get_by_role("button", name="Remove this label from the list")
    assert remove.count() == 1  # the object has the other one
    remove.click()
    tool.idle()
    assert tool.page.locator("[data-ref=labels]").inner_text() == "cup"
    assert [label.name for label in tool.session.document.labels] == ["cup"]


def test_hidden_masks_come_back_with_the_next_click(tool):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    place = deep_inside(tool.session.mask)
    shown = tool.colour(*place)
    tool.page.keyboard.press("h")
    assert tool.colour(*place) != shown
    tool.click(305, 130)
    tool.idle()
    assert tool.session.mask[place[1], place[0]] and tool.colour(*place) == shown


def test_labels_are_always_seen_renamed_for_all_objects_and_pointed_at(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.idle()
    current = tool.page.locator("[data-ref=label-name]")
    tool.page.get_by_label("Label of object 1").fill("cpu")
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert current.inner_text() == "cpu"
    tool.page.locator(".labels summary").click()
    tool.page.locator("[data-ref=labels]").get_by_text("cpu").dblclick()
    tool.idle()
    tool.page.keyboard.type("cup")
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert [each.label for each in tool.session.document.instances] == ["cup"]
    assert current.inner_text() == "cup"
    tool.click(230, 100)
    tool.idle()
    place = (60, 60)
    before = tool.colour(*place)
    tool.page.locator(".objects li").first.hover()
    assert tool.colour(*place) != before
    tool.page.locator("canvas").hover(position=tool.point(*place))
    assert "pointed" in tool.page.locator(".objects li").first.get_attribute("class")


def test_a_label_that_is_not_the_current_one_is_renamed_and_the_object_in_work_keeps_its_own(tool, squares):
    tool.upload(squares)
    tool.page.locator(".labels summary").click()
    line = tool.page.get_by_label("New label")
    line.fill("cup")
    line.press("Enter")
    line.fill("pot")
    line.press("Enter")
    line.press("Enter")  # the empty line leads back to the picture
    tool.click(80, 80)
    tool.idle()
    for label, renamed in (("cup", "mug"), ("mug", "glass")):
        tool.page.locator("[data-ref=labels]").get_by_text(label).dblclick()
        tool.idle()
        tool.page.wait_for_timeout(100)  # the answer to the first click has been painted
        tool.page.keyboard.type(renamed)
        tool.page.keyboard.press("Enter")
        tool.idle()
        tool.page.keyboard.press("Enter")  # no object is in work the second time
        tool.idle()
    assert [each.label for each in tool.session.document.instances] == ["pot"]
    assert [each.name for each in tool.session.document.labels] == ["glass", "pot"]
    assert tool.page.locator("[data-ref=label-name]").inner_text() == "pot"


def test_objects_are_finished_selected_by_their_mask_and_kept_apart(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.click(230, 100)
    tool.idle()
    first, second = tool.session.document.instances
    assert not (first.mask.pixels & second.mask.pixels).any()
    tool.page.keyboard.press("Space")
    tool.idle()
    assert tool.session.active is None
    tool.click(85, 85)
    tool.idle()
    assert tool.session.document.active == first.id and len(tool.session.active.clicks) == 1
    tool.click(90, 90)
    tool.idle()
    assert len(tool.session.active.clicks) == 2


def test_starting_an_object_on_a_mask_is_told_while_it_can_be_done(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    status = tool.page.locator("[data-ref=answer]")
    assert "Alt + click" not in status.inner_text()
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert "Alt + click to start one on it" in status.inner_text()
    tool.click(90, 90, modifiers=["Alt"])
    tool.idle()
    assert len(tool.session.document.instances) == 2


def test_an_objects_row_labels_hides_locks_copies_and_deletes_it(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    label = tool.page.get_by_label("Label of object 1")
    label.fill("<b>cup</b>")
    label.press("Enter")
    tool.idle()
    assert tool.session.active.label == "<b>cup</b>"
    assert tool.page.locator(".panel b").count() == 0
    grey = (128, 128, 128, 255)
    tool.unfold("View")
    tool.set_range("Mask opacity", 100)
    assert tool.colour(60, 60) != (220, 30, 30, 255)
    tool.page.get_by_label("Show or hide object 1").click()
    tool.idle()
    assert tool.colour(60, 60) == (220, 30, 30, 255) and tool.colour(150, 20) == grey
    tool.page.get_by_label("Duplicate object 1").click()
    tool.idle()
    tool.page.get_by_label("Lock or unlock object 1").click()
    tool.idle()
    assert tool.page.get_by_label("Delete object 1").is_disabled()
    tool.page.get_by_label("Delete object 2").click()
    tool.idle()
    assert [instance.id for instance in tool.session.document.instances] == [1]


def two_finished(tool, squares):
    """Open the picture of two squares, and make an object of each."""
    tool.upload(squares)
    for x in (80, 230):
        tool.click(x, 90)
        tool.idle()
        tool.page.keyboard.press("Enter")
        tool.idle()


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_click_on_an_objects_label_selects_it_and_a_double_click_or_f2_writes_it(tool, squares):
    two_finished(tool, squares)
    first, second = (tool.page.get_by_label(f"Label of object {number}") for number in (1, 2))
    keys, mouse = tool.page.keyboard, tool.page.mouse
    mouse.click(*middle(first))
    tool.idle()
    assert tool.session.active.id == 1
    keys.type("r")  # a command: nothing is written
    assert tool.page.get_by_role("radio", name="Box").get_attribute("aria-checked") == "true"

    mouse.dblclick(*middle(second))
    keys.type("cup")  # in place of the label
    mouse.click(*middle(first))  # takes what was written
    tool.idle()
    assert [instance.label for instance in tool.session.document.instances] == ["object", "cup"]
    assert tool.session.active.id == 1

    tool.page.get_by_label("Select object 2").focus()
    keys.press("F2")
    keys.type("plate")
    keys.press("Enter")
    tool.idle()
    assert [instance.label for instance in tool.session.document.instances] == ["object", "plate"]

    tool.page.get_by_label("Lock or unlock object 2").click()
    tool.idle()
    mouse.dblclick(*middle(second))
    tool.idle()
    assert tool.session.active.id == 2
    assert not second.evaluate("label => label === document.activeElement")


def test_an_object_is_taken_up_again_before_the_answer_about_another_one(tool, squares):
    two_finished(tool, squares)
    first, second = (tool.page.get_by_label(f"Select object {number}") for number in (1, 2))
    first.click()
    tool.idle()
    line = Line(tool, "**/component_server/")
    second.click()
    first.click()
    line.let_go()
    tool.idle()
    assert tool.session.active.id == 1


def test_a_click_that_comes_before_an_answer_means_what_it_means_after_it(tool, squares):
    two_finished(tool, squares)
    # an object is selected, and a click on its neighbour corrects it
    line = Line(tool, "**/component_server/")
    tool.page.get_by_label("Select object 1").click()
    tool.click(230, 90)
    line.let_go()
    tool.idle()
    assert [len(each.clicks) for each in tool.session.document.instances] == [2, 1]
    assert tool.session.active.id == 1
    # the object is finished, and a click on the other one selects that
    line = Line(tool, "**/component_server/")
    tool.click(85, 95)
    tool.page.keyboard.press("Enter")
    tool.click(250, 130)
    line.let_go()
    tool.idle()
    assert [len(each.clicks) for each in tool.session.document.instances] == [3, 1]
    assert tool.session.active.id == 2


def test_a_click_where_nothing_is_drawn_yet_starts_an_object_whatever_comes_there(tool, squares):
    tool.upload(squares)
    line = Line(tool, "**/component_server/")
    tool.click(80, 80)
    tool.page.keyboard.press("Enter")
    tool.click(90, 90)  # the mask to come reaches here
    tool.click(85, 70)
    line.let_go()
    tool.idle()
    assert [len(each.clicks) for each in tool.session.document.instances] == [1, 2]
    tool.page.get_by_role("button", name="Let the new one overlap it").click()
    tool.idle()
    assert tool.session.active.mask.area > 0 and tool.session.active.overlaps == (1,)
    line = Line(tool, "**/component_server/")
    tool.page.keyboard.press("Enter")
    tool.click(230, 90)
    tool.page.keyboard.press("Enter")
    tool.click(240, 90)
    line.let_go()
    tool.page.get_by_role("button", name="Delete the new one").click()
    tool.idle()
    assert len(tool.session.document.instances) == 3


def test_a_part_of_a_labelled_whole_overlaps_it_where_it_was_clicked_on(tool, squares):
    two_finished(tool, squares)
    tool.click(60, 60, modifiers=["Alt"])
    tool.idle()
    part = tool.session.active
    assert part.id == 3 and part.mask.area > 0 and part.overlaps == (1,)
    switch = tool.page.get_by_label("May overlap others")
    expect(switch).to_be_checked()
    assert tool.page.get_by_title("Overlaps only: 1").count() == 1
    tool.page.keyboard.press("Enter")
    tool.click(200, 20, modifiers=["Alt"])  # beside all others
    tool.idle()
    expect(switch).not_to_be_checked()
    assert tool.session.active.overlaps == ()
    assert tool.page.locator(".notice").count() == 0


def test_a_late_answer_does_not_take_a_finished_object_up_again(tool, squares):
    two_finished(tool, squares)
    tool.page.get_by_label("Select object 1").click()
    tool.idle()
    line = Line(tool, "**/component_server/")
    tool.click(85, 95)
    tool.page.keyboard.press("Enter")
    tool.until(lambda: line.held)
    line.held.pop(0).continue_()  # the click alone
    tool.until(lambda: line.held)  # the parcel with the end of the object
    tool.click(250, 130)
    line.let_go()
    tool.idle()
    assert tool.session.active.id == 2 and len(tool.session.document.instances) == 2


def test_background_stays_chosen_for_the_object_that_is_selected_first(tool, squares):
    two_finished(tool, squares)
    tool.page.get_by_label("Select object 1").click()
    tool.idle()
    line = Line(tool, "**/component_server/")
    tool.page.get_by_label("Select object 2").click()
    tool.page.keyboard.press("x")
    line.let_go()
    tool.idle()
    tool.click(20, 20)
    tool.idle()
    assert [click.positive for click in tool.session.document.find(2).clicks] == [True, False]


def test_a_label_is_chosen_by_its_number_before_the_list_has_come(tool, squares):
    tool.upload(squares)
    line = Line(tool, "**/component_server/")
    tool.page.locator("[data-do=labels]").click()
    tool.page.keyboard.type("bowl\negg\n\n")
    tool.page.keyboard.press("1")
    tool.click(80, 80)
    line.let_go()
    tool.idle()
    assert tool.session.active.label == "bowl"


def test_buttons_that_are_pressed_before_the_first_answer_count(tool, squares):
    tool.upload(squares)
    line = Line(tool, "**/component_server/")
    tool.click(80, 80)
    tool.page.locator(".objects [data-do=finish]").click(timeout=5000)
    tool.click(230, 90)
    line.let_go()
    tool.idle()
    assert [len(each.clicks) for each in tool.session.document.instances] == [1, 1]
    line = Line(tool, "**/component_server/")
    tool.page.locator("[data-do=undo]").click()
    tool.page.locator("[data-do=redo]").click(timeout=5000)
    line.let_go()
    tool.idle()
    assert len(tool.session.document.instances) == 2
    saved = []
    tool.page.on("download", lambda download: saved.append(download.suggested_filename))
    line = Line(tool, "**/component_server/")
    tool.click(85, 85)
    for name in ("download-mask", "download-cutout", "export"):
        tool.page.locator(f"[data-do={name}]").click()
    line.let_go()
    tool.idle()
    tool.until(lambda: len(saved) == 3)


def test_a_click_without_an_answer_is_work_that_is_not_left_without_a_question(tool, squares):
    tool.upload(squares)
    line = Line(tool, "**/component_server/")
    tool.click(80, 80)
    tool.page.set_input_files("[data-ref=file]", EXAMPLES[0])
    tool.page.locator("[data-ref=ask-no]").click(timeout=20_000)
    line.let_go()
    tool.idle()
    assert len(tool.session.document.instances) == 1


def test_a_tap_on_an_objects_label_selects_it_and_a_double_tap_writes_it(visit, server, squares):
    tool = visit(server, viewport={"width": 768, "height": 1024}, has_touch=True, is_mobile=True)
    tool.upload(squares)
    for x in (80, 230):
        tool.page.touchscreen.tap(*placed(tool, x, 90))
        tool.idle()
        tool.page.locator("[data-do=finish]").click()
        tool.idle()
    first = tool.page.get_by_label("Label of object 1")
    tool.page.touchscreen.tap(*middle(first))
    tool.idle()
    assert tool.session.active.id == 1
    for _ in range(2):
        tool.page.touchscreen.tap(*middle(first))
    tool.page.keyboard.type("cup")
    tool.page.keyboard.press("Enter")
    tool.idle()
    assert tool.session.active.label == "cup"
    assert tool.errors == []


def test_each_press_of_an_eye_or_lock_counts_also_before_the_answer(tool, squares):
    tool.upload(squares)
    tool.click(80, 80)
    tool.idle()
    tool.page.get_by_label("Show or hide object 1").evaluate("eye => { eye.click(); eye.click(); }")
    tool.page.get_by_label("Lock or unlock object 1").evaluate(
        "lock => { lock.click(); lock.click(); lock.click(); }"
    )
    tool.idle()
    assert tool.session.document.instances[0].visible
    assert tool.session.document.instances[0].locked


def test_label_lists_are_loaded_saved_and_chosen_by_number(tool, squares, tmp_path):
    tool.upload(squares)
    names = tmp_path / "labels.txt"
    names.write_text("cup\nsaucer\nspoon\n")
    tool.page.locator(".labels summary").click()
    tool.page.set_input_files("[data-ref=labels-file]", names)
    tool.page.wait_for_selector("[data-ref=labels] button >> nth=2")
    tool.idle()
    tool.page.locator("canvas").focus()
    tool.page.keyboard.press("2")
    tool.click(80, 80)
    tool.idle()
    assert tool.session.active.label == "saucer"
    saved = json.loads(Path(tool.download("Save list").path()).read_text())
    assert [label["name"] for label in saved] == ["cup", "saucer", "spoon"]


def test_a_list_of_labels_is_typed_line_by_line_and_shows_their_keys(tool):
    tool.example("coffee")
    tool.page.locator("[data-do=labels]").click()
    tool.page.keyboard.type("bowl\negg\nlemon\n")
    tool.idle()
    chips = tool.page.locator("[data-ref=labels] [data-key]")
    assert chips.all_inner_texts() == ["bowl", "egg", "lemon"]
    assert [chip.get_attribute("data-key") for chip in chips.all()] == ["1", "2", "3"]
    assert tool.page.locator("[data-tool=click]").get_attribute("aria-checked") == "true"  # E was a letter
    tool.page.keyboard.press("Enter")  # an empty line ends the list: keys are commands again
    tool.page.keyboard.press("2")
    tool.click(300, 130)
    tool.idle()
    assert tool.session.active.label == "egg"


def test_a_long_label_pushes_nothing_away_and_stays_on_one_line(tool):
    tool.example("coffee")
    tool.page.locator("[data-do=labels]").click()
    tool.page.keyboard.type("a label of many words that nobody would ever want to read to its end\n")
    tool.idle()
    chip = tool.page.locator("[data-ref=labels] [data-key]").bounding_box()
    text = tool.page.locator("[data-ref=labels] [data-key] bdi").bounding_box()
    assert text["y"] >= chip["y"] and text["y"] + text["height"] <= chip["y"] + chip["height"]
    assert text["x"] + text["width"] <= chip["x"] + chip["width"]
    panel = tool.page.locator(".panel").bounding_box()
    finish = tool.page.locator(".objects [data-do=finish]")
    box = finish.bounding_box()
    assert box["x"] + box["width"] <= panel["x"] + panel["width"]
    assert finish.evaluate("button => button.scrollWidth <= button.clientWidth + 1")
