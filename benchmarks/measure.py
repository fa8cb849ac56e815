"""What the benchmarks share: paired timings and a table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def medians(
    functions: Mapping[str, Callable[[], object]],
    pairs: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds of each function; they take turns, after a round that is not counted.

    With `time.process_time` as clock other work on the machine counts little.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(pairs + 1):
        for name, function in functions.items():
            start = clock()
            function()
            if turn:
                seconds[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of equal keys as a Markdown table."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([row[name] for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
