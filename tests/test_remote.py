"""A GPU that is lent for one call at a time: everything goes there and back by pickle."""

import pickle

import numpy as np
import pytest

from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.remote import RemoteSegmenter, remote_predict
from cfr_icl.segmenter import Segmenter
from tests.stand_in import ColourModel


@pytest.fixture
def lent():
    calls = []

    def gpu(duration):
        def decorate(function):
            def call(*arguments):
                calls.append(duration)
                return pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(arguments)))))

            return call

        return decorate

    return remote_predict(ColourModel(), gpu), calls


def test_a_remote_segmenter_predicts_like_a_local_one(lent, picture):
    predict, calls = lent
    remote, own = (
        Session(it, CascadeForward(steps=2)) for it in (RemoteSegmenter(predict), Segmenter(ColourModel()))
    )
    for session in (remote, own):
        session.open(picture, "squares.png")
        session.click(Click(30, 40))
        session.click(Click(90, 50, False))
        session.set_cascade(CascadeForward(steps=1))
    assert np.array_equal(remote.mask, own.mask)
    before = len(calls)
    remote.predict(remote.active)
    assert len(calls) == before == 3
