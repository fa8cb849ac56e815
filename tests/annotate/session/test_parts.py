"""A part that is begun on a labelled whole, and other objects that share pixels."""

import numpy as np
import pytest

from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved import store
from cfr_icl.clicks import Click
from tests.loaded import add_masks

ON_RED, ON_BLUE = Click(25, 25), Click(100, 60)


@pytest.fixture
def labelled(session):
    """A session with the red square, and beside it the blue one, as finished objects 1 and 2."""
    for click in (Click(30, 40), Click(90, 50)):
        session.click(click)
        session.finish()
    return session


def mask_of(session, id):
    return session.document.find(id).mask


def test_a_part_takes_pixels_from_its_whole_alone(labelled):
    labelled.paint([(55, 40)], 8, add=True)  # a third object beside the red square
    third = labelled.active
    labelled.finish()
    labelled.click(ON_RED, may_overlap=True)
    labelled.paint([(25, 25), (55, 40)], 20, add=True)
    part = labelled.active
    assert part.mask.contains(40, 33) and part.mask.contains(51, 30)
    assert mask_of(labelled, 1).contains(40, 33)
    assert third.mask.area and not part.mask.overlaps(third.mask)


def test_a_correction_of_the_whole_leaves_its_part_in_it(labelled):
    labelled.click(ON_RED, may_overlap=True)
    part = labelled.active.mask
    labelled.select(1)
    labelled.click(Click(20, 30))
    assert part.area and mask_of(labelled, 1).intersection(part) == part
    labelled.edit(3, overlap=False)
    assert not mask_of(labelled, 3).overlaps(mask_of(labelled, 1))


def test_a_correction_leaves_pixels_that_an_overlapping_object_shares(labelled):
    add_masks(labelled, [("on red", square(labelled, 15, 25)), ("beside", square(labelled, 51, 55))])
    assert [each.overlap for each in labelled.document.instances] == [False, False, True, False]
    labelled.select(1)
    labelled.click(Click(20, 30))
    assert mask_of(labelled, 1).intersection(mask_of(labelled, 3)) == mask_of(labelled, 3)
    labelled.paint([(53, 30)], 6, add=True)
    assert not mask_of(labelled, 1).overlaps(mask_of(labelled, 4))


def square(session, left, right):
    pixels = np.zeros(session.size, bool)
    pixels[25:35, left:right] = True
    return Mask.of(pixels)


def test_a_correction_of_a_copied_object_does_not_empty_it(labelled):
    labelled.duplicate(1)
    assert labelled.active.mask == mask_of(labelled, 1)
    labelled.select(1)
    labelled.click(Click(20, 30))
    assert labelled.active.left_out == 0 and labelled.active.mask.iou(mask_of(labelled, 3)) > 0.8


def test_a_preview_shows_what_a_click_on_a_hidden_object_gives(labelled):
    labelled.edit(1, visible=False)
    plain, part = labelled.preview(ON_RED), labelled.preview(ON_RED, may_overlap=True)
    assert not plain.mask.contains(25, 25) and part.mask.contains(25, 25)
    labelled.click(ON_RED)
    assert not labelled.active.mask.contains(25, 25)
    labelled.undo()
    labelled.click(ON_RED, may_overlap=True)
    assert labelled.active.mask.contains(25, 25)


def test_an_object_may_overlap_those_that_it_was_clicked_on_afterwards(labelled):
    labelled.click(ON_RED)
    labelled.click(Click(5, 5, False))  # before the offer is taken
    assert labelled.active.left_out
    labelled.overlap_clicked(3)
    assert labelled.active.overlaps == (1,) and labelled.active.mask.contains(25, 25)
    labelled.undo()
    assert labelled.active.left_out and labelled.active.overlaps == ()


def test_a_part_is_saved_and_copied_with_its_whole(labelled):
    labelled.click(ON_RED, may_overlap=True)
    document = labelled.document
    saved = store.from_json(store.to_json(document, "squares.png", labelled.size), labelled.size)
    assert saved.instances == document.instances and document.find(3).overlaps == (1,)
    labelled.take_over([document.find(3), document.find(1)])  # their numbers are taken
    copy, whole = labelled.document.instances[-2:]
    assert copy.overlaps == (whole.id,) and whole.id != 1


def test_a_part_of_merged_objects_is_one_of_the_merged_object(labelled):
    labelled.click(ON_BLUE, may_overlap=True)
    assert labelled.active.overlaps == (2,)
    labelled.merge_objects([1, 2])
    assert labelled.document.find(3).overlaps == (1,)
