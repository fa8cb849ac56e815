"""Parsers of option values: each refuses a wrong value in a sentence that argparse shows."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from cfr_icl.clicks import Click
from cfr_icl.data.source import Source
from cfr_icl.rectangle import Rectangle
from cfr_icl.scale.shards import Shard

MOST_PORTS = 65535
"""The largest number of a port."""


def data_source(text: str) -> Source:
    """Parse the option value NAME=PATH or NAME:SPLIT=PATH."""
    try:
        return Source.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole_numbers(text: str) -> list[int]:
    """Parse an option value such as 0,1,4."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers like 0,1,4.") from None


def number_up_to(largest: float, or_zero: bool = False) -> Callable[[str], float]:
    """Make a parser of option values: numbers above 0, or from 0, and up to `largest`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"it is a number, not {text!r}") from None
        if not (0 < value <= largest or (or_zero and value == 0)):
            least = "from" if or_zero else "above"
            raise argparse.ArgumentTypeError(f"it goes {least} 0 to {largest:g}, not {text}")
        return value

    return parse


def count_up_to(most: int, least: int = 1) -> Callable[[str], int]:
    """Make a parser of option values: whole numbers from `least` up to `most`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"it goes from {least} to {most}, not {text}")
        return int(text)

    return parse


def output_file(text: str) -> Path:
    """Parse the path of a file to write, so that one that cannot be written is refused before the work."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder, not a file")
    output_folder(str(path.parent))
    return path


def output_folder(text: str) -> Path:
    """Parse the path of a folder to write into, which need not be there yet; like `output_file`."""
    path = Path(text)
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise argparse.ArgumentTypeError(f"there is a file where a folder is needed: {place}")
    if not os.access(place, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"nothing can be written into {place}")
    return path


def shard(text: str) -> Shard:
    """Parse an option value I/N."""
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def click(positive: bool) -> Callable[[str], Click]:
    """Make a parser of option values X,Y in picture pixels, for positive or for negative clicks."""

    def parse(text: str) -> Click:
        try:
            x, y = (float(part) for part in text.split(","))
            return Click(x, y, positive)
        except ValueError:
            raise argparse.ArgumentTypeError(f"a click is X,Y in pixels, not {text!r}") from None

    return parse


def box(text: str) -> Rectangle:
    """Parse an option value LEFT,TOP,RIGHT,BOTTOM in picture pixels; those on the sides belong to the box."""
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"a box is LEFT,TOP,RIGHT,BOTTOM in pixels, not {text!r}") from None
    try:
        return Rectangle.of_sides(left, top, right, bottom)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
