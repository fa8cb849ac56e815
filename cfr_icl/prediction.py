"""The prediction for a list of clicks: mask, probabilities, and all passes of CFR."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from cfr_icl.cfr import MASK_THRESHOLD, THRESHOLD_LOGIT
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window

RLES_KEPT = 2
"""Number of cached run lengths: those of the last pass and of the one before it."""


class PredictionError(RuntimeError):
    """The network's output is not finite, so there is no prediction."""


@dataclass(frozen=True)
class Choice:
    """One of several masks that a network offers for an ambiguous click.

    Attributes:
        probabilities: the network's output.
        predicted_iou: IoU of the mask with the object as the network predicts it, 0 to 1.
    """

    probabilities: ProbabilityMap = field(repr=False)
    predicted_iou: float

    @property
    def mask(self) -> np.ndarray:
        """Pixels of the object, bool (H, W)."""
        return self.probabilities.threshold(MASK_THRESHOLD)

    def rle(self) -> np.ndarray:
        """The mask as COCO run lengths, int64 (n,)."""
        return self.probabilities.to_rle(MASK_THRESHOLD)


@dataclass(frozen=True)
class InnerPass:
    """One pass of the network.

    Attributes:
        probabilities: the network's output, uncalibrated, as it is fed back to the next pass.
        agreement: IoU of the masks of the picture and of its mirror image, 0 to 1; 1 without mirror image.
            A refinement that does without it has that of the newest pass that saw it.
            For networks that take coordinates: `predicted_iou`.
        predicted_iou: IoU of the mask with the object as the network predicts it, 0 to 1; None for networks
            that do not. That of a close-up is that of the pass that it refines.
        zoom_window: the zoom-in window; None for the unresized picture.
        close_up: for a close-up, the part of the window that it covers; outside of it `probabilities` are
            those of the pass that it refines.
        refined: index of the pass that a close-up refines; any other pass refines the one before.
        choices: all masks that the network offered in this pass; empty where it offered one.
        choice: index in `choices` of the mask that `probabilities` hold; None without choices.
    """

    probabilities: ProbabilityMap
    agreement: float
    predicted_iou: float | None = None
    zoom_window: Window | None = None
    close_up: Window | None = None
    refined: int | None = None
    choices: tuple[Choice, ...] = ()
    choice: int | None = None

    def with_choice(self, index: int) -> InnerPass:
        """The pass with another of its choices as its probabilities."""
        chosen = self.choices[index]
        return replace(
            self,
            probabilities=chosen.probabilities,
            agreement=chosen.predicted_iou,
            predicted_iou=chosen.predicted_iou,
            choice=index,
        )


