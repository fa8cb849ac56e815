"""Data sets as named on the command line, and a reproducible choice of their pictures."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cfr_icl.data.registry import DATASETS, is_address, open_dataset
from cfr_icl.data.samples import Dataset


@dataclass(frozen=True)
class Source:
    """A data set: NAME=PATH or NAME:SPLIT=PATH."""

    name: str
    path: str
    split: str | None = None
    label_parts: int = 2
    """Number of the path's last parts in the label of a plain folder or of shards."""

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
        """The name in tables; of a plain folder and of shards, the last parts of the path."""
        plain = self.name in ("folder", "webdataset")
        name = "-".join(Path(self.path).parts[-self.label_parts :]) if plain else self.name
        return f"{name}-{self.split}" if self.split else name

    @property
    def absolute(self) -> Source:
        """The same for processes with another working folder."""
        return self if is_address(self.path) else replace(self, path=str(Path(self.path).resolve()))

    def open(self) -> Dataset:
        """Open the data set; raises as `open_dataset`."""
        return open_dataset(self.name, self.path, **({"split": self.split} if self.split else {}))


def told_apart(sources: Sequence[Source]) -> tuple[Source, ...]:
    """The data sets with labels that differ: where two paths end alike, labels have more of their parts.

    Raises:
        ValueError: for data sets that cannot be told apart, such as one that is named twice, also by two
            paths that lead to one folder.
    """
    named: dict[Source, str] = {}
    for source in sources:
        first = named.setdefault(replace(source.absolute, label_parts=0), source.path)
        if first != source.path:
            raise ValueError(
                f"--data names one folder twice, as {first} and as {source.path}: take one of them."
            )
    count = Counter(source.label for source in sources)
    longer = [replace(s, label_parts=s.label_parts + 1) if count[s.label] > 1 else s for s in sources]
    labels = [source.label for source in longer]
    if len(set(labels)) == len(labels):
        return tuple(longer)
    if labels == [source.label for source in sources]:
        raise ValueError(f"--data names {', '.join(labels)}: each may appear once.")
    return told_apart(longer)


def select(names: Sequence[str], half: str | None, limit: int | None) -> list[int]:
    """Choose pictures of a data set; the same names give the same choice.

    Args:
        half: "even" or "odd": only names with an even or odd CRC-32; None for all.
        limit: the most pictures, spread evenly over the rest; None for all.

    Returns:
        Their indices, ascending.
    """
    indices = list(range(len(names)))
    if half:
        indices = [i for i in indices if zlib.crc32(names[i].encode()) % 2 == (half == "odd")]
    if limit and limit < len(indices):
        indices = [indices[i] for i in np.linspace(0, len(indices) - 1, limit).round().astype(int)]
    return indices
