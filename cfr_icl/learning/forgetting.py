"""Measure forgetting: the agreement of first masks on other pictures before and after learning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from cfr_icl.annotate.pictures import PictureError, open_picture
from cfr_icl.cfr import THRESHOLD_LOGIT
from cfr_icl.clicks import Click
from cfr_icl.icl import features_of_objects
from cfr_icl.learning.feature_pool import prompt_maps_of_first
from cfr_icl.models.base import Features
from cfr_icl.models.map_model import MapModel
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window

CLICKS = 48
"""First clicks by chance on each picture."""
AT_ONCE = 8
"""Clicks of a pass."""


class Agreement:
    """Mean IoU of a network's answers with the starting model's, for the same first clicks.

    Args:
        teacher: the starting model.
        pictures: files; those that cannot be read are left out.
    """

    def __init__(self, teacher: MapModel, pictures: Sequence[Path], seed: int = 0) -> None:
        size = teacher.config.zoom.size
        rng = np.random.default_rng(seed)
        self._pictures: list[tuple[Features, list[Click], np.ndarray]] = []
        for path in pictures:
            try:
                image = open_picture(path).pixels
            except (PictureError, OSError):
                continue
            with torch.no_grad():
                features = teacher.encode(crop_picture(image, Window.of_size(*image.shape[:2]), (size, size)))
            clicks = [Click(int(x), int(y)) for x, y in rng.integers(size, size=(CLICKS, 2))]
            self._pictures.append((features, clicks, _masks(teacher, features, clicks)))

    def __call__(self, network: MapModel) -> float:
        """The mean IoU, 0 to 1; 1 without pictures."""
        ious = [
            _ious(_masks(network, features, clicks), answers) for features, clicks, answers in self._pictures
        ]
        return float(np.concatenate(ious).mean()) if ious else 1.0


@torch.no_grad()
def _masks(network: MapModel, features: Features, clicks: Sequence[Click]) -> np.ndarray:
    """The answers to first clicks, bool (n, S, S)."""
    size = network.config.zoom.size
    found = []
    for start in range(0, len(clicks), AT_ONCE):
        some = clicks[start : start + AT_ONCE]
        copies = features_of_objects(features, torch.zeros(len(some), dtype=torch.int64))
        logits = network.decode(copies, prompt_maps_of_first(some, size, size))
        found.append(logits[:, 0].float().numpy() > THRESHOLD_LOGIT)
    return np.concatenate(found)


def _ious(masks: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """IoU of each pair of masks; 1 where both are empty."""
    either = (masks | expected).sum((1, 2))
    return np.where(either, (masks & expected).sum((1, 2)) / np.maximum(either, 1), 1.0)
