"""A label is renamed or coloured in all saved work of a folder, but for what others work on."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import Label
from cfr_icl.annotate.session.session import Session
from cfr_icl.annotate.whole_folder.relabel import RELABELLED, LabelChange, count_affected, relabel
from cfr_icl.annotate.whole_folder.taking_back import FolderChange
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel


@pytest.fixture
def folder(picture, tmp_path):
    """Three pictures: two cats with a typo and a dog, one cat, and one without objects."""
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(picture).save(tmp_path / "images" / name)
    folder = Folder(tmp_path / "images", tmp_path / "out")
    folder.work.classes.set([Label("cta", "#3b82f6"), Label("dog", "#f59e0b"), Label("cat", "#10b981")])
    for name, labels in (("a.png", ("cta", "dog")), ("b.png", ("cta",)), ("c.png", ())):
        session = Session(Segmenter(ColourModel()), labels=folder.work.classes.labels)
        session.open(picture, name)
        for x, label in zip((30, 90), labels, strict=False):
            session.set_label(label)
            session.click(Click(x, 45))
            session.finish()
        folder.save(name, session.document, session.size, 0)
    return folder


def labels(folder, name):
    saved = json.loads(folder.work.sessions.path(name).read_text())
    return [(entry["label"], entry["colour"]) for entry in saved["objects"]]


def test_a_new_name_keeps_the_number_and_reaches_all_pictures(folder):
    change = LabelChange("cta", "kitten", "#ff0000")
    found = count_affected(folder, change, "1")
    assert (found.pictures, found.objects, found.left_out) == (2, 2, [])
    assert labels(folder, "a.png")[0][0] == "cta"
    found = relabel(folder, change, "1", "Ann")
    assert (found.pictures, found.objects, found.sentence) == (2, 2, None)
    assert labels(folder, "a.png") == [("kitten", "#ff0000"), ("dog", "#f59e0b")]
    assert labels(folder, "b.png") == [("kitten", "#ff0000")]
    again = Folder(folder.images, folder.work.path)
    assert [label.name for label in again.work.classes.labels] == ["kitten", "dog", "cat"]
    for name in ("a.png", "b.png", "c.png"):
        document = again.open(name).document
        assert [label.name for label in document.labels] == ["kitten", "dog", "cat"]
    assert [visit.outcome for visit in again.work.load("a.png").visits] == ["relabelled"]


def test_objects_join_another_label_with_its_colour(folder):
    relabel(folder, LabelChange("cta", "cat"), "1")
    assert labels(folder, "a.png") == [("cat", "#10b981"), ("dog", "#f59e0b")]
    assert [label.name for label in folder.work.classes.labels] == ["cta", "dog", "cat"]  # numbers stay


def test_a_colour_alone_changes_all_objects_of_the_label(folder):
    relabel(folder, LabelChange("cta", "cta", "#123456"), "1")
    assert (
        labels(folder, "b.png") == [("cta", "#123456")] and folder.work.classes.labels[0].colour == "#123456"
    )


def test_pictures_of_others_and_damaged_work_are_left_out_and_named(folder):
    folder.work.leases.take("a.png", "2", "Bob")
    before = folder.work.sessions.path("a.png").read_bytes()
    change = LabelChange("cta", "cat")
    assert count_affected(folder, change, "1").left_out == ["a.png"]
    folder.work.sessions.path("b.png").write_text("{")
    found = relabel(folder, change, "1")
    assert found.objects == 0 and found.left_out == ["a.png", "b.png"] and "a.png, b.png" in found.sentence
    assert folder.work.sessions.path("a.png").read_bytes() == before
    folder.work.leases.give_back("a.png", "2")
    assert relabel(folder, change, "1").objects == 1 and folder.work.leases.others("2") == {}


def test_a_change_is_taken_back_but_for_what_was_changed_since(folder):
    listed = list(folder.work.classes.labels)
    before = {name: labels(folder, name) for name in ("a.png", "b.png")}
    found = relabel(folder, LabelChange("cta", "cat", "#ff0000"), "1")
    change = FolderChange(RELABELLED, found.by_picture, (listed, list(folder.work.classes.labels)))
    work = folder.work.load("b.png")
    touched = replace(work.document.instances[0], label="dog")
    folder.save("b.png", work.document.with_instance(touched), work.size, work.revision)
    result = change.take_back(folder, "1", "Ann")
    assert (result.pictures, result.objects, result.changed_since, result.left_out) == (1, 1, 1, [])
    assert labels(folder, "a.png") == before["a.png"]
    assert labels(folder, "b.png")[0][0] == "dog"
    assert folder.work.classes.labels == listed
    assert folder.work.load("a.png").visits[-1].outcome == "taken_back"


def test_a_change_of_pictures_that_others_work_on_is_not_taken_back(folder):
    change = FolderChange(RELABELLED, relabel(folder, LabelChange("cta", "kitten"), "1").by_picture)
    folder.work.leases.take("a.png", "2", "Bob")
    result = change.take_back(folder, "1", "Ann")
    assert result.left_out == ["a.png"] and result.pictures == 1
    assert labels(folder, "a.png")[0][0] == "kitten" and labels(folder, "b.png")[0][0] == "cta"
    assert "a.png" in result.sentences[-1]


def test_a_change_is_taken_back_in_the_list_of_labels_as_it_is_now(folder):
    listed = [Label("cat", "#111111"), Label("dog", "#222222"), Label("cow", "#333333")]
    folder.work.classes.change(lambda _: listed)
    found = relabel(folder, LabelChange("dog", "hund"), "1")
    change = FolderChange(RELABELLED, found.by_picture, (listed, list(folder.work.classes.labels)))
    relabel(folder, LabelChange("cow", "kuh"), "2")
    relabel(folder, LabelChange("cat", "cat", "#444444"), "2")
    change.take_back(folder, "1", "Ann")
    now = [Label("cat", "#444444"), Label("dog", "#222222"), Label("kuh", "#333333")]
    assert folder.work.classes.labels == now
    work = folder.work.load("a.png").document
    assert [label.name for label in work.labels] == ["cta", "dog", "cat"]
    assert labels(folder, "a.png")[1] == ("dog", "#f59e0b")


def test_a_label_that_objects_of_others_still_have_stays_on_the_list(folder):
    listed = tuple(folder.work.classes.labels)
    found = relabel(folder, LabelChange("cta", "kitten"), "1")
    change = FolderChange(RELABELLED, found.by_picture, (listed, tuple(folder.work.classes.labels)))
    folder.work.leases.take("a.png", "2", "Bob")
    change.take_back(folder, "1", "Ann")
    assert [label.name for label in folder.work.classes.labels] == ["cta", "dog", "cat", "kitten"]
