"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from cfr_icl.annotate.pictures import LARGEST_LIMIT, MAX_MEGAPIXELS
from cfr_icl.clicks import Click

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
