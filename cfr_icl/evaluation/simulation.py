"""The robot user's sessions: clicks in the largest error until the mask reaches the target IoU."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.evaluation.metrics import boundary_iou, iou, object_area
from cfr_icl.evaluation.protocol import DESCRIBED_SETTINGS, Protocol
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.robot import next_click
from cfr_icl.segmenter import Segmenter


@dataclass(frozen=True)
class Simulation:
    """A robot user's session; every list has one value per click."""

    clicks: list[Click]
    ious: list[float]
    forwards: list[int]
    probabilities: np.ndarray
    """Probabilities of the last prediction, float32 (H, W)."""
    boundary_ious: list[float]
    seconds: list[float]
    """Seconds of the segmenter, without those of the robot user."""


def simulate(
    segmenter: Predictor,
    image: np.ndarray,
    gt_mask: np.ndarray,
    max_clicks: int = 20,
    target_iou: float = 0.95,
    cfr: CascadeForward = CascadeForward(),
    on_click: Callable[[Click, Prediction, float], None] | None = None,
) -> Simulation:
    """Let the robot user click until the mask reaches the target IoU, at most `max_clicks` times.

    Args:
        image: uint8 (H, W, 3) RGB.
        gt_mask: int (H, W), 1 object, 0 background, -1 ignored.
        on_click: called after each click with the click, its prediction and the IoU.
    """
    gt_mask = np.asarray(gt_mask, dtype=np.int32)
    segmenter.set_image(image)
    probabilities = np.zeros(gt_mask.shape, np.float32)
    clicked = np.zeros(gt_mask.shape, bool)
    clicks: list[Click] = []
    ious: list[float] = []
    boundary_ious: list[float] = []
    forwards: list[int] = []
    seconds: list[float] = []
    while len(clicks) < max_clicks and not (ious and ious[-1] >= target_iou):
        click = next_click(probabilities, gt_mask, clicked)
        clicked[int(click.y), int(click.x)] = True
        clicks.append(click)
        start = time.perf_counter()
        prediction = segmenter.predict(clicks, cfr=cfr)
        probabilities, mask = prediction.probabilities, prediction.mask
        seconds.append(time.perf_counter() - start)
        ious.append(iou(mask, gt_mask))
        boundary_ious.append(boundary_iou(mask, gt_mask))
        forwards.append(prediction.forwards)
        if on_click:
            on_click(click, prediction, ious[-1])
    return Simulation(clicks, ious, forwards, probabilities, boundary_ious, seconds)


@dataclass(frozen=True)
class Result:
    """One object's session under one CFR setting; a line of an evaluation's log (`run.ResultLog`).

    Every list has one value per click.
    """

    data: str
    """The label of the data set (`data.source.Source.label`)."""
    picture: str
    object_id: int
    """Index of the object in its picture."""
    setting: str
    """The name of the CFR setting (`setting_name`)."""
    area: float
    """The object's share of the picture, 0 to 1."""
    clicks: list[list[int]]
    """[x, y, 1 if positive else 0] each."""
    ious: list[float]
    boundary_ious: list[float]
    forwards: list[int]
    seconds: list[float]
    scene: str = ""
    """What was segmented (`scene_digest`); "" in logs of older versions."""


def scene_digest(image: np.ndarray, gt_mask: np.ndarray) -> str:
    """A checksum of a picture and an object's ground truth, which tells equal names of two folders apart."""
    return f"{zlib.crc32(gt_mask.tobytes(), zlib.crc32(image.tobytes())):08x}"


def setting_name(cfr: CascadeForward) -> str:
    """Name a setting for tables and logs; settings with different masks have different names.

    "CFR-4" takes all 4 steps, "A-CFR-4" stops at 20 changed pixels, "A-CFR-4 to 0.02" also at 2 % of the
    mask; all refine the first click only. Settings that deviate from the published ones follow, such as
    "every click, best pass".
    """
    if cfr.steps == 0:
        return "CFR-0"
    name = f"{'A-' if cfr.adaptive else ''}CFR-{cfr.steps}"
    name += f" to {cfr.min_change_ratio:.2g}" if cfr.adaptive and cfr.min_change_ratio else ""
    if cfr.cf_clicks != 1:
        name += " every click" if cfr.cf_clicks is None else f" first {cfr.cf_clicks} clicks"
    name += ", best pass" if cfr.best_pass else ""
    if not cfr.mirror_refinements:
        name += ", mirror where needed"
    name += ", no specks" if cfr.remove_specks else ""
    # with cf_clicks=1 only the first click is refined, and close-ups start at a later one
    name += "" if cfr.close_ups or cfr.cf_clicks == 1 else ", no close-up"
    return name + "".join(f", {field}={value}" for field, value in _other_settings(cfr))


def _other_settings(cfr: CascadeForward) -> Iterator[tuple[str, Any]]:
    """Name and value of fields without a phrase in `setting_name`, where they differ from the usual value.

    That is the published one; of fields for networks that take coordinates, the default, unless all others
    are as published. So the names that most networks are evaluated under do not contain them.
    """
    others = [entry for entry in fields(cfr) if entry.name not in DESCRIBED_SETTINGS]
    published = CascadeForward.published(cfr.steps)
    coordinates = {e.name: getattr(published, e.name) for e in others if e.metadata["coordinates_only"]}
    is_published = replace(cfr, **coordinates) == replace(published, adaptive=cfr.adaptive)
    for entry in others:
        by_default = entry.metadata["coordinates_only"] and not is_published
        usual = entry.default if by_default else entry.metadata["published"]
        value = getattr(cfr, entry.name)
        if value != usual:
            yield entry.name, value


def evaluate_object(
    segmenter: Segmenter,
    image: np.ndarray,
    gt_mask: np.ndarray,
    settings: Sequence[CascadeForward],
    protocol: Protocol,
    **identity: Any,
) -> Iterator[Result]:
    """Run a session on an object under each CFR setting.

    Args:
        image: uint8 (H, W, 3) RGB.
        gt_mask: int (H, W), 1 object, 0 background, -1 ignored.
        identity: `data`, `picture`, `object_id` and `scene` of the results.
    """
    for cfr in settings:
        session = simulate(segmenter, image, gt_mask, protocol.max_clicks, protocol.target_iou, cfr)
        yield Result(
            **identity,
            setting=setting_name(cfr),
            area=object_area(gt_mask),
            clicks=[[int(c.x), int(c.y), int(c.positive)] for c in session.clicks],
            ious=session.ious,
            boundary_ious=session.boundary_ious,
            forwards=session.forwards,
            seconds=session.seconds,
        )
