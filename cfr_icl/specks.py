"""Specks: parts of a mask that are far smaller than it, such as a few pixels of another object.

Not in the paper; measured in training/RESULTS.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch

from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click
from cfr_icl.zoom.probability_map import ProbabilityMap

SPECK_SHARE = 0.002
"""Largest part of a mask that is a speck, as a share of the mask."""


def without_specks(prediction: ProbabilityMap, clicks: Sequence[Click]) -> ProbabilityMap:
    """Set the specks of a mask to 0; parts at a positive click stay."""
    count, parts = cv2.connectedComponents((prediction.values > MASK_THRESHOLD).numpy().view(np.uint8))
    if count <= 2:
        return prediction
    sizes = np.bincount(parts.ravel(), minlength=count)
    specks = sizes <= SPECK_SHARE * sizes[1:].sum()
    specks[0] = False
    specks[_clicked(parts, prediction, clicks)] = False
    if not specks.any():
        return prediction
    return replace(prediction, values=prediction.values.masked_fill(torch.from_numpy(specks[parts]), 0.0))


def _clicked(parts: np.ndarray, prediction: ProbabilityMap, clicks: Sequence[Click]) -> np.ndarray:
    """The numbers of the parts (h, w) at positive clicks, as seen at the resolution of the map."""
    window = prediction.window
    numbers = [np.zeros(0, parts.dtype)]
    for click in clicks:
        if click.positive:
            row = int((click.y - window.top) * parts.shape[0] / window.height)
            column = int((click.x - window.left) * parts.shape[1] / window.width)
            numbers.append(parts[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].ravel())
    return np.concatenate(numbers)
