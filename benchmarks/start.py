"""Time from `python app.py` to the first reply of the page and of the network, by its parts.

    python -m benchmarks.start [--times 3]

Each start is a process of its own; seconds are medians of wall time and of CPU time. The parts are timed in
one process, in the order of the app. The network comes last: the page opens without it, and its first
prediction waits for it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

import httpx
import psutil

from benchmarks.measure import table
from benchmarks.pictures import ROOT
from benchmarks.serving import serving

PARTS = """
import os, time
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
stamps = [(time.perf_counter(), time.process_time())]
def stamp(): stamps.append((time.perf_counter(), time.process_time()))
import torch; stamp()
import gradio; stamp()
from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.server import Server
from cfr_icl.ui.settings import Settings
from cfr_icl.weights.menu import ModelMenu; stamp()
menu = ModelMenu(["embedded"])
blocks = build(Server(Settings(menu=menu))); stamp()
launch(blocks, prevent_thread_lock=True, quiet=True); stamp()
menu["embedded"]; stamp()
for (wall, cpu), (wall_after, cpu_after) in zip(stamps, stamps[1:]):
    print(wall_after - wall, cpu_after - cpu)
os._exit(0)
"""
NAMES = (
    "import torch",
    "import gradio",
    "import the page's own modules",
    "Gradio's blocks",
    "Gradio's server",
    "network and weights",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    times = parser.parse_args().times
    starts = [start() for _ in range(times)]
    runs = [parts() for _ in range(times)]
    rows = [row(name, [run[number] for run in runs]) for number, name in enumerate(NAMES)]
    rows += [
        row("python app.py until the page answers", [page for page, _ in starts]),
        row("python app.py until the network answers", [network for _, network in starts]),
    ]
    print(table(rows))


def row(name: str, seconds: list[tuple[float, float]]) -> dict[str, str]:
    """A line of medians from (wall, CPU) pairs."""
    wall, cpu = map(statistics.median, zip(*seconds, strict=True))
    return {"part": name, "wall, s": f"{wall:.2f}", "CPU, s": f"{cpu:.2f}"}


def parts() -> list[tuple[float, float]]:
    """Wall and CPU seconds of each part."""
    run = [sys.executable, "-W", "ignore", "-c", PARTS]
    output = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = output.splitlines()[-len(NAMES) :]
    return [tuple(float(value) for value in line.split()) for line in lines]


def start() -> tuple[tuple[float, float], tuple[float, float]]:
    """Wall and CPU seconds until the page answers, and until the network does."""
    begin = time.perf_counter()
    with serving() as (app, url):
        page = time.perf_counter() - begin, cpu_seconds(app.pid)
        picture = ROOT / "examples" / "chelsea.png"
        (path,) = httpx.post(f"{url}gradio_api/upload", files={"files": picture.open("rb")}).json()
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = f"{url}gradio_api/call/segment"
        event = httpx.post(call, json={"data": [file, [[230, 120]], 0, None]}).json()["event_id"]
        answer = httpx.get(f"{call}/{event}", timeout=600).text
        assert "event: complete" in answer, answer
        return page, (time.perf_counter() - begin, cpu_seconds(app.pid))


def cpu_seconds(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
