"""The time and the steps that a run of learning may take, over all of its parts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Seconds to learn for, some of which may be spent, and a largest number of steps.

    Attributes:
        seconds: in all, above 0.
        steps: None for no limit but the time; 0 for none.
        spent: seconds of earlier parts of the run.
    """

    seconds: float
    steps: int | None = None
    spent: float = 0.0
    _since: float = field(default_factory=lambda: time.monotonic())

    def progress(self, step: int) -> float:
        """Part that is used after so many steps, by time or by steps, whichever is more: 0 to 1 and more."""
        by_time = self.used / self.seconds
        if self.steps is None:
            return by_time
        return max(by_time, step / self.steps if self.steps else 1.0)

    def seconds_left(self, step: int) -> float:
        """Seconds until the budget is used, if steps go on as fast as they did."""
        left = self.seconds - self.used
        if self.steps == 0:
            left = 0.0
        elif self.steps and step:
            left = min(left, self.used * (self.steps / step - 1))
        return max(0.0, left)

    @property
    def used(self) -> float:
        return self.spent + time.monotonic() - self._since
