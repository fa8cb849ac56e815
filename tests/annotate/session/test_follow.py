"""Objects of one picture are copied to the next, or followed to their new place."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cfr_icl.annotate.objects.document import ActionError, Document
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.session.follow import Motion, inner_clicks, take_over
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.evaluation.metrics import iou
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel

GROUND = np.random.default_rng(0).integers(90, 140, (120, 160, 1), np.uint8).repeat(3, 2)
RED, BLUE = (220, 30, 30), (30, 30, 220)


def frame(*shapes):
    """A picture with ellipses: (colour, x, y, size); and the mask of each."""
    picture, masks = GROUND.copy(), []
    for colour, x, y, size in shapes:
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.ellipse(mask, (x, y), (size, size * 2 // 3), 20, 0, 360, 1, cv2.FILLED)
        picture[mask > 0] = colour
        cv2.circle(picture, (x - size // 3, y), 2, (250, 250, 250), cv2.FILLED)  # something to see it move by
        masks.append(mask > 0)
    return picture, masks


@pytest.fixture
def session():
    return Session(Segmenter(ColourModel()), CascadeForward(steps=1))


def work_on(session, picture, *clicks):
    """The document of a picture after clicks, each on an object of its own."""
    session.open(picture, "before.png")
    for number, (x, y) in enumerate(clicks):
        session.finish()
        session.set_label(f"kind {number}")
        session.click(Click(x, y))
    return session.document


def test_moving_shapes_are_followed_with_their_ids_labels_and_colours(session):
    first, _ = frame((RED, 45, 50, 24), (BLUE, 110, 80, 18))
    before = work_on(session, first, (45, 50), (110, 80))
    marked = {(i.id, i.label, i.colour) for i in before.instances}
    for step in range(1, 6):
        now, truth = frame((RED, 45 + 5 * step, 50 + step, 24 - step), (BLUE, 110 - 4 * step, 80, 18 + step))
        session.open(now, "now.png", Document())
        take_over(session, before, first, follow=True)
        found = {instance.id: instance for instance in session.document.instances}
        first, before = now, session.document
    assert {(i.id, i.label, i.colour) for i in found.values()} == marked
    assert min(iou(found[id].mask.pixels, truth[id - 1]) for id in (1, 2)) > 0.85
    assert all(0 <= instance.certainty <= 1 for instance in found.values())


def test_one_undo_takes_everything_back_and_ids_that_are_taken_are_not_given_twice(session):
    picture, _ = frame((RED, 45, 50, 24), (BLUE, 110, 80, 18))
    before = work_on(session, picture, (45, 50), (110, 80))
    session.open(picture, "now.png", Document())
    session.click(Click(10, 110))
    take_over(session, before, picture, follow=False)
    assert sorted(instance.id for instance in session.document.instances) == [1, 2, 3]
    session.undo()
    assert [instance.id for instance in session.document.instances] == [1]


def test_copied_masks_are_equal_and_clicks_refine_them(session):
    picture, _ = frame((RED, 45, 50, 24))
    before = work_on(session, picture, (45, 50))
    session.open(picture, "now.png", Document())
    take_over(session, before, picture, follow=False)
    (copy,) = session.document.instances
    assert copy.mask == before.instances[0].mask and copy.initial_mask == copy.mask
    assert copy.clicks == () and copy.certainty is None and not copy.unsure
    session.select(copy.id)
    session.click(Click(45, 50))
    assert iou(session.mask, copy.mask.pixels) > 0.8


def test_a_lost_object_is_reported_and_left_out(session):
    picture, _ = frame((RED, 45, 50, 24), (BLUE, 110, 80, 18))
    before = work_on(session, picture, (45, 50), (110, 80))
    now, _ = frame((BLUE, 110, 80, 18))
    session.open(now, "now.png", Document())
    session.notices.clear()
    take_over(session, before, picture, follow=True)
    assert [instance.id for instance in session.document.instances] == [2]
    assert "Lost from the previous picture: 1 (kind 0)." in session.notices


def test_unsure_masks_come_first_until_they_were_looked_at(session, monkeypatch):
    picture, _ = frame((RED, 45, 50, 24), (BLUE, 110, 80, 18))
    before = work_on(session, picture, (45, 50), (110, 80))
    session.open(picture, "now.png", Document())
    figures = {1: 0.95, 2: 0.5}
    monkeypatch.setattr(
        "cfr_icl.annotate.session.follow.certainty", lambda _, moved: figures[1 if moved[50, 45] else 2]
    )
    take_over(session, before, picture, follow=True)
    assert [(i.id, i.unsure) for i in session.document.instances] == [(2, True), (1, False)]
    assert session.document.active == 2
    loaded = store.from_json(store.to_json(session.document, "now.png", session.size), session.size)
    assert loaded == session.document
    session.finish()
    assert not any(instance.unsure for instance in session.document.instances)
    session.undo()
    assert session.document.instances == ()


def test_going_to_the_next_unsure_mask_checks_the_one_in_work_and_ends_when_all_are(session):
    picture, _ = frame((RED, 45, 50, 24), (BLUE, 110, 80, 18))
    before = work_on(session, picture, (45, 50), (110, 80))
    unsure = [replace(each, certainty=0.5) for each in before.instances]
    session.open(picture, "now.png", replace(before, instances=tuple(unsure), active=None))
    seen = []
    for _ in range(3):
        session.go_to_unsure()
        seen.append((session.document.active, [i.unsure for i in session.document.instances]))
    assert seen == [(1, [True, True]), (2, [False, True]), (None, [False, False])]


def test_a_click_marks_the_mask_as_looked_at(session):
    picture, _ = frame((RED, 45, 50, 24))
    before = work_on(session, picture, (45, 50))
    session.open(picture, "now.png", Document())
    take_over(session, before, picture, follow=True)
    session.select(1)
    session.click(Click(50, 50))
    assert session.document.find(1).certainty is None


def test_pictures_of_two_sizes_are_refused(session):
    picture, _ = frame((RED, 45, 50, 24))
    before = work_on(session, picture, (45, 50))
    session.open(picture[:100].copy(), "now.png", Document())
    with pytest.raises(ActionError, match="another size"):
        take_over(session, before, picture, follow=True)
    assert session.document.instances == ()


@pytest.mark.parametrize("certainty", [-0.1, 1.5, "0.5", True])
def test_a_damaged_certainty_is_refused(session, certainty):
    picture, _ = frame((RED, 45, 50, 24))
    data = store.to_json(work_on(session, picture, (45, 50)), "a.png", session.size)
    data["objects"][0]["certainty"] = certainty
    with pytest.raises(store.StoreError, match="damaged"):
        store.from_json(data, session.size)


def test_motion_shifts_turns_and_scales(session):
    before, (mask,) = frame((RED, 70, 60, 30))
    turn = cv2.getRotationMatrix2D((70, 60), 6, 1.05)
    turn[:, 2] += (6, -4)
    now = cv2.warpAffine(before, turn, before.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    expected = cv2.warpAffine(mask.astype(np.uint8), turn, mask.shape[::-1]) > 0
    assert iou(Motion(before, now).move(mask), expected) > 0.9
    assert inner_clicks(np.zeros((5, 5), bool)) == ()


def test_the_source_of_a_copied_annotation_is_not_claimed_twice(session):
    picture, _ = frame((RED, 45, 50, 24))
    before = work_on(session, picture, (45, 50))
    marked = replace(before.instances[0], foreign={"id": 7, "iscrowd": 1})
    session.open(picture, "now.png", Document())
    take_over(session, replace(before, instances=(marked,)), picture, follow=False)
    assert session.document.instances[0].foreign == {"iscrowd": 1}
