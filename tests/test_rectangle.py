"""Rectangles of picture pixels."""

import numpy as np

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
