"""Several people over one network: each gets what they would get alone, bit for bit."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.segmenter import Segmenter
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.annotate.session.drawn_actions import ACTIONS, perform
from tests.stand_in import ColourModel

PEOPLE = 3


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_model(default_config("compact")).eval().requires_grad_(False)


def picture_of(person):
    picture = np.random.default_rng(person).integers(100, 150, (90, 120, 3), dtype=np.uint8)
    picture[20:60, 10 + 20 * person : 50 + 20 * person] = (220, 30, 30 + 90 * person)
    return picture


def start(model, person):
    zoom = ZoomConfig(size=64, min_side=40)
    session = Session(Segmenter(model, zoom=zoom), CascadeForward(steps=1))
    session.open(picture_of(person), f"{person}.png")
    return session


def contents(session):
    """All that undo can reach, and the mask itself."""
    untimed = []
    while True:
        document = session.document
        untimed.append(
            [(each.id, each.label, each.clicks, each.network_mask, each.mask) for each in document.instances]
        )
        if not session.can_undo:
            return untimed
        session.undo()


SCRIPTS = st.lists(st.tuples(st.integers(0, PEOPLE - 1), ACTIONS), min_size=4, max_size=16)


def alone(model, script):
    for person in range(PEOPLE):
        session = start(model, person)
        perform(session, [action for who, action in script if who == person])
        yield contents(session)


@settings(max_examples=40, deadline=None)
@given(script=SCRIPTS)
def test_interleaved_sessions_get_the_masks_of_separate_ones(script):
    model = ColourModel(size=64)
    together = [start(model, person) for person in range(PEOPLE)]
    for who, action in script:
        perform(together[who], [action])
    assert [contents(session) for session in together] == list(alone(model, script))


@settings(max_examples=5, deadline=None)
@given(script=SCRIPTS)
def test_sessions_in_parallel_threads_get_the_masks_of_separate_ones(network, script):
    together = [start(network, person) for person in range(PEOPLE)]
    barrier = threading.Barrier(PEOPLE)

    def act(person):
        barrier.wait()
        perform(together[person], [action for who, action in script if who == person])

    threads = [threading.Thread(target=act, args=(person,)) for person in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [contents(session) for session in together] == list(alone(network, script))
    assert all(parameter.isfinite().all() for parameter in network.parameters())
