"""Tell how far a run of learning is: its stage, the finished part of the whole, and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable

from cfr_icl.annotate.learning.state import (
    AFTER,
    BEFORE,
    CHOOSING,
    FINISHED,
    LEARNING,
    READING,
    Comparison,
    LearningState,
)

TELL_SECONDS = 1.0
LEAST_LEARNING = 0.2
"""Part of all time that is for learning, also where reading pictures took long."""
SPANS = {
    READING: (0.0, 0.03),
    BEFORE: (0.03, 0.15),
    LEARNING: (0.15, 0.85),
    CHOOSING: (0.85, 0.9),
    AFTER: (0.9, 1.0),
}
"""The part of a run that each stage takes, roughly."""


class Progress:
    """The clock of one run, which begins now.

    Attributes:
        count_seconds: time that the last count of clicks took, as the next one probably does.
        score_seconds: time for the scores at the end of learning, by which weights are chosen.
    """

    def __init__(self, tell: Callable[[LearningState], None], seconds: float) -> None:
        """`tell` is called with the state now and then; `seconds` are for the whole run."""
        self._tell, self._seconds = tell, seconds
        self._begun = self._told = time.monotonic()
        self._stage = ""
        self.count_seconds = self.score_seconds = 0.0

    @property
    def seconds_left(self) -> float:
        """What is left of the run's time, 0 once it is over."""
        return max(0.0, self._seconds - (time.monotonic() - self._begun))

    @property
    def seconds_for_learning(self) -> float:
        """What is left when clicks are counted once more; LEAST_LEARNING of all time at least."""
        left = self.seconds_left - self.count_seconds - self.score_seconds
        return max(left, LEAST_LEARNING * self._seconds)

    def say(self, stage: str, part: float, seconds_left: float | None) -> None:
        """Tell the stage, of which a part is over; within a stage once in TELL_SECONDS."""
        now = time.monotonic()
        if stage == self._stage and now < self._told + TELL_SECONDS:
            return
        self._told, self._stage = now, stage
        begin, end = SPANS[stage]
        self._tell(
            LearningState(stage=stage, progress=begin + part * (end - begin), seconds_left=seconds_left)
        )

    def finish(self, comparison: Comparison) -> None:
        """Tell the result."""
        self._tell(LearningState(stage=FINISHED, progress=1.0, seconds_left=0.0, comparison=comparison))
