"""A data set in the syntax of the command line, and a reproducible choice of its pictures."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cfr_icl.data.registry import DATASETS, open_dataset
from cfr_icl.data.samples import Dataset


@dataclass(frozen=True)
class Source:
    """A data set: NAME=PATH or NAME:SPLIT=PATH."""

    name: str
    path: str
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """Read NAME=PATH or NAME:SPLIT=PATH; raises ValueError for another form or an unknown name."""
        key, equals, path = text.partition("=")
        name, _, split = key.partition(":")
        if not equals or not path or name not in DATASETS:
            raise ValueError(
                f"{text!r} is not NAME=PATH or NAME:SPLIT=PATH with NAME one of {', '.join(DATASETS)}."
            )
        return cls(name, path, split or None)

    @property
    def label(self) -> str:
        """The name in tables: plain folders go by the last two parts of their path."""
        name = "-".join(Path(self.path).parts[-2:]) if self.name == "folder" else self.name
        return f"{name}-{self.split}" if self.split else name

    def open(self) -> Dataset:
        return open_dataset(self.name, self.path, **({"split": self.split} if self.split else {}))


def select(names: Sequence[str], half: str | None, limit: int | None) -> list[int]:
    """Indices of the pictures to evaluate: one half by CRC-32, then evenly spread over what is left."""
    indices = list(range(len(names)))
    if half:
        indices = [i for i in indices if zlib.crc32(names[i].encode()) % 2 == (half == "odd")]
    if limit and limit < len(indices):
        indices = [indices[i] for i in np.linspace(0, len(indices) - 1, limit).round().astype(int)]
    return indices
