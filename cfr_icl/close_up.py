"""Close-ups: the last refinement of a click sees only the surroundings of the click, enlarged.

Not in the paper. A close-up is one more pass of the network over a part of the zoom window; its
probabilities fade into those of the pass that it refines. The detail of a close-up is carried over to later
predictions where their coarse probabilities stay the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.resample import spread_rows
from cfr_icl.zoom.window import Window


@dataclass(frozen=True, kw_only=True)
class CloseUpConfig:
    """Close-ups of a model that was trained with them.

    Attributes:
        first_click: number of the first click that has a close-up, counted from 1.
        share: ratio of the sides of the close-up's window to those of the zoom window, above 0 and up to 1.

    Raises:
        ValueError: for a number out of its range.
    """

    first_click: int
    share: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.first_click, int) or self.first_click < 1:
            raise ValueError(f"The first click with a close-up is 1 or later, not {self.first_click!r:.40}.")
        if not 0 < self.share <= 1:
            raise ValueError(f"The share of a close-up lies above 0 and up to 1, not {self.share!r:.40}.")

    def applies(self, click_number: int, cfr: CascadeForward) -> bool:
        """Whether the click with this number, counted from 1, has a close-up under these CFR settings."""
        return cfr.close_ups and click_number >= self.first_click and cfr.refinements(click_number) > 0

    def window(self, window: Window, click: Click) -> Window:
        """The part of the zoom window that the close-up of a click sees."""
        return window.around(click, self.share)


def carry_over_details(
    prediction: ProbabilityMap, detailed: ProbabilityMap, coarse: ProbabilityMap
) -> ProbabilityMap:
    """Add the detail of earlier close-ups to a new prediction where its coarse probabilities stay the same.

    The detail is the difference of `detailed` and `coarse`, the earlier prediction with and without
    close-ups. Its weight falls from 1 to 0 as `prediction` and `coarse` differ by 0 to 0.5.
    """
    height, width = prediction.values.shape
    detailed_values, coarse_values = (
        each.resample(prediction.window, (height, width)) for each in (detailed, coarse)
    )
    same = (1 - 2 * (prediction.values - coarse_values).abs()).clamp(min=0)
    values = (prediction.values + same * (detailed_values - coarse_values)).clamp(0, 1)
    return replace(prediction, values=values)


def blend(prediction: ProbabilityMap, close_up: ProbabilityMap) -> ProbabilityMap:
    """Blend a close-up of a part of the window into a prediction; its weight falls to 0 at its edges."""
    values = prediction.values.clone()
    rows, down = _fading(values.shape[0], prediction.window.rows, close_up.window.rows)
    columns, across = _fading(values.shape[1], prediction.window.columns, close_up.window.columns)
    part = spread_rows(close_up.values, rows.places, close_up.window.height)
    part = spread_rows(part.T.contiguous(), columns.places, close_up.window.width).T
    region = rows.indices, columns.indices
    values[region] = torch.lerp(values[region], part, torch.outer(down, across))
    return replace(prediction, values=values)


@dataclass(frozen=True)
class _Overlap:
    """The values of a map that lie in the close-up, along one side."""

    indices: slice
    places: torch.Tensor
    """Where they lie, in pixels from the close-up's first one, float (n,)."""


def _fading(count: int, span: tuple[int, int], part: tuple[int, int]) -> tuple[_Overlap, torch.Tensor]:
    """The overlap of `count` values, spread over the pixels of `span`, with a part of it, and their weights.

    The weight, float (n,), is 1 in the middle half of the part and falls to 0 at its ends.
    """
    places = span[0] - part[0] + (span[1] - span[0] - 1) / max(count - 1, 1) * torch.arange(count)
    length = part[1] - part[0]
    inside = ((places >= 0) & (places <= length - 1)).nonzero()[:, 0]
    indices = slice(int(inside[0]), int(inside[-1]) + 1)
    weights = (2 * torch.sin(math.pi * places[indices] / max(length - 1, 1)) ** 2).clamp(max=1)
    return _Overlap(indices, places[indices]), weights
