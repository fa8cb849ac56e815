"""Count clicks on held-out objects before and after learning, each within its part of the minutes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from cfr_icl.annotate.learning.state import AFTER, BEFORE
from cfr_icl.learning.comparison import Ious
from cfr_icl.learning.count_clicks import FEWEST_OBJECTS, HeldOut, TooSlowError, sessions
from cfr_icl.learning.own_pictures import LearnError, OwnPictures
from cfr_icl.learning.progress import LEAST_LEARNING, Progress
from cfr_icl.models.base import InteractiveModel
from cfr_icl.sentences import Sentence

COUNTING, MOST_COUNTING = 0.12, 0.24
"""Part of the minutes for a count of clicks; the second as long as there are fewer than FEWEST_OBJECTS."""


def counts_before(
    model: InteractiveModel,
    pictures: OwnPictures,
    objects: Sequence[HeldOut],
    progress: Progress,
    minutes: float,
) -> tuple[Ious, list[Sentence]]:
    """Count clicks with the model in use.

    Args:
        minutes: for the whole run.

    Returns:
        The IoU after each click on each object that there is time for, and what the person is to know of it.

    Raises:
        LearnError: when the minutes are too few to count clicks, or no picture is there any more.
    """
    seconds = 60 * minutes
    limits = COUNTING * seconds, MOST_COUNTING * seconds
    try:
        found = _counted(model, pictures, objects, BEFORE, progress, *limits, give_up=True)
    except TooSlowError as error:
        raise _more_minutes(error.seconds) from error
    if not found:
        raise LearnError("The pictures that are learnt from are not there any more.")
    if 2 * progress.count_seconds > (1 - LEAST_LEARNING) * seconds:
        raise _more_minutes(progress.count_seconds / len(found))
    if len(found) >= min(FEWEST_OBJECTS, len(objects)):
        return found, []
    few = Sentence(
        "Clicks were counted on {count} held-out objects alone; more minutes allow more.", count=len(found)
    )
    return found, [few]


def counts_after(
    model: InteractiveModel, pictures: OwnPictures, objects: Sequence[HeldOut], progress: Progress
) -> Ious:
    """Count clicks with the learnt model, for the time that is left, or as long as before if that is more."""
    most = max(progress.seconds_left, progress.count_seconds)
    return _counted(model, pictures, objects, AFTER, progress, most_seconds=most)


def _more_minutes(seconds: float) -> LearnError:
    """The error for minutes that are too few to count clicks; those on an object take so many seconds."""
    return LearnError(
        "Clicks on one object take this model {seconds} s here, and they are counted before and "
        "after learning: it needs {minutes} minutes or more, or a machine with less other work.",
        seconds=round(seconds),
        minutes=math.ceil(seconds * FEWEST_OBJECTS / MOST_COUNTING / 60),
    )


def _counted(
    model: InteractiveModel,
    pictures: OwnPictures,
    objects: Sequence[HeldOut],
    stage: str,
    progress: Progress,
    seconds: float = float("inf"),
    most_seconds: float = float("inf"),
    give_up: bool = False,
) -> Ious:
    """The IoU after each click on each object that there is time for, as in `sessions`."""
    begun = time.monotonic()

    def tell(done: int) -> None:
        part = done / max(1, len(objects))
        left: float | None = progress.seconds_left
        if stage == AFTER:
            left = (time.monotonic() - begun) * (1 - part) / part if part else None
        progress.say(stage, part, left)

    found = dict(sessions(model, pictures, objects, tell, seconds, most_seconds, give_up))
    progress.count_seconds = time.monotonic() - begun
    return found
