"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from cfr_icl.annotate.pictures import LARGEST_LIMIT, MAX_MEGAPIXELS
from cfr_icl.clicks import Click
from cfr_icl.data.registry import DATASETS
from cfr_icl.data.source import Source

WEIGHTS = "embedded, a folder, a .safetensors file or hf://owner/name"


def add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", help=f"{WEIGHTS} (default: what CFR_ICL_WEIGHTS names, else embedded)")


def default_weights() -> str:
    return os.environ.get("CFR_ICL_WEIGHTS", "embedded")


def add_steps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=4, help="CFR steps, 0 to 10 (default: 4)")


def add_megapixels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-megapixels",
        type=number_up_to(LARGEST_LIMIT),
        default=MAX_MEGAPIXELS,
        help=f"size of the largest picture that is read (default: {MAX_MEGAPIXELS:g})",
    )


def add_pictures(parser: argparse.ArgumentParser, min_area: float) -> None:
    """Data sets and the choice of their pictures and objects, as `Source`, `half`, `limit`, `min_area`."""
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        required=True,
        type=data_source,
        metavar="NAME=PATH",
        help=f"NAME is one of {', '.join(DATASETS)}; NAME:SPLIT=PATH for another split than its validation",
    )
    add(
        "--half",
        choices=["even", "odd"],
        help="only pictures whose name, without its extension, has an even or odd CRC-32",
    )
    add("--limit", type=int, help="at most so many pictures a data set, spread evenly over it")
    add("--min-area", type=float, default=min_area, help="leave out objects below this share of the picture")


def data_source(text: str) -> Source:
    """A type of an option: NAME=PATH."""
    try:
        return Source.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole_numbers(text: str) -> list[int]:
    """A type of an option: 0,1,4."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not numbers like 0,1,4.") from None


def number_up_to(largest: float) -> Callable[[str], float]:
    """A type of an option: a number above 0 and up to `largest`."""

    def parse(text: str) -> float:
        value = float(text)
        if not 0 < value <= largest:
            raise argparse.ArgumentTypeError(f"it goes up to {largest:g}, not {text}")
        return value

    return parse


def click(positive: bool) -> Callable[[str], Click]:
    """A type of an option: a click as X,Y in picture pixels."""

    def parse(text: str) -> Click:
        try:
            x, y = (float(part) for part in text.split(","))
            return Click(x, y, positive)
        except ValueError:
            raise argparse.ArgumentTypeError(f"a click is X,Y in pixels, not {text!r}") from None

    return parse
