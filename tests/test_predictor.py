"""The cache that the local and the remote segmenter share."""

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import PREDICTIONS_KEPT, PredictionCache
from cfr_icl.rectangle import Rectangle

CLICKS = [Click(number, number) for number in range(3 * PREDICTIONS_KEPT)]


def cache_after(count, previous_mask=None):
    """A cache after so many clicks, one by one; the state after n clicks is n."""
    cache = PredictionCache()
    for number in range(1, count + 1):
        key = cache.key(CLICKS[:number], previous_mask, CascadeForward())
        cache.add(key, Prediction((), number, 1), number)
    return cache


def ask(cache, count, previous_mask=None, cfr=CascadeForward(), **others):
    return cache.prediction(cache.key(CLICKS[:count], previous_mask, cfr, **others))


def test_the_predictions_used_last_are_cached():
    cache = cache_after(PREDICTIONS_KEPT)
    assert ask(cache, 1).chosen == 1  # used again, so that the second one is the oldest
    key = cache.key(CLICKS[:20], None, CascadeForward())
    cache.add(key, Prediction((), 20, 1), 20)
    assert ask(cache, 1) and ask(cache, 20) and ask(cache, 2) is None


def test_of_older_clicks_every_eighth_state_is_cached():
    cache = cache_after(len(CLICKS))
    states = [cache.state(cache.key(CLICKS[:n], None, CascadeForward())) for n in range(1, 25)]
    assert [state for state in states if state] == [8, 16, 17, 18, 19, 20, 21, 22, 23, 24]
    other = cache.key([Click(90, 90)], None, CascadeForward())
    cache.add(other, Prediction((), 0, 1), 1)  # another object: states of this one's old clicks go
    assert cache.state(cache.key(CLICKS[:8], None, CascadeForward())) is None


def test_keys_differ_in_everything_that_a_prediction_depends_on():
    mask = np.zeros((4, 6), bool)
    cache = cache_after(2, mask)
    assert ask(cache, 2, mask).chosen == 2
    assert ask(cache, 2, mask.copy()).chosen == 2
    assert ask(cache, 2) is None
    assert ask(cache, 2, mask.astype(np.float32)) is None
    assert ask(cache, 2, mask.reshape(6, 4)) is None
    assert ask(cache, 2, mask, CascadeForward(steps=1)) is None
    assert ask(cache, 2, mask, box=Rectangle(0, 0, 2, 2)) is None
    assert ask(cache, 2, mask, choice=1) is None


def test_a_previous_mask_that_was_changed_in_place_is_another_one():
    mask = np.zeros((4, 6), bool)
    cache = cache_after(1, mask)
    mask[1, 1] = True
    assert ask(cache, 1, mask) is None
