"""Time that the hand-made interpolation saves in clicks on large pictures, compared with plain PyTorch.

    python -m benchmarks.large_pictures [--megapixels 1 4 12] [--repeat 7]

Each row swaps one piece of cfr_icl/zoom for its plain counterpart and measures the first click on a picture,
with the default CFR settings and up to the run lengths of the mask, with both in turn. Times are medians of
the processor's time with one thread. A piece that saves less than 5 % of a click should go.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext
from unittest import mock

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.measure import table
from benchmarks.pictures import example
from cfr_icl import Click, Segmenter, load_model
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom import probability_map
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.resample import crop
from cfr_icl.zoom.window import Window

POINT = (0.51, 0.4)
"""A point on the cat, in shares of width and height."""


def plain_crop_picture(picture: np.ndarray, window: Rectangle, size: tuple[int, int]) -> torch.Tensor:
    part = torch.from_numpy(picture[window.slices].copy()).permute(2, 0, 1)[None].float()
    return F.interpolate(part, size=size, mode="bilinear", align_corners=True).div_(255)


def plain_crossings(values, window: Rectangle, picture: Rectangle, threshold: float) -> np.ndarray:
    pixels = ProbabilityMap(values, Window(*window), Window(*picture), exact=False).to_picture()
    return np.flatnonzero(np.diff((pixels.numpy() > threshold).T.ravel(), prepend=False))


def plain_feedback(self: ProbabilityMap, window: Window, size: tuple[int, int]) -> torch.Tensor:
    return crop(self.to_picture()[None, None], window, size)[0, 0]


OPENING = {
    "a large window is cropped by the pixels that the result needs": lambda: mock.patch(
        "cfr_icl.models.base.crop_picture", plain_crop_picture
    ),
}
"""Pieces of opening a picture and the first click on it."""
CLICK = {
    "run lengths of a large picture without its pixels": lambda: mock.patch.object(
        probability_map, "crossings", plain_crossings
    ),
    "feedback reads the network's map": lambda: mock.patch.object(ProbabilityMap, "crop", plain_feedback),
    "decisions look at the network's map": lambda: mock.patch.object(
        ProbabilityMap, "decision_map", property(lambda self: self._every_pixel)
    ),
}
"""Pieces of the first click on a prepared picture."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 4, 12])
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    segmenter = Segmenter(load_model("embedded", "cpu"))
    rows = []
    for megapixels in options.megapixels:
        picture = example(megapixels=megapixels)
        for pieces, prepared in ((OPENING, False), (CLICK, True)):
            for name, plain in pieces.items():
                seconds = medians(
                    lambda p=picture, first=prepared: click(segmenter, p, first), plain, options.repeat
                )
                rows.append(row(f"{megapixels:g}", name, *seconds))
    print(table(rows))


def click(segmenter: Segmenter, picture: np.ndarray, prepared: bool) -> float:
    """Seconds of the processor for a first click and its run lengths."""
    segmenter.set_image(picture)
    if prepared:
        segmenter.prepare()
    height, width = picture.shape[:2]
    start = time.process_time()
    prediction = segmenter.predict([Click(int(POINT[0] * width), int(POINT[1] * height))])
    prediction.rle_above(0.49)
    return time.process_time() - start


def medians(measured: Callable[[], float], plain: Callable, repeat: int) -> tuple[float, float]:
    """Median seconds with the hand-made and with the plain piece, measured in turn after one of each."""
    seconds: tuple[list[float], list[float]] = [], []
    for number in range(2 * repeat + 2):
        with plain() if number % 2 else nullcontext():
            seconds[number % 2].append(measured())
    return float(np.median(seconds[0][1:])), float(np.median(seconds[1][1:]))


def row(megapixels: str, name: str, ours: float, plain: float) -> dict[str, str]:
    return {
        "megapixels": megapixels,
        "piece": name,
        "hand-made, ms": f"{1000 * ours:.0f}",
        "plain, ms": f"{1000 * plain:.0f}",
        "saved": f"{1 - ours / plain:.0%}",
    }


if __name__ == "__main__":
    main()
