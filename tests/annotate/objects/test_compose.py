"""Masks after neighbours took their pixels: no slivers, no crumbs, and a message if no pixel is left."""

import cv2
import numpy as np
import pytest

from cfr_icl.annotate.objects.compose import composed
from cfr_icl.annotate.objects.document import Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.clicks import Click

HEIGHT, WIDTH = 90, 120
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]


def disk(x, y, radius):
    return np.hypot(COLUMNS - x, ROWS - y) <= radius


def instance(mask, id=2, **values):
    return Instance(id, "object", "#112233", Mask.of(mask), Mask.of(mask), **values)


def left(mask, *others, **values):
    result = composed(instance(mask, **values), [instance(other, 10 + n) for n, other in enumerate(others)])
    assert not any((result.mask.pixels & other).any() for other in others)
    assert result.left_out == mask.sum() - result.mask.area
    return result.mask.pixels


def part_sizes(mask):
    return cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, 4]


def test_a_rim_around_a_neighbour_goes():
    assert not left(disk(40, 40, 22), disk(40, 40, 21)).any()
    assert not left(disk(40, 40, 22), disk(41, 40, 21)).any()


@pytest.mark.parametrize("seed", range(20))
def test_crumbs_of_a_ragged_neighbour_go_and_the_rest_stays(seed):
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.random((HEIGHT, WIDTH)), (0, 0), 1.5)
    neighbour = disk(40, 45, 25) & (noise > np.quantile(noise, 0.1))
    mask = disk(40, 45, 25) | disk(80, 45, 20)
    result = left(mask, neighbour)
    assert min(part_sizes(result)) >= 40 and len(part_sizes(mask & ~neighbour)) > 8
    assert result[disk(82, 45, 16)].all()


def test_neighbours_stay_side_by_side_without_a_gap():
    one = (COLUMNS < 60) & (np.abs(ROWS - 45) < 30)
    for other in (COLUMNS > 40, COLUMNS + ROWS > 90, disk(80, 45, 30)):
        result = left(one, other)
        assert np.array_equal(result, one & ~other)


def test_what_was_thin_or_small_before_stays():
    line = np.zeros((HEIGHT, WIDTH), bool)
    line[45, 10:110] = True
    result = left(line, disk(60, 45, 10))
    assert np.array_equal(result, line & ~disk(60, 45, 10))
    dots = disk(20, 20, 2) | disk(60, 60, 20)
    assert left(dots, disk(75, 60, 15))[disk(20, 20, 2)].all()


def test_a_small_object_keeps_what_is_left_of_it():
    small, neighbour = disk(40, 40, 4), disk(50, 40, 8)
    assert np.array_equal(left(small, neighbour), small & ~neighbour)


def test_parts_with_a_click_and_painted_pixels_stay():
    mask, neighbour = disk(40, 40, 22), disk(40, 40, 21)
    kept = left(mask, neighbour, clicks=(Click(18, 40),))
    assert kept[40, 18]
    painted = left(mask, neighbour, painted=Mask.of(mask))
    assert np.array_equal(painted, mask & ~neighbour)


def test_overlapping_objects_are_not_cleaned():
    mask = disk(40, 40, 22)
    result = composed(instance(mask, overlap=True), [instance(disk(40, 40, 21), 1)])
    assert np.array_equal(result.mask.pixels, mask) and result.left_out == 0


def test_an_object_of_which_nothing_is_left_is_reported(session):
    session.click(Click(30, 40))
    session.finish()
    taken = session.document.find(1).mask
    session.paint([(30, 40), (110, 80)], 5, add=True)
    assert session.active.mask.area > 0 and session.notices == []
    session.paint([(taken.box.right + 10, 75), (110, 80)], 60, add=False)
    assert session.active.mask.area == 0
    assert session.notices == [
        "Other objects have all pixels of object 2; let it overlap them, or delete it."
    ]
