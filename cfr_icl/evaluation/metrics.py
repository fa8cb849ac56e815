"""Measures of an evaluation: IoU, boundary IoU, and number of clicks to reach an IoU (NoC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from cfr_icl.evaluation.protocol import Protocol
    from cfr_icl.evaluation.simulation import Result

NOC_TARGETS = (0.80, 0.85, 0.90, 0.95)
NOF_TARGETS = (0.90, 0.95)
IOU_CLICKS = (1, 3, 5)


def iou(mask: np.ndarray, gt_mask: np.ndarray) -> float:
    """Intersection over union of a mask with the ground truth; pixels of ground truth -1 are left out."""
    union = np.count_nonzero((mask & (gt_mask != -1)) | (gt_mask == 1))
    return np.count_nonzero(mask & (gt_mask == 1)) / union if union else 1.0


def boundary_iou(mask: np.ndarray, gt_mask: np.ndarray, width: float = 0.02) -> float:
    """IoU of the inner boundaries of mask and ground truth (Cheng et al., CVPR 2021).

    Args:
        width: the boundary's width as a fraction of the picture's diagonal. Ignored pixels (-1) take the
            mask's value when the boundary is computed, and are then left out.
    """
    pixels = max(1, round(width * float(np.hypot(*gt_mask.shape))))
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


@dataclass(frozen=True)
class Metrics:
    """Means over the objects of a data set; keys are targets as IoU or numbers of clicks."""

    objects: int
    noc: Mapping[float, float]
    """Mean number of clicks to reach the IoU; `max_clicks` if it was not reached."""
    nof: Mapping[float, int]
    """Number of objects that took all clicks, whether or not the IoU was reached, as published (">=20")."""
    iou: Mapping[int, float]
    """Mean IoU after this number of clicks; a session that ended earlier counts with its last IoU."""
    boundary_iou: Mapping[int, float]
    forwards_per_click: float
    seconds_per_click: float


def summarise(results: Sequence[Result], protocol: Protocol) -> Metrics:
    """The metrics of one data set and one setting; raises ValueError without results."""
    if not results:
        raise ValueError("There are no results to summarise.")
    clicks = sum(len(r.ious) for r in results)
    counts = [k for k in IOU_CLICKS if k <= protocol.max_clicks]

    def noc(target: float) -> np.ndarray:
        return np.array([clicks_to_reach(r.ious, target, protocol.max_clicks) for r in results])

    def mean_after(count: int, sessions: list[list[float]]) -> float:
        return float(np.mean([values[min(count, len(values)) - 1] for values in sessions]))

    return Metrics(
        objects=len(results),
        noc={t: float(noc(t).mean()) for t in NOC_TARGETS if t <= protocol.target_iou},
        nof={t: int((noc(t) == protocol.max_clicks).sum()) for t in NOF_TARGETS if t <= protocol.target_iou},
        iou={k: mean_after(k, [r.ious for r in results]) for k in counts},
        boundary_iou={k: mean_after(k, [r.boundary_ious for r in results]) for k in counts},
        forwards_per_click=sum(sum(r.forwards) for r in results) / clicks,
        seconds_per_click=sum(sum(r.seconds) for r in results) / clicks,
    )


def clicks_to_reach(ious: Sequence[float], target: float, max_clicks: int = 20) -> int:
    """The first number of clicks with at least this IoU; `max_clicks` if it was never reached."""
    return next((number for number, value in enumerate(ious, 1) if value >= target), max_clicks)
