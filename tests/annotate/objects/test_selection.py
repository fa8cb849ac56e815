"""Several objects changed at once, each time as one step of undo."""

import numpy as np
import pytest

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.objects.masks import Mask
from tests.loaded import add_masks


@pytest.fixture
def three(session):
    """A session with three objects side by side, of which the third is locked."""
    masks = []
    for left in (0, 40, 80):
        pixels = np.zeros(session.size, bool)
        pixels[10:30, left : left + 30] = True
        masks.append(Mask.of(pixels))
    add_masks(session, [(name, mask) for name, mask in zip(("a", "b", "c"), masks, strict=True)])
    session.edit(3, locked=True)
    return session


def ids(session):
    return [instance.id for instance in session.document.instances]


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.delete_objects([1, 2]),
        lambda session: session.label_objects([1, 2], "new"),
        lambda session: session.edit_objects([1, 2], colour="#123456"),
        lambda session: session.merge_objects([2, 1]),
        lambda session: session.order_objects([1, 2], front=True),
    ],
)
def test_one_undo_takes_all_of_it_back(three, change):
    before = three.document.instances
    change(three)
    assert three.document.instances != before
    three.undo()
    assert three.document.instances == before
    three.redo()
    assert three.document.instances != before


def test_each_action_changes_the_selected_objects_alone(three):
    three.label_objects([1, 2], "new")
    assert [i.label for i in three.document.instances] == ["new", "new", "c"]
    colour = next(label.colour for label in three.document.labels if label.name == "new")
    assert {i.colour for i in three.document.instances[:2]} == {colour}
    three.edit_objects([1, 2], colour="#123456")
    assert [i.colour == "#123456" for i in three.document.instances] == [True, True, False]
    three.order_objects([1], front=True)
    assert ids(three) == [2, 3, 1]
    three.order_objects([1, 2], front=False)
    assert ids(three) == [2, 1, 3]
    three.delete_objects([2])
    assert ids(three) == [1, 3]


def test_hiding_and_locking_are_no_steps_and_also_for_locked_objects(three):
    three.delete_objects([1])
    three.edit_objects([2, 3], visible=False)
    three.edit_objects([2, 3], locked=False)
    assert not any(i.visible or i.locked for i in three.document.instances)
    three.undo()
    assert ids(three) == [1, 2, 3]


def test_a_merged_object_has_all_pixels_and_clicks_refine_it(three):
    parts = three.document.instances[:2]
    three.merge_objects([2, 1])
    merged = three.document.find(1)
    assert merged.mask == Mask.union([part.mask for part in parts]) and merged.label == "a"
    assert (merged.previous_mask == merged.mask.pixels).all() and three.document.active == 1
    assert ids(three) == [1, 3]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda session: session.delete_objects([1, 3]), "locked"),
        (lambda session: session.label_objects([1, 3], "x"), "locked"),
        (lambda session: session.merge_objects([1, 3]), "locked"),
        (lambda session: session.merge_objects([1, 1]), "two objects"),
        (lambda session: session.delete_objects([1, 9]), "no object 9"),
        (lambda session: session.label_objects([1, 2], " "), "needs a name"),
    ],
)
def test_an_action_that_fails_for_one_object_changes_none(three, change, sentence):
    before = three.document
    with pytest.raises(ActionError, match=sentence):
        change(three)
    assert three.document == before
