"""Turn a box around an object into clicks and a previous mask, for networks that take clicks as maps."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.probability_map import ProbabilityMap

OBJECT_PROBABILITY = 0.6
"""Probability inside the ellipse of `box_guess`. It is hardly above the mask threshold, so that the network
drops pixels that do not belong to the object. Chosen on the even half of the data (benchmarks/box.py)."""

BOX_EXPANSION = 1.8
"""Ratio of the sides of a box's window to its own, for networks with weights for boxes. Chosen as above."""


def box_clicks(box: Rectangle, size: tuple[int, int]) -> tuple[Click, ...]:
    """Place one positive click in the middle of the box and one negative click beyond each side.

    Clicks outside the picture are left out; those beyond a side lie at least 8 pixels from it.

    Args:
        box: around the object, in picture pixels.
        size: height and width of the picture.
    """
    left, top, right, bottom = box.left, box.top, box.right - 1, box.bottom - 1
    x, y = (left + right) // 2, (top + bottom) // 2
    margin_x, margin_y = max(8, (right - left) // 10), max(8, (bottom - top) // 10)
    outside = [(left - margin_x, y), (right + margin_x, y), (x, top - margin_y), (x, bottom + margin_y)]
    height, width = size
    negative = (Click(u, v, False) for u, v in outside if 0 <= u < width and 0 <= v < height)
    return (Click(x, y), *negative)


@lru_cache(maxsize=4)
def box_guess(box: Rectangle, size: tuple[int, int]) -> np.ndarray:
    """Draw the first previous mask: an ellipse that fills the box, read-only float32 (H, W).

    Args:
        box: around the object, in picture pixels.
        size: height and width of the picture.
    """
    left, top, right, bottom = box.left, box.top, box.right - 1, box.bottom - 1
    guess = np.zeros(size, np.float32)
    centre, axes = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
    cv2.ellipse(guess, (centre, axes, 0), OBJECT_PROBABILITY, cv2.FILLED)
    guess.flags.writeable = False
    return guess


def box_fit(probabilities: ProbabilityMap, box: Rectangle) -> float:
    """IoU, 0 to 1, of a box with the bounding box of a mask; in a large picture nearly so.

    Args:
        probabilities: the mask is where they are above MASK_THRESHOLD.
        box: around the object, in picture pixels.
    """
    decision = probabilities.decision_map
    inside = decision.values.numpy() > MASK_THRESHOLD
    common = mask_area = 1.0
    sides = (decision.window.columns, (box.left, box.right)), (decision.window.rows, (box.top, box.bottom))
    for axis, ((first, end), (low, high)) in enumerate(sides):
        places = np.flatnonzero(inside.any(axis))
        if not len(places):
            return 0.0
        step = (end - first - 1) / max(1, inside.shape[1 - axis] - 1)
        start, stop = first + step * places[0], first + step * places[-1] + 1
        common *= max(0.0, min(stop, high) - max(start, low))
        mask_area *= stop - start
    return common / (mask_area + box.area - common)
