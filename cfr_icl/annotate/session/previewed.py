"""What a first click would roughly give, from one coarse pass before it is made."""

from __future__ import annotations

from dataclasses import replace

from cfr_icl.annotate.objects.compose import composed
from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.repeated import (
    COARSELY_REPEATED,
    likely_first,
    repeats,
    wholes_under,
    with_overlaps,
)
from cfr_icl.clicks import Click
from cfr_icl.predictor import Predictor


def previewed(
    predictor: Predictor, document: Document, size: tuple[int, int], click: Click, may_overlap: bool = False
) -> Instance | None:
    """The object that a click would give, with the mask of a coarse pass.

    The predictor is told to expect the click.

    Args:
        size: height and width of the picture.
        may_overlap: as of `Session.click`.

    Returns:
        None for a click that is not the first one on its object, for one that would be refused, and where
        the predictor cannot tell at once.

    Raises:
        ValueError, PredictionError: as the predictor does, such as for a click outside its picture.
    """
    starts = document.selected is None
    document, instance = document.selected_or_new(size)
    clicked = replace(instance, clicks=(click,))
    if instance.clicks or instance.size != size or not clicked.is_predictable:
        return None
    prediction = predictor.preview(click, instance.previous_mask)
    if prediction is None:
        return None
    predictor.expect_click(click, instance.previous_mask, document.cfr)
    runs = prediction.rle_above(instance.threshold)
    if runs.sum() != size[0] * size[1]:  # of a picture that was opened meanwhile
        return None
    clicked = replace(clicked, network_mask=Mask.of_runs(*size, runs))
    clicked = _unlike_others(predictor, document, clicked) or clicked
    if may_overlap and starts:
        clicked = with_overlaps(document, clicked)
    return composed(clicked, document.others(clicked.id))


def _unlike_others(predictor: Predictor, document: Document, clicked: Instance) -> Instance | None:
    """The object by another of the network's choices, if its mask repeats that of an object."""
    wholes = wholes_under(document, clicked)
    if not repeats(clicked.network_mask, wholes, COARSELY_REPEATED):
        return None
    prediction = predictor.preview(clicked.clicks[0], clicked.previous_mask, with_choices=True)
    height, width = clicked.size
    if prediction is None or any(each.rle().sum() != height * width for each in prediction.choices):
        return None  # of a picture that was opened meanwhile
    masks = likely_first(prediction, clicked.size)
    unlike = (mask for _, mask in masks if not repeats(mask, wholes, COARSELY_REPEATED))
    mask = next(unlike, None)
    return replace(clicked, network_mask=mask) if mask else None
