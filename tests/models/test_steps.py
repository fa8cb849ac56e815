"""Long computations in steps."""

import threading

import numpy as np
import pytest
import torch

from cfr_icl import Click, Segmenter
from cfr_icl.models.promptable import TransformersModel
from cfr_icl.models.steps import in_steps, may_pause
from tests.models import tiny_sam


def test_a_function_goes_on_only_when_it_is_asked_to():
    done = []

    def function():
        for number in range(3):
            done.append(number)
            may_pause()
        return "value"

    steps = in_steps(function)
    seen = []
    for _ in range(3):
        next(steps)
        seen.append(list(done))
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert seen == [[0], [0, 1], [0, 1, 2]] and end.value.value == "value"
    assert function() == "value"  # elsewhere it does not pause


def test_an_error_is_raised_where_the_steps_are_taken():
    def function():
        may_pause()
        raise MemoryError("no room")

    steps = in_steps(function)
    next(steps)
    with pytest.raises(MemoryError, match="no room"):
        next(steps)


def test_a_function_that_nobody_wants_any_more_ends_where_it_pauses():
    reached = []

    def function():
        may_pause()
        reached.append("too far")

    before = set(threading.enumerate())  # threads of other tests may end meanwhile
    steps = in_steps(function)
    next(steps)
    (thread,) = set(threading.enumerate()) - before
    del steps
    assert not reached and not thread.is_alive()


@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_a_sam_is_encoded_in_parts_for_the_next_picture(kind):
    """A click between two parts has the same answer as ever, and so has the next picture."""
    model = TransformersModel(tiny_sam.network(kind), tiny_sam.processor(kind)).eval()
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 256, (60, 80, 3), np.uint8) for _ in range(2))
    plain = Segmenter(model)
    segmenter = Segmenter(model)
    segmenter.set_image(first)
    segmenter.prepare()
    segmenter.expect(second)
    steps = segmenter.look_ahead()
    for _ in range(3):
        next(steps)
    del steps  # somebody clicks
    for picture in (first, second):
        segmenter.set_image(picture) if picture is second else None
        plain.set_image(picture)
        expected, given = (each.predict([Click(40, 30)]).passes[-1] for each in (plain, segmenter))
        assert torch.equal(expected.probabilities.logits, given.probabilities.logits)
