"""The session without a screen: clicks, settings, undo and redo."""

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfr_icl.annotate.session import ActionError, Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_a_click_finds_the_square(session, picture):
    session.click(Click(30, 40))
    assert iou(session.mask, (picture == (220, 30, 30)).all(axis=2)) > 0.9
    assert session.active.answer.forwards >= 1


def test_masks_equal_the_segmenters_own(session, picture):
    clicks = [Click(30, 40), Click(90, 50, False), Click(20, 30)]
    for click in clicks:
        session.click(click)
    alone = Segmenter(ColourModel(), steps=2)
    alone.set_image(picture)
    assert np.array_equal(session.mask, alone.predict(clicks).mask)


def test_settings_act_on_the_present_clicks(session):
    session.click(Click(30, 40))
    session.set_cascade(CascadeForward(steps=0))
    assert session.active.answer.forwards == 1
    session.set_cascade(CascadeForward(steps=5, adaptive=False))
    assert session.active.answer.forwards == 6


def test_the_first_click_must_be_on_the_object(session):
    with pytest.raises(ActionError, match="Start an object"):
        session.click(Click(30, 40, positive=False))


def test_a_click_outside_is_refused_and_changes_nothing(session):
    with pytest.raises(ActionError, match="outside the picture"):
        session.click(Click(500, 40))
    assert not session.can_undo


def test_a_session_without_picture_asks_for_one():
    with pytest.raises(ActionError, match="Open a picture"):
        Session(Segmenter(ColourModel())).click(Click(1, 1))


def test_a_new_picture_forgets_the_old_objects(session, picture):
    session.click(Click(30, 40))
    session.open(picture[:50], "other.png")
    assert not session.document.instances and not session.can_undo


ACTIONS = st.one_of(
    st.builds(
        lambda x, y, positive: lambda s: s.click(Click(x, y, positive)),
        st.integers(0, 119),
        st.integers(0, 89),
        st.booleans(),
    ),
    st.builds(
        lambda steps, adaptive: lambda s: s.set_cascade(CascadeForward(steps, adaptive)),
        st.integers(0, 3),
        st.booleans(),
    ),
    st.just(lambda s: s.clear()),
)


def perform(session, actions):
    for action in actions:
        with contextlib.suppress(ActionError):
            action(session)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, max_size=8))
def test_undo_all_is_the_start_and_redo_all_the_end(picture, actions):
    session = Session(Segmenter(ColourModel(), steps=2))
    session.open(picture, "squares.png")
    start = session.document
    perform(session, actions)
    end = session.document
    while session.can_undo:
        session.undo()
    assert session.document == start
    while session.can_redo:
        session.redo()
    assert session.document == end


def test_an_action_after_undo_starts_a_new_future(session):
    session.click(Click(30, 40))
    session.click(Click(90, 50))
    session.undo()
    session.click(Click(20, 30))
    assert not session.can_redo
    assert [click.x for click in session.active.clicks] == [30, 20]
