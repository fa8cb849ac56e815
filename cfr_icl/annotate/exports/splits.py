"""Divide pictures into training, validation and test; added pictures do not move others."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cfr_icl.annotate.pictures.listing import shown_name
from cfr_icl.pictures.image_files import is_picture_name
from cfr_icl.sentences import Refusal

TRAIN, VAL, TEST = NAMES = ("train", "val", "test")
"""Names of the parts and of their folders."""

_OTHER_NAMES = {"training": TRAIN, "validation": VAL, "valid": VAL, "dev": VAL, "testing": TEST}


@dataclass(frozen=True)
class Split:
    """The part of each picture: that in a list, otherwise one by shares.

    Shares are applied to a digest of the picture's name, so adding pictures does not move others.

    Attributes:
        shares: of training, validation and test, not negative; their sum is 1.
        listed: parts of pictures by name.
    """

    shares: tuple[float, float, float] = (1.0, 0.0, 0.0)
    listed: Mapping[str, str] = field(default_factory=dict)

    def part(self, name: str) -> str:
        """The part of the picture with this name: one of NAMES."""
        name = shown_name(name)
        if name in self.listed:
            return self.listed[name]
        digest = hashlib.sha256(name.encode("utf-8")).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        train, val, _ = self.shares
        return TRAIN if place < train else VAL if place < train + val else TEST


def read_shares(text: str) -> tuple[float, float, float]:
    """Shares as they are typed, "80,10,10" or "80,20"; raises ValueError for anything else."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 2:
        numbers.append(0.0)
    whole = sum(numbers)
    if len(numbers) != 3 or min(numbers) < 0 or not 0 < whole < 1e9:
        raise Refusal("{text!r} is no split such as 80,10,10 for training, validation and test.", text=text)
    train, val, test = (number / whole for number in numbers)
    return train, val, test


def read_split_list(path: Path) -> dict[str, str]:
    """Parts of pictures by name, from a file with a row "name,part" each; a first row of titles is skipped.

    Raises:
        ValueError: for a row with another part than train, val or test, for a list of none, and for a file
            that is no CSV.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (csv.Error, UnicodeDecodeError) as error:
        raise Refusal("{file} is no CSV file in UTF-8.", file=path.name) from error
    listed = {}
    for number, row in enumerate(rows, start=1):
        if not any(row):
            continue
        name, part = row[0].strip(), row[1].strip().lower() if len(row) > 1 else ""
        part = _OTHER_NAMES.get(part, part)
        if part in NAMES:
            listed[name] = part
        elif number > 1 or is_picture_name(name):
            raise Refusal(
                "Row {number} of {file} names {part!r}, not train, val or test.",
                number=number,
                file=path.name,
                part=part,
            )
    if not listed:
        raise Refusal("{file} names no part of a picture; a row is such as a.png,train.", file=path.name)
    return listed


def divided(names: Sequence[str], split: Split) -> dict[str, list[int]]:
    """Indices of the pictures of each part that has some, in the order of NAMES."""
    parts: dict[str, list[int]] = {name: [] for name in NAMES}
    for index, name in enumerate(names):
        parts[split.part(name)].append(index)
    return {part: indices for part, indices in parts.items() if indices}
