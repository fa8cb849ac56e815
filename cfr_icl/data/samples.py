"""What every data set gives: a picture and its objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Sample:
    """A picture, uint8 (H, W, 3) RGB, and its objects' ground truths, each int8 (H, W).

    A ground truth is 1 on the object, 0 beside it and -1 where the annotation says nothing.
    """

    name: str
    image: np.ndarray
    gt_masks: Sequence[np.ndarray]


class Dataset(Protocol):
    """Pictures with objects; `dataset[i]` reads one, `names[i]` is its name, known without reading."""

    names: Sequence[str]

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...
