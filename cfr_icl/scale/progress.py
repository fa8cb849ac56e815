"""Print the progress of long work, a line every ten seconds."""

from __future__ import annotations

import sys
import time

SECONDS = 10.0
"""From one line to the next."""


class Progress:
    """Prints to stderr how many pictures are finished, and the time that the others will take.

    Args:
        total: number of pictures.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._start = self._shown = time.monotonic()

    def add(self, failed: int = 0) -> None:
        """Count a finished picture.

        Args:
            failed: number of pictures that failed until now.
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
