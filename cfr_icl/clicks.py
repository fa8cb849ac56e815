"""Clicks, and their disk maps at the network's input."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from cfr_icl.sentences import Refusal

DISK_RADIUS = 5
"""Radius of a click's disk in pixels of the network's input."""


@dataclass(frozen=True)
class Click:
    """One click, in picture pixels.

    Attributes:
        x, y: column and row, from the top left pixel (0, 0); may be fractions, and scalars of NumPy.
        positive: the pixel belongs to the object; False: it does not. 1 and 0 mean the same.
        batched: predict it together with the batched clicks next to it, in one step of the outer loop.

    Raises:
        TypeError: for coordinates that are no numbers.
        ValueError: for coordinates that are not finite, and for another sign, such as -1.
    """

    x: float
    y: float
    positive: bool = True
    batched: bool = False

    def __post_init__(self) -> None:
        if type(self.x) not in (int, float) or type(self.y) not in (int, float):
            object.__setattr__(self, "x", _number(self.x))
            object.__setattr__(self, "y", _number(self.y))
        if type(self.positive) is not bool:
            object.__setattr__(self, "positive", _sign(self.positive))
        largest = sys.float_info.max  # math.isfinite raises for larger integers
        if not (abs(self.x) <= largest and abs(self.y) <= largest):
            raise Refusal("A click needs finite coordinates, not ({x!r:.20}, {y!r:.20}).", x=self.x, y=self.y)

    def check_inside(self, width: int, height: int) -> None:
        """Raise Refusal, a ValueError, for a click outside a picture of this size."""
        if not (0 <= self.x < width and 0 <= self.y < height):
            raise Refusal(
                "The click ({x:g}, {y:g}) lies outside the picture, which is {width} x {height} pixels.",
                x=self.x,
                y=self.y,
                width=width,
                height=height,
            )

    def mirrored(self, width: int) -> Click:
        """The click at the same place of the horizontally mirrored picture."""
        return Click(width - self.x - 1, self.y, self.positive)


def _number(value: object) -> int | float:
    """A coordinate as a number of Python; raises TypeError for anything else."""
    number = value.item() if hasattr(value, "item") else value  # a scalar of NumPy or PyTorch
    if not isinstance(number, int | float):
        raise TypeError(f"The coordinates of a click are numbers, not {value!r:.40}.")
    return number


def _sign(value: object) -> bool:
    """A sign as a bool; raises ValueError for others, such as the -1 that other libraries have."""
    number = value.item() if hasattr(value, "item") else value
    if number not in (False, True):
        raise Refusal(
            "A click is positive (True or 1) or negative (False or 0), not {value!r:.40}.", value=value
        )
    return bool(number)


def disk_maps(clicks: Sequence[Sequence[Click]], height: int, width: int) -> torch.Tensor:
    """Draw disks of the positive and of the negative clicks, for a batch of pictures.

    Args:
        clicks: the clicks on each picture, in pixels of the network's input; a click with two negative
            coordinates is padding.
        height, width: size of the network's input in pixels.

    Returns:
        float32 (B, 2, height, width) of zeros and ones; channel 0 positive, 1 negative.
    """
    maps = torch.zeros(len(clicks), 2, height, width)
    for picture, picture_clicks in zip(maps, clicks, strict=True):
        for click in picture_clicks:
            if max(click.x, click.y) >= 0:
                _add_disk(picture[0 if click.positive else 1], click)
    return maps


def with_whole_disk(click: Click, height: int, width: int) -> Click:
    """Move a click, in pixels of the network's input, off the border so far that its disk is not cut off.

    A click outside of the input stays where it is.
    """
    if not (0 <= click.x < width and 0 <= click.y < height):
        return click
    x, y = (
        min(max(place, DISK_RADIUS), length - 1 - DISK_RADIUS)
        for place, length in ((click.x, width), (click.y, height))
    )
    return replace(click, x=x, y=y)


def is_one_click(disks: torch.Tensor) -> bool:
    """Whether disk maps (2, height, width) are those of one positive click, or of several at one place."""
    positive, negative = disks
    rows, columns = (positive.any(dim).nonzero() for dim in (1, 0))
    if not len(rows) or negative.any():
        return False
    return all(int(places[-1] - places[0]) <= 2 * DISK_RADIUS for places in (rows, columns))


def _add_disk(disk_map: torch.Tensor, click: Click) -> None:
    height, width = disk_map.shape
    top, left = (max(0, math.floor(v - DISK_RADIUS)) for v in (click.y, click.x))
    bottom = min(height, math.ceil(click.y + DISK_RADIUS) + 1)
    right = min(width, math.ceil(click.x + DISK_RADIUS) + 1)
    if top >= bottom or left >= right:
        return
    # offsets in float64 and squares in float32: pixels on the rim then fall as in the published code
    rows = (torch.arange(top, bottom, dtype=torch.float64) - click.y).float()
    columns = (torch.arange(left, right, dtype=torch.float64) - click.x).float()
    inside = rows[:, None] ** 2 + columns[None, :] ** 2 <= DISK_RADIUS**2
    disk_map[top:bottom, left:right].masked_fill_(inside, 1.0)
