import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cfr_icl import suem

SHAPE = (12, 16)
pictures = arrays(np.uint8, (*SHAPE, 3))
gt_masks = arrays(np.int8, SHAPE, elements=st.sampled_from([-1, 0, 1]))
alphas = st.floats(0.5, 1)


@given(pictures, gt_masks, pictures, alphas)
def test_simple_pastes_the_object_on_the_other_picture(image, gt_mask, other, alpha):
    picture, result = suem.simple(image, gt_mask, other, alpha)
    inside = gt_mask == 1
    assert (picture[~inside] == other[~inside]).all()
    assert np.allclose(picture[inside], alpha * image[inside] + (1 - alpha) * other[inside], atol=0.51)
    assert ((result == 1) == inside).all()


@given(pictures, gt_masks, pictures, gt_masks)
def test_union_is_both_objects(image, gt_mask, other, other_gt_mask):
    picture, result = suem.union(image, gt_mask, other, other_gt_mask)
    pasted = other_gt_mask == 1
    assert ((result == 1) == ((gt_mask == 1) | pasted)).all()
    assert (picture[pasted] == other[pasted]).all() and (picture[~pasted] == image[~pasted]).all()


@given(pictures, gt_masks, pictures, gt_masks)
def test_exclusion_is_the_object_without_the_other(image, gt_mask, other, other_gt_mask):
    picture, result = suem.exclusion(image, gt_mask, other, other_gt_mask)
    pasted = other_gt_mask == 1
    assert ((result == 1) == ((gt_mask == 1) & ~pasted)).all()
    assert (picture[pasted] == other[pasted]).all() and (picture[~pasted] == image[~pasted]).all()


@given(pictures, gt_masks, pictures, gt_masks, alphas)
def test_occlusion_and_mixing_keep_the_ground_truth(image, gt_mask, other, other_gt_mask, alpha):
    picture, result = suem.occlusion(image, gt_mask, other, other_gt_mask, alpha)
    assert (result == gt_mask).all() and (picture[other_gt_mask != 1] == image[other_gt_mask != 1]).all()
    picture, result = suem.mixing(image, gt_mask, other, alpha)
    assert (result == gt_mask).all()
    assert np.allclose(picture, alpha * image + (1.0 - alpha) * other, atol=0.51)


@given(gt_masks, gt_masks)
def test_ignored_pixels_stay_ignored_where_they_are_seen(gt_mask, other_gt_mask):
    image = np.zeros((*SHAPE, 3), np.uint8)
    for mode in (suem.union, suem.exclusion):
        _, result = mode(image, gt_mask, image, other_gt_mask)
        assert ((result == -1) == ((gt_mask == -1) & (other_gt_mask != 1))).all()


def test_an_exclusion_that_hides_the_object_is_tried_again_and_then_left():
    image, gt_mask = np.zeros((*SHAPE, 3), np.uint8), np.ones(SHAPE, np.int8)
    draws = []

    def covering():
        draws.append(1)
        return np.full((*SHAPE, 3), 255, np.uint8), np.ones(SHAPE, np.int8)

    excluding = suem.SUEM(simple=0, exclusion=1 / 3, union=1 / 3, occlusion=1 / 3, mixing=0)
    seen = set()
    for seed in range(40):
        draws.clear()
        _, result = excluding(image, gt_mask, covering, np.random.default_rng(seed))
        assert (result == 1).any()
        seen.add(len(draws))
    assert seen == {1, suem.MAX_TRIES}


@pytest.mark.parametrize("probability, changed", [(0.0, False), (1.0, True)])
def test_probabilities_decide_which_modes_apply(probability, changed):
    rng = np.random.default_rng(0)
    image, other = rng.integers(0, 256, (2, *SHAPE, 3)).astype(np.uint8)
    gt_mask = np.zeros(SHAPE, np.int8)
    gt_mask[3:9, 3:9] = 1
    modes = suem.SUEM(probability, *[probability / 3] * 3, probability)
    picture, _ = modes(image, gt_mask, lambda: (other, gt_mask), rng)
    assert (not np.array_equal(picture, image)) == changed


@pytest.mark.parametrize("mode", ["simple", "exclusion", "union", "occlusion", "mixing"])
def test_a_mode_applies_to_all_objects_of_a_picture(mode):
    image, other = np.random.default_rng(0).integers(0, 256, (2, *SHAPE, 3)).astype(np.uint8)
    gt_masks = np.zeros((2, *SHAPE), np.int8)
    gt_masks[0, 2:8, 2:8], gt_masks[1, 4:12, 4:12] = 1, 1
    gt_masks[:, 0] = -1
    pasted = np.zeros(SHAPE, np.int8)
    pasted[6:10, 6:10] = 1
    none = dict.fromkeys(("simple", "exclusion", "union", "occlusion", "mixing"), 0.0)
    modes = suem.SUEM(**{**none, mode: 1.0})
    picture, result = modes(image, gt_masks, lambda: (other, pasted), np.random.default_rng(0))
    alone = suem.SUEM(**{**none, mode: 1.0})
    first_picture, first = alone(image, gt_masks[0], lambda: (other, pasted), np.random.default_rng(0))
    assert np.array_equal(result[0], first)
    covered = mode in ("exclusion", "union")
    kept = (gt_masks[1] == 1) & (pasted != 1) if covered else gt_masks[1] == 1
    assert np.array_equal(result[1] == 1, kept)
    if mode == "simple":  # both are pasted, as one
        beside = ~(gt_masks == 1).any(axis=0)
        assert np.array_equal(picture[beside], other[beside])
        assert not np.array_equal(picture[10, 10], other[10, 10])
    else:
        assert np.array_equal(picture, first_picture)
    assert (gt_masks == 1).sum() == 36 + 64  # what was given is as it was


@pytest.mark.parametrize("mode", ["simple", "exclusion", "union", "occlusion", "mixing"])
def test_each_mode_has_a_probability_of_its_own(mode, monkeypatch):
    called = []
    for name in ("simple", "exclusion", "union", "occlusion", "mixing"):
        whole = getattr(suem, name)
        monkeypatch.setattr(suem, name, lambda *a, _n=name, _f=whole, **k: called.append(_n) or _f(*a, **k))
    none = dict.fromkeys(("simple", "exclusion", "union", "occlusion", "mixing"), 0.0)
    image, gt_mask = np.zeros((*SHAPE, 3), np.uint8), np.ones(SHAPE, np.int8)
    other = image, np.zeros(SHAPE, np.int8)
    suem.SUEM(**{**none, mode: 1.0})(image, gt_mask, lambda: other, np.random.default_rng(0))
    assert called == [mode]


def test_impossible_probabilities_are_refused():
    for wrong in ({"simple": 1.5}, {"mixing": -0.1}, {"exclusion": 0.5, "union": 0.5, "occlusion": 0.5}):
        with pytest.raises(ValueError, match="between 0 and 1"):
            suem.SUEM(**wrong)
