"""Objects side by side, and their labels."""

import cv2
import numpy as np


def deep_inside(mask):
    """A pixel of a mask that is far from its border, as (x, y)."""
    y, x = np.argwhere(cv2.erode(mask.astype(np.uint8), np.ones((9, 9))))[-1]
    return int(x), int(y)


def test_other_objects_stand_back_while_one_is_in_work(tool):
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
