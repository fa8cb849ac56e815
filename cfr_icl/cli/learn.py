"""Learn from finished pictures, so that the next ones of their kind take fewer clicks.

    cfr-icl learn --images photos --work work --out learnt [--minutes 10] [--from SOURCE]

--work is the work folder (--work of the page), a folder of label maps with the pictures' names, or a COCO
file. Some pictures are held out: the robot user's clicks on them are counted before and after, and the model
is written only if it needs fewer. It holds both networks: on pictures of another kind than those learnt from,
the starting model predicts. The same command resumes a stopped run, and continues a finished one with
pictures that were finished meanwhile. Exit status 3: nothing got better; 4: the disk is full.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from cfr_icl.annotate.learning.run import DISK_FULL, LOCK, LOCK_SECONDS
from cfr_icl.annotate.learning.state import (
    EXIT_DISK_FULL,
    EXIT_NO_GAIN,
    FAILED,
    FIRST_CLICKS,
    STOPPED,
    Comparison,
    LearningState,
)
from cfr_icl.annotate.pictures.listing import list_pictures
from cfr_icl.cli.options import WEIGHTS, add_megapixels, default_weights
from cfr_icl.cli.values import count_up_to, number_up_to
from cfr_icl.sentences import Sentence, sentence_of

MOST_MINUTES = 1440
MOST_REMEMBERED = 60
OTHER_START = Sentence(
    "What was learnt began with another version of the model; throw it away to learn anew."
)
"""On the page, which names no folders."""


class Stopped(Exception):
    """The run was asked to stop; the same command resumes it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--images", type=Path, required=True, metavar="DIR", help="the pictures")
    add("--work", type=Path, required=True, help="work folder, folder of label maps, or COCO file")
    add("--out", type=Path, required=True, metavar="MODEL", help="folder for the learnt model")
    add(
        "--minutes",
        type=number_up_to(MOST_MINUTES),
        default=10,
        help="most time for the whole run on this machine (default: 10)",
    )
    add(
        "--from",
        dest="source",
        default=default_weights(),
        metavar="SOURCE",
        help=f"the model to start from: {WEIGHTS} (default: CFR_ICL_WEIGHTS if set, else embedded)",
    )
    add("--threads", type=count_up_to(1024), help="threads to compute with (default: all cores)")
    add(
        "--remember",
        type=Path,
        metavar="DIR",
        help="pictures of other things, without labels, for which the starting model is to predict",
    )
    add_megapixels(parser)
    # for the page: low priority, the state as a file, and an end when the page's process ends
    add("--background", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Learn, print the table and what was left out; 0 when the model got better, else EXIT_NO_GAIN."""
    from cfr_icl.learning.own_pictures import LearnError

    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(options.out / LOCK).acquire(timeout=LOCK_SECONDS):
            return _run_alone(options)
    except Timeout as error:  # the state in the folder is the other one's: it is not touched
        raise LearnError("Another process is learning into {out}.", out=str(options.out)) from error


def _run_alone(options: argparse.Namespace) -> int:
    """As `run`, while no other process learns into the folder."""
    import torch

    from cfr_icl.learning.learn import Learning
    from cfr_icl.learning.own_pictures import open_own_pictures

    if options.threads:
        torch.set_num_threads(options.threads)
    report = _Report(options.out, options.background)
    try:
        dataset = open_own_pictures(options.images, options.work, options.max_megapixels)
        learning = Learning(
            dataset, options.source, options.out, options.minutes, report, remember=remembered(options)
        )
        comparison = learning.run()
    except (Stopped, KeyboardInterrupt):
        report.stopped()
        if options.background:
            return EXIT_NO_GAIN
        raise
    except (ValueError, OSError) as error:
        report.failed(error)
        if _is_disk_full(error):
            return EXIT_DISK_FULL
        raise
    report.end_line()
    print(table(comparison))
    print(*learning.sentences, sep="\n", file=sys.stderr)
    print(f"The model in {options.out} needs fewer clicks." if comparison.better else "Nothing got better.")
    return 0 if comparison.better else EXIT_NO_GAIN


def _is_disk_full(error: Exception) -> bool:
    return getattr(error, "errno", None) == errno.ENOSPC


class _Report:
    """Tells how far a run is: on a line of the terminal, or in the background as a file for the page.

    Called with each state, it raises Stopped where the run is to stop.
    """

    def __init__(self, out: Path, background: bool) -> None:
        self._out = out
        self._background = background
        self._stop = _run_in_background() if background else threading.Event()
        self._line_is_open = False

    def __call__(self, state: LearningState) -> None:
        if self._stop.is_set() and state.comparison is None:
            raise Stopped
        if self._background:
            state.write(self._out)
        elif state.seconds_left is not None and state.comparison is None:
            left = f"{state.seconds_left / 60:.1f} min left"
            print(f"\r{state.stage}: {state.progress:.0%}, {left}   ", end="", file=sys.stderr, flush=True)
            self._line_is_open = True

    def stopped(self) -> None:
        """Tell the page that the run was stopped; on a terminal `main` tells it."""
        if self._background:
            LearningState(stage=STOPPED).write(self._out)
        self.end_line()

    def failed(self, error: Exception) -> None:
        """Tell why the run failed: of a full disk here, of others in the file for the page."""
        from cfr_icl.learning.learn import OtherStartError

        self.end_line()
        if _is_disk_full(error):
            print(f"error: {DISK_FULL}", file=sys.stderr)
        elif self._background:
            sentence = OTHER_START if isinstance(error, OtherStartError) else sentence_of(error)
            LearningState(stage=FAILED, sentence=sentence).write(self._out)

    def end_line(self) -> None:
        """End the line of the terminal, before anything else is printed."""
        if self._line_is_open:
            print(file=sys.stderr)
        self._line_is_open = False


def remembered(options: argparse.Namespace) -> list[Path]:
    """Up to MOST_REMEMBERED pictures of --remember, spread evenly."""
    others = list(list_pictures(options.remember).paths.values()) if options.remember else []
    return others[:: max(1, -(-len(others) // MOST_REMEMBERED))]


def table(result: Comparison) -> str:
    """The results as Markdown."""
    rows = [
        "| | clicks to IoU 0.85 | IoU&1 | IoU&3 | IoU&5 |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {name} | {clicks:.2f} | " + " | ".join(f"{100 * ious[k - 1]:.1f}" for k in (1, 3, 5)) + " |"
            for name, clicks, ious in (
                ("before", result.before, result.ious_before),
                ("after", result.after, result.ious_after),
            )
        ),
        "",
        f"Difference: {result.difference:+.2f} clicks "
        f"(95 % interval {result.low:+.2f} to {result.high:+.2f}), mean IoU over the first {FIRST_CLICKS} "
        f"clicks {100 * result.iou_gain:+.1f} ({100 * result.iou_low:+.1f} to {100 * result.iou_high:+.1f}), "
        f"on {result.held_out_objects} objects of {result.held_out_pictures} held-out pictures; "
        f"{result.pictures - result.held_out_pictures} pictures were learnt from, {result.steps} steps in "
        f"{result.minutes:.1f} minutes.",
    ]
    if result.dropped:
        from cfr_icl.learning.bad_labels import REASONS

        dropped = ", ".join(f"{count} ({REASONS[reason]})" for reason, count in result.dropped.items())
        rows.append(f"Labels that were left out: {dropped}.")
    return "\n".join(rows)


def _run_in_background() -> threading.Event:
    """Lower the priority of this process; the returned event is set when standard input ends."""
    if hasattr(os, "nice"):
        os.nice(15)
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.buffer.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    return stop
