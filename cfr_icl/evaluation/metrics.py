"""Measures of a mask and of a session: IoU, boundary IoU, and number of clicks to reach an IoU (NoC).

A mask is bool (H, W), a ground truth int (H, W): 1 object, 0 background, -1 ignored.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

NOC_TARGETS = (0.80, 0.85, 0.90, 0.95)
"""IoUs to which clicks are counted."""

BOUNDARY_WIDTH = 0.02
"""Width of the boundary of `boundary_iou`, as a share of the picture's diagonal."""


def iou(mask: np.ndarray, gt_mask: np.ndarray) -> float:
    """Intersection over union of a mask with the ground truth; pixels of ground truth -1 are left out."""
    union = np.count_nonzero((mask & (gt_mask != -1)) | (gt_mask == 1))
    return np.count_nonzero(mask & (gt_mask == 1)) / union if union else 1.0


def boundary_iou(mask: np.ndarray, gt_mask: np.ndarray) -> float:
    """IoU of the inner boundaries of mask and ground truth (Cheng et al., CVPR 2021).

    Ignored pixels (-1) take the mask's value when the boundary is computed, and are then left out.
    """
    pixels = max(1, round(BOUNDARY_WIDTH * float(np.hypot(*gt_mask.shape))))
    expected = np.where(gt_mask == -1, mask, gt_mask == 1)
    ring = np.where(gt_mask == -1, -1, _inner_boundary(expected, pixels))
    return iou(_inner_boundary(mask, pixels), ring)


def _inner_boundary(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Pixels of the mask at most this far from its edge; the picture's border counts as edge."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return mask & ~cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=pixels)[1:-1, 1:-1].astype(bool)


def object_area(gt_mask: np.ndarray) -> float:
    """The object's share of the picture, 0 to 1."""
    return np.count_nonzero(gt_mask == 1) / gt_mask.size


def clicks_to_reach(ious: Sequence[float], target: float, max_clicks: int = 20) -> int:
    """The first number of clicks with at least this IoU; `max_clicks` if it was never reached."""
    return next((number for number, value in enumerate(ious, 1) if value >= target), max_clicks)


def mean_ious(sessions: Sequence[Sequence[float]], clicks: int) -> list[float]:
    """Mean IoU after each number of clicks; a session that ended earlier counts with its last IoU."""
    return [
        float(np.mean([values[min(k, len(values)) - 1] for values in sessions])) for k in range(1, clicks + 1)
    ]
