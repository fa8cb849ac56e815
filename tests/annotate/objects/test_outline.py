"""Lasso, corners and holes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.objects.outline import filled, hole_at
from cfr_icl.clicks import Click

SIZE = (12, 15)
eighths = st.integers(-40, 160).map(lambda number: number / 8)


@given(st.lists(st.tuples(eighths, eighths), min_size=1, max_size=8))
def test_pixels_are_inside_by_their_middles(points):
    expected = np.zeros(SIZE, bool)
    turns = np.zeros(SIZE, int)
    for (y, x), _ in np.ndenumerate(expected):
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            px, py = x + 0.5, y + 0.5
            if (x0 <= px < x1 or x1 <= px < x0) and y0 + (px - x0) * (y1 - y0) / (x1 - x0) <= py:
                turns[y, x] += 1 if x1 > x0 else -1
    # rounding decides about middles of pixels on the line
    assert np.mean(filled(points, SIZE, crossed=False) != (turns % 2 == 1)) < 0.05
    assert np.mean(filled(points, SIZE) != (turns != 0)) < 0.05


def test_a_line_around_pixels_holds_just_these():
    area = filled([(2, 3), (7, 3), (7, 9), (2, 9)], SIZE)
    assert area[3:9, 2:7].all() and area.sum() == 30


def test_holes_are_what_a_mask_surrounds():
    mask = np.zeros(SIZE, bool)
    mask[2:9, 2:9] = True
    mask[4:6, 4:6] = mask[7, 7] = False
    assert hole_at(mask, 4, 5).sum() == 4
    assert hole_at(mask, 7, 7).sum() == 1
    assert hole_at(mask, 0, 0) is None and hole_at(mask, 3, 3) is None


def test_lasso_corners_and_a_hole_change_the_object_where_they_were_used(session):
    session.click(Click(80, 70))
    before = session.mask
    session.lasso([(5, 5), (15, 5), (15, 15), (5, 15)], add=True)
    assert np.array_equal(session.mask[20:], before[20:]) and session.mask[5:15, 5:15].all()
    session.lasso([(8, 8), (12, 8), (12, 12), (8, 12)], add=False)
    assert not session.mask[8:12, 8:12].any() and session.mask[5:8, 5:15].all()
    session.fill_hole(9, 9)
    assert session.mask[5:15, 5:15].all()
    # the corner at (15, 15) is moved to (20, 20), and back
    session.reshape([(5, 15), (15, 15), (15, 5), (20, 20)])
    assert session.mask[16, 16] and session.mask[14, 14] and not session.mask[5, 19]
    session.reshape([(5, 15), (15, 15), (15, 5), (20, 20)])
    assert session.mask[5:15, 5:15].all() and not session.mask[16, 16]
    assert np.array_equal(session.mask[20:], before[20:])
    for _ in range(5):
        session.undo()
    assert np.array_equal(session.mask, before)
    with pytest.raises(ActionError, match="no hole"):
        session.fill_hole(1, 1)
    with pytest.raises(ActionError, match="no pixel"):
        session.lasso([(1, 1)], add=True)
