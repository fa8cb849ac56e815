"""Probabilities for a window of a picture; pixels of the picture are interpolated when they are needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from cfr_icl.rle import run_lengths
from cfr_icl.zoom.crossings import crossings
from cfr_icl.zoom.resample import crop, paste, resampled_rows, resize, spread_rows
from cfr_icl.zoom.window import Window


@dataclass(frozen=True)
class ProbabilityMap:
    """Probabilities for a window of a picture: bilinear between `values`, zero outside of the window.

    Attributes:
        values: the network's output for the window, float32 (h, w), of any resolution.
        window: the part of the picture that `values` cover.
        picture: the whole picture.
        exact: compute every pixel of the picture for crops and decisions, as published; otherwise read both
            from `values`, so that a large picture costs no more than a small one (`ZoomConfig.exact_up_to`).
    """

    values: torch.Tensor
    window: Window
    picture: Window
    exact: bool = True

    @classmethod
    def of_picture(cls, pixels: torch.Tensor, exact: bool = True) -> ProbabilityMap:
        """Make the map of probabilities (H, W) that are given for every pixel."""
        picture = Window.of_size(*pixels.shape)
        return cls(pixels, picture, picture, exact)

    def to_picture(self) -> torch.Tensor:
        """The probability of every pixel, float32 (H, W); may be `values` itself, not a copy."""
        if self._complete:
            return self.values
        if self.exact:
            return paste(self.values[None, None], self.window, self.picture)[0, 0]
        pixels = torch.zeros(self.picture.size)
        height, width = self.window.size
        across = spread_rows(self.values.T.contiguous(), torch.arange(width), width).T.contiguous()
        pixels[self.window.slices] = spread_rows(across, torch.arange(height), height)
        return pixels

    def threshold(self, threshold: float) -> np.ndarray:
        """Pixels with a probability above a threshold of at least 0, bool (H, W)."""
        if self._complete or self.exact:
            return self.to_picture().numpy() > threshold
        run_lengths = self.to_rle(threshold)
        by_column = np.repeat(np.arange(len(run_lengths)) % 2 == 1, run_lengths)
        return by_column.reshape(self.picture.width, self.picture.height).T

    def to_rle(self, threshold: float) -> np.ndarray:
        """The mask of `threshold` as COCO run lengths, int64 (n,).

        These are the lengths of alternating runs outside and inside the mask, column by column.
        """
        if self._complete or self.exact:
            return run_lengths(self.threshold(threshold))
        ends = crossings(self.values, self.window, self.picture, threshold)
        return np.diff(ends, prepend=0, append=self.picture.area)

    def finer(self) -> ProbabilityMap:
        """The map at twice the resolution, at most one value per pixel."""
        sides = zip(self.values.shape, self.window.size, strict=True)
        size = [min(2 * side - 1, pixels) for side, pixels in sides]
        return replace(self, values=resize(self.values, size))

    def crop(self, window: Window, size: tuple[int, int]) -> torch.Tensor:
        """The probabilities in a window, resized: float32 (height, width)."""
        if self.exact:
            return crop(self.decision_map.values[None, None], window, size)[0, 0]
        return self.resample(window, size)

    def resample(self, window: Window, size: tuple[int, int]) -> torch.Tensor:
        """Like `crop`, but interpolate `values`; for the map's own window and size, return `values`."""
        if window == self.window:
            return self.values if size == self.values.shape else resize(self.values, size)
        # rows are copied faster than columns: transpose while the map is small
        across = resampled_rows(self.values.T.contiguous(), self.window.columns, window.columns, size[1])
        return resampled_rows(across.T.contiguous(), self.window.rows, window.rows, size[0])

    def uncached(self) -> ProbabilityMap:
        """A copy that shares `values`: the pixels that its `decision_map` caches are freed with it."""
        return replace(self)

    @property
    def decision_map(self) -> ProbabilityMap:
        """The map by which windows are placed and passes compared; every pixel of the picture if `exact`."""
        return self._every_pixel if self.exact else self

    @cached_property
    def _every_pixel(self) -> ProbabilityMap:
        return ProbabilityMap.of_picture(self.to_picture())

    @property
    def _complete(self) -> bool:
        return self.window == self.picture and self.values.shape == self.picture.size
