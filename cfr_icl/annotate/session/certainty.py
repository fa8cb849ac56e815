"""Estimate from a prediction how probably its mask is right."""

from __future__ import annotations

import numpy as np

from cfr_icl.prediction import Prediction


def certainty(prediction: Prediction, expected: np.ndarray | None = None) -> float:
    """The certainty of a prediction, 0 to 1.

    Without `expected`, it is the predicted IoU if the network predicts one. Otherwise it is the lowest
    agreement of all passes (`InnerPass.agreement`) and, with `expected`, of the IoU of the two masks. The
    lowest agreement tells wrong masks better than the other signs that were tried (benchmarks/RESULTS.md):
    the agreement of the chosen pass, the IoU of the first with the chosen mask, and the IoU that follows from
    the probabilities.

    Args:
        expected: a mask, bool (H, W), that the object is expected to have.
    """
    if prediction.predicted_iou is not None and expected is None:
        return prediction.predicted_iou
    agreements = [each.agreement for each in prediction.passes]
    if expected is not None:
        mask = prediction.mask
        union = np.count_nonzero(mask | expected)
        agreements.append(np.count_nonzero(mask & expected) / union if union else 0.0)
    return min(1.0, max(0.0, float(min(agreements))))
