"""Tell a part of a labelled whole from a mask that repeats the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.prediction import Prediction

REPEATED = 0.8
"""IoU from which on the mask of a first click repeats that of another object."""

COARSELY_REPEATED = 0.6
"""The same for a preview, which has no refinements."""


def wholes_under(document: Document, clicked: Instance) -> list[Mask]:
    """The masks of other objects that have the pixel of the object's first click."""
    click = clicked.clicks[0]
    others = (each.mask for each in document.others(clicked.id))
    return [mask for mask in others if mask.contains(click.x, click.y)]


def repeats(mask: Mask, wholes: Sequence[Mask], iou: float = REPEATED) -> bool:
    """Whether a mask is one of these, by IoU."""
    return any(mask.iou(whole) >= iou for whole in wholes)


def likely_first(prediction: Prediction, size: tuple[int, int]) -> Iterator[tuple[int, Mask]]:
    """The choices of a prediction with their numbers, that of the highest predicted IoU first."""
    choices = prediction.choices
    for number in sorted(range(len(choices)), key=lambda number: -choices[number].predicted_iou):
        yield number, Mask.of_runs(*size, choices[number].rle())
