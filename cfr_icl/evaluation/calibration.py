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
from cfr_icl.data.samples import Sample
from cfr_icl.evaluation.metrics import object_area
from cfr_icl.evaluation.simulation import simulate
from cfr_icl.prediction import Prediction

LOGIT_EDGES = np.linspace(-15, 15, 601)
BINS = 15


@dataclasses.dataclass
class Reliability:
    """Histograms of predicted logits, from which calibration errors are computed.

    Each prediction adds 1 to the sum of `area`, whatever its size.

    Attributes:
        area: share of the pixels in each bin of LOGIT_EDGES, summed over predictions; float (n,).
        object_area: the part of it that the ground truth counts as object; float (n,).
    """

    area: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(len(LOGIT_EDGES) - 1))
    object_area: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(len(LOGIT_EDGES) - 1))

    def add(self, probabilities: np.ndarray, gt_mask: np.ndarray) -> None:
        """Add a prediction: probabilities float (H, W) and ground truth int (H, W), -1 ignored."""
        labelled = gt_mask >= 0
        p = np.clip(probabilities[labelled].astype(np.float64), 1e-6, 1 - 1e-6)
        logits = np.log(p / (1 - p))
        weights = np.full(len(logits), 1 / max(1, len(logits)))
        self.area += np.histogram(logits, LOGIT_EDGES, weights=weights)[0]
        self.object_area += np.histogram(logits, LOGIT_EDGES, weights=weights * (gt_mask[labelled] == 1))[0]

    def negative_log_likelihood(self, inverse_temperature: float) -> float:
        """Mean negative log-likelihood per pixel, in nats."""
        logits = _bin_logits(inverse_temperature)
        background_area = self.area - self.object_area
        nats = self.object_area * np.logaddexp(0, -logits) + background_area * np.logaddexp(0, logits)
        return float(nats.sum() / self.area.sum())

    def curve(self, inverse_temperature: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The reliability curve over BINS equal bins of probability.

        Returns:
            Mean predicted probability, observed frequency of the object, and share of the area; float (BINS,)
            each, 0 to 1.
        """
        p = 1 / (1 + np.exp(-_bin_logits(inverse_temperature)))
        bins = np.minimum((p * BINS).astype(int), BINS - 1)
        area = np.bincount(bins, self.area, BINS)
        predicted, observed = (
            np.bincount(bins, x, BINS) / np.maximum(area, 1e-12) for x in (p * self.area, self.object_area)
        )
        return predicted, observed, area / area.sum()

    def error(self, inverse_temperature: float) -> float:
        """Expected calibration error, 0 to 1."""
        predicted, observed, share = self.curve(inverse_temperature)
        return float((share * np.abs(predicted - observed)).sum())

    def best_inverse_temperature(self) -> float:
        """The inverse temperature from 0.2 to 5 with the least negative log-likelihood."""
        candidates = np.exp(np.linspace(np.log(0.2), np.log(5), 200))
        return float(min(candidates, key=self.negative_log_likelihood))


def _bin_logits(inverse_temperature: float) -> np.ndarray:
    """The logit in the middle of each bin, scaled around the mask threshold."""
    middles = (LOGIT_EDGES[:-1] + LOGIT_EDGES[1:]) / 2
    return THRESHOLD_LOGIT + inverse_temperature * (middles - THRESHOLD_LOGIT)


def window_predictions(
    segmenter: Segmenter, samples: Iterable[Sample], min_area: float = 0.01, clicks: int = 5
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Let the robot user click on each object, and yield each prediction inside its zoom-in window.

    Args:
        min_area: objects below this share of the picture, 0 to 1, are left out.
        clicks: the most clicks on an object.

    Yields:
        Probabilities float32 and ground truth int8 of the window, (h, w) each in picture pixels.
    """
    for sample in samples:
        for gt_mask in sample.gt_masks:
            if object_area(gt_mask) < min_area or not (gt_mask == 1).any():
                continue
            for prediction in _predictions(segmenter, sample.image, gt_mask, clicks):
                rows, columns = prediction.window.slices
                yield prediction.probabilities[rows, columns], gt_mask[rows, columns]


def _predictions(
    segmenter: Segmenter, image: np.ndarray, gt_mask: np.ndarray, clicks: int
) -> list[Prediction]:
    """The predictions of a session of the robot user, one for each click."""
    predictions: list[Prediction] = []
    simulate(
        segmenter,
        image,
        gt_mask,
        max_clicks=clicks,
        on_click=lambda _, prediction, __: predictions.append(prediction),
    )
    return predictions
