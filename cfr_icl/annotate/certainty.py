"""How sure a predicted mask is, from what its prediction tells of itself."""

from __future__ import annotations

import numpy as np

from cfr_icl.prediction import Prediction


def certainty(prediction: Prediction, expected: np.ndarray | None = None) -> float:
    """The predicted IoU of a prediction for clicks, 0 to 1, or else the least agreement of all its passes.

    Where the mask must agree with another one too, it is the least agreement: no network learnt to predict
    IoUs there. Of agreements, a pass that disagrees with its mirror image is the best sign of a wrong mask,
    even where a later pass agrees, of those that were tried (benchmarks/RESULTS.md): the chosen pass's
    agreement, the IoU of the first with the chosen mask, and the IoU that the probabilities promise.

    Args:
        expected: a mask, bool (H, W), that the predicted one must agree with too (IoU).
    """
    if prediction.predicted_iou is not None and expected is None:
        return prediction.predicted_iou
    agreements = [each.agreement for each in prediction.passes]
    if expected is not None:
        mask = prediction.mask
        union = np.count_nonzero(mask | expected)
        agreements.append(np.count_nonzero(mask & expected) / union if union else 0.0)
    return min(1.0, max(0.0, float(min(agreements))))
