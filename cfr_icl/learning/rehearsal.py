"""Rehearsal against forgetting: other pictures, with the starting model's answers as their objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from cfr_icl.annotate.pictures import PictureError, open_picture
from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.data.samples import Sample
from cfr_icl.evaluation.metrics import iou
from cfr_icl.models.map_model import MapModel
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window

LARGEST = 400_000
"""Pixels to which pictures are reduced."""
TRIES = 24
"""Clicks by chance on each picture."""
STABLE = 0.75
"""IoU of an answer with its refinement from which it is taken for an object."""
AREA = (0.005, 0.7)
"""Least and greatest share of the picture of an answer that is taken for an object."""
DOUBLED = 0.7
"""IoU from which two answers are one object."""


class Rehearsal:
    """A data set of pictures without labels: what a model answers to single clicks are their objects.

    Pictures that cannot be read, or on which no answer is stable, are left out.
    """

    def __init__(self, model: MapModel, pictures: Sequence[Path], seed: int = 0) -> None:
        self._samples = [
            sample
            for number, path in enumerate(pictures)
            if (sample := _answered(model, path, seed + number))
        ]
        self.names: Sequence[str] = [sample.name for sample in self._samples]

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Sample:
        return self._samples[index]


def _answered(model: MapModel, path: Path, seed: int) -> Sample | None:
    try:
        image = open_picture(path).pixels
    except (PictureError, OSError):
        return None
    factor = min(1.0, (LARGEST / (image.shape[0] * image.shape[1])) ** 0.5)
    if factor < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    gt_masks: list[np.ndarray] = []
    for answer in _answers(model, image, np.random.default_rng(seed)):
        if all(iou(answer == 1, other) < DOUBLED for other in gt_masks):
            gt_masks.append(answer)
    return Sample(path.stem, image, gt_masks) if gt_masks else None


@torch.no_grad()
def _answers(model: MapModel, image: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Stable answers to single clicks, int8 (H, W) each."""
    size, (height, width) = model.config.zoom.size, image.shape[:2]
    features = model.encode(crop_picture(image, Window.of_size(height, width), (size, size)))
    found = []
    for _ in range(TRIES):
        click = Click(int(rng.integers(size)), int(rng.integers(size)))
        disks = disk_maps([[click]], size, size)
        first = torch.zeros(1, 1, size, size)
        answers = []
        for _ in range(2):
            first = torch.sigmoid(model.decode(features, torch.cat([first, disks], dim=1)).float())
            answers.append(first[0, 0].numpy())
        masks = [answer > MASK_THRESHOLD for answer in answers]
        if not AREA[0] < masks[1].mean() < AREA[1] or iou(masks[0], masks[1].astype(np.int8)) < STABLE:
            continue
        probabilities = cv2.resize(answers[1], (width, height), interpolation=cv2.INTER_LINEAR)
        found.append((probabilities > MASK_THRESHOLD).astype(np.int8))
    return found
