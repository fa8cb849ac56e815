"""A click on a GPU: milliseconds of a first click with CFR 4 and of one pass, by network and data type.

    python -m benchmarks.device [--device cuda] [--models embedded vit_b vit_h] [--pairs 15]

Published networks have random weights, on which times do not depend; ViT-H needs 3 GB. All settings take
turns. "Prepared": the picture was encoded before the click, as on the page. On CUDA a pass is also replayed
as a CUDA graph, which shows what starting its kernels one by one costs. It takes a few minutes on a GPU; on a
CPU try

    python -m benchmarks.device --device cpu --models embedded vit_xtiny --size 64 --pairs 1
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.measure import medians, table
from benchmarks.pictures import example
from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.models.base import InteractiveModel
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import ARCHITECTURES, build_model, default_config
from cfr_icl.weights.precision import compute_in_precision, pick_device

CFR = CascadeForward(steps=4, adaptive=False)
CLICK = Click(230, 120)
"""On the cat."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="as for load_model")
    parser.add_argument("--models", nargs="+", default=["embedded", "vit_b", "vit_h"], metavar="MODEL")
    parser.add_argument("--precisions", nargs="+", default=["float32", "float16", "bfloat16"])
    parser.add_argument("--size", type=int, help="the network's input in pixels, if not its own")
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    device = pick_device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU here; --device cpu tries the command.")
    print(torch.cuda.get_device_name(device) if device.type == "cuda" else device, end="\n\n")
    rows = []
    for name in options.models:  # one after the other: together they may not fit
        made = {precision: network(name, device, precision) for precision in options.precisions}
        work = {
            (precision, kind): function
            for precision, model in made.items()
            for kind, function in measured(model, options.size).items()
        }
        seconds = medians(work, options.pairs)
        for precision in made:
            kinds = {kind: value for (own, kind), value in seconds.items() if own == precision}
            rows.append(
                {"model": name, "data type": precision}
                | {f"{kind}, ms": f"{1000 * value:.1f}" for kind, value in kinds.items()}
            )
        del made, work
    print(table(rows))


def network(name: str, device: torch.device, precision: str) -> InteractiveModel:
    """A network ready to predict: an architecture's with random weights, else `load_model`'s."""
    if name not in ARCHITECTURES:
        return load_model(name, str(device), precision)
    made = build_model(default_config(name)).to(device).eval().requires_grad_(False)
    made.precision = getattr(torch, precision)
    compute_in_precision(made)
    return made


def measured(model: InteractiveModel, size: int | None) -> dict[str, Callable[[], Any]]:
    """What is timed of a network; each function ends when its result is there."""
    zoom = dataclasses.replace(model.config.zoom, size=size or model.config.zoom.size)
    segmenter, picture = Segmenter(model, zoom=zoom), example()
    functions: dict[str, Callable[[], Any]] = {
        "first click": partial(click, segmenter, picture),
        "first click, prepared": prepared_click(segmenter, picture),
    }
    if isinstance(model, MapModel):
        functions |= passes(model, zoom.size)
    return functions


def click(segmenter: Segmenter, picture: np.ndarray) -> np.ndarray:
    segmenter.set_image(picture)
    return segmenter.predict([CLICK], cfr=CFR).mask


def prepared_click(segmenter: Segmenter, picture: np.ndarray) -> Callable[[], np.ndarray]:
    """A first click on the picture whose features are kept: each time on another pixel, as none is cached."""
    own = Segmenter(segmenter.model, zoom=segmenter.zoom)
    own.set_image(picture)
    own.prepare()
    pixels = iter(range(200))
    return lambda: own.predict([Click(CLICK.x + next(pixels), CLICK.y)], cfr=CFR).mask


@torch.inference_mode()
def passes(model: MapModel, size: int) -> dict[str, Callable[[], Any]]:
    """One pass of `decode` with the mirror image, on CUDA as a graph too."""
    image, prompt_maps = torch.rand(2, 2, 3, size, size, device=model.device)
    features = model.encode(image)

    def run() -> torch.Tensor:
        with torch.inference_mode():
            return model.decode_in_precision(features, prompt_maps)

    functions: dict[str, Callable[[], Any]] = {"a pass": lambda: run().cpu()}
    if model.device.type == "cuda":
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries choose their kernels before the capture
            for _ in range(3):
                run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = run()

        def replay() -> torch.Tensor:
            graph.replay()
            return logits.cpu()

        functions["a pass as a CUDA graph"] = replay
    return functions


if __name__ == "__main__":
    main()
