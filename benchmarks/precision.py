"""Does a reduced precision change a model's masks, and is it faster here?

    python benchmarks/precision.py [SOURCE] [--dtype float16] [--data FOLDER ...] [--record]

Robot users' sessions in float32 are answered again in the reduced precision, click by click.
`--record` notes it in the model's config.json where the masks keep a mean IoU of 0.995 on every set
of pictures; `load_model` goes by that on a GPU.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from cfr_icl import Click, InteractiveModel, Segmenter, load_model
from cfr_icl.data.registry import open_dataset
from cfr_icl.evaluation import iou, simulate
from cfr_icl.weights.loading import EMBEDDED, write_config
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
    parser.add_argument("--record", action="store_true", help="write the finding into SOURCE/config.json")
    options = parser.parse_args()
    full, reduced = (load_model(options.source, options.device, p) for p in ("float32", options.dtype))
    pictures = {"scenes": scenes(), **{str(p): from_folder(p, options.pictures) for p in options.data}}
    kept = []
    for name, sequence in pictures.items():
        ious, *seconds = compare(full, reduced, sequence)
        kept.append(np.mean(ious) >= REQUIRED_IOU)
        print(
            f"{name}: {len(ious)} masks, IoU mean {np.mean(ious):.4f}, "
            f"5 % below {np.quantile(ious, 0.05):.4f}; "
            f"float32 {seconds[0]:.2f} s/click, {options.dtype} {seconds[1]:.2f} s/click"
        )
    print(f"{options.dtype} {'keeps' if all(kept) else 'changes'} the masks")
    if options.record:
        folder = EMBEDDED if options.source == "embedded" else Path(options.source)
        write_config(
            dataclasses.replace(full.config, reduced_precision=options.dtype if all(kept) else None), folder
        )


def compare(
    full: InteractiveModel, reduced: InteractiveModel, pictures: Iterator[tuple[np.ndarray, np.ndarray]]
) -> tuple[list[float], float, float]:
    """IoU of each float32 mask with its reduced one, and seconds a click in both."""
    ious, seconds, segmenters = [], ([], []), (Segmenter(full), Segmenter(reduced))
    for image, truth in pictures:
        segmenters[0].set_image(image)
        clicks = simulate(segmenters[0], image, truth, CLICKS, target_iou=1.1).clicks
        masks = []
        for segmenter, taken in zip(segmenters, seconds, strict=True):
            segmenter.set_image(image)
            masks.append([timed(segmenter, clicks[:n], taken) for n in range(1, CLICKS + 1)])
        pairs = zip(*masks, strict=True)
        ious += [iou(b, a.astype(int)) for a, b in pairs if a.sum() >= SMALLEST_MASK]
    return ious, *(float(np.mean(taken)) for taken in seconds)


def timed(segmenter: Segmenter, clicks: list[Click], seconds: list[float]) -> np.ndarray:
    start = time.perf_counter()
    mask = segmenter.predict(clicks).mask
    seconds.append(time.perf_counter() - start)
    return mask


def scenes() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The pictures of the parity tests."""
    for case in CASES:
        yield scene(case["scene_seed"], case["height"], case["width"])


def from_folder(root: Path, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The largest object of each of `count` pictures."""
    data = open_dataset("folder", root)
    for index in np.linspace(0, len(data) - 1, min(count, len(data))).astype(int):
        sample = data[index]
        yield sample.image, max(sample.truths, key=lambda truth: np.count_nonzero(truth == 1))


if __name__ == "__main__":
    main()
