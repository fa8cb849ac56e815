"""The time that a run of learning may take, over all of its parts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Seconds to learn for, some of which may be spent.

    Attributes:
        seconds: in all, above 0.
        spent: by earlier parts of the run.
    """

    seconds: float
    spent: float = 0.0
    _since: float = field(default_factory=lambda: time.monotonic())

    @property
    def progress(self) -> float:
        """Part that is used, 0 to 1 and more."""
        return self.used / self.seconds

    @property
    def used(self) -> float:
        return self.spent + time.monotonic() - self._since
