"""Masks and time of a model in a reduced precision, compared with float32.

    python -m benchmarks.precision [SOURCE] [--dtype float16] [--data FOLDER ...] [--record]

Each pass of the robot user's sessions runs in both precisions, with the same picture, clicks and previous
mask. `--record` writes the reduced precision into the model's config.json if the masks have a mean IoU of at
least 0.995 on every set of pictures; `load_model` uses it then. `cfr-icl evaluate --precision` counts clicks
with it.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cfr_icl import InteractiveModel, Segmenter, load_model
from cfr_icl.cfr import THRESHOLD_LOGIT
from cfr_icl.data.registry import open_dataset
from cfr_icl.evaluation import iou, simulate
from cfr_icl.models.base import Features
from cfr_icl.models.map_model import MapModel
from cfr_icl.weights.loading import EMBEDDED
from cfr_icl.weights.saving import write_config
from tests.parity.recipe import scene
from tests.parity.recorded import CASES

REQUIRED_IOU = 0.995
CLICKS = 3
SMALLEST_MASK = 400
"""Masks of fewer pixels are left out: one pixel more or less is no change of the mask."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default="embedded", help="as for load_model")
    parser.add_argument("--dtype", choices=("float16", "bfloat16"), default="float16")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="folders of images/ and masks/")
    parser.add_argument("--pictures", type=int, default=20, help="of each data set, evenly spread")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--record", action="store_true", help="write the result into SOURCE/config.json")
    options = parser.parse_args()
    full, reduced = (load_model(options.source, options.device, p) for p in ("float32", options.dtype))
    pictures = {"scenes": scenes(), **{str(p): from_folder(p, options.pictures) for p in options.data}}
    kept = []
    for name, sequence in pictures.items():
        both = Both(full, reduced)
        segmenter = Segmenter(both)
        for image, gt_mask in sequence:
            segmenter.set_image(image)
            simulate(segmenter, image, gt_mask, CLICKS, target_iou=1.1)
        kept.append(np.mean(both.ious) >= REQUIRED_IOU)
        times = [1000 * np.mean(taken) for taken in both.seconds]
        print(
            f"{name}: {len(both.ious)} masks, IoU mean {np.mean(both.ious):.4f}, "
            f"5 % below {np.quantile(both.ious, 0.05):.4f}; "
            f"float32 {times[0]:.0f} ms/pass, {options.dtype} {times[1]:.0f} ms/pass"
        )
    print(f"{options.dtype} {'keeps' if all(kept) else 'changes'} the masks")
    if options.record:
        folder = EMBEDDED if options.source == "embedded" else Path(options.source)
        write_config(
            dataclasses.replace(full.config, reduced_precision=options.dtype if all(kept) else None), folder
        )


class Both(MapModel):
    """A network in float32 that also runs each pass in the reduced precision and compares the masks."""

    def __init__(self, full: InteractiveModel, reduced: InteractiveModel) -> None:
        super().__init__()
        self.networks = nn.ModuleList([full, reduced])
        self.config = full.config
        self.ious: list[float] = []
        self.seconds = ([], [])
        """Of each network's passes, an encoder's with the pass before which it runs."""
        self._encoding = [0.0, 0.0]

    def encode(self, image: torch.Tensor) -> list[Features]:
        found = [self._timed(network.encode, image) for network in self.networks]
        self._encoding = [taken for _, taken in found]
        return [features for features, _ in found]

    def decode(self, features: list[Features], prompt_maps: torch.Tensor) -> torch.Tensor:
        answers = []
        for i, network in enumerate(self.networks):
            logits, taken = self._timed(network.decode_in_precision, features[i], prompt_maps)
            self.seconds[i].append(taken + self._encoding[i])
            answers.append(logits)
        self._encoding = [0.0, 0.0]
        masks = [logits[:, 0].cpu().numpy() > THRESHOLD_LOGIT for logits in answers]
        self.ious += [
            iou(other, one.astype(int))
            for one, other in zip(*masks, strict=True)
            if np.count_nonzero(one) >= SMALLEST_MASK
        ]
        return answers[0]

    @staticmethod
    def _timed(function: Callable, *inputs) -> tuple[Any, float]:
        start = time.perf_counter()
        found = function(*inputs)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return found, time.perf_counter() - start


def scenes() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The pictures of the parity tests."""
    for case in CASES:
        yield scene(case["scene_seed"], case["height"], case["width"])


def from_folder(root: Path, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The largest object of each of `count` pictures."""
    data = open_dataset("folder", root)
    for index in np.linspace(0, len(data) - 1, min(count, len(data))).astype(int):
        sample = data[index]
        yield sample.image, max(sample.gt_masks, key=lambda gt_mask: np.count_nonzero(gt_mask == 1))


if __name__ == "__main__":
    main()
