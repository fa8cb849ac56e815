"""Attributes of objects and of the picture: set, undone, saved, exported and loaded again."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from cfr_icl.annotate.exports import export, export_warnings
from cfr_icl.annotate.imports import load_masks
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.attributes import attribute_values, attributes_from_json, attributes_to_json
from cfr_icl.annotate.objects.document import ActionError, Attribute
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.classes import read_attributes, read_classes
from cfr_icl.annotate.session.session import Session
from tests.loaded import add_masks

LIST = {
    "labels": ["cat", {"name": "dog", "colour": "#123456"}],
    "attributes": [
        "asleep",
        {"name": "quality", "kind": "choice", "choices": ["good", "poor"]},
        {"name": "weather", "kind": "choice", "choices": ["sun", "rain"], "of": "picture"},
        {"name": "note", "kind": "text", "of": "picture"},
        {"name": "age", "kind": "number"},
    ],
}


@pytest.fixture
def with_attributes(session):
    """A session with attributes of an object and of the picture."""
    pixels = np.zeros(session.size, bool)
    pixels[10:30, 20:60] = True
    add_masks(session, [("cat", Mask.of(pixels)), ("dog", Mask.of(~pixels))])
    session.set_attributes(attributes_from_json(LIST["attributes"]))
    for name, value in (("occluded", True), ("crowd", True), ("quality", "good"), ("age", 3)):
        session.set_attribute(name, value, [1])
    session.set_attribute("weather", "rain")
    return session


def values(session, id=1):
    return attribute_values(session.document.find(id).foreign)


def picture_of(session):
    return AnnotatedPicture("squares.png", session.size, session.document, lambda: session.picture)


def loaded_again(session, path):
    again = Session(session.predictor)
    again.open(session.picture, "squares.png")
    again.add_loaded(load_masks(path, "squares.png", session.size))
    return again


def test_each_change_of_an_attribute_is_one_undo_step_and_definitions_are_none(with_attributes):
    assert values(with_attributes) == {"occluded": True, "quality": "good", "age": 3, "crowd": True}
    with_attributes.undo()
    assert (
        attribute_values(with_attributes.document.foreign) == {}
        and len(with_attributes.document.attributes) == 5
    )
    with_attributes.undo()
    assert "age" not in values(with_attributes) and values(with_attributes, 2) == {}
    with_attributes.set_attribute("truncated", True, [1, 2])
    assert values(with_attributes, 2) == {"truncated": True}
    with_attributes.undo()
    assert values(with_attributes, 2) == {}
    with_attributes.set_attribute("quality", None, [1])
    assert "quality" not in values(with_attributes)


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        ("quality", "fine", [1]),
        ("occluded", "yes", [1]),
        ("age", "old", [1]),
        ("age", True, [1]),
        ("weather", "snow", None),
        ("note", "x" * 501, None),
        ("occluded", True, [9]),
        ("occluded", True, [2]),
    ],
)
def test_values_that_a_definition_does_not_allow_are_refused(with_attributes, name, value, ids):
    with_attributes.edit(2, locked=True)
    before = with_attributes.document
    with pytest.raises(ActionError):
        with_attributes.set_attribute(name, value, ids)
    assert with_attributes.document == before


def test_the_size_of_all_attributes_is_limited(with_attributes):
    with pytest.raises(ActionError, match="4000"):
        for number in range(20):
            with_attributes.set_attribute(f"note {number}", "x" * 400, [1])


def test_saved_work_holds_attributes(with_attributes, tmp_path):
    store.save(tmp_path / "work.json", with_attributes.document, "squares.png", with_attributes.size)
    document = store.load(tmp_path / "work.json", with_attributes.size)
    assert document.attributes == with_attributes.document.attributes
    assert [i.foreign for i in document.instances] == [i.foreign for i in with_attributes.document.instances]
    assert attribute_values(document.foreign) == {"weather": "rain"}


def test_the_next_picture_has_the_same_definitions_and_no_values(with_attributes, picture):
    with_attributes.open(picture, "next.png")
    assert (
        len(with_attributes.document.attributes) == 5
        and attribute_values(with_attributes.document.foreign) == {}
    )


def test_coco_holds_all_attributes_and_they_are_loaded_again(with_attributes, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(export("coco", [picture_of(with_attributes)])["annotations.json"])
    data = json.loads(path.read_text())
    first = data["annotations"][0]
    assert first["iscrowd"] == 1 and first["attributes"] == {"occluded": True, "quality": "good", "age": 3}
    assert data["annotations"][1]["iscrowd"] == 0 and data["images"][0]["attributes"] == {"weather": "rain"}
    again = loaded_again(with_attributes, path)
    assert values(again) == values(with_attributes)
    assert attribute_values(again.document.foreign) == {"weather": "rain"}
    assert export_warnings("coco", [picture_of(with_attributes)]) == []


def test_labelme_holds_flags_and_they_are_loaded_again(with_attributes, tmp_path):
    with_attributes.set_attribute("indoors", True)
    path = tmp_path / "a.json"
    path.write_bytes(export("labelme", [picture_of(with_attributes)])["squares.json"])
    again = loaded_again(with_attributes, path)
    assert values(again) == {"occluded": True, "crowd": True}
    assert attribute_values(again.document.foreign) == {"indoors": True}


def test_cvat_holds_attributes_of_objects_and_their_definitions(with_attributes):
    root = ElementTree.fromstring(export("cvat", [picture_of(with_attributes)])["annotations.xml"])
    first, second = root.findall("image/mask")
    assert (first.get("occluded"), second.get("occluded")) == ("1", "0")
    assert {each.get("name"): each.text for each in first.findall("attribute")} == {
        **{"quality": "good", "age": "3", "crowd": "true"}
    }
    listed = {
        each.findtext("name"): (each.findtext("input_type"), each.findtext("values"))
        for each in root.find("meta/task/labels/label").findall("attributes/attribute")
    }
    assert listed["quality"] == ("select", "good\npoor") and listed["crowd"][0] == "checkbox"


def test_voc_holds_occluded_and_truncated(with_attributes):
    with_attributes.set_attribute("truncated", True, [2])
    root = ElementTree.fromstring(export("voc", [picture_of(with_attributes)])["Annotations/squares.xml"])
    first, second = root.findall("object")
    assert (first.findtext("occluded"), first.findtext("truncated")) == ("1", "0")
    assert (second.findtext("occluded"), second.findtext("truncated")) == (None, "1")


@pytest.mark.parametrize(
    ("format", "names"),
    [
        ("yolo", "age, crowd, occluded, quality, weather"),
        ("voc", "age, crowd, quality, weather"),
        ("labelme", "age, quality, weather"),
        ("cvat", "weather"),
        ("everything", None),
    ],
)
def test_attributes_that_a_format_cannot_hold_are_reported(with_attributes, format, names):
    told = [
        str(each)
        for each in export_warnings(format, [picture_of(with_attributes)])
        if "attributes" in str(each)
    ]
    assert told == ([f"The format has no place for these attributes: {names}."] if names else [])


def test_a_list_of_labels_defines_attributes(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(LIST))
    assert [label.name for label in read_classes(path)] == ["cat", "dog"]
    attributes = read_attributes(path)
    assert attributes[0] == Attribute("asleep") and attributes[2].of_picture
    assert attributes_from_json(attributes_to_json(attributes)) == attributes


@pytest.mark.parametrize(
    "entries",
    [
        [{"name": "x", "kind": "colour"}],
        [{"name": ""}],
        [{}],
        [3],
        {"name": "x"},
        [{"name": "x", "kind": "choice", "choices": ["one"]}],
        [{"name": "x", "kind": "text", "choices": ["one", "two"]}],
        [{"name": "x", "of": "folder"}],
        [f"{number}" for number in range(51)],
    ],
)
def test_damaged_definitions_are_refused(entries):
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        attributes_from_json(entries)
