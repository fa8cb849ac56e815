"""The embedded network: a pass, an answer and a further click against plain eager PyTorch.

    python benchmarks/model.py [--size 448] [--threads 2] [--pairs 7]

Plain is the same weights as they are stored: batch norms apart, picture and clicks through the whole
network at every pass, flip halves in one batch. Both take turns in one run; seconds are of CPU time.
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
from cfr_icl.evaluation import iou

PICTURES = {"chelsea.png": (230, 120), "flower.jpg": (320, 200), "astronaut.png": (220, 100)}
STEPS = 4


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
    parser.add_argument("--wall", action="store_true", help="wall time: only on a machine without other work")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.wall else time.process_time
    plain = load_model(options.weights, "cpu", "float32", trainable=True).requires_grad_(False)
    ours = load_model(options.weights, "cpu", "float32")
    size = options.size or ours.config.zoom.size
    print(table(parts(plain, ours, size, options.pairs, clock)))
    print()
    print(table(answers(plain, ours, size, options.pairs, clock)))


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
    plain: InteractiveModel, ours: InteractiveModel, size: int, pairs: int, clock
) -> list[dict[str, str]]:
    """First answers with CFR and further clicks, on the example pictures."""
    zoom = dataclasses.replace(ours.config.zoom, size=size)
    unit = medians({"": plain_encoder(plain, size)}, pairs, clock)[""]
    rows = []
    for name, (x, y) in PICTURES.items():
        picture = np.asarray(Image.open(ROOT / "examples" / name).convert("RGB"))
        clicks = [Click(x, y), Click(x + 12, y + 12)]
        asked = {}
        for kind, steps, number in (("first answer, CFR 4", STEPS, 1), ("a further click, CFR 1", 1, 2)):
            segmenters = {
                label: Segmenter(network, steps=steps, adaptive=False, zoom=zoom)
                for label, network in (("plain", Plain(plain)), ("ours", ours))
            }
            asked[kind] = {
                label: asking(segmenter, picture, clicks[:number]) for label, segmenter in segmenters.items()
            }
        for kind, asks in asked.items():
            seconds = {label: [] for label in asks}
            for turn in range(pairs + 1):
                found = {label: ask(clock) for label, ask in asks.items()}
                if turn:
                    for label, (spent, _) in found.items():
                        seconds[label].append(spent)
            masks = {label: prediction.mask for label, (_, prediction) in found.items()}
            forwards = found["ours"][1].forwards
            slow, fast = (float(np.median(seconds[label])) for label in ("plain", "ours"))
            rows.append(
                {
                    "picture": name,
                    "": kind,
                    "passes": str(forwards),
                    "plain, ms": f"{1000 * slow:.0f}",
                    "ours, ms": f"{1000 * fast:.0f}",
                    "times faster": f"{slow / fast:.2f}",
                    "plain encoders": f"{fast / unit:.2f}",
                    "IoU of the masks": f"{iou(masks['ours'], masks['plain'].astype(int)):.4f}",
                }
            )
    return rows


def plain_encoder(plain: InteractiveModel, size: int):
    image = torch.rand(2, 3, size, size)

    @torch.inference_mode()
    def encode() -> None:
        plain.encode(image)

    return encode


def asking(segmenter: Segmenter, picture: np.ndarray, clicks: list[Click]):
    """A function that opens the picture, answers all clicks but the last, and times the last."""

    def ask(clock):
        segmenter.set_image(picture)
        segmenter.predict(clicks[:-1])
        start = clock()
        prediction = segmenter.predict(clicks)
        return clock() - start, prediction

    return ask


if __name__ == "__main__":
    main()
