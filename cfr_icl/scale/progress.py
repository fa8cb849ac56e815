"""How far long work is, a line now and then."""

from __future__ import annotations

import sys
import time

SECONDS = 10.0
"""Between two lines."""


class Progress:
    """Says on stderr how many pictures are done and how long the others are going to take.

    Args:
        total: pictures to do.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._start = self._shown = time.monotonic()

    def add(self, failed: int = 0) -> None:
        """One more picture is done.

        Args:
            failed: pictures that failed until now.
        """
        self.done += 1
        now = time.monotonic()
        if now - self._shown > SECONDS or self.done == self.total:
            self._shown, each = now, (now - self._start) / self.done
            left = each * (self.total - self.done) / 60
            failures = f", {failed} failed" if failed else ""
            print(
                f"{self.done}/{self.total} pictures{failures}, {each:.1f} s each, {left:.0f} min left",
                file=sys.stderr,
                flush=True,
            )
