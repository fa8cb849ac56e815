"""Pictures that the benchmarks share: the examples at any size, and objects of data sets."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from cfr_icl import Click, load_model
from cfr_icl.cli.values import data_source
from cfr_icl.data.source import Source, select
from cfr_icl.evaluation import object_area
from cfr_icl.models.base import InteractiveModel
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.robot import next_click

ROOT = Path(__file__).parents[1]
MIN_AREA = 0.01
"""Objects below this share of their picture are left out."""
MOST_OBJECTS = 3
"""Objects of a picture at most."""

Objects = Iterator[tuple[np.ndarray, list[np.ndarray]]]
"""Pictures of one data set, uint8 (H, W, 3), each with the ground truth int (H, W) of its objects."""


def example(name: str = "chelsea.png", megapixels: float | None = None) -> np.ndarray:
    """An example picture, uint8 (H, W, 3) RGB, at its own size or enlarged to so many megapixels."""
    picture = np.asarray(Image.open(ROOT / "examples" / name).convert("RGB"))
    if megapixels is None:
        return picture
    factor = (megapixels * 1e6 / (picture.shape[0] * picture.shape[1])) ** 0.5
    return cv2.resize(picture, None, fx=factor, fy=factor)


def as_jpeg(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return file.getvalue()


def model_and_objects(description: str) -> tuple[InteractiveModel, dict[str, Objects]]:
    """Read the command line of a benchmark: its model, and the objects of each data set by its label."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("source", nargs="?", default="embedded", help="as for load_model")
    add_objects(parser)
    options = parser.parse_args()
    return load_model(options.source), objects(options)


def add_objects(parser: argparse.ArgumentParser) -> None:
    """Add the options of `objects`."""
    parser.add_argument(
        "--data",
        nargs="+",
        required=True,
        type=data_source,
        metavar="NAME=PATH",
        help="as for cfr-icl evaluate",
    )
    parser.add_argument("--half", choices=("even", "odd"), default="even")
    parser.add_argument("--limit", type=int, default=24, help="pictures of each set")


def objects(options: argparse.Namespace) -> dict[str, Objects]:
    """The chosen pictures of each data set, by its label."""
    return {source.label: _objects(source, options.half, options.limit) for source in options.data}


def _objects(source: Source, half: str, limit: int) -> Objects:
    dataset = source.open()
    for index in select(dataset.names, half, limit):
        sample = dataset[index]
        yield sample.image, [gt for gt in sample.gt_masks if object_area(gt) >= MIN_AREA][:MOST_OBJECTS]


def robot_clicks(
    segmenter: Predictor, gt_mask: np.ndarray, count: int, **settings: Any
) -> Iterator[tuple[list[Click], Prediction]]:
    """The clicks of the robot user up to each of its first `count`, and the prediction for them.

    Args:
        settings: arguments of `predict`.
    """
    probabilities, clicked = np.zeros(gt_mask.shape, np.float32), np.zeros(gt_mask.shape, bool)
    clicks: list[Click] = []
    for _ in range(count):
        click = next_click(probabilities, gt_mask, clicked)
        clicked[click.y, click.x] = True
        clicks = [*clicks, click]
        prediction = segmenter.predict(clicks, **settings)
        probabilities = prediction.probabilities
        yield clicks, prediction
