"""The common interface of data sets: samples of a picture and its objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Sample:
    """A picture, uint8 (H, W, 3) RGB, and its objects' ground truths, each int8 (H, W).

    A ground truth is 1 on the object, 0 on the background and -1 on ignored pixels.
    """

    name: str
    image: np.ndarray
    gt_masks: Sequence[np.ndarray]


class Dataset(Protocol):
    """Pictures with objects; `dataset[i]` reads one, `names[i]` is its name."""

    names: Sequence[str]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


def random_samples(
    datasets: Sequence[Dataset], weights: Sequence[float], rng: np.random.Generator
) -> Iterator[tuple[int, Sample]]:
    """Endless random samples of a weighted mixture, each with the number of its data set."""
    shares = np.asarray(weights, float) / sum(weights)
    while True:
        number = int(rng.choice(len(datasets), p=shares))
        yield number, datasets[number][int(rng.integers(len(datasets[number])))]
