"""From `python app.py` to a page that answers, and what the time goes into.

    python benchmarks/start.py [--times 3]

Each start is a process of its own; seconds are wall time, medians. The parts are a process each too:
imports alone, the weights after them, Gradio's blocks and server after those.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.measure import table

PARTS = """
import os, time
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
stamps = [time.perf_counter()]
def stamp(): stamps.append(time.perf_counter())
import torch; stamp()
import cfr_icl; stamp()
import gradio; stamp()
from cfr_icl.ui.blocks import build, launch
from cfr_icl.ui.page import Settings; stamp()
model = cfr_icl.load_model("embedded"); stamp()
blocks = build(Settings(model)); stamp()
launch(blocks, prevent_thread_lock=True, quiet=True); stamp()
print(*(b - a for a, b in zip(stamps, stamps[1:])))
os._exit(0)
"""
NAMES = ("torch", "cfr_icl (timm)", "gradio", "the page's modules", "weights", "blocks", "server")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    times = parser.parse_args().times
    whole = statistics.median(until_it_answers() for _ in range(times))
    runs = [parts() for _ in range(times)]
    found = {name: statistics.median(run[i] for run in runs) for i, name in enumerate(NAMES)}
    rows = [{"part": name, "s": f"{value:.2f}"} for name, value in found.items()]
    print(table([*rows, {"part": "python app.py until the page answers", "s": f"{whole:.2f}"}]))


def parts() -> list[float]:
    run = [sys.executable, "-W", "ignore", "-c", PARTS]
    output = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [float(value) for value in output.splitlines()[-1].split()]


def until_it_answers() -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while app.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                return time.perf_counter() - start
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise SystemExit("app.py ended before its page answered.")
    finally:
        app.terminate()
        app.wait()


if __name__ == "__main__":
    main()
