"""Helpers of the benchmarks: paired timings, peak memory, separate processes, Markdown tables."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def medians(
    functions: Mapping[str, Callable[[], object]],
    pairs: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds of each function; they take turns, after a round that is not counted.

    With `time.process_time` as clock, other work on the machine has little effect.
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


def in_own_process(benchmark: str, *options: object) -> str:
    """Run a benchmark, named by its module, with these options in another process; return its output."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def peak_memory() -> int:
    """The most memory that this process held so far, in bytes (Linux)."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
