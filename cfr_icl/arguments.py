"""Check the arguments of a prediction: a wrong one is refused in a sentence that says what would be right."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.clicks import Click
from cfr_icl.rectangle import Rectangle
from cfr_icl.sentences import Refusal
from cfr_icl.zoom.window import Window


def checked_picture(picture: ArrayLike) -> np.ndarray:
    """The picture as an array; raises ValueError for anything but uint8 (H, W, 3) with pixels."""
    pixels = np.asarray(picture)
    if pixels.ndim == 0:
        raise ValueError(
            f"A picture is an array, uint8 (height, width, 3), or an RGB image of Pillow, not "
            f"{picture!r:.60}; read a file by cfr_icl.read_picture(path)."
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise ValueError(
            f"A picture is uint8 (height, width, 3), not {pixels.dtype} {tuple(pixels.shape)}; "
            "cfr_icl.read_picture(path) reads files of all kinds so."
        )
    return pixels


def checked_clicks(clicks: Sequence[Click]) -> tuple[Click, ...]:
    """The clicks; raises TypeError for anything else."""
    try:
        clicks = tuple(clicks)
    except TypeError:
        raise TypeError(f"Clicks are a list of Click(x, y), not {clicks!r:.60}.") from None
    for click in clicks:
        if not isinstance(click, Click):
            raise TypeError(f"Clicks are Click(x, y) or Click(x, y, positive=False), not {click!r:.60}.")
    return clicks


def checked_box(box: Rectangle, whole: Window) -> Rectangle:
    """The part of a box inside the picture; raises TypeError and ValueError for one that is none."""
    if not isinstance(box, Rectangle):
        raise TypeError(f"A box is Rectangle(left, top, right, bottom), not {box!r:.60}.")
    if not (box.left < box.right and box.top < box.bottom):
        raise ValueError(f"A box has left < right and top < bottom, unlike {tuple(box)}.")
    inside = box.inside(*whole.size)
    if min(inside.size) < 1:
        raise Refusal(
            "The box lies outside the picture, which is {width} x {height} pixels.",
            width=whole.width,
            height=whole.height,
        )
    return inside


def with_box(
    box: Rectangle, clicks: Sequence[Click], size: tuple[int, int]
) -> tuple[tuple[Click, ...], np.ndarray]:
    """The clicks after those of a box, and the box's previous mask, for a picture of (height, width)."""
    of_box = (replace(click, batched=True) for click in box_clicks(box, size))
    return (*of_box, *clicks), box_guess(box, size)


def check_positive(clicks: Sequence[Click]) -> None:
    """Raise ValueError for negative clicks alone, which need a box or a previous mask to correct."""
    if clicks and not any(click.positive for click in clicks):
        raise Refusal("No click is positive: add one on the object, a box around it, or a previous mask.")


def check_prompts(whole: Window, clicks: Sequence[Click], previous_mask: np.ndarray | None) -> None:
    """Raise ValueError for clicks outside the picture, for negative ones without a previous mask, and for
    a previous mask of another size or kind.

    Args:
        whole: the window of the whole picture.
        previous_mask: bools or probabilities 0 to 1, of the picture's size.
    """
    for click in clicks:
        click.check_inside(whole.width, whole.height)
    if previous_mask is None:
        check_positive(clicks)
        return
    if previous_mask.shape != whole.size:
        shape = " x ".join(str(side) for side in reversed(previous_mask.shape)) or "no array of"
        raise ValueError(
            f"The previous mask is {shape} pixels, "
            f"the picture {whole.width} x {whole.height}; they must be equal."
        )
    if previous_mask.dtype.kind not in "bf":
        raise ValueError(
            f"A previous mask holds bools or probabilities, not {previous_mask.dtype}; pass `mask > 0`."
        )
    if previous_mask.dtype.kind == "f" and not (previous_mask.min() >= 0 and previous_mask.max() <= 1):
        raise ValueError(
            "The probabilities of a previous mask go from 0 to 1, not from "
            f"{previous_mask.min():g} to {previous_mask.max():g}."
        )


def check_choice(choice: int | None, offered: int) -> None:
    """Raise ValueError for an index that a network does not offer, and TypeError for no index.

    Args:
        offered: number of masks that the network offers for a first click; 0 if it ignores choices.
    """
    if choice is None:
        return
    try:
        index = operator.index(choice)
    except TypeError:
        raise TypeError(f"A choice is the index of a mask, from 0, not {choice!r:.40}.") from None
    if index < 0 or 0 < offered <= index:
        raise Refusal(
            "There is no choice {choice}; the network offers {count} masks, counted from 0.",
            choice=index,
            count=offered,
        )
