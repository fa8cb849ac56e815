"""Logits for a window of a picture: the output of networks of SAM's family."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.cfr import THRESHOLD_LOGIT
from cfr_icl.rle import run_lengths
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window


@dataclass(frozen=True, kw_only=True)
class LogitMap(ProbabilityMap):
    """A network's logits of a mask, and the probabilities computed from them.

    These networks place the mask's edge at logit 0, this package at a probability of 0.49; therefore a
    probability is the sigmoid of the logit plus the logit of 0.49. Pixels are interpolated as in these
    networks' libraries, bilinear with align_corners=False, so that masks are the same bit for bit.

    Attributes:
        logits: float32 (h, w), the network's output, padding included. It is fed back unchanged.
        network_size: height and width of the network's input.
        unpadded: height and width of that input's part, from its top left, that shows the window; None for
            all of it.
    """

    logits: torch.Tensor = field(repr=False)
    network_size: tuple[int, int]
    unpadded: tuple[int, int] | None = None

    @classmethod
    def of_logits(
        cls,
        logits: torch.Tensor,
        window: Window,
        picture: Window,
        network_size: tuple[int, int],
        unpadded: tuple[int, int] | None = None,
    ) -> LogitMap:
        """Make the map of logits (h, w)."""
        values = torch.sigmoid(without_padding(logits, network_size, unpadded) + THRESHOLD_LOGIT)
        return cls(
            values, window, picture, False, logits=logits, network_size=network_size, unpadded=unpadded
        )

    def window_logits(self) -> torch.Tensor:
        """The logit of every pixel of the window, float32 (height, width)."""
        logits = self.logits[None, None]
        if self.unpadded:
            logits = _interpolate(logits, self.network_size)[..., : self.unpadded[0], : self.unpadded[1]]
        return _interpolate(logits, self.window.size)[0, 0]

    def to_picture(self) -> torch.Tensor:
        probabilities = self.window_logits().add_(THRESHOLD_LOGIT).sigmoid_()
        if self.window == self.picture:
            return probabilities
        pixels = torch.zeros(self.picture.size)
        pixels[self.window.slices] = probabilities
        return pixels

    def threshold(self, threshold: float) -> np.ndarray:
        # rounded, so that the mask's own threshold is exactly 0 after calibration and its inverse
        lowest = -math.inf if threshold <= 0 else math.log(threshold / (1 - threshold)) - THRESHOLD_LOGIT
        mask = np.zeros(self.picture.size, bool)
        mask[self.window.slices] = self.window_logits().numpy() > round(lowest, 12) if threshold > 0 else True
        return mask

    def to_rle(self, threshold: float) -> np.ndarray:
        return run_lengths(self.threshold(threshold))


def without_padding(
    logits: torch.Tensor, network_size: tuple[int, int], unpadded: tuple[int, int] | None
) -> torch.Tensor:
    """The logits (h, w) of the window, without those of the padding at the right and at the bottom."""
    if not unpadded:
        return logits
    height, width = (
        max(1, math.ceil(side * used / padded))
        for side, used, padded in zip(logits.shape, unpadded, network_size, strict=True)
    )
    return logits[:height, :width]


def _interpolate(logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return F.interpolate(logits, size, mode="bilinear", align_corners=False)
