"""The answer to clicks: a mask, its probabilities and every pass of CFR on the way to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from cfr_icl.cfr import MASK_THRESHOLD, THRESHOLD_LOGIT
from cfr_icl.zoom import PlacedMap, Window


@dataclass(frozen=True)
class InnerPass:
    """What one forward answered, as it is fed back: probabilities for a window of the picture.

    `agreement` is the IoU of the masks of the picture and of its mirror image; 1 without flip.
    A close-up looked at a part of that window alone, and left the rest as it was in the pass `refined`;
    any other pass refined the one before.
    """

    probabilities: PlacedMap
    agreement: float
    close_up: Window | None = None
    refined: int | None = None


@dataclass(frozen=True)
class Prediction:
    """The answer to a list of clicks."""

    passes: tuple[InnerPass, ...] = field(repr=False)
    chosen: int
    """Number of the pass that is the answer, mostly the last."""
    forwards: int
    """Network evaluations that the last click took."""
    inverse_temperature: float = 1.0
    """The model's calibration, which moves probabilities away from the mask threshold."""
    _base: PlacedMap | None = field(default=None, repr=False)
    """What there is without any pass."""

    @property
    def probabilities(self) -> np.ndarray:
        """Probability of the object, float32 (H, W)."""
        return self._calibrated(self._map(None))

    @property
    def mask(self) -> np.ndarray:
        """Pixels of the object, bool (H, W): probability above 0.49."""
        return self.mask_above(MASK_THRESHOLD)

    def mask_above(self, threshold: float, number: int | None = None) -> np.ndarray:
        """Pixels of a probability above a threshold between 0 and 1, bool (H, W).

        Args:
            number: of the inner pass; without it that of the answer.
        """
        return self._map(number).above(self._fed(threshold))

    def runs_above(self, threshold: float, number: int | None = None) -> np.ndarray:
        """The same as COCO run lengths, int64: pixels not above and above in turn, column by column.

        Of a large picture this is many times faster.
        """
        return self._map(number).runs(self._fed(threshold))

    def _fed(self, threshold: float) -> float:
        """The threshold before calibration."""
        logit = math.log(threshold / (1 - threshold))
        return 1 / (1 + math.exp(-(THRESHOLD_LOGIT + (logit - THRESHOLD_LOGIT) / self.inverse_temperature)))

    @property
    def trace(self) -> tuple[np.ndarray, ...]:
        """Probabilities float32 (H, W) after each inner pass, coarse first."""
        return tuple(self._calibrated(inner.probabilities) for inner in self.passes)

    @property
    def window(self) -> Window | None:
        """The part of the picture that the answer looked at; None before any pass."""
        return self._map(None).window if self.passes else None

    def _map(self, number: int | None) -> PlacedMap:
        if not self.passes:
            return self._base
        return self.passes[self.chosen if number is None else number].probabilities

    def _calibrated(self, probabilities: PlacedMap) -> np.ndarray:
        whole = probabilities.whole()
        if whole is probabilities.values:  # what the next click starts from is not given away
            whole = whole.clone()
        if self.inverse_temperature != 1 and self.passes:
            logits = torch.logit(whole) - THRESHOLD_LOGIT
            whole = logits.mul_(self.inverse_temperature).add_(THRESHOLD_LOGIT).sigmoid_()
        return whole.numpy()
