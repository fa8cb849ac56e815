"""How many clicks a mask takes: the robot user's sessions and what is counted in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.models.base import InteractiveModel
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import Predictor
from cfr_icl.robot import next_click
from cfr_icl.segmenter import Segmenter
from cfr_icl.zoom import ZoomConfig

NOC_TARGETS = (0.80, 0.85, 0.90, 0.95)
NOF_TARGETS = (0.90, 0.95)
IOU_CLICKS = (1, 3, 5)
WHOLE_PICTURE_SIDE = 1_000_000
"""A smallest window side that no picture has: the window is always the whole picture."""


@dataclass(frozen=True)
class Simulation:
    """A robot user's session: a value a click in every list."""

    clicks: list[Click]
    ious: list[float]
    forwards: list[int]
    probabilities: np.ndarray
    """The last answer, float32 (H, W)."""
    boundary_ious: list[float]
    seconds: list[float]
    """Time that the segmenter took; the robot's own is not in it."""


def simulate(
    segmenter: Predictor,
    image: np.ndarray,
    truth: np.ndarray,
    max_clicks: int = 20,
    target_iou: float = 0.95,
    cfr: CascadeForward = CascadeForward(),
    on_click: Callable[[Click, Prediction, float], None] | None = None,
) -> Simulation:
    """Let the robot user click until the mask reaches the target IoU or the clicks run out.

    Args:
        image: uint8 (H, W, 3) RGB.
        truth: int (H, W), 1 object, 0 background, -1 ignored.
        on_click: called after each click with the click, its prediction and the IoU.
    """
    truth = np.asarray(truth, dtype=np.int32)
    segmenter.set_image(image)
    probabilities = np.zeros(truth.shape, np.float32)
    clicked = np.zeros(truth.shape, bool)
    clicks, ious, forwards, boundary_ious, seconds = [], [], [], [], []
    while len(clicks) < max_clicks and not (ious and ious[-1] >= target_iou):
        click = next_click(probabilities, truth, clicked)
        clicked[click.y, click.x] = True
        clicks.append(click)
        start = time.perf_counter()
        prediction = segmenter.predict(clicks, cfr=cfr)
        probabilities, mask = prediction.probabilities, prediction.mask
        seconds.append(time.perf_counter() - start)
        ious.append(iou(mask, truth))
        boundary_ious.append(boundary_iou(mask, truth))
        forwards.append(prediction.forwards)
        if on_click:
            on_click(click, prediction, ious[-1])
    return Simulation(clicks, ious, forwards, probabilities, boundary_ious, seconds)


