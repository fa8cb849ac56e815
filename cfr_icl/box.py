"""What the network is told of a box that somebody drew around an object."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from cfr_icl.clicks import Click

Box = tuple[int, int, int, int]
"""Left, top, right and bottom pixel, all inside of it."""

LIKELY = 0.6
"""Probability of the pixels that most objects fill of their box: hardly more than undecided, so that the
network keeps none of them for the box's sake. Chosen on the even half (benchmarks/box.py)."""


def box_clicks(box: Box, size: tuple[int, int]) -> tuple[Click, ...]:
    """A click in the middle, which most objects cover, and one outside of each side, where the picture is.

    Args:
        size: height and width of the picture.
    """
    left, top, right, bottom = box
    x, y = (left + right) // 2, (top + bottom) // 2
    margin_x, margin_y = max(8, (right - left) // 10), max(8, (bottom - top) // 10)
    outside = [(left - margin_x, y), (right + margin_x, y), (x, top - margin_y), (x, bottom + margin_y)]
    height, width = size
    beside = (Click(u, v, False) for u, v in outside if 0 <= u < width and 0 <= v < height)
    return (Click(x, y), *beside)


@lru_cache(maxsize=4)
def box_guess(box: Box, size: tuple[int, int]) -> np.ndarray:
    """The previous mask to begin with: the ellipse that touches the box's sides, float32 (H, W)."""
    left, top, right, bottom = box
    guess = np.zeros(size, np.float32)
    centre, axes = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
    cv2.ellipse(guess, (centre, axes, 0), LIKELY, cv2.FILLED)
    guess.flags.writeable = False
    return guess
