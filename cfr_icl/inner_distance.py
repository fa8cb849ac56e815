"""How deep pixels lie inside a mask."""

from __future__ import annotations

import cv2
import numpy as np


def inner_distance(mask: np.ndarray, fast: bool = False) -> np.ndarray:
    """Distance of each pixel to the edge of its mask, where the picture's border counts as edge.

    Args:
        mask: bool (H, W).
        fast: with errors of some per cent.

    Returns:
        float32 (H, W), in pixels; 0 outside the mask.
    """
    method = cv2.DIST_MASK_3 if fast else cv2.DIST_MASK_PRECISE
    distances = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, method)[1:-1, 1:-1]
    return distances if fast else _roots_of_whole_numbers(distances)


def _roots_of_whole_numbers(distances: np.ndarray) -> np.ndarray:
    """The distances between pixels that those of OpenCV are, but for rounding; in place.

    With one thread OpenCV calls IPP, whose last bit depends on where the mask lies in memory. Pixels of
    equal depth would not be equal then, and the same clicks not drawn in each run. Exact up to some 1200
    pixels; the square of a deeper float32 may be nearer to another whole number.
    """
    np.multiply(distances, distances, out=distances)
    np.rint(distances, out=distances)
    return np.sqrt(distances, out=distances)


def deepest_pixel(mask: np.ndarray, fast: bool = False) -> tuple[int, int]:
    """(x, y) of the pixel of a mask that lies farthest from its edge; as for `inner_distance`."""
    distances = inner_distance(mask, fast)
    y, x = np.unravel_index(distances.argmax(), distances.shape)
    return int(x), int(y)
