"""Places in pictures: pixels inside of a closed line, and the holes of a mask."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

CROSSINGS_AT_ONCE = 2_000_000
"""Crossings of a line with columns of pixels that are computed together, which bounds the memory."""


def filled(points: Sequence[tuple[float, float]], size: tuple[int, int], crossed: bool = True) -> np.ndarray:
    """The pixels whose middles a closed line surrounds, bool (H, W).

    Args:
        points: (x, y) along the line, from which a line leads back to the first; pixel (0, 0) reaches from
            0 to 1 on both axes.
        size: height and width of the picture.
        crossed: whether pixels that the line goes around twice are inside; otherwise they are outside
            again (the even-odd rule).
    """
    height, width = size
    line = np.asarray(points, dtype=np.float64) - 0.5  # whole numbers are now middles of pixels
    (x0, y0), (x1, y1) = line.T, np.roll(line, -1, axis=0).T
    lower, upper = np.minimum(x0, x1), np.maximum(x0, x1)
    first = np.clip(np.ceil(lower), 0, width).astype(np.int64)
    end = np.clip(np.ceil(upper), 0, width).astype(np.int64)
    counts = np.maximum(end - first, 0)  # of columns whose middles each side of the line passes
    crossings = np.zeros((height + 1, width), np.int32)
    for sides in np.array_split(np.arange(len(line)), 1 + counts.sum() // CROSSINGS_AT_ONCE):
        lengths = counts[sides]
        side = np.repeat(sides, lengths)
        column = first[side] + np.arange(len(side)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        slope = (y1 - y0)[side] / (x1 - x0)[side]
        row = np.clip(np.ceil(y0[side] + (column - x0[side]) * slope), 0, height).astype(np.int64)
        np.add.at(crossings, (row, column), np.where(x1 > x0, 1, -1)[side])
    turns = np.cumsum(crossings, axis=0)[:-1]
    return turns != 0 if crossed else turns % 2 == 1


def hole_at(mask: np.ndarray, x: int, y: int) -> np.ndarray | None:
    """The hole of a mask around a pixel, bool (H, W); None if the pixel is not in a hole."""
    if mask[y, x]:
        return None
    _, parts = cv2.connectedComponents((~mask).astype(np.uint8), connectivity=4)
    hole = parts == parts[y, x]
    reaches_out = hole[0].any() or hole[-1].any() or hole[:, 0].any() or hole[:, -1].any()
    return None if reaches_out else hole
