"""Cascade-Forward Refinement: between two clicks the mask is fed back, coarse to fine (paper, sec. 3.1)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

MAX_STEPS = 10
MASK_THRESHOLD = 0.49
"""Probability above which a pixel belongs to the mask."""
THRESHOLD_LOGIT = math.log(MASK_THRESHOLD / (1 - MASK_THRESHOLD))

SETTLED = 0.02
"""Share of the mask up to which a change is not worth another pass: masks are as good, and come sooner."""

Map = TypeVar("Map")
Pass = TypeVar("Pass")


def changed_pixels(before: torch.Tensor, after: torch.Tensor) -> tuple[int, int]:
    """Pixels that enter or leave the mask between two passes, and those that it has then."""
    # NumPy counts in one thread, which is faster than to wake the others
    before, after = before.numpy() > MASK_THRESHOLD, after.numpy() > MASK_THRESHOLD
    return np.count_nonzero(before ^ after), np.count_nonzero(after)


@dataclass(frozen=True)
class CascadeForward:
    """The inner loop: one coarse pass and up to `steps` refinements with the clicks fixed.

    `adaptive` stops when a refinement changes at most `tolerance` pixels of the mask, or at most
    the share `settled` of them, 0 to 1; that is not in the paper, and 0 is the published rule.
    `every_click` refines at every click; without it only the first is refined, as published.
    `best_pass`, which is not in the paper, answers with the pass on which the network agreed most
    with itself instead of the last one, so that refining seldom does harm.
    `close_up`, which is not in the paper either, lets the last refinement be a close-up of the click from
    that click on from which the model's zoom-in has them.
    """

    steps: int = 4
    adaptive: bool = True
    every_click: bool = True
    tolerance: int = 20
    best_pass: bool = True
    settled: float = SETTLED
    close_up: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.steps, int) or not 0 <= self.steps <= MAX_STEPS:
            raise ValueError(f"CFR steps go from 0 to {MAX_STEPS}, not {self.steps!r:.40}.")
        if not 0 <= self.settled <= 1:
            raise ValueError(f"The share of a settled mask goes from 0 to 1, not {self.settled!r:.40}.")

    def refinements(self, click_number: int) -> int:
        """How many refinements the click with this number (from 1) has at most."""
        return self.steps if self.every_click or click_number == 1 else 0

    def closes_up(self, click_number: int, first: int) -> bool:
        """Whether this click ends with a close-up, where a model has them from click `first` on."""
        return self.close_up and 0 < first <= click_number and self.refinements(click_number) > 0

    def run(
        self,
        forward: Callable[[Map], tuple[Map, Pass]],
        previous: Map,
        click_number: int,
        agreement: Callable[[Pass], float] = lambda _: 1.0,
        changed: Callable[[Map, Map], tuple[int, int]] = changed_pixels,
    ) -> tuple[list[Pass], int]:
        """Answer the click with this number (from 1), starting from the previous probabilities.

        Args:
            forward: one pass, previous probabilities -> new probabilities and whatever is to be kept
                of the pass.
            agreement: how far the network agreed with itself in a pass, 0 to 1.
            changed: pixels of the mask that differ between two probability maps, and those of the second.

        Returns:
            What was kept of each pass, coarse first, and the number of the one that is the answer.
        """
        probabilities, kept = forward(previous)
        passes = [kept]
        for _ in range(self.refinements(click_number)):
            coarse = probabilities
            probabilities, kept = forward(coarse)
            passes.append(kept)
            if self.adaptive and self._stops(*changed(coarse, probabilities)):
                break
        last = len(passes) - 1
        return passes, max(
            range(last, -1, -1), key=lambda n: agreement(passes[n])
        ) if self.best_pass else last

    def _stops(self, changed: int, size: int) -> bool:
        return changed <= max(self.tolerance, self.settled * size)
