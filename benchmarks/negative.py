"""The share of a wrong region that a negative click in it removes.

    python -m benchmarks.negative [MODEL] --data folder=DUTS/val folder=COCO/val [--half even] [--limit 24]

The robot user clicks up to three times on each object of at least 1 % of its picture, three of each picture
at most. After each of its clicks the largest connected region outside of the object gets a negative click at
its deepest pixel, if it is at least 2 % of the object's size; the robot's own session continues without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.measure import table
from benchmarks.pictures import model_and_objects, robot_clicks
from cfr_icl import Segmenter
from cfr_icl.clicks import Click
from cfr_icl.evaluation import iou
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.predictor import Predictor

MIN_REGION = 0.02
"""Smallest wrong region that is clicked on, as a part of the object's area."""
MAX_CLICKS = 3


@dataclass(frozen=True)
class Correction:
    """A negative click: the region's size beside the object's, the part taken away, IoU before and after."""

    size: float
    removed: float
    before: float
    after: float


def main() -> None:
    model, sets = model_and_objects(__doc__)
    segmenter = Segmenter(model)
    rows = []
    for name, pictures in sets.items():
        found = []
        for picture, gt_masks in pictures:
            segmenter.set_image(picture)
            for gt_mask in gt_masks:
                found += corrections(segmenter, gt_mask)
        rows += [
            row(name, "all", found),
            row(name, "a tenth or more", [c for c in found if c.size >= 0.1]),
        ]
    print(table(rows))


def corrections(segmenter: Predictor, gt_mask: np.ndarray) -> Iterator[Correction]:
    """A negative click in the largest wrong region after each click of the robot, where there is one."""
    area = np.count_nonzero(gt_mask == 1)
    for clicks, prediction in robot_clicks(segmenter, gt_mask, MAX_CLICKS):
        region = largest_region(prediction.mask & (gt_mask == 0))
        size = np.count_nonzero(region)
        if size >= MIN_REGION * area:
            mask = segmenter.predict([*clicks, Click(*deepest_pixel(region, fast=True), positive=False)]).mask
            removed = np.count_nonzero(region & ~mask) / size
            yield Correction(size / area, removed, iou(prediction.mask, gt_mask), iou(mask, gt_mask))


def largest_region(mask: np.ndarray) -> np.ndarray:
    """The largest connected region of a mask, bool (H, W); empty for an empty mask."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return labels == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax() if count > 1 else np.zeros_like(mask)


def row(source: str, sizes: str, found: list[Correction]) -> dict[str, str]:
    removed = np.array([correction.removed for correction in found])
    gain = np.array([correction.after - correction.before for correction in found])
    return {
        "data": source,
        "region beside the object": sizes,
        "clicks": str(len(found)),
        "taken away": f"{removed.mean():.1%}" if found else "",
        "less than half": f"{np.mean(removed < 0.5):.0%}" if found else "",
        "IoU": f"{100 * gain.mean():+.1f}" if found else "",
    }


if __name__ == "__main__":
    main()
