"""Calibration: find the inverse temperature with which probabilities equal the observed frequencies.

The robot user clicks; after each click the probabilities inside the zoom window are compared with the
ground truth. Logits are scaled around the mask threshold, which does not change the mask.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from cfr_icl import Segmenter
from cfr_icl.cfr import THRESHOLD_LOGIT
from cfr_icl.clicks import Click
from cfr_icl.data.samples import Sample
from cfr_icl.evaluation.metrics import object_area
from cfr_icl.evaluation.simulation import simulate
from cfr_icl.prediction import Prediction

LOGIT_EDGES = np.linspace(-15, 15, 601)
BINS = 15


@dataclasses.dataclass
class Reliability:
    """Histogram over logits of the windows' area, and of the object's part of it.

    It has `len(LOGIT_EDGES) - 1` bins; each prediction has the same weight, whatever its size.
    """

    area: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(len(LOGIT_EDGES) - 1))
    object: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(len(LOGIT_EDGES) - 1))

    def add(self, probabilities: np.ndarray, gt_mask: np.ndarray) -> None:
        """Add a prediction: probabilities float (H, W) and ground truth int (H, W), -1 ignored."""
        known = gt_mask >= 0
        p = np.clip(probabilities[known].astype(np.float64), 1e-6, 1 - 1e-6)
        logits = np.log(p / (1 - p))
        weights = np.full(len(logits), 1 / max(1, len(logits)))
        self.area += np.histogram(logits, LOGIT_EDGES, weights=weights)[0]
        self.object += np.histogram(logits, LOGIT_EDGES, weights=weights * (gt_mask[known] == 1))[0]

    def surprise(self, inverse_temperature: float) -> float:
        """Mean negative log-likelihood per pixel, in nats."""
        logits = _scaled(inverse_temperature)
        nats = self.object * np.logaddexp(0, -logits) + (self.area - self.object) * np.logaddexp(0, logits)
        return float(nats.sum() / self.area.sum())

    def curve(self, inverse_temperature: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each of BINS equal bins of probability: mean probability, share of object, share of area."""
        p = 1 / (1 + np.exp(-_scaled(inverse_temperature)))
        steps = np.minimum((p * BINS).astype(int), BINS - 1)
        area = np.bincount(steps, self.area, BINS)
        said, found = (
            np.bincount(steps, x, BINS) / np.maximum(area, 1e-12) for x in (p * self.area, self.object)
        )
        return said, found, area / area.sum()

    def error(self, inverse_temperature: float) -> float:
        """Expected calibration error, 0 to 1."""
        said, found, share = self.curve(inverse_temperature)
        return float((share * np.abs(said - found)).sum())

    def best_inverse_temperature(self) -> float:
        """The inverse temperature with the least surprise, between 0.2 and 5."""
        candidates = np.exp(np.linspace(np.log(0.2), np.log(5), 200))
        return float(min(candidates, key=self.surprise))


def _scaled(inverse_temperature: float) -> np.ndarray:
    """The logit of each bin, scaled around the threshold."""
    middles = (LOGIT_EDGES[:-1] + LOGIT_EDGES[1:]) / 2
    return THRESHOLD_LOGIT + inverse_temperature * (middles - THRESHOLD_LOGIT)


def window_answers(
    segmenter: Segmenter, samples: Iterable[Sample], min_area: float = 0.01, clicks: int = 5
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Probabilities and ground truth inside the window after each of the robot's first clicks on each object.

    Args:
        min_area: objects below this share of the picture are left out.
        clicks: clicks of the robot user for each object.
    """
    for sample in samples:
        for gt_mask in sample.gt_masks:
            if object_area(gt_mask) < min_area:
                continue
            predictions: list[Prediction] = []

            def keep(_: Click, prediction: Prediction, __: float, kept: list = predictions) -> None:
                kept.append(prediction)

            simulate(segmenter, sample.image, gt_mask, max_clicks=clicks, on_click=keep)
            for prediction in predictions:
                rows, columns = prediction.window.slices
                yield prediction.probabilities[rows, columns], gt_mask[rows, columns]
