"""Tell a part of a labelled whole from a mask that repeats the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.prediction import Prediction

REPEATED = 0.8
"""IoU from which on the mask of a first click repeats that of another object."""

COARSELY_REPEATED = 0.6
"""The same for a preview, which has no refinements."""


def wholes_under(document: Document, clicked: Instance) -> list[Instance]:
    """The other objects that have the pixel of a positive click of the object."""
    clicks = [click for click in clicked.clicks if click.positive]
    others = document.others(clicked.id)
    return [each for each in others if any(each.mask.contains(click.x, click.y) for click in clicks)]


def with_overlaps(document: Document, clicked: Instance) -> Instance:
    """The object, sharing pixels with those that have the pixel of one of its positive clicks."""
    under = (whole.id for whole in wholes_under(document, clicked))
    return replace(clicked, overlaps=tuple(dict.fromkeys((*clicked.overlaps, *under))))


def repeats(mask: Mask, wholes: Sequence[Instance], iou: float = REPEATED) -> bool:
    """Whether a mask is that of one of these, by IoU."""
    return any(mask.iou(whole.mask) >= iou for whole in wholes)


def likely_first(prediction: Prediction, size: tuple[int, int]) -> Iterator[tuple[int, Mask]]:
    """The choices of a prediction with their numbers, that of the highest predicted IoU first."""
    choices = prediction.choices
    for number in sorted(range(len(choices)), key=lambda number: -choices[number].predicted_iou):
        yield number, Mask.of_runs(*size, choices[number].rle())
