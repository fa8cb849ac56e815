import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cfr_icl.inner_distance import inner_distance
from cfr_icl.robot import next_click, random_click

SHAPE = (20, 30)
gt_masks = arrays(np.int8, SHAPE, elements=st.sampled_from([-1, 0, 1]))
masks = arrays(bool, SHAPE)


def nobody():
    return np.zeros(SHAPE, bool)


@given(masks, gt_masks)
def test_a_click_lands_on_an_error_of_its_kind(mask, gt_mask):
    wrong = (gt_mask != -1) & (mask != (gt_mask == 1))
    sampled = random_click(mask.astype(float), gt_mask, np.random.default_rng(0))
    if not wrong.any():
        assert sampled is None
        return
    for click in (sampled, next_click(mask.astype(float), gt_mask, nobody())):
        assert wrong[click.y, click.x] and click.positive == (gt_mask[click.y, click.x] == 1)


def test_the_first_click_is_the_middle_of_the_object():
    gt_mask = np.zeros(SHAPE, np.int8)
    gt_mask[4:13, 10:19] = 1
    click = next_click(np.zeros(SHAPE), gt_mask, nobody())
    assert (click.x, click.y, click.positive) == (14, 8, True)


def test_on_a_tie_the_click_is_negative_and_the_first_in_reading_order():
    gt_mask, mask = np.zeros(SHAPE, np.int8), np.zeros(SHAPE)
    gt_mask[2:5, 2:5] = 1
    mask[12:15, 2:5] = mask[12:15, 20:23] = 1
    click = next_click(mask, gt_mask, nobody())
    assert (click.x, click.y, click.positive) == (3, 13, False)


def test_a_pixel_is_not_clicked_twice():
    gt_mask = np.ones(SHAPE, np.int8)
    clicked = nobody()
    for _ in range(5):
        click = next_click(np.zeros(SHAPE), gt_mask, clicked)
        assert not clicked[click.y, click.x]
        clicked[click.y, click.x] = True


@pytest.mark.parametrize("probability, positive", [(0.49, True), (0.491, False)])
def test_a_pixel_belongs_to_the_mask_above_0_49(probability, positive):
    gt_mask = np.ones(SHAPE, np.int8) if positive else np.zeros(SHAPE, np.int8)
    assert next_click(np.full(SHAPE, probability), gt_mask, nobody()).positive == positive


def test_training_clicks_keep_well_inside_the_error():
    gt_mask = np.zeros(SHAPE, np.int8)
    gt_mask[2:17, 5:20] = 1
    rng = np.random.default_rng(1)
    clicks = [random_click(np.zeros(SHAPE), gt_mask, rng) for _ in range(50)]
    assert all(5 <= c.y <= 13 and 8 <= c.x <= 16 for c in clicks)
    assert len({(c.x, c.y) for c in clicks}) > 10


def test_depths_are_exact_whatever_lies_in_memory_before_the_mask():
    """Rounding differed from run to run, and with it which of the deepest pixels was clicked."""
    rows, columns = np.mgrid[:60, :60]
    mask = np.hypot(rows - 28, columns - 31) < 26.5
    padded = np.pad(mask, 1)
    outside = np.argwhere(~padded)
    squares = [((outside - pixel) ** 2).sum(axis=1).min() for pixel in np.argwhere(padded)]
    expected = np.sqrt(np.array(squares, np.float32))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # as in the processes of an evaluation, and in those that read training pictures
    try:
        before = [np.ones(size, np.uint8) for size in range(1, 20_000, 997)]
        for size in range(20):
            before[size] = np.ones(7 * size + 1, np.uint8)
            assert np.array_equal(inner_distance(mask)[mask], expected)
    finally:
        cv2.setNumThreads(threads)
