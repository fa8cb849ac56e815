"""The simulated user: where to click next, given what is wrong with the mask."""

from __future__ import annotations

import cv2
import numpy as np

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click


def next_click(probabilities: np.ndarray, gt_mask: np.ndarray, clicked: np.ndarray) -> Click:
    """The click in the middle of the largest error, as in the published evaluation.

    Args:
        probabilities: float (H, W), the present answer.
        gt_mask: int (H, W), 1 object, 0 background, -1 ignored.
        clicked: bool (H, W), pixels that were clicked before.
    """
    missing, surplus = error_distances(probabilities, gt_mask)
    missing, surplus = missing * ~clicked, surplus * ~clicked
    positive = bool(missing.max() > surplus.max())
    y, x = np.unravel_index((missing if positive else surplus).argmax(), gt_mask.shape)
    return Click(int(x), int(y), positive)


def random_click(probabilities: np.ndarray, gt_mask: np.ndarray, rng: np.random.Generator) -> Click | None:
    """A click at random well inside the larger error, as in training; None where nothing is wrong."""
    missing, surplus = error_distances(probabilities, gt_mask)
    positive = bool(missing.max() > surplus.max())
    distances = missing if positive else surplus
    inside = np.flatnonzero(distances > max(distances.max() / 2, 0))
    if not len(inside):
        return None
    y, x = np.unravel_index(rng.choice(inside), gt_mask.shape)
    return Click(int(x), int(y), positive)


def error_distances(probabilities: np.ndarray, gt_mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How deep each pixel lies inside a missing and inside a surplus part of the mask, float (H, W)."""
    mask = probabilities > MASK_THRESHOLD
    return _inner_distance((gt_mask == 1) & ~mask), _inner_distance((gt_mask == 0) & mask)


def _inner_distance(region: np.ndarray) -> np.ndarray:
    """Distance to the region's edge; the picture's border counts as edge."""
    padded = np.pad(region.astype(np.uint8), 1)
    return cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
