"""Differences between two models on the same objects, with intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Difference:
    """A mean difference and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


def difference(values: Sequence[float], groups: Sequence[Hashable] | None = None) -> Difference:
    """The mean of paired differences, one an object, with its bootstrap interval.

    Args:
        groups: the picture of each object; pictures are then drawn, for their objects are alike.
    """
    groups = range(len(values)) if groups is None else groups
    by_group: dict[Hashable, list[float]] = {}
    for group, value in zip(groups, values, strict=True):
        by_group.setdefault(group, []).append(value)
    sums = np.array([sum(members) for members in by_group.values()], float)
    counts = np.array([len(members) for members in by_group.values()])
    picks = np.random.default_rng(0).integers(len(sums), size=(2000, len(sums)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Difference(float(np.mean(values)), float(low), float(high))
