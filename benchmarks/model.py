"""The embedded network: a pass, an answer and a further click against plain eager PyTorch.

    python -m benchmarks.model [--size 448] [--threads 2] [--pairs 7] [--data folder=PATH]

"Plain" has the same weights without any preparation: batch norms not folded, encoder and decoder in every
pass, picture and mirror image in one batch, the system's memory allocator; "ours" is as in the page. Each has
a process of its own, and they take turns; seconds are of CPU time. With a data set the robot user clicks on
one object of each picture, and a row holds the means of all. The last table is the spread over all rows, in
times of the plain network's encoder.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import torch

from benchmarks import pictures
from benchmarks.measure import table
from cfr_icl import CascadeForward, Click, InteractiveModel, Segmenter, load_model
from cfr_icl.data.registry import open_dataset
from cfr_icl.data.source import select
from cfr_icl.evaluation import iou, simulate
from cfr_icl.models.map_model import MapModel
from cfr_icl.weights import loading

PICTURES = {"chelsea.png": (230, 120), "flower.jpg": (320, 200), "astronaut.png": (220, 100)}
ANSWERS = {
    "first answer, CFR 4": (4, 1, False),
    "first answer, CFR 4, prepared as in the page": (4, 1, True),
    "a second click, CFR 1": (1, 2, False),
    "a third click, CFR 1: a close-up": (1, 3, False),
}
"""CFR steps, the number of the click that is timed, and whether the whole picture was encoded before."""

AIMS = dict(zip(list(ANSWERS)[1:], (0.9, 0.4, 0.7), strict=True))
"""Plain encoders that an answer may take; not for a picture that was not prepared."""

Case = tuple[np.ndarray, list[Click]]
"""A picture and its three clicks."""


class Plain(MapModel):
    """A network that recomputes everything at every pass."""

    def __init__(self, network: InteractiveModel) -> None:
        super().__init__()
        self.network, self.config = network, network.config

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        return image

    def decode(self, features: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        return self.network(features, prompt_maps)


class Side:
    """One of the two, in a process of its own."""

    network: InteractiveModel
    """In that process."""
    clock: Callable[[], float]
    plain: bool

    def __init__(self, *settings: Any) -> None:
        self.process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), Side.begin, settings)

    def run(self, function: Callable, *arguments: Any) -> Any:
        return self.process.submit(function, *arguments).result()

    @staticmethod
    def begin(plain: bool, weights: str, precision: str, threads: int, wall: bool) -> None:
        """In the process: load the network."""
        torch.set_num_threads(threads)
        if plain:
            loading.keep_freed_memory = lambda: None
        Side.plain = plain
        Side.network = load_model(weights, "cpu", "float32" if plain else precision, trainable=plain)
        Side.network.requires_grad_(False)
        Side.clock = time.perf_counter if wall else time.process_time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="embedded")
    parser.add_argument("--precision", default="auto", help="of ours, as for load_model")
    parser.add_argument("--size", type=int, help="the network's input in pixels, if not its own")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--data", nargs="+", default=[], metavar="NAME=PATH", help="as for cfr-icl evaluate")
    parser.add_argument("--limit", type=int, default=12, help="pictures a data set, of the even half")
    parser.add_argument("--wall", action="store_true", help="wall time: only on a machine without other work")
    options = parser.parse_args()
    network = load_model(options.weights, "cpu", "float32")
    size = options.size or network.config.zoom.size
    groups = {name: [example(name)] for name in PICTURES}
    groups |= {entry: drawn(entry, network, options.limit) for entry in options.data}
    settings = options.weights, options.precision, options.threads, options.wall
    sides = {"plain": Side(True, *settings), "ours": Side(False, *settings)}
    found = parts(sides, size, max(options.pairs, 15))  # a moment each
    unit = found["encoder, plain"]
    print(
        table(
            [
                {"part": name, "ms": f"{1000 * value:.0f}", "plain encoders": f"{value / unit:.2f}"}
                for name, value in found.items()
            ]
        )
    )
    print()
    rows = answers(sides, size, groups, options.pairs, unit)
    print(table(rows))
    print()
    print(table(summary(rows)))


def parts(sides: dict[str, Side], size: int, pairs: int) -> dict[str, float]:
    """Median seconds of encoder and decoder, with the mirror image in the batch."""
    found = {}
    for part in ("encoder", "decoder"):
        turns = [[side.run(part_seconds, part, size) for side in sides.values()] for _ in range(pairs + 1)]
        slow, fast = np.median(turns[1:], axis=0)  # the first turn warms up
        found |= {f"{part}, plain": slow, part: fast}
    return found


@torch.inference_mode()
def part_seconds(part: str, size: int) -> float:
    """Seconds of a half of this process's network."""
    image, prompt_maps = torch.rand(2, 2, 3, size, size)
    start = Side.clock()
    features = Side.network.encode(image)
    if part == "decoder":
        start = Side.clock()
        Side.network.decode_in_precision(features, prompt_maps)
    return Side.clock() - start


