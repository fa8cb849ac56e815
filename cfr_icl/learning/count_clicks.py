"""Count the robot user's clicks on held-out objects, before and after learning."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice

import cv2
import numpy as np
import torch

from cfr_icl.cfr import MASK_THRESHOLD, CascadeForward
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.evaluation.metrics import clicks_to_reach, iou
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import simulate
from cfr_icl.learning.own_pictures import OwnPictures
from cfr_icl.models.base import Features, InteractiveModel
from cfr_icl.models.map_model import MapModel
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import next_click
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window

TARGET = 0.85
MOST_CLICKS = 20
FEWEST_OBJECTS, MOST_OBJECTS = 10, 60
QUICK_CLICKS, QUICK_OBJECTS = 4, 24


@dataclass(frozen=True)
class HeldOut:
    """An object that is never learnt from."""

    picture_index: int
    object_index: int
    """Among the objects of its picture."""


class TooSlowError(Exception):
    """Clicks on the first object alone took longer than all were allowed to.

    Attributes:
        seconds: that the clicks on an object take at most.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def held_out_objects(pictures: OwnPictures, names: Sequence[str]) -> list[HeldOut]:
    """Up to MOST_OBJECTS objects of these pictures, one of each picture, then a second one, and so on."""
    indices = [pictures.names.index(name) for name in names]
    rounds = max((pictures.objects(index) for index in indices), default=0)
    order = [HeldOut(index, n) for n in range(rounds) for index in indices if n < pictures.objects(index)]
    return order[:MOST_OBJECTS]


def sessions(
    model: InteractiveModel,
    pictures: OwnPictures,
    objects: Sequence[HeldOut],
    tell: Callable[[int], None] = lambda done: None,
    seconds: float = float("inf"),
    most_seconds: float = float("inf"),
    give_up: bool = False,
) -> Iterator[tuple[HeldOut, list[float]]]:
    """Each object with the IoU after each of the robot user's clicks, up to TARGET, as on the page.

    Pictures that are not there any more are passed over.

    Args:
        tell: called before each object with its number.
        seconds: begin no further object after this time, but at least FEWEST_OBJECTS.
        most_seconds: begin no further one after this time, but at least one.
        give_up: do not wait for the end of that one either.

    Raises:
        TooSlowError: with `give_up`, when `most_seconds` pass with the clicks on the first object.
    """
    protocol = Protocol(target_iou=TARGET, max_clicks=MOST_CLICKS, widen=True, exact=False)
    segmenter = protocol.segmenter(model)
    begun, counted = time.monotonic(), 0
    for number, held in enumerate(objects):
        used = time.monotonic() - begun
        if counted and used > (min(seconds, most_seconds) if counted >= FEWEST_OBJECTS else most_seconds):
            return
        tell(number)
        try:
            sample = pictures[held.picture_index]
        except (OSError, ValueError):
            continue
        gt_mask = sample.gt_masks[held.object_index]
        clicks = count(1)

        def on_click(
            *_: object, clicks: Iterator[int] = clicks, first: bool = give_up and not counted
        ) -> None:
            clicked, used = next(clicks), time.monotonic() - begun
            if first and used > most_seconds and clicked < MOST_CLICKS:
                raise TooSlowError(used / clicked * MOST_CLICKS)

        cfr = CascadeForward.default()
        session = simulate(segmenter, sample.image, gt_mask, MOST_CLICKS, TARGET, cfr, on_click)
        counted += 1
        yield held, session.ious


def clicks_of(ious: Sequence[float]) -> int:
    """Clicks to TARGET; MOST_CLICKS where it was not reached."""
    return clicks_to_reach(ious, TARGET, MOST_CLICKS)


def read_objects(
    pictures: OwnPictures, objects: Iterable[HeldOut]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Picture and ground truth of each object; pictures that are not there any more are passed over."""
    for held in objects:
        try:
            sample = pictures[held.picture_index]
        except (OSError, ValueError):
            continue
        yield sample.image, sample.gt_masks[held.object_index]


class QuickScore:
    """Mean IoU of objects over the robot user's first clicks, without CFR and mirror image.

    Every other object is seen in its whole picture, as by a first click, the others in a zoom-in window. A
    score takes seconds: the encoder is frozen, so features are computed once.
    """

    def __init__(self, model: MapModel, objects: Iterable[tuple[np.ndarray, np.ndarray]], size: int) -> None:
        """`objects` are pictures uint8 (H, W, 3) with ground truths int8 (H, W)."""
        self._objects: list[tuple[Features, np.ndarray]] = []
        for number, (image, gt_mask) in enumerate(islice(objects, QUICK_OBJECTS)):
            window = zoomed(gt_mask) if number % 2 else Window.of_size(*gt_mask.shape)
            with torch.no_grad():
                features = model.encode(crop_picture(image, window, (size, size)))
            part = cv2.resize(gt_mask[window.slices], (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
            self._objects.append((features, part))
        self.seconds = self._measured(model)
        """Of one score, as the last one took, or roughly before the first."""

    @torch.no_grad()
    def _measured(self, model: MapModel) -> float:
        begun = time.monotonic()
        for features, gt_mask in self._objects[:1]:
            self._of(model, features, gt_mask)
        return (time.monotonic() - begun) * len(self._objects)

    @torch.no_grad()
    def __call__(self, model: MapModel) -> float:
        begun = time.monotonic()
        found = [self._of(model, features, gt_mask) for features, gt_mask in self._objects]
        self.seconds = time.monotonic() - begun
        return float(np.mean(found)) if found else 0.0

    @staticmethod
    def _of(model: MapModel, features: Features, gt_mask: np.ndarray) -> float:
        mask = torch.zeros(1, 1, *gt_mask.shape)
        clicked = np.zeros(gt_mask.shape, bool)
        clicks: list[Click] = []
        ious = []
        for _ in range(QUICK_CLICKS):
            click = next_click(mask[0, 0].numpy(), gt_mask, clicked)
            clicked[int(click.y), int(click.x)] = True
            clicks.append(click)
            prompts = torch.cat([mask, disk_maps([clicks], *gt_mask.shape)], dim=1)
            decode = model.decode if len(clicks) > 1 else model.decode_first
            mask = torch.sigmoid(decode(features, prompts).float())
            ious.append(iou(mask[0, 0].numpy() > MASK_THRESHOLD, gt_mask))
        return float(np.mean(ious))


def zoomed(gt_mask: np.ndarray) -> Window:
    """The window around an object, int (H, W), whose sides are 1.6 of its box's, at least 200 pixels."""
    height, width = gt_mask.shape
    box = Rectangle.of_mask(gt_mask == 1)
    left, right = _span(*box.columns, width)
    top, bottom = _span(*box.rows, height)
    return Window(left, top, right, bottom)


def _span(first: int, end: int, limit: int) -> tuple[int, int]:
    middle, side = (first + end) / 2, max(1.6 * (end - first), 200)
    return max(0, round(middle - side / 2)), min(limit, round(middle + side / 2))
