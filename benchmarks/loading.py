"""Conversion, parity, load time, memory and time of a forward of each network.

    python -m benchmarks.loading [--models vit_b hrnet18 ...] [--dtype float16]

Checkpoints in the published format are made up from tensor names, as for the parity tests, so
nothing is downloaded; times do not depend on the weights. Seconds are of CPU time, so that other
work on the machine counts little. Needs Linux (peak memory).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import in_own_process, peak_memory
from cfr_icl import load_model
from cfr_icl.models.registry import ARCHITECTURES, build_model, default_config
from cfr_icl.weights.published import convert
from cfr_icl.weights.saving import save_model, save_weights
from tests.parity.checkpoints import checkpoint, published_shapes
from tests.parity.recorded import RECORDED_NAMES, recorded, recorded_input

SIZE = 448
REPEATS = 3
COLUMNS = (
    "model",
    "parameters",
    "conversion",
    "parity, max error",
    "load",
    "peak while loading",
    "s/forward",
    "of it clicks",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=list(ARCHITECTURES), default=list(ARCHITECTURES))
    parser.add_argument("--dtype", choices=("float16", "float32"), default="float32", help="as stored")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            print("| " + " | ".join(row(name, Path(folder), options)) + " |", flush=True)


def row(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """One network's line; measured in a process of its own."""
    start = time.process_time()
    write(name, folder, getattr(torch, options.dtype))
    written = time.process_time() - start
    figures = json.loads(in_own_process("loading", "--measure", folder, "--threads", options.threads))
    return [
        name,
        f"{figures['parameters'] / 1e6:.1f} M",
        "ours" if name == "compact" else f"{written:.0f} s",
        f"{figures['parity']:.1e}" if "parity" in figures else "–",
        f"{figures['load']:.2f} s",
        f"{figures['peak'] / 2**20:.0f} MiB ({figures['peak'] / figures['weights']:.2f} x weights)",
        f"{figures['forward']:.2f}",
        f"{figures['decode']:.2f}",
    ]


def write(name: str, folder: Path, dtype: torch.dtype) -> None:
    """A model folder, through the converter where the network is a published one."""
    if name == "compact":
        save_model(build_model(default_config(name)), folder, dtype)
    else:
        save_weights(*convert(checkpoint(published_shapes(name))), folder, dtype)


@torch.inference_mode()
def measure(folder: Path) -> dict[str, float]:
    """Load, then compute; bytes and seconds."""
    before, start = peak_memory(), time.process_time()
    model = load_model(folder, device="cpu", precision="float32")
    for weight in model.parameters():
        weight.sum()  # a memory map is read when it is used
    figures = {
        "load": time.process_time() - start,
        "peak": peak_memory() - before,
        "weights": sum(tensor.nbytes for tensor in model.state_dict().values()),
        "parameters": model.parameter_count,
    }
    image, prompt_maps = torch.rand(2, 1, 3, SIZE, SIZE)
    features = model.encode(image)
    figures["forward"] = fastest(lambda: model(image, prompt_maps))
    figures["decode"] = fastest(lambda: model.decode(features, prompt_maps))
    name = model.config.architecture
    if name in RECORDED_NAMES:
        logits = model(*recorded_input())[:, 0, ::4, ::4].numpy()
        figures["parity"] = float(np.abs(logits - recorded(f"model_{name}.npz")["logits_s4"]).max())
    return figures


def fastest(function) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
