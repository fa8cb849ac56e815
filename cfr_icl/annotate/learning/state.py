"""Progress and result of learning from finished pictures, in a file that the learning process writes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfr_icl.files import write_atomically
from cfr_icl.sentences import Sentence

FILE = "learning.json"
"""Name of the file in the folder of the learnt model."""
RUN = "run"
"""Folder within that folder with the other files of a run, such as its checkpoint."""
CHECKPOINT = "checkpoint.pt"
"""Name of the file in RUN from which learning goes on."""

READING, BEFORE, LEARNING, CHOOSING, AFTER = "reading", "before", "learning", "choosing", "after"
FINISHED, STOPPED, FAILED = "finished", "stopped", "failed"

EXIT_NO_GAIN = 3
"""Exit status of the command if the model did not improve, or if it was stopped."""
EXIT_DISK_FULL = 4
"""Exit status of the command if the disk is full."""

FIRST_CLICKS = 4
"""Clicks of an object whose mean IoU tells models apart: with five held-out pictures twice as surely as the
number of clicks to a target does (training/RESULTS.md)."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The robot user's clicks on held-out objects with the model before and after learning.

    Attributes:
        pictures, objects: number of finished pictures and of their objects.
        held_out_pictures, held_out_objects: number of those that only the comparison uses.
        before, after: mean clicks to the target IoU.
        difference, low, high: mean difference in clicks with its 95 % interval; below 0 is better.
        ious_before, ious_after: mean IoU after 1, 2, 3 ... clicks, 0 to 1.
        iou_gain, iou_low, iou_high: mean difference of the mean IoU over the first FIRST_CLICKS clicks, with
            its 95 % interval; above 0 is better.
        better: whether the model is offered: it needs fewer clicks and the IoU is higher, and the interval of
            one of them says so too.
        dropped: labels that were not learnt from, by reason.
        steps, minutes: that learning took in this run.
    """

    pictures: int
    held_out_pictures: int
    objects: int
    held_out_objects: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    ious_before: Sequence[float]
    ious_after: Sequence[float]
    better: bool
    iou_gain: float = 0.0
    iou_low: float = 0.0
    iou_high: float = 0.0
    dropped: Mapping[str, int] = field(default_factory=dict)
    steps: int = 0
    minutes: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LearningState:
    """The state of a run at one moment.

    Attributes:
        stage: one of the names above.
        progress: finished part of the run, 0 to 1.
        seconds_left: estimate; None where there is none.
        sentence: the reason of a failure, for the user.
        comparison: the result, when the run is finished.
    """

    stage: str
    progress: float = 0.0
    seconds_left: float | None = None
    sentence: str | None = None
    comparison: Comparison | None = None

    def write(self, folder: Path) -> None:
        """Replace the file in a folder."""
        values = dataclasses.asdict(self)
        if self.sentence is not None:
            template = getattr(self.sentence, "template", str(self.sentence))
            given = getattr(self.sentence, "values", {})
            values["sentence"] = [template, {name: str(value) for name, value in given.items()}]
        write_atomically(folder / FILE, json.dumps(values))


def read_state(folder: Path) -> LearningState | None:
    """Read the state in a folder; None if the file is missing or damaged."""
    try:
        values: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if values["sentence"] is not None:
            template, given = values["sentence"]
            values["sentence"] = Sentence(template, **given)
        if values["comparison"] is not None:
            values["comparison"] = Comparison(**values["comparison"])
        return LearningState(**values)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
