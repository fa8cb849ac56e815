"""The embedded network in a worker that notes what it computes, and waits while a file says so."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

LONGEST = 10.0


def noted_worker(folder: Path, weights: str, token: str | None, together: int) -> Any:
    """A worker as an ASGI application; `calls` reads what the workers of this folder computed.

    While there is a file "FUNCTION waits" in the folder, a run of the function waits until two others do, for
    LONGEST at most: the others may be part of it already.
    """
    from cfr_icl import Segmenter, load_model
    from cfr_icl.workers.batching import BatchedNetwork
    from cfr_icl.workers.serving import Worker, application

    model = load_model(weights, "cpu", "float32", engine="torch")

    def noted(function):
        def call(*arguments):
            with (folder / "calls.jsonl").open("a") as file:
                file.write(json.dumps([os.getpid(), function.__name__, len(arguments[-1])]) + "\n")
            gate = folder / f"{function.__name__} waits"
            end = time.monotonic() + LONGEST
            while gate.exists() and network.waiting < 2 and time.monotonic() < end:
                time.sleep(0.01)
            gate.unlink(missing_ok=True)
            return function(*arguments)

        return call

    for module, name in model.batched():
        setattr(module, name, noted(getattr(module, name)))
    network = BatchedNetwork(model, together)
    return application(Worker(lambda: Segmenter(model)), {"weights": weights}, token, together)


def calls(folder: Path) -> list[tuple[int, str, int]]:
    """Process, function and entries of the batch, for each run of a part of the network until now."""
    notes = folder / "calls.jsonl"
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [tuple(json.loads(line)) for line in lines]
