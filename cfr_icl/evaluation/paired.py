"""The mean difference between two models on the same objects, with its 95 % confidence interval."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

T_QUANTILES = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13)
"""97.5 % quantiles of Student's distribution for 1, 2, 3 ... degrees of freedom."""

UNKNOWN_HALF_WIDTH = 1000.0
"""Half of the width of the interval from one picture alone, which has no spread."""


@dataclass(frozen=True)
class Difference:
    """A mean difference and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.2f} ({self.low:+.2f} to {self.high:+.2f})"


def difference(values: Sequence[float], groups: Sequence[Hashable] | None = None) -> Difference:
    """The mean of paired differences with its bootstrap interval.

    Args:
        values: one difference for each object.
        groups: the picture of each object; None to resample objects. With it pictures are resampled, because
            objects of one picture are alike, and the interval is at least that of Student's distribution,
            because a bootstrap over few pictures is too narrow.

    Raises:
        ValueError: without values.
    """
    if not len(values):
        raise ValueError("There are no differences.")
    by_picture = groups is not None
    groups = range(len(values)) if groups is None else groups
    by_group: dict[Hashable, list[float]] = {}
    for group, value in zip(groups, values, strict=True):
        by_group.setdefault(group, []).append(value)
    sums = np.array([sum(members) for members in by_group.values()], float)
    counts = np.array([len(members) for members in by_group.values()])
    resamples = np.random.default_rng(0).integers(len(sums), size=(2000, len(sums)))
    means = sums[resamples].sum(axis=1) / counts[resamples].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    mean = float(np.mean(values))
    if by_picture:
        count = len(sums)
        standard_error = float(
            np.sqrt(((sums - mean * counts) ** 2).sum() * count / max(1, count - 1)) / counts.sum()
        )
        quantile = T_QUANTILES[min(count - 1, len(T_QUANTILES)) - 1]
        half_width = quantile * standard_error if count > 1 else UNKNOWN_HALF_WIDTH
        low, high = min(low, mean - half_width), max(high, mean + half_width)
    return Difference(mean, float(low), float(high))
