"""Learning from the finished pictures of a folder in a process of its own, while labelling goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.learning.state import (
    CHECKPOINT,
    EXIT_DISK_FULL,
    EXIT_NO_GAIN,
    FAILED,
    FINISHED,
    READING,
    RUN,
    STOPPED,
    LearningState,
    read_state,
)
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.sentences import Sentence

FOLDER = ".cfr-icl-learnt"
"""In the work folder; pictures are not looked for in folders whose names begin with a dot."""
MODEL_FILE = "model.safetensors"
LOCK = ".learning.lock"
"""In the folder of the learnt model; held by the process that learns into it."""
LOCK_SECONDS = 1.0
"""Seconds to wait for the lock: those who look whether somebody learns hold it for a moment."""
MINUTES = 10
READ_AGAIN = 0.5
"""Seconds for which the last look at a run is used."""
PATIENCE = 5.0
"""Seconds for a process to end after `stop`, before it is killed."""
THREADS = max(1, (os.cpu_count() or 2) // 2)

ELSEWHERE = "Another server is learning from these pictures; stop it there, or wait for its end."
DISK_FULL = Sentence("The disk is full; learning goes on from where it was when there is room.")
UNEXPECTED = Sentence("Learning ended unexpectedly; it can go on from where it was.")


@dataclass(frozen=True)
class Seen:
    """A run at one moment.

    Attributes:
        at: when it was looked at, on the clock of `time.monotonic`.
        here: whether a process of this server learns.
        stopping: whether that process was told to stop and is still running.
        elsewhere: whether another server runs the process; that server alone stops it.
        state: what the process said last, corrected if it ended without saying so; None if there was no run.
    """

    at: float
    here: bool
    stopping: bool
    elsewhere: bool
    state: LearningState | None

    @property
    def running(self) -> bool:
        """Whether a process learns."""
        return self.here or self.elsewhere


class FolderLearning:
    """The learning run of a work folder: start, stop, look, and deleting the learnt model.

    The process has a low priority and half of the cores. It ends when this process does, and goes on from its
    checkpoint when it is started again. Where several servers share the work folder, one run goes on at a
    time: all show it, and the one that started it stops it.

    Args:
        source: the model to start from, as for `load_model`.
    """

    def __init__(self, folder: Folder, source: str) -> None:
        self.out = folder.work.path / FOLDER
        self._images, self._work = folder.images, folder.work.path
        self._megapixels = folder.files.max_megapixels
        self._source = source
        self._process: subprocess.Popen[bytes] | None = None
        self._kill_at: float | None = None
        """Time of `time.monotonic` at which a process that was told to stop is killed; None without one."""
        self._seen: Seen | None = None

    def look(self) -> Seen:
        """The run at one moment: now or READ_AGAIN ago at most, and after the end of a process that ended."""
        here, now, seen = self._runs_here, time.monotonic(), self._seen
        if seen is None or now >= seen.at + READ_AGAIN or here != seen.here:
            elsewhere = not here and is_learning(self.out)
            state = read_state(self.out)  # last, for a process that ends writes it last
            seen = Seen(
                now,
                here,
                here and self._kill_at is not None,
                elsewhere,
                self._settled(state, here or elsewhere),
            )
            self._seen = seen
        return seen

    @property
    def _runs_here(self) -> bool:
        process = self._process
        if process is None or process.poll() is not None:
            return False
        if self._kill_at is None or time.monotonic() < self._kill_at:
            return True
        process.kill()  # the checkpoint of a moment ago is whole
        process.wait()
        return False

    def _refuse_elsewhere(self) -> None:
        if not self._runs_here and is_learning(self.out):
            raise StoreError(ELSEWHERE)

    @property
    def has_model(self) -> bool:
        """Whether there is a learnt model that needs fewer clicks."""
        return (self.out / MODEL_FILE).is_file()

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a run to go on from."""
        return (self.out / RUN / CHECKPOINT).is_file()

    @property
    def command(self) -> list[str]:
        options = {
            "--images": self._images,
            "--work": self._work,
            "--out": self.out,
            "--from": self._source,
            "--minutes": MINUTES,
            "--threads": THREADS,
            "--max-megapixels": self._megapixels,
        }
        given = [str(part) for option in options.items() for part in option]
        return [sys.executable, "-m", "cfr_icl", "learn", *given, "--background"]

    def start(self) -> None:
        """Start the process, which continues from its checkpoint; nothing happens while it runs.

        Raises:
            StoreError: when the process cannot be started, or one of another server is learning.
        """
        if self._runs_here:
            return
        self._refuse_elsewhere()
        package = str(Path(__file__).parents[3])
        paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            LearningState(stage=READING).write(self.out)
            self._kill_at = None
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,  # its end tells the process to stop
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(THREADS)},
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
            )
        except OSError as error:
            raise StoreError("Learning cannot be started ({reason}).", reason=error.strerror) from error
        self._seen = None

    def stop(self) -> None:
        """Tell the process to end, and do not wait for it; its checkpoint holds the progress so far.

        After PATIENCE the next look at it kills it.

        Raises:
            StoreError: when the process is another server's.
        """
        self._refuse_elsewhere()
        process = self._process
        if process is None or process.stdin is None or process.stdin.closed:
            return
        process.stdin.close()
        self._kill_at = time.monotonic() + PATIENCE
        self._seen = None

    def forget(self) -> None:
        """Delete the learnt model and the run; raises StoreError when that fails, and as `stop`."""
        self.stop()
        while self._runs_here:
            time.sleep(0.05)
        try:
            if self.out.exists():
                shutil.rmtree(self.out)
        except OSError as error:
            raise StoreError(
                "The learnt model cannot be removed ({reason}).", reason=error.strerror
            ) from error
        self._process = self._seen = None

    def _settled(self, state: LearningState | None, running: bool) -> LearningState | None:
        """The state, corrected if the process ended without writing it."""
        if running or state is None or state.stage in (FINISHED, STOPPED, FAILED):
            return state
        code = self._process.returncode if self._process else EXIT_NO_GAIN
        if code == EXIT_NO_GAIN or code < 0:  # stopped, or killed
            return replace(state, stage=STOPPED, seconds_left=None)
        if code == EXIT_DISK_FULL:
            return LearningState(stage=FAILED, sentence=DISK_FULL)
        return LearningState(stage=FAILED, sentence=UNEXPECTED)


def is_learning(out: Path) -> bool:
    """Whether a process is learning into a folder."""
    lock = out / LOCK
    if not lock.is_file():
        return False
    try:
        with FileLock(lock).acquire(timeout=0.02, poll_interval=0.005):  # others look, too, for a moment
            return False
    except Timeout:
        return True
    except OSError:  # it was removed meanwhile, or is another user's
        return False
