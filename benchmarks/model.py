"""The embedded network: a pass, an answer and a further click against plain eager PyTorch.

    python benchmarks/model.py [--size 448] [--threads 2] [--pairs 7] [--data folder=PATH]

Plain is the same weights as they are stored: batch norms apart, picture and clicks through the whole
network at every pass, flip halves in one batch. Both take turns in one run; seconds are of CPU time.
With a data set the robot clicks on one object a picture, and the row holds the means of all.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.measure import medians, table
from cfr_icl import Click, InteractiveModel, Segmenter, load_model
from cfr_icl.data.registry import open_dataset
from cfr_icl.evaluation import iou, simulate
from training.evaluate import select

PICTURES = {"chelsea.png": (230, 120), "flower.jpg": (320, 200), "astronaut.png": (220, 100)}
ANSWERS = {
    "first answer, CFR 4": (4, 1, False),
    "first answer, CFR 4, prepared as in the page": (4, 1, True),
    "a further click, CFR 1": (1, 2, False),
}
"""CFR steps, the number of the click that is timed, and whether the whole picture was encoded before."""

Case = tuple[np.ndarray, list[Click]]
"""A picture and its two clicks."""


class Plain(InteractiveModel):
    """A network that recomputes everything at every pass."""

    def __init__(self, network: InteractiveModel) -> None:
        super().__init__()
        self.network, self.config = network, network.config

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        return image

    def decode(self, features: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
        return self.network(features, hints)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="embedded")
    parser.add_argument("--size", type=int, help="the network's input in pixels, if not its own")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument(
        "--data", nargs="+", default=[], metavar="NAME=PATH", help="as in training/evaluate.py"
    )
    parser.add_argument("--limit", type=int, default=12, help="pictures a data set, of the even half")
    parser.add_argument("--wall", action="store_true", help="wall time: only on a machine without other work")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.wall else time.process_time
    plain = load_model(options.weights, "cpu", "float32", trainable=True).requires_grad_(False)
    ours = load_model(options.weights, "cpu", "float32")
    size = options.size or ours.config.zoom.size
    print(table(parts(plain, ours, size, options.pairs, clock)))
    print()
    groups = {name: [example(name)] for name in PICTURES}
    groups |= {entry: drawn(entry, ours, options.limit) for entry in options.data}
    print(table(answers(plain, ours, size, groups, options.pairs, clock)))


@torch.inference_mode()
def parts(
    plain: InteractiveModel, ours: InteractiveModel, size: int, pairs: int, clock
) -> list[dict[str, str]]:
    """Encoder and decoder, with the mirror image in the batch."""
    image, hints = torch.rand(2, 2, 3, size, size)
    features = {network: network.encode(image) for network in (plain, ours)}
    seconds = medians(
        {
            "encoder, plain": lambda: plain.encode(image),
            "encoder": lambda: ours.encode(image),
            "decoder, plain": lambda: plain.decode(features[plain], hints),
            "decoder": lambda: ours.decode(features[ours], hints),
        },
        pairs,
        clock,
    )
    unit = seconds["encoder, plain"]
    return [
        {"part": name, "ms": f"{1000 * value:.0f}", "plain encoders": f"{value / unit:.2f}"}
        for name, value in seconds.items()
    ]


def answers(
    plain: InteractiveModel,
    ours: InteractiveModel,
    size: int,
    groups: dict[str, list[Case]],
    pairs: int,
    clock,
) -> list[dict[str, str]]:
    """First answers with CFR and further clicks: medians of a picture, means of a group."""
    zoom = dataclasses.replace(ours.config.zoom, size=size)
    unit = medians({"": plain_encoder(plain, size)}, pairs, clock)[""]
    networks = {"plain": Plain(plain), "ours": ours}
    rows = []
    for name, cases in groups.items():
        for kind, (steps, number, prepared) in ANSWERS.items():
            segmenters = {
                label: Segmenter(network, steps=steps, adaptive=False, zoom=zoom)
                for label, network in networks.items()
            }
            turns = max(1, pairs // len(cases))
            found = [timed(segmenters, *case, number, prepared, turns, clock) for case in cases]
            slow, fast = (float(np.mean([seconds[label] for seconds, _ in found])) for label in networks)
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


def timed(
    segmenters: dict[str, Segmenter],
    picture: np.ndarray,
    clicks: list[Click],
    number: int,
    prepared: bool,
    pairs: int,
    clock,
) -> tuple[dict[str, float], float]:
    """Median seconds of each segmenter for this click, and the IoU of their masks."""
    seconds: dict[str, list[float]] = {label: [] for label in segmenters}
    masks = {}
    for turn in range(pairs + (pairs > 1)):
        for label, segmenter in segmenters.items():
            segmenter.set_image(picture)
            if prepared:
                segmenter.prepare()
            segmenter.predict(clicks[: number - 1])
            start = clock()
            masks[label] = segmenter.predict(clicks[:number]).mask
            if turn or pairs == 1:
                seconds[label].append(clock() - start)
    medians = {label: float(np.median(values)) for label, values in seconds.items()}
    return medians, iou(masks["ours"], masks["plain"].astype(int))


def plain_encoder(plain: InteractiveModel, size: int):
    image = torch.rand(2, 3, size, size)

    @torch.inference_mode()
    def encode() -> None:
        plain.encode(image)

    return encode


def example(name: str) -> Case:
    """A shipped picture, clicked on its object and a little beside that."""
    x, y = PICTURES[name]
    picture = np.asarray(Image.open(ROOT / "examples" / name).convert("RGB"))
    return picture, [Click(x, y), Click(x + 12, y + 12)]


def drawn(entry: str, network: InteractiveModel, limit: int) -> list[Case]:
    """Pictures spread over the even half of a data set, with the robot's two clicks on an object."""
    kind, _, path = entry.partition("=")
    data = open_dataset(kind, path)
    cases = []
    for index in select(data.names, "even", limit):
        sample = data[index]
        clicks: list[Click] = []
        simulate(
            Segmenter(network),
            sample.image,
            sample.truths[0],
            max_clicks=2,
            target_iou=1,
            on_click=lambda click, *_, clicks=clicks: clicks.append(click),
        )
        cases.append((sample.image, clicks))
    return cases


if __name__ == "__main__":
    main()
