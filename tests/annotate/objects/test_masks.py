"""Compact masks are exact and small."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cfr_icl.annotate.objects.masks import Mask


@given(hnp.arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 20))))
def test_masks_survive_encoding_and_decoding(pixels):
    mask = Mask.of(pixels)
    assert np.array_equal(mask.pixels, pixels)
    assert mask.area == pixels.sum()
    assert np.array_equal(mask.box_pixels, pixels[mask.box.slices])
    if pixels.any():
        assert pixels[mask.box.slices].sum() == pixels.sum()
        assert pixels[mask.box.slices].any(axis=0)[[0, -1]].all()


def test_different_masks_have_different_versions():
    one, two = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    two[4, 4] = True
    assert Mask.of(one).version == Mask.empty(9, 9).version != Mask.of(two).version


def test_a_ragged_object_on_12_megapixels_stays_below_60_kilobytes():
    rows, columns = np.mgrid[:3000, :4000]
    angle = np.arctan2(rows - 1500, columns - 2000)
    radius = np.hypot(rows - 1500, columns - 2000)
    assert len(Mask.of(radius < 1100 + 120 * np.sin(40 * angle)).counts) < 60_000


def test_common_pixels_follow_from_the_run_lengths():
    rng = np.random.default_rng(0)
    for density in (0, 0.3, 1):
        one, other = (rng.random((2, 17, 23)) < density) & (np.arange(23) > 4)
        common = Mask.of(one).intersection(Mask.of(other))
        assert common == Mask.of(one & other)
        assert Mask.of(one).overlaps(Mask.of(other)) == (one & other).any()
        assert Mask.of(one).shares_inside([Mask.of(other)]) == [(one & other).sum() / max(1, other.sum())]
    assert Mask.empty(17, 23) == Mask.of(np.zeros((17, 23), bool))


def test_the_union_of_many_masks_holds_every_pixel_of_theirs():
    pixels = np.random.default_rng(0).random((123, 17, 23)) < 0.004
    masks = [Mask.of(each) for each in pixels]
    for count in (1, 10, 11, 100, 123):
        assert Mask.union(masks[:count]) == Mask.of(pixels[:count].any(axis=0))
    assert Mask.empty(17, 23).shares_inside(masks) == [0] * 123 and masks[0].shares_inside([]) == []


@given(hnp.arrays(bool, st.tuples(st.just(2), st.integers(1, 40), st.integers(1, 40))))
def test_the_pixels_of_one_mask_without_another_follow_from_the_run_lengths(pixels):
    one, other = map(Mask.of, pixels)
    assert one.inverted() == Mask.of(~pixels[0])
    assert one.without(other) == Mask.of(pixels[0] & ~pixels[1])


def test_long_and_single_runs_are_inverted():
    for height, width, filled in (
        (3000, 4000, []),
        (1, 1, [0]),
        (3000, 4000, [0]),
        (3000, 4000, [5_999_999]),
    ):
        pixels = np.zeros(height * width, bool)
        pixels[filled] = True
        pixels = pixels.reshape(height, width)
        assert Mask.of(pixels).inverted() == Mask.of(~pixels)
        assert Mask.of(~pixels).inverted() == Mask.of(pixels)


def test_masks_whose_rectangles_are_apart_are_not_near():
    left, right, whole = np.zeros((3, 10, 20), bool)
    left[2:5, 3:8] = right[2:5, 8:12] = whole[:] = True
    assert not Mask.of(left).boxes_overlap(Mask.of(right))
    assert Mask.of(whole).boxes_overlap(Mask.of(right)) and Mask.of(right).boxes_overlap(Mask.of(whole))
    assert not Mask.of(whole).boxes_overlap(Mask.empty(10, 20))
