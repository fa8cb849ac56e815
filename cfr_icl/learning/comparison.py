"""Compare a model before and after learning by the robot user's clicks on held-out objects."""

from __future__ import annotations

from collections.abc import Sequence

from cfr_icl.annotate.learning.state import FIRST_CLICKS, Comparison
from cfr_icl.evaluation.metrics import mean_ious
from cfr_icl.evaluation.paired import difference
from cfr_icl.learning.count_clicks import MOST_CLICKS, HeldOut, clicks_of
from cfr_icl.learning.own_pictures import LearnError, OwnPictures

Ious = dict[HeldOut, list[float]]
"""IoU after each click on an object."""


def compare(
    before: Ious,
    after: Ious,
    pictures: OwnPictures,
    held_out: Sequence[str],
    steps: int,
    minutes: float,
) -> Comparison:
    """Compare the models before and after learning, by the objects that were counted with both.

    Args:
        before, after: IoU after each click on an object.
        pictures: all finished pictures.
        held_out: names of those that were not learnt from.
        steps, minutes: that learning took.

    Raises:
        LearnError: when no object was counted with both.
    """
    both = [held for held in before if held in after]
    if not both:
        raise LearnError("The pictures that are learnt from are not there any more.")
    clicks_before = [clicks_of(before[held]) for held in both]
    clicks_after = [clicks_of(after[held]) for held in both]
    groups = [held.picture_index for held in both]
    saved = difference([new - old for old, new in zip(clicks_before, clicks_after, strict=True)], groups)
    gain = difference([_quality(after[held]) - _quality(before[held]) for held in both], groups)
    return Comparison(
        pictures=len(pictures),
        held_out_pictures=len(held_out),
        objects=sum(map(pictures.objects, range(len(pictures)))),
        held_out_objects=len(both),
        before=sum(clicks_before) / len(both),
        after=sum(clicks_after) / len(both),
        difference=saved.mean,
        low=saved.low,
        high=saved.high,
        ious_before=mean_ious([before[held] for held in both], MOST_CLICKS),
        ious_after=mean_ious([after[held] for held in both], MOST_CLICKS),
        better=saved.mean < 0 < gain.mean and (saved.high < 0 or gain.low > 0),
        iou_gain=gain.mean,
        iou_low=gain.low,
        iou_high=gain.high,
        dropped=dict(pictures.dropped),
        steps=steps,
        minutes=minutes,
    )


def _quality(ious: Sequence[float]) -> float:
    """The mean IoU over an object's first clicks."""
    return sum(mean_ious([ious], FIRST_CLICKS)) / FIRST_CLICKS
