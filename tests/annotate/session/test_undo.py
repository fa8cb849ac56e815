"""Undo holds the steps that change a picture's result, also after another picture was opened."""

import copy

import numpy as np
import pytest

from cfr_icl.annotate.objects.document import Label
from cfr_icl.annotate.session import history
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel

RED, BLUE = Click(30, 40), Click(90, 50)

NO_STEPS = {
    "finish": lambda s: s.finish(),
    "select": lambda s: s.select(1),
    "next label": lambda s: s.set_label("dog"),
    "label list": lambda s: s.set_labels([Label("a", "#112233"), Label("b", "#445566")]),
    "take a label off": lambda s: s.remove_label("spare"),
    "done": lambda s: s.set_done(True),
    "hide": lambda s: s.edit(1, visible=False),
    "lock": lambda s: s.edit(1, locked=True),
    "the same label again": lambda s: s.set_label("object", 1),
    "the same switch again": lambda s: s.edit(1, fill_holes=False),
    "settings without an active object": lambda s: (s.finish(), s.set_cascade(CascadeForward(steps=1))),
}

STEPS = {
    "click": lambda s: s.click(Click(35, 45)),
    "stroke": lambda s: s.paint([(60, 80), (110, 80)], 7, add=True),
    "switch": lambda s: s.edit(1, keep_largest=True),
    "colour": lambda s: s.edit(1, colour="#123456"),
    "threshold": lambda s: s.edit(1, threshold=0.7),
    "label": lambda s: s.set_label("cat", 1),
    "delete": lambda s: s.delete(1),
    "duplicate": lambda s: s.duplicate(1),
    "box": lambda s: s.box(70, 30, 100, 70),
}


@pytest.mark.parametrize("name", NO_STEPS)
def test_actions_that_change_no_mask_are_no_undo_step_and_keep_redo(session, name):
    session.set_label("spare")
    session.set_label("object")
    session.click(RED)
    session.click(Click(35, 45))
    session.undo()
    before = session.document.instances
    NO_STEPS[name](session)
    assert session.can_redo
    session.redo()
    assert len(session.active.clicks) == 2
    session.undo()
    session.undo()
    assert before and not session.document.instances and not session.can_undo


@pytest.mark.parametrize("name", STEPS)
def test_actions_that_change_the_result_are_one_undo_step(session, name):
    session.click(RED)
    before = session.document.instances
    STEPS[name](session)
    after = session.document.instances
    assert after != before
    session.undo()
    assert session.document.instances == before
    session.redo()
    assert session.document.instances == after


def test_undo_leaves_hidden_done_and_labels_as_they_are(session):
    session.click(RED)
    session.finish()
    session.click(BLUE)
    session.edit(1, visible=False)
    session.set_label("later")
    session.set_done(True)
    session.undo()
    (instance,) = session.document.instances
    assert not instance.visible and session.document.done
    assert session.document.label == "later"


def pictures(count):
    return [np.full((90, 120, 3), number, np.uint8) for number in range(count)]


def test_history_survives_leaving_a_picture_and_coming_back(picture):
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=1))
    session.open(picture, "a.png", key="a")
    session.click(RED)
    session.click(Click(35, 45))
    session.undo()
    saved = session.document
    session.open(pictures(1)[0], "b.png", key="b")
    assert not session.can_undo
    session.open(picture, "a.png", saved, key="a")
    assert session.can_undo and session.can_redo and session.document == saved
    session.redo()
    assert len(session.active.clicks) == 2


def test_history_ends_where_somebody_else_saved_meanwhile(picture, session):
    session.open(picture, "a.png", key="a")
    session.click(RED)
    session.set_label("cat", 1)
    other = Session(Segmenter(ColourModel()), CascadeForward(steps=1))
    other.open(picture, "a.png", session.document)
    other.click(Click(35, 45))
    session.open(picture, "b.png", key="b")
    session.open(picture, "a.png", other.document, key="a")
    assert not session.can_undo and session.document.instances == other.document.instances


def test_histories_are_bounded(picture, session, monkeypatch):
    monkeypatch.setattr(history, "HISTORIES_KEPT", 2)
    saved = {}
    for key in "abcd":
        session.open(picture, key, key=key)
        session.click(RED)
        saved[key] = session.document
    session.open(picture, "e", key="e")
    undoable = {}
    for key in "dcba":
        returned = copy.deepcopy(session)  # going back to one picture leaves another
        returned.open(picture, key, saved[key], key=key)
        undoable[key] = returned.can_undo
    assert undoable == {"d": True, "c": True, "b": False, "a": False}
    monkeypatch.setattr(history, "HISTORY_BYTES", 10)
    session.open(picture, "f", key="f")
    session.click(RED)
    kept = session.document
    session.open(picture, "g", key="g")
    session.open(picture, "f", kept, key="f")
    assert not session.can_undo


def test_a_mask_stays_with_the_settings_that_it_was_predicted_with(session):
    session.click(RED)
    settings = session.active.cfr
    session.finish()
    session.set_cascade(CascadeForward(steps=0))
    session.select(1)
    forwards = session.predict(session.active).forwards
    assert session.active.cfr == settings and forwards == session.active.timing.forwards
    session.click(Click(35, 45))
    assert session.active.cfr.steps == 0
