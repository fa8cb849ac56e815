"""Clicks a second and their waiting time when many pages ask one or two workers.

    python -m benchmarks.workers [--pages 1 2 4 8 16] [--workers 1 2] [--together 1 16] [--seconds 8]

Each page is a session of its own, on a picture of its own, in a thread that clicks without a pause: three
clicks on an object, then the next object. Workers are processes of one thread each on this machine. The
work of the pages (encoding masks, composing objects) is part of what is measured. With several sizes of
--together, their workers are measured in turns, and the rate of each is compared with that of the first. With
--milliseconds, the network takes this time for any number of windows (benchmarks/constant_network.py).
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from PIL import Image

from benchmarks.pictures import ROOT
from cfr_icl import CascadeForward, Click
from cfr_icl.annotate.session import Session
from cfr_icl.workers.pool import WorkerPool


@contextmanager
def workers(number: int, together: int, milliseconds: float | None) -> Iterator[WorkerPool]:
    """So many workers on this machine, from the moment that all answer."""
    processes, addresses = [], []
    for _ in range(number):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "cfr_icl",
            "worker",
            "--port",
            str(port),
            "--together",
            str(together),
        ]
        if milliseconds is not None:
            command = [sys.executable, "-m", "benchmarks.constant_network"]
            command += [str(port), str(together), str(milliseconds)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL))
        addresses.append(f"http://127.0.0.1:{port}")
    try:
        for address in addresses:
            while not _answers(address):
                time.sleep(0.2)
        yield WorkerPool(addresses)
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _answers(address: str) -> bool:
    try:
        WorkerPool([address]).check()
    except ValueError:
        return False
    return True


def page(pool: WorkerPool, number: int, end: float, waits: list[float]) -> None:
    """Click until the end, and note how long each click took in seconds."""
    name = ("chelsea.png", "coffee.png")[number % 2]
    with Image.open(ROOT / "examples" / name) as file:
        picture = np.roll(np.asarray(file.convert("RGB")), 7 * number, axis=1).copy()
    random = np.random.default_rng(number)
    session = Session(pool.predictor(), CascadeForward(steps=4))
    session.open(picture, name)
    session.segmenter.prepare()
    height, width = picture.shape[:2]
    while time.monotonic() < end:
        session.finish()
        x, y = random.uniform(0.2, 0.8, 2) * (width, height)
        for click in (Click(x, y), Click(x * 0.9, y), Click(x, min(y * 1.2, height - 1), False)):
            start = time.monotonic()
            session.click(click)
            waits.append(time.monotonic() - start)


def measure(pool: WorkerPool, pages: int, seconds: float) -> tuple[float, float, float]:
    """Clicks a second, and the median and the 95th percentile of their waits in seconds."""
    waits: list[float] = []
    start = time.monotonic()
    arguments = [(pool, number, start + seconds, waits) for number in range(pages)]
    threads = [threading.Thread(target=page, args=each) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(waits) / (time.monotonic() - start)
    return rate, float(np.median(waits)), float(np.percentile(waits, 95))


def main() -> None:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shown)
    parser.add_argument("--pages", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--together", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--milliseconds", type=float, help="of a network that takes a constant time")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # workers that do not answer yet
    columns = ["workers", "pages", "together", "clicks a second", "of the first", "median wait", "p95 wait"]
    print(f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|", sep="\n")
    for number in options.workers:
        with ExitStack() as stack:
            pools = {
                together: stack.enter_context(workers(number, together, options.milliseconds))
                for together in options.together
            }
            for pool in pools.values():
                measure(pool, 1, 2.0)  # the first passes are slower
            for pages in options.pages:
                first = None
                for together, pool in pools.items():
                    rate, median, high = measure(pool, pages, options.seconds)
                    first = first or rate
                    shown = f"{rate:.2f} | {rate / first:.2f} | {median:.2f} s | {high:.2f} s"
                    print(f"| {number} | {pages} | {together} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
