"""Differences between two models on the same objects, with intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""97.5 % quantiles of Student's distribution for 1, 2, 3 ... degrees of freedom."""

UNKNOWN = 1000.0
"""Half of the interval of a single picture, which says nothing of others."""


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
        groups: the picture of each object. Pictures are then drawn, for their objects are alike, and the
            interval is at least Student's for that many pictures: the bootstrap's is too narrow for few.

    Raises:
        ValueError: without values.
    """
    if not len(values):
        raise ValueError("There are no differences.")
    few = groups is not None
    groups = range(len(values)) if groups is None else groups
    by_group: dict[Hashable, list[float]] = {}
    for group, value in zip(groups, values, strict=True):
        by_group.setdefault(group, []).append(value)
    sums = np.array([sum(members) for members in by_group.values()], float)
    counts = np.array([len(members) for members in by_group.values()])
    picks = np.random.default_rng(0).integers(len(sums), size=(2000, len(sums)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    mean = float(np.mean(values))
    if few:
        count = len(sums)
        spread = float(
            np.sqrt(((sums - mean * counts) ** 2).sum() * count / max(1, count - 1)) / counts.sum()
        )
        reach = STUDENT[min(count - 1, len(STUDENT)) - 1] * spread if count > 1 else UNKNOWN
        low, high = min(low, mean - reach), max(high, mean + reach)
    return Difference(mean, float(low), float(high))