@dataclass(frozen=True)
class Prediction:
    """The prediction for a list of clicks.

    Attributes:
        passes: all passes for the last click, coarse first.
        chosen: index of the pass whose mask is the prediction.
        forwards: number of forward passes that the last click took.
        inverse_temperature: the model's calibration, above 0: scales logits around the mask threshold, which
            does not change the mask.
        initial: for a prediction without clicks, the probabilities of the previous mask.
    """

    passes: tuple[InnerPass, ...] = field(repr=False)
    chosen: int
    forwards: int
    inverse_temperature: float = 1.0
    initial: ProbabilityMap | None = field(default=None, repr=False)
    _rles: dict[tuple[int, float], np.ndarray] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def mask(self) -> np.ndarray:
        """Pixels of the object, bool (H, W): those with a probability above 0.49."""
        return self.mask_above(MASK_THRESHOLD)

    @property
    def predicted_iou(self) -> float | None:
        """IoU of the mask with the object as the network predicts it, 0 to 1.

        None without clicks, and for networks that do not predict it.
        """
        return self.passes[self.chosen].predicted_iou if self.passes else None

    @property
    def probabilities(self) -> np.ndarray:
        """Calibrated probability of the object at each pixel, float32 (H, W); computed at each access."""
        return self._calibrated(self._map(None))

    @property
    def trace(self) -> tuple[np.ndarray, ...]:
        """Calibrated probabilities float32 (H, W) after each pass, coarse first; computed at each access."""
        return tuple(self._calibrated(inner_pass.probabilities) for inner_pass in self.passes)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All masks that the network offers for one click alone, in its order; empty for other networks.

        `Segmenter.predict(clicks, choice=index)` takes one of them in place of the best.
        """
        return self.passes[0].choices if self.passes else ()

    @property
    def choice(self) -> int | None:
        """Index of the choice that the prediction began with; None without choices."""
        return self.passes[0].choice if self.passes else None

    @property
    def window(self) -> Window | None:
        """The part of the picture that the mask was computed for; None without clicks."""
        return self._map(None).window if self.passes else None

    def last_change(self, threshold: float = MASK_THRESHOLD) -> int | None:
        """Pixels that the last pass took into the mask or out of it; None where it was the coarse one.

        For a large picture (`ZoomConfig.exact_up_to`) they are estimated from the network's output.
        """
        last = len(self.passes) - 1
        if last < 1:
            return None
        refined = self.passes[last].refined
        former = last - 1 if refined is None else refined
        one, other = self._map(former), self._map(last)
        if not other.exact and one.window == other.window and one.values.shape == other.values.shape:
            limit = self._uncalibrated(threshold)
            changed = np.count_nonzero((one.values.numpy() > limit) ^ (other.values.numpy() > limit))
            return round(changed * other.window.area / other.values.numel())
        before = self.rle_above(threshold, former)
        borders = [np.cumsum(rle)[:-1] for rle in (before, self.rle_above(threshold, last))]
        # where exactly one of both masks begins or ends; a stable sort merges the two sorted halves
        changes = np.sort(np.concatenate(borders), kind="stable")
        if len(changes) % 2:
            changes = np.append(changes, before.sum())
        return int((changes[1::2] - changes[::2]).sum())

    def mask_above(self, threshold: float, index: int | None = None) -> np.ndarray:
        """Pixels with a calibrated probability above a threshold, bool (H, W).

        Args:
            threshold: above 0 and below 1.
            index: index of the pass; None for the chosen one.

        Raises:
            ValueError: for a threshold of 0 or less, or of 1 or more.
            IndexError: for a pass that is not there.
        """
        return self._map(index).threshold(self._uncalibrated(threshold))

    def rle_above(self, threshold: float, index: int | None = None) -> np.ndarray:
        """The mask of `mask_above` as COCO run lengths, int64 (n,), which must not be changed.

        Much faster than `mask_above` for a large picture. The last RLES_KEPT are cached: a click needs the
        mask of the last pass and the number of pixels that it changed.
        """
        key = self.chosen if index is None else index, threshold
        rle = self._rles.get(key)
        if rle is None:
            while len(self._rles) >= RLES_KEPT:
                self._rles.pop(next(iter(self._rles)))
            rle = self._rles[key] = self._map(index).to_rle(self._uncalibrated(threshold))
        return rle

    def _uncalibrated(self, threshold: float) -> float:
        """The threshold for probabilities before calibration; raises ValueError for none of 0 to 1."""
        if not 0 < threshold < 1:
            raise ValueError(f"A threshold lies above 0 and below 1; it is not {threshold!r:.40}.")
        logit = math.log(threshold / (1 - threshold))
        return 1 / (1 + math.exp(-(THRESHOLD_LOGIT + (logit - THRESHOLD_LOGIT) / self.inverse_temperature)))

    def _map(self, index: int | None) -> ProbabilityMap:
        if not self.passes:
            assert self.initial is not None, "A prediction without passes has initial probabilities."
            return self.initial
        return self.passes[self.chosen if index is None else index].probabilities

    def _calibrated(self, probabilities: ProbabilityMap) -> np.ndarray:
        pixels = probabilities.to_picture()
        if pixels is probabilities.values:  # the next click starts from them: return a copy
            pixels = pixels.clone()
        if self.inverse_temperature != 1 and self.passes:
            logits = torch.logit(pixels) - THRESHOLD_LOGIT
            pixels = logits.mul_(self.inverse_temperature).add_(THRESHOLD_LOGIT).sigmoid_()
        return pixels.numpy()
