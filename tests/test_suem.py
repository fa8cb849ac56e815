import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cfr_icl import suem

SHAPE = (12, 16)
pictures = arrays(np.uint8, (*SHAPE, 3))
truths = arrays(np.int8, SHAPE, elements=st.sampled_from([-1, 0, 1]))
alphas = st.floats(0.5, 1)


@given(pictures, truths, pictures, alphas)
def test_simple_pastes_the_object_on_the_other_picture(image, truth, other, alpha):
    picture, result = suem.simple(image, truth, other, alpha)
    inside = truth == 1
    assert (picture[~inside] == other[~inside]).all()
    assert np.allclose(picture[inside], alpha * image[inside] + (1 - alpha) * other[inside], atol=0.51)
    assert ((result == 1) == inside).all()


@given(pictures, truths, pictures, truths)
def test_union_is_both_objects(image, truth, other, other_truth):
    picture, result = suem.union(image, truth, other, other_truth)
    pasted = other_truth == 1
    assert ((result == 1) == ((truth == 1) | pasted)).all()
    assert (picture[pasted] == other[pasted]).all() and (picture[~pasted] == image[~pasted]).all()


@given(pictures, truths, pictures, truths)
def test_exclusion_is_the_object_without_the_other(image, truth, other, other_truth):
    picture, result = suem.exclusion(image, truth, other, other_truth)
    pasted = other_truth == 1
    assert ((result == 1) == ((truth == 1) & ~pasted)).all()
    assert (picture[pasted] == other[pasted]).all() and (picture[~pasted] == image[~pasted]).all()


@given(pictures, truths, pictures, truths, alphas)
def test_occlusion_and_mixing_keep_the_truth(image, truth, other, other_truth, alpha):
    picture, result = suem.occlusion(image, truth, other, other_truth, alpha)
    assert (result == truth).all() and (picture[other_truth != 1] == image[other_truth != 1]).all()
    picture, result = suem.mixing(image, truth, other, alpha)
    assert (result == truth).all()
    assert np.allclose(picture, alpha * image + (1.0 - alpha) * other, atol=0.51)


@given(truths, truths)
def test_ignored_pixels_stay_ignored_where_they_are_seen(truth, other_truth):
    image = np.zeros((*SHAPE, 3), np.uint8)
    for mode in (suem.union, suem.exclusion):
        _, result = mode(image, truth, image, other_truth)
        assert ((result == -1) == ((truth == -1) & (other_truth != 1))).all()


def test_an_exclusion_that_hides_the_object_is_tried_again_and_then_left():
    image, truth = np.zeros((*SHAPE, 3), np.uint8), np.ones(SHAPE, np.int8)
    draws = []

    def covering():
        draws.append(1)
        return np.full((*SHAPE, 3), 255, np.uint8), np.ones(SHAPE, np.int8)

    excluding = suem.SUEM(simple=0, exclusion=1 / 3, union=1 / 3, occlusion=1 / 3, mixing=0)
    seen = set()
    for seed in range(40):
        draws.clear()
        _, result = excluding(image, truth, covering, np.random.default_rng(seed))
        assert (result == 1).any()
        seen.add(len(draws))
    assert seen == {1, suem.MAX_TRIES}


@pytest.mark.parametrize("probability, changed", [(0.0, False), (1.0, True)])
def test_probabilities_decide_which_modes_apply(probability, changed):
    rng = np.random.default_rng(0)
    image, other = rng.integers(0, 256, (2, *SHAPE, 3)).astype(np.uint8)
    truth = np.zeros(SHAPE, np.int8)
    truth[3:9, 3:9] = 1
    modes = suem.SUEM(probability, *[probability / 3] * 3, probability)
    picture, _ = modes(image, truth, lambda: (other, truth), rng)
    assert (not np.array_equal(picture, image)) == changed


@pytest.mark.parametrize("mode", ["simple", "exclusion", "union", "occlusion", "mixing"])
def test_several_objects_share_what_happens_to_their_picture(mode):
    image, other = np.random.default_rng(0).integers(0, 256, (2, *SHAPE, 3)).astype(np.uint8)
    truths = np.zeros((2, *SHAPE), np.int8)
    truths[0, 2:8, 2:8], truths[1, 4:12, 4:12] = 1, 1
    truths[:, 0] = -1
    pasted = np.zeros(SHAPE, np.int8)
    pasted[6:10, 6:10] = 1
    none = dict.fromkeys(("simple", "exclusion", "union", "occlusion", "mixing"), 0.0)
    modes = suem.SUEM(**{**none, mode: 1.0})
    picture, result = modes(image, truths, lambda: (other, pasted), np.random.default_rng(0))
    alone = suem.SUEM(**{**none, mode: 1.0})
    first_picture, first = alone(image, truths[0], lambda: (other, pasted), np.random.default_rng(0))
    assert np.array_equal(result[0], first)
    covered = mode in ("exclusion", "union")
    kept = (truths[1] == 1) & (pasted != 1) if covered else truths[1] == 1
    assert np.array_equal(result[1] == 1, kept)
    if mode == "simple":  # both are pasted, as one
        beside = ~(truths == 1).any(axis=0)
        assert np.array_equal(picture[beside], other[beside])
        assert not np.array_equal(picture[10, 10], other[10, 10])
    else:
        assert np.array_equal(picture, first_picture)
    assert (truths == 1).sum() == 36 + 64  # what was given is as it was


@pytest.mark.parametrize("mode", ["simple", "exclusion", "union", "occlusion", "mixing"])
def test_each_mode_has_a_probability_of_its_own(mode, monkeypatch):
    called = []
    for name in ("simple", "exclusion", "union", "occlusion", "mixing"):
        whole = getattr(suem, name)
        monkeypatch.setattr(suem, name, lambda *a, _n=name, _f=whole, **k: called.append(_n) or _f(*a, **k))
    none = dict.fromkeys(("simple", "exclusion", "union", "occlusion", "mixing"), 0.0)
    image, truth = np.zeros((*SHAPE, 3), np.uint8), np.ones(SHAPE, np.int8)
    other = image, np.zeros(SHAPE, np.int8)
    suem.SUEM(**{**none, mode: 1.0})(image, truth, lambda: other, np.random.default_rng(0))
    assert called == [mode]


def test_impossible_probabilities_are_refused():
    for wrong in ({"simple": 1.5}, {"mixing": -0.1}, {"exclusion": 0.5, "union": 0.5, "occlusion": 0.5}):
        with pytest.raises(ValueError, match="between 0 and 1"):
            suem.SUEM(**wrong)
