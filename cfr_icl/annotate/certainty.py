"""How sure a predicted mask is, from what its prediction tells of itself."""

from __future__ import annotations

import numpy as np

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.prediction import Prediction


def certainty(prediction: Prediction, expected: np.ndarray | None = None) -> float:
    """The least of what must agree in a prediction for clicks, 0 to 1 (benchmarks/doubt.py).

    These are the masks of the picture and of its mirror image (for networks that predict the IoU of their
    mask, that), and those of the first and the chosen pass.

    Args:
        expected: a mask, bool (H, W), that must agree too.
    """
    chosen = prediction.passes[prediction.chosen]
    mask = prediction.mask
    agreements = [chosen.agreement, _iou(prediction.passes[0].probabilities.threshold(MASK_THRESHOLD), mask)]
    if expected is not None:
        agreements.append(_iou(mask, expected))
    return min(1.0, max(0.0, float(min(agreements))))


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 0.0
