"""Inspect shows the passes that made the mask, and says so where it cannot."""

from dataclasses import replace

import numpy as np
import pytest

from cfr_icl.annotate.saved.store import from_json, to_json
from cfr_icl.annotate.session.inspect import inside
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel

FIVE, TWO = (CascadeForward(steps=steps, adaptive=False) for steps in (4, 1))


class Contrary(ColourModel):
    """Takes for the object what the other model leaves."""

    def decode(self, features, prompt_maps):
        return -super().decode(features, prompt_maps)


@pytest.fixture
def session(picture):
    session = Session(Segmenter(ColourModel()), FIVE)
    session.open(picture, "squares.png")
    session.click(Click(30, 40))
    return session


def passes(session):
    return len(inside(session)["passes"])


def reopened(session, **options):
    """The saved work, opened in another session with another setting."""
    other = Session(Segmenter(ColourModel()), TWO)
    stored = to_json(session.document, session.name, session.size)
    other.open(session.picture, session.name, from_json({**stored, **options}, session.size))
    return other


def test_after_undo_and_redo_the_passes_are_those_of_the_mask(session):
    assert passes(session) == 5
    session.set_cascade(TWO)
    assert passes(session) == 2
    session.undo()
    assert passes(session) == session.active.timing.forwards == 5
    session.redo()
    assert passes(session) == session.active.timing.forwards == 2
    assert session.notices == []


def test_an_object_keeps_the_setting_of_its_mask_while_the_setting_changes_for_others(session):
    first = session.active.id
    session.finish()
    session.set_cascade(TWO)
    session.select(first)
    assert passes(session) == 5
    session.edit(first, threshold=0.6)
    assert session.active.timing.forwards == 5
    session.click(Click(35, 40))
    assert passes(session) == session.active.timing.forwards == 2


def test_a_saved_picture_is_inspected_with_the_setting_of_its_masks(session):
    first = session.active.id
    session.finish()
    session.set_cascade(TWO)
    session.select(first)
    again = reopened(session)
    assert passes(again) == 5 and again.notices == []


def test_a_file_of_an_older_version_is_inspected_with_the_setting_of_its_document(session):
    (entry,) = to_json(session.document, "", session.size)["objects"]
    again = reopened(session, objects=[{key: value for key, value in entry.items() if key != "cfr"}])
    assert passes(again) == 5


@pytest.mark.parametrize("cfr", [{"steps": 11}, {"step": 1}, 4, [1]])
def test_a_damaged_setting_of_an_object_is_refused(session, cfr):
    (entry,) = to_json(session.document, "", session.size)["objects"]
    with pytest.raises(ValueError, match="damaged"):
        reopened(session, objects=[{**entry, "cfr": cfr}])


def test_undo_after_a_change_of_the_model_restores_the_old_mask_and_inspect_names_its_model(session):
    before = session.mask
    session.switch_predictor(Segmenter(Contrary()))
    changed = session.mask
    assert not np.array_equal(changed, before)
    assert passes(session) == 5 and session.notices == []
    session.undo()
    assert np.array_equal(session.mask, before)
    inside(session)
    (notice,) = session.notices
    assert notice.startswith("Another model made the mask of object 1")
    assert np.array_equal(session.mask, before)  # looking changes nothing
    session.click(Click(35, 40))  # the model in use now
    alone = Segmenter(Contrary())
    alone.set_image(session.picture)
    expected = alone.predict([Click(30, 40), Click(35, 40)], cfr=FIVE).mask
    assert np.array_equal(session.mask, expected)


def test_a_pass_that_was_chosen_is_the_mask_that_inspect_compares(session):
    session.keep_pass(1)
    session.set_cascade(replace(TWO))
    session.undo()
    assert inside(session)["chosen_pass"] == 1 and session.notices == []
