"""Clicks a second and their waiting time when many pages ask one or two workers.

    python -m benchmarks.workers [--pages 1 2 4 8 16] [--workers 1 2] [--engine process ray] [--together 1 16]

Each page is a session of its own, on a picture of its own, in a thread that clicks without a pause: three
clicks on an object, then the next object. Workers are processes of one thread each on this machine. The
work of the pages (encoding masks, composing objects) is part of the wait; "processor" is the time of the
workers' processes, and of Ray's, for a click. With several engines or sizes of --together, their workers are
measured in turns, and the rate of each is compared with that of the first. With --milliseconds, the network
takes this time for any number of windows (benchmarks/constant_network.py).
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import psutil
from PIL import Image

from benchmarks.pictures import ROOT
from cfr_icl import CascadeForward, Click
from cfr_icl.annotate.session.session import Session
from cfr_icl.workers.pool import WorkerPool
from tests.addresses import free_port


@dataclass(frozen=True)
class Workers:
    """One or more workers on this machine, as `cfr-icl worker` starts them."""

    engine: str
    number: int
    together: int
    milliseconds: float | None
    """The time of the network's runs; None for the embedded network."""

    @property
    def commands(self) -> list[list[str]]:
        """The command of each process, with a port to be filled in."""
        if self.milliseconds is not None:
            constant = ["benchmarks.constant_network", "{port}", str(self.together), str(self.milliseconds)]
            return [constant] * self.number
        command = ["cfr_icl", "worker", "--port", "{port}", "--together", str(self.together)]
        if self.engine == "ray":
            return [[*command, "--engine", "ray", "--replicas", str(self.number)]]
        return [command] * self.number

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Start them; go on when all answer."""
        processes, addresses = [], []
        for command in self.commands:
            port = str(free_port())
            parts = [sys.executable, "-m", *(part.format(port=port) for part in command)]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            processes.append(subprocess.Popen(parts, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL))
            addresses.append(f"http://127.0.0.1:{port}")
        try:
            for address in addresses:
                while WorkerPool([address]).check() is None:
                    if any(process.poll() is not None for process in processes):
                        raise SystemExit("A worker did not start.")
                    time.sleep(0.2)
            yield Running(WorkerPool(addresses), [process.pid for process in processes])
        finally:
            for process in processes:
                process.terminate()
                process.wait()


@dataclass(frozen=True)
class Running:
    """Workers that run."""

    pool: WorkerPool
    pids: list[int]

    def processor_seconds(self) -> float:
        """The processor time of the processes and of all that they started."""
        total = 0.0
        for parent in map(psutil.Process, self.pids):
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    total += times.user + times.system
        return total


def page(pool: WorkerPool, number: int, end: float, waits: list[float]) -> None:
    """Click until the end, and note how long each click took in seconds."""
    name = ("chelsea.png", "coffee.png")[number % 2]
    with Image.open(ROOT / "examples" / name) as file:
        picture = np.roll(np.asarray(file.convert("RGB")), 7 * number, axis=1).copy()
    random = np.random.default_rng(number)
    session = Session(pool.predictor(), CascadeForward(steps=4))
    session.open(picture, name)
    session.predictor.prepare()
    height, width = picture.shape[:2]
    while time.monotonic() < end:
        session.finish()
        x, y = random.uniform(0.2, 0.8, 2) * (width, height)
        for click in (Click(x, y), Click(x * 0.9, y), Click(x, min(y * 1.2, height - 1), False)):
            start = time.monotonic()
            session.click(click)
            waits.append(time.monotonic() - start)


def measure(workers: Running, pages: int, seconds: float) -> tuple[float, float, float, float]:
    """Clicks a second, median and 95th percentile of their waits, and the workers' processor time of each."""
    waits: list[float] = []
    start, before = time.monotonic(), workers.processor_seconds()
    arguments = [(workers.pool, number, start + seconds, waits) for number in range(pages)]
    threads = [threading.Thread(target=page, args=each) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(waits) / (time.monotonic() - start)
    processor = (workers.processor_seconds() - before) / len(waits)
    return rate, float(np.median(waits)), float(np.percentile(waits, 95)), processor


def main() -> None:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shown)
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--engine", choices=["process", "ray"], nargs="+", default=["process"])
    parser.add_argument("--together", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--milliseconds", type=float, help="of a network that takes a constant time")
    options = parser.parse_args()
    if options.milliseconds is not None and "ray" in options.engine:
        parser.error("--milliseconds is for processes.")
    logging.disable(logging.WARNING)  # workers that do not answer yet
    columns = ["workers", "pages", "engine", "together", "clicks a second", "of the first"]
    columns += ["median wait", "p95 wait", "processor"]
    print(f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|", sep="\n")
    for number in options.workers:
        with ExitStack() as stack:
            kinds = [
                Workers(e, number, k, options.milliseconds) for e in options.engine for k in options.together
            ]
            started = {kind: stack.enter_context(kind.running()) for kind in kinds}
            for workers in started.values():
                measure(workers, 1, 2.0)  # the first passes are slower
            for pages in options.pages:
                first = None
                for kind, workers in started.items():
                    rate, median, high, processor = measure(workers, pages, options.seconds)
                    first = first or rate
                    shown = (
                        f"{rate:.2f} | {rate / first:.2f} | {median:.2f} s | {high:.2f} s | {processor:.2f} s"
                    )
                    print(f"| {number} | {pages} | {kind.engine} | {kind.together} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