def iou(mask: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union of a mask with the truth; pixels of truth -1 are left out."""
    union = np.count_nonzero((mask & (truth != -1)) | (truth == 1))
    return np.count_nonzero(mask & (truth == 1)) / union if union else 1.0


def boundary_iou(mask: np.ndarray, truth: np.ndarray, width: float = 0.02) -> float:
    """IoU of the inner boundaries of mask and truth (Cheng et al., CVPR 2021).

    Args:
        width: the boundary's width as a fraction of the picture's diagonal. Where the truth is -1
            it is taken to agree with the mask, and those pixels are then left out.
    """
    pixels = max(1, round(width * float(np.hypot(*truth.shape))))
    expected = np.where(truth == -1, mask, truth == 1)
    ring = np.where(truth == -1, -1, _inner_boundary(expected, pixels))
    return iou(_inner_boundary(mask, pixels), ring)


def _inner_boundary(mask: np.ndarray, pixels: int) -> np.ndarray:
    """Pixels of the mask at most this far from its edge; the picture's border counts as edge."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return mask & ~cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=pixels)[1:-1, 1:-1].astype(bool)


@dataclass(frozen=True)
class Protocol:
    """What an evaluation fixes beside the CFR settings; the defaults are the published ones.

    `zoom` False shows the network the whole picture at every pass, which separates what CFR
    does from what an earlier zoom-in does. `size` is the network's input in pixels, if not its own.
    """

    max_clicks: int = 20
    target_iou: float = 0.95
    flip: bool = True
    zoom: bool = True
    size: int | None = None

    def __post_init__(self) -> None:
        if self.max_clicks < 1:
            raise ValueError(f"An evaluation needs at least 1 click, not {self.max_clicks}.")
        if not 0 < self.target_iou <= 1:
            raise ValueError(f"The target IoU lies above 0 and up to 1, not at {self.target_iou}.")

    def segmenter(self, model: InteractiveModel, data: str = "") -> Segmenter:
        """A segmenter as this protocol wants it for a data set; DAVIS is seen at 1.5 times the size."""
        zoom = model.config.zoom
        size = self.size or (zoom.size * 3 // 2 if data == "davis" else zoom.size)
        min_side = zoom.min_side if self.zoom else WHOLE_PICTURE_SIDE
        zoom = replace(zoom, size=size, min_side=min_side)
        return Segmenter(model, flip=self.flip, zoom=zoom)

    def deviations(self, settings: Sequence[CascadeForward], zoom: ZoomConfig = ZoomConfig()) -> list[str]:
        """Where this, with a model's zoom-in, differs from the published protocol, a sentence each."""
        found = []
        if self.zoom and zoom.widen:
            found.append("The window follows an object that runs over its edge; published: it stays.")
        if zoom.close_up and any(cfr.close_ups and cfr.refinements(zoom.close_up) for cfr in settings):
            found.append(
                f"From click {zoom.close_up} on the last refinement is a close-up; published: never."
            )
        for cf_clicks in {cfr.cf_clicks for cfr in settings if cfr.steps and cfr.cf_clicks != 1}:
            clicks = "every click" if cf_clicks is None else f"the first {cf_clicks} clicks"
            found.append(f"CFR refines {clicks}; published: the first click only.")
        if any(cfr.steps and cfr.adaptive and cfr.min_change_ratio for cfr in settings):
            found.append("CFR stops at a share of the mask that changes; published: at 20 pixels.")
        if any(cfr.steps and cfr.best_pass for cfr in settings):
            found.append(
                "CFR answers with the pass that agrees most with its mirror image; published: the last."
            )
        if self.max_clicks != 20:
            found.append(f"At most {self.max_clicks} clicks; published: 20.")
        if self.target_iou < max(NOC_TARGETS):
            found.append(f"Sessions end at IoU {self.target_iou:g}; measures beyond it are left out.")
        if not self.flip:
            found.append("No test-time flip; published: with flip.")
        if not self.zoom:
            found.append("Zoom-in held fixed at the whole picture; published: zoom-in.")
        if self.size:
            found.append(f"The network sees {self.size} px; published: the size that belongs to it.")
        return found


@dataclass(frozen=True)
class Result:
    """One object's session under one CFR setting, as it is written to a file."""

    data: str
    picture: str
    object_id: int
    setting: str
    area: float
    clicks: list[list[int]]
    """[x, y, 1 if positive else 0] each."""
    ious: list[float]
    boundary_ious: list[float]
    forwards: list[int]
    seconds: list[float]


def setting_name(cfr: CascadeForward) -> str:
    """How tables call a setting: CFR-4, A-CFR-4 (to 20 pixels), A-CFR-4 to 0.02 every click, best pass."""
    if cfr.steps == 0:
        return "CFR-0"
    name = f"{'A-' if cfr.adaptive else ''}CFR-{cfr.steps}"
    name += f" to {cfr.min_change_ratio:.2g}" if cfr.adaptive and cfr.min_change_ratio else ""
    if cfr.cf_clicks != 1:
        name += " every click" if cfr.cf_clicks is None else f" first {cfr.cf_clicks} clicks"
    name += ", best pass" if cfr.best_pass else ""
    return name if cfr.close_ups else f"{name}, no close-up"


def evaluate_object(
    segmenter: Segmenter,
    image: np.ndarray,
    truth: np.ndarray,
    settings: Sequence[CascadeForward],
    protocol: Protocol,
    **identity: Any,
) -> Iterator[Result]:
    """One result a setting for an object; `identity` is its data, picture and object_id."""
    for cfr in settings:
        session = simulate(segmenter, image, truth, protocol.max_clicks, protocol.target_iou, cfr)
        yield Result(
            **identity,
            setting=setting_name(cfr),
            area=object_area(truth),
            clicks=[[int(c.x), int(c.y), int(c.positive)] for c in session.clicks],
            ious=session.ious,
            boundary_ious=session.boundary_ious,
            forwards=session.forwards,
            seconds=session.seconds,
        )


def object_area(truth: np.ndarray) -> float:
    """The object's share of the picture, 0 to 1."""
    return np.count_nonzero(truth == 1) / truth.size


@dataclass(frozen=True)
class Metrics:
    """Means over the objects of a data set; keys are targets as IoU or numbers of clicks."""

    objects: int
    noc: Mapping[float, float]
    """Mean number of clicks to reach the IoU; the most clicks where it was not reached."""
    nof: Mapping[float, int]
    """Objects that took all clicks, reached or not, as published (">=20")."""
    iou: Mapping[int, float]
    """Mean IoU after so many clicks; a session that ended earlier keeps its last."""
    boundary_iou: Mapping[int, float]
    forwards_per_click: float
    seconds_per_click: float


def summarise(results: Sequence[Result], protocol: Protocol) -> Metrics:
    """The metrics of one data set and one setting; raises ValueError without results."""
    if not results:
        raise ValueError("There are no results to summarise.")
    clicks = sum(len(r.ious) for r in results)
    counts = [k for k in IOU_CLICKS if k <= protocol.max_clicks]

    def noc(target: float) -> np.ndarray:
        return np.array([clicks_to_reach(r.ious, target, protocol.max_clicks) for r in results])

    def mean_after(count: int, sessions: list[list[float]]) -> float:
        return float(np.mean([values[min(count, len(values)) - 1] for values in sessions]))

    return Metrics(
        objects=len(results),
        noc={t: float(noc(t).mean()) for t in NOC_TARGETS if t <= protocol.target_iou},
        nof={t: int((noc(t) == protocol.max_clicks).sum()) for t in NOF_TARGETS if t <= protocol.target_iou},
        iou={k: mean_after(k, [r.ious for r in results]) for k in counts},
        boundary_iou={k: mean_after(k, [r.boundary_ious for r in results]) for k in counts},
        forwards_per_click=sum(sum(r.forwards) for r in results) / clicks,
        seconds_per_click=sum(sum(r.seconds) for r in results) / clicks,
    )


def clicks_to_reach(ious: Sequence[float], target: float, max_clicks: int = 20) -> int:
    """The first number of clicks with this IoU; `max_clicks` where it was never reached."""
    return next((number for number, value in enumerate(ious, 1) if value >= target), max_clicks)
