"""The robot user: the next click for a mask with errors, in evaluation and in training.

The click of evaluation follows the published protocol of RITM and CFR-ICL.
"""

from __future__ import annotations

import numpy as np

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click
from cfr_icl.inner_distance import inner_distance


def next_click(probabilities: np.ndarray, gt_mask: np.ndarray, clicked: np.ndarray) -> Click:
    """Click the pixel farthest from the edge of its error region, as in the published evaluation.

    The click is positive only if the deepest missing pixel lies deeper than the deepest surplus pixel. Among
    pixels of equal depth, the first in row-major order is clicked.

    Args:
        probabilities: float (H, W), the current prediction.
        gt_mask: int (H, W): 1 object, 0 background, -1 ignored.
        clicked: bool (H, W), pixels of earlier clicks, which are not clicked again.
    """
    missing, surplus = error_distances(probabilities, gt_mask)
    missing, surplus = missing * ~clicked, surplus * ~clicked
    positive = bool(missing.max() > surplus.max())
    y, x = np.unravel_index((missing if positive else surplus).argmax(), gt_mask.shape)
    return Click(int(x), int(y), positive)


def random_click(probabilities: np.ndarray, gt_mask: np.ndarray, rng: np.random.Generator) -> Click | None:
    """Click a random pixel of the larger error, as published for training; None for a mask without error.

    The pixel's distance to the error's edge is more than half of the largest one. Arguments as for
    `next_click`.
    """
    missing, surplus = error_distances(probabilities, gt_mask)
    positive = bool(missing.max() > surplus.max())
    distances = missing if positive else surplus
    inside = np.flatnonzero(distances > max(distances.max() / 2, 0))
    if not len(inside):
        return None
    y, x = np.unravel_index(rng.choice(inside), gt_mask.shape)
    return Click(int(x), int(y), positive)


def error_distances(probabilities: np.ndarray, gt_mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each pixel to the edge of its error region in pixels; 0 outside of errors.

    Returns:
        Two arrays float32 (H, W): for missing pixels of the object and for surplus pixels of the mask.
    """
    mask = probabilities > MASK_THRESHOLD
    return inner_distance((gt_mask == 1) & ~mask), inner_distance((gt_mask == 0) & mask)
