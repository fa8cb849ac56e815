"""Divide a list among processes that know nothing of each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

MOST = 10_000
"""The most shards of a list."""


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count`, both from 1: every count-th entry of a list.

    Raises:
        ValueError: for a number beyond the count.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count <= MOST:
            raise ValueError(f"A shard is I/N with I from 1 to N and N up to {MOST}, not {self}.")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read I/N; raises ValueError for another form."""
        match = re.fullmatch(r"(\d{1,5})/(\d{1,5})", text.strip(), re.ASCII)
        if not match:
            raise ValueError(f"A shard is I/N, such as 2/8, not {text!r:.40}.")
        return cls(int(match[1]), int(match[2]))

    def of(self, entries: Sequence[T]) -> Sequence[T]:
        """The entries of this shard; all shards together hold each entry once."""
        return entries[self.number - 1 :: self.count]

    def file(self, path: Path) -> Path:
        """The shard's own file beside the one of the whole: `batch.jsonl` -> `batch-2-of-8.jsonl`."""
        if self.count == 1:
            return path
        return path.with_name(f"{path.stem}-{self.number}-of-{self.count}{path.suffix}")
