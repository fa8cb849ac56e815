"""Attributes of objects and of the picture on the page."""

import json

from playwright.sync_api import expect

from cfr_icl.annotate.objects.attributes import attribute_values
from tests.e2e.tool import Line

LIST = {
    "labels": ["cat", "dog"],
    "attributes": [
        {"name": "quality", "kind": "choice", "choices": ["good", "poor"]},
        {"name": "age", "kind": "number"},
        {"name": "weather", "kind": "text", "of": "picture"},
    ],
}


def values(tool, id=1):
    return attribute_values(tool.session.document.find(id).foreign)


def field(tool, name):
    return tool.page.get_by_label(name, exact=True)


def test_attributes_are_set_by_mouse_and_keys_undone_exported_and_defined_by_the_list(
    tool, squares, tmp_path
):
    tool.upload(squares)
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(LIST))
    tool.page.set_input_files("[data-ref=labels-file]", path)
    tool.idle()
    tool.click(80, 80)
    tool.idle()
    tool.page.keyboard.press("j")
    expect(field(tool, "occluded")).to_be_focused()
    tool.page.keyboard.press("Space")
    tool.idle()
    assert values(tool) == {"occluded": True}
    expect(field(tool, "occluded")).to_be_focused()
    field(tool, "quality").select_option("poor")
    field(tool, "age").fill("3.5")
    field(tool, "age").press("Enter")
    field(tool, "weather").fill("rain")
    field(tool, "weather").press("Enter")
    tool.idle()
    assert values(tool) == {"occluded": True, "quality": "poor", "age": 3.5}
    assert attribute_values(tool.session.document.foreign) == {"weather": "rain"}
    tool.page.keyboard.press("Control+z")
    tool.page.keyboard.press("Control+z")
    tool.idle()
    assert "age" not in values(tool) and attribute_values(tool.session.document.foreign) == {}
    expect(field(tool, "age")).to_have_value("")
    tool.page.get_by_label("Export format").select_option("coco")
    with open(tool.download_by(tool.page.locator("[data-do=export]").click).path()) as file:
        assert json.load(file)["annotations"][0]["attributes"] == {"occluded": True, "quality": "poor"}
    saved = tool.download("Save list") if tool.unfold("Labels") is None else None
    with open(saved.path()) as file:
        assert [each["name"] for each in json.load(file)["attributes"]] == ["quality", "age", "weather"]


def test_what_is_written_and_switched_meanwhile_stays_when_an_earlier_answer_comes(tool, squares, tmp_path):
    tool.upload(squares)
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(LIST))
    tool.page.set_input_files("[data-ref=labels-file]", path)
    tool.click(80, 80)
    tool.idle()
    tool.unfold("Attributes")
    line = Line(tool, "**/component_server/")
    field(tool, "occluded").check()
    tool.until(lambda: line.held)
    field(tool, "truncated").check()
    field(tool, "age").press_sequentially("3.5")
    line.let_go()
    tool.idle()
    expect(field(tool, "age")).to_have_value("3.5")
    expect(field(tool, "age")).to_be_focused()
    assert values(tool) == {"occluded": True, "truncated": True}
    tool.page.keyboard.press("Tab")
    tool.idle()
    assert values(tool) == {"occluded": True, "truncated": True, "age": 3.5}
    expect(field(tool, "truncated")).to_be_checked()
    expect(field(tool, "age")).to_have_value("3.5")


def test_attributes_are_set_for_all_selected_objects_and_survive_a_reload(tool, squares):
    tool.upload(squares)
    for x, y in ((80, 80), (230, 100)):
        tool.click(x, y)
        tool.page.keyboard.press("Enter")
    tool.idle()
    for id in (1, 2):
        tool.page.get_by_label(f"Select object {id}", exact=True).click(modifiers=["Control"])
    tool.unfold("Attributes")
    field(tool, "truncated").check()
    tool.idle()
    assert values(tool, 1) == values(tool, 2) == {"truncated": True}
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    tool.page.get_by_label("Select object 2", exact=True).click()
    tool.idle()
    expect(field(tool, "truncated")).to_be_checked()