def answers(
    sides: dict[str, Side], size: int, groups: dict[str, list[Case]], pairs: int, unit: float
) -> list[dict[str, str]]:
    """First answers with CFR and further clicks: medians of a picture, means of a group."""
    rows = []
    for name, cases in groups.items():
        for kind, settings in ANSWERS.items():
            turns = max(1, pairs // len(cases))
            found = [timed(sides, size, *settings, *case, turns) for case in cases]
            slow, fast = (float(np.mean([seconds[label] for seconds, _ in found])) for label in sides)
            rows.append(
                {
                    "picture": name if len(cases) == 1 else f"{len(cases)} of {name}",
                    "": kind,
                    "plain, ms": f"{1000 * slow:.0f}",
                    "ours, ms": f"{1000 * fast:.0f}",
                    "times faster": f"{slow / fast:.2f}",
                    "plain encoders": f"{fast / unit:.2f}",
                    "least IoU of the masks": f"{min(same for _, same in found):.4f}",
                }
            )
    return rows


def summary(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The spread over all pictures of what an answer takes, in plain encoders, beside the aim."""
    spread = {kind: [float(row["plain encoders"]) for row in rows if row[""] == kind] for kind in AIMS}
    return [
        {
            "answer": kind,
            "plain encoders": f"{min(found):.2f} to {max(found):.2f}",
            "aim": f"{AIMS[kind]:.1f}",
        }
        for kind, found in spread.items()
    ]


def timed(sides: dict[str, Side], *case_and_turns: Any) -> tuple[dict[str, float], float]:
    """Median seconds of each side for a case, and the IoU of their masks."""
    *case, turns = case_and_turns
    seconds: dict[str, list[float]] = {label: [] for label in sides}
    masks = {}
    for turn in range(turns + (turns > 1)):
        for label, side in sides.items():
            taken, masks[label] = side.run(answer_seconds, *case)
            if turn or turns == 1:
                seconds[label].append(taken)
    medians = {label: float(np.median(values)) for label, values in seconds.items()}
    return medians, iou(masks["ours"], masks["plain"].astype(int))


def answer_seconds(
    size: int, steps: int, number: int, prepared: bool, picture: np.ndarray, clicks: list[Click]
) -> tuple[float, np.ndarray]:
    """Seconds of this process's network for a click, and the mask."""
    network = Side.network
    zoom = dataclasses.replace(network.config.zoom, size=size)
    answering = Plain(network) if Side.plain else network
    segmenter = Segmenter(answering, zoom=zoom)
    cfr = CascadeForward(steps=steps, adaptive=False, mirror_refinements=Side.plain)
    segmenter.set_image(picture)
    if prepared:
        segmenter.prepare()
    segmenter.predict(clicks[: number - 1], cfr=cfr)
    if not Side.plain:
        list(segmenter.look_ahead())  # as the page does while nobody clicks
    start = Side.clock()
    mask = segmenter.predict(clicks[:number], cfr=cfr).mask
    return Side.clock() - start, mask


def example(name: str) -> Case:
    """A shipped picture, clicked on its object and twice a little beside that."""
    x, y = PICTURES[name]
    return pictures.example(name), [Click(x, y), Click(x + 12, y + 12), Click(x - 12, y + 12)]


def drawn(entry: str, network: InteractiveModel, limit: int) -> list[Case]:
    """Pictures spread over the even half of a data set, with the robot's three clicks on an object."""
    kind, _, path = entry.partition("=")
    data = open_dataset(kind, path)
    cases = []
    for index in select(data.names, "even", limit):
        sample = data[index]
        clicks: list[Click] = []
        simulate(
            Segmenter(network),
            sample.image,
            sample.gt_masks[0],
            max_clicks=3,
            target_iou=1,
            on_click=lambda click, *_, clicks=clicks: clicks.append(click),
        )
        cases.append((sample.image, clicks))
    return cases


if __name__ == "__main__":
    main()
