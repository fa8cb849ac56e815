"""Several objects selected in the list and on the picture, and changed together."""

import pytest
from playwright.sync_api import expect

from tests.e2e.tool import Tool, placed


@pytest.fixture
def two(tool, squares) -> Tool:
    """Two finished objects."""
    tool.upload(squares)
    for x, y in ((80, 80), (230, 100)):
        tool.click(x, y)
        tool.page.keyboard.press("Enter")
    tool.idle()
    return tool


def number(tool, id):
    return tool.page.get_by_label(f"Select object {id}", exact=True)


def selected(tool):
    rows = tool.page.locator("[data-ref=objects] .number[aria-pressed=true]")
    return [int(text) for text in rows.all_inner_texts()]


def test_ctrl_selects_in_the_list_and_on_the_picture_and_one_undo_takes_all_back(two):
    tool = two
    number(tool, 1).click(modifiers=["Control"])
    tool.click(230, 100, modifiers=["Control"])
    assert selected(tool) == [1, 2]
    expect(tool.page.locator("[data-ref=selection-count]")).to_have_text("2 selected")
    label = tool.page.get_by_label("Label of the selected objects", exact=True)
    label.fill("square")
    label.press("Enter")
    tool.idle()
    assert {i.label for i in tool.session.document.instances} == {"square"}
    tool.page.get_by_role("button", name="Hide", exact=True).click()
    tool.idle()
    assert not any(i.visible for i in tool.session.document.instances)
    tool.page.get_by_role("button", name="Show", exact=True).click()
    tool.idle()
    assert selected(tool) == [1, 2]
    tool.page.keyboard.press("Delete")
    tool.idle()
    assert tool.session.document.instances == ()
    expect(tool.page.locator("[data-ref=selection]")).to_be_hidden()
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert len(tool.session.document.instances) == 2
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert {i.label for i in tool.session.document.instances} == {"object"}


def test_the_keyboard_selects_and_merges(two):
    tool = two
    number(tool, 2).focus()
    tool.page.keyboard.press("Control+Enter")
    assert selected(tool) == [2]
    tool.page.keyboard.press("Control+a")
    assert selected(tool) == [1, 2]
    tool.page.keyboard.press("m")
    tool.idle()
    (merged,) = tool.session.document.instances
    assert merged.id == 1 and merged.mask.area > 17_000
    tool.page.keyboard.press("Escape")
    assert selected(tool) == []


def test_shift_selects_from_the_last_one_and_a_plain_click_selects_one(two):
    tool = two
    number(tool, 1).click()
    tool.idle()
    assert tool.session.document.active == 1
    number(tool, 2).click(modifiers=["Shift"])
    tool.idle()
    assert selected(tool) == [1, 2] and tool.session.document.active is None
    number(tool, 2).click()
    tool.idle()
    assert selected(tool) == [] and tool.session.document.active == 2


def test_digits_label_the_selection(two):
    tool = two
    tool.unfold("Labels")
    tool.page.get_by_label("New label", exact=True).fill("square")
    tool.page.keyboard.press("Enter")
    tool.idle()
    for id in (1, 2):
        number(tool, id).click(modifiers=["Control"])
    place = [label.name for label in tool.session.document.labels].index("square")
    tool.page.keyboard.press(str(place + 1))
    tool.idle()
    assert {i.label for i in tool.session.document.instances} == {"square"}


def test_a_long_press_selects_on_a_phone(visit, server, squares):
    tool = visit(server, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    tool.upload(squares)
    for x, y in ((80, 80), (230, 100)):
        tool.page.touchscreen.tap(*placed(tool, x, y))
        tool.idle()
        tool.page.locator("[data-do=finish]").click()
        tool.idle()
    number(tool, 1).scroll_into_view_if_needed()
    box = number(tool, 1).bounding_box()
    point = {"x": box["x"] + 4, "y": box["y"] + 4}
    cdp = tool.page.context.new_cdp_session(tool.page)
    cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    tool.page.wait_for_selector("[data-ref=objects] .number[aria-pressed=true]")
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tool.page.wait_for_timeout(100)
    assert selected(tool) == [1]
    number(tool, 2).tap()
    assert selected(tool) == [1, 2]
    tool.page.locator("[data-do=merge]").click()
    tool.idle()
    assert len(tool.session.document.instances) == 1 and tool.errors == []
