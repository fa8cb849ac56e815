"""The common interface of data sets: samples of a picture and its objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

MOST_USELESS = 2000
"""Random pictures in a row without an object that can be learnt from, after which a training ends."""

T = TypeVar("T")


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


def useful(drawn: Iterable[T | None]) -> Iterator[T]:
    """What was drawn at random, without the pictures that gave nothing (None).

    Raises:
        ValueError: after `MOST_USELESS` of these in a row.
    """
    useless = 0
    for each in drawn:
        if each is not None:
            useless = 0
            yield each
            continue
        useless += 1
        if useless == MOST_USELESS:
            raise ValueError(
                f"None of {MOST_USELESS} random pictures has an object that is large enough to learn from; "
                "in label maps 0 is the background and 255 is ignored."
            )
