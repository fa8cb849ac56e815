"""Rectangles of picture pixels."""

import numpy as np
import pytest

from cfr_icl import Rectangle


def test_the_bounding_box_of_a_mask_holds_its_pixels_and_no_more():
    mask = np.zeros((60, 80), bool)
    mask[10:45, 20:60] = True
    mask[30, 79] = True
    assert Rectangle.of_mask(mask) == (20, 10, 80, 45)
    assert Rectangle.of_mask(mask[:, ::-1]) == (0, 10, 60, 45)
    assert Rectangle.of_mask(mask.T) == (10, 20, 45, 80)


def test_the_bounding_box_of_an_empty_mask_is_empty():
    assert Rectangle.of_mask(np.zeros((4, 5), bool)) == (0, 0, 0, 0)


def test_the_pixels_on_the_sides_of_a_box_belong_to_it():
    assert Rectangle.of_sides(3, 4, 3, 4) == (3, 4, 4, 5)
    with pytest.raises(ValueError, match="left, top, right, bottom"):
        Rectangle.of_sides(4, 4, 3, 4)


def test_rectangles_overlap_by_their_common_pixels():
    box = Rectangle(10, 10, 20, 20)
    assert box.overlap(Rectangle(15, 10, 25, 20)) == 50 / 150
    assert box.overlap(Rectangle(20, 10, 30, 20)) == box.overlap(Rectangle(30, 30, 31, 31)) == 0


def test_a_rectangle_is_cut_at_the_border_of_a_picture():
    assert Rectangle(-3, 5, 20, 90).inside(60, 10) == (0, 5, 10, 60)
    assert min(Rectangle(12, 5, 20, 9).inside(60, 10).size) < 1
