"""Objects side by side, and their labels."""

import cv2
import numpy as np


def test_other_objects_stand_back_while_one_is_in_work(tool):
    tool.example("coffee")
    tool.page.get_by_label("Contour").uncheck()
    tool.click(300, 130)
    tool.idle()
    inside = np.argwhere(cv2.erode(tool.session.mask.astype(np.uint8), np.ones((9, 9))))
    place = int(inside[-1][1]), int(inside[-1][0])
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
