"""From a picture and clicks to a mask: zoom-in, flip and CFR around a network."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
import torch

from cfr_icl.cfr import MASK_THRESHOLD, SETTLED, THRESHOLD_LOGIT, CascadeForward, changed_pixels
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.models.base import Features, InteractiveModel
from cfr_icl.zoom import CLOSE_UP, PlacedMap, Window, ZoomConfig, crop_picture, to_window

WINDOWS_KEPT = 4
"""Views whose features are kept: the whole picture, with which each object begins, and the last windows."""

ANSWERS_KEPT = 8
"""Answers that are kept with all their passes: undoing fewer clicks than this costs nothing."""


class AnswerError(RuntimeError):
    """An answer of the network that cannot be used."""


@dataclass(frozen=True)
class InnerPass:
    """What one forward answered, as it is fed back: probabilities for a window of the picture.

    `agreement` is the IoU of the masks of the picture and of its mirror image; 1 without flip.
    A close-up looked at a part of that window alone, and left the rest as it was in the pass `refined`;
    any other pass refined the one before.
    """

    probabilities: PlacedMap
    agreement: float
    close_up: Window | None = None
    refined: int | None = None


@dataclass(frozen=True)
class Prediction:
    """The answer to a list of clicks."""

    passes: tuple[InnerPass, ...] = field(repr=False)
    chosen: int
    """Number of the pass that is the answer, mostly the last."""
    forwards: int
    """Network evaluations that the last click took."""
    sharpness: float = 1.0
    """The model's calibration, which moves probabilities away from the mask threshold."""
    _base: PlacedMap | None = field(default=None, repr=False)
    """What there is without any pass."""

    @property
    def probabilities(self) -> np.ndarray:
        """Probability of the object, float32 (H, W)."""
        return self._calibrated(self._map(None))

    @property
    def mask(self) -> np.ndarray:
        """Pixels of the object, bool (H, W): probability above 0.49."""
        return self.mask_above(MASK_THRESHOLD)

    def mask_above(self, threshold: float, number: int | None = None) -> np.ndarray:
        """Pixels of a probability above a threshold between 0 and 1, bool (H, W).

        Args:
            number: of the inner pass; without it that of the answer.
        """
        return self._map(number).above(self._fed(threshold))

    def runs_above(self, threshold: float, number: int | None = None) -> np.ndarray:
        """The same as COCO run lengths, int64: pixels not above and above in turn, column by column.

        Of a large picture this is many times faster.
        """
        return self._map(number).runs(self._fed(threshold))

    def _fed(self, threshold: float) -> float:
        """The threshold before calibration."""
        logit = math.log(threshold / (1 - threshold))
        return 1 / (1 + math.exp(-(THRESHOLD_LOGIT + (logit - THRESHOLD_LOGIT) / self.sharpness)))

    @property
    def trace(self) -> tuple[np.ndarray, ...]:
        """Probabilities float32 (H, W) after each inner pass, coarse first."""
        return tuple(self._calibrated(inner.probabilities) for inner in self.passes)

    @property
    def window(self) -> Window | None:
        """The part of the picture that the answer looked at; None before any pass."""
        return self._map(None).window if self.passes else None

    def _map(self, number: int | None) -> PlacedMap:
        if not self.passes:
            return self._base
        return self.passes[self.chosen if number is None else number].probabilities

    def _calibrated(self, probabilities: PlacedMap) -> np.ndarray:
        whole = probabilities.whole()
        if whole is probabilities.values:  # what the next click starts from is not given away
            whole = whole.clone()
        if self.sharpness != 1 and self.passes:
            logits = torch.logit(whole) - THRESHOLD_LOGIT
            whole = logits.mul_(self.sharpness).add_(THRESHOLD_LOGIT).sigmoid_()
        return whole.numpy()


class Segmenter:
    """Answers clicks on one picture at a time; the network is shared and only read.

    The answer is a function of picture, clicks in their order, previous mask and settings alone.
    One more click costs one click. Undoing fewer than ANSWERS_KEPT clicks costs nothing, and undoing
    more at most so many answers anew: memory grows little with clicks. Assign `cfr`, `flip` or
    `zoom` to change how the next clicks are answered.
    """

    def __init__(
        self,
        model: InteractiveModel,
        steps: int = 4,
        adaptive: bool = True,
        every_click: bool = True,
        best_pass: bool = True,
        settled: float = SETTLED,
        close_up: bool = True,
        flip: bool = True,
        zoom: ZoomConfig | None = None,
    ) -> None:
        self.model = model
        self.cfr = CascadeForward(
            steps, adaptive, every_click, best_pass=best_pass, settled=settled, close_up=close_up
        )
        self.flip = flip
        self.zoom = zoom or model.config.zoom
        self._image: np.ndarray | None = None

    def set_image(self, image: np.ndarray) -> None:
        """Take a picture, uint8 (H, W, 3) RGB, which must not change from now on; forgets the one before."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f"A picture is uint8 (height, width, 3), not {image.dtype} {tuple(image.shape)}."
            )
        self._image = image
        self._picture = Window.of_size(*image.shape[:2])
        self._features: OrderedDict[tuple, Features] = OrderedDict()
        self._history = _History()

    @torch.inference_mode()
    def prepare(self) -> None:
        """Compute what every object's first answer begins with: the features of the whole picture.

        Raises:
            RuntimeError: when no picture was set.
        """
        if self._image is None:
            raise RuntimeError("Set a picture with set_image before preparing its answers.")
        window = self.zoom.next_window(None, None, [], self._picture)
        self._encode(self._picture, self._size(window), self.flip)

    def predict(self, clicks: Sequence[Click], previous_mask: np.ndarray | None = None) -> Prediction:
        """Answer these clicks, starting from a previous mask (H, W) of bools or probabilities.

        Raises:
            ValueError: for a click outside the picture or a previous mask of another size.
            RuntimeError: when no picture was set.
            AnswerError: when the network's answer is not finite.
        """
        if self._image is None:
            raise RuntimeError("Set a picture with set_image before predicting.")
        for click in clicks:
            click.check_inside(self._picture.width, self._picture.height)
        shape = (self._picture.height, self._picture.width)
        if previous_mask is not None and previous_mask.shape != shape:
            raise ValueError(
                f"The previous mask is {previous_mask.shape[1]} x {previous_mask.shape[0]} pixels, "
                f"the picture {shape[1]} x {shape[0]}; they must be equal."
            )
        if not clicks:
            return Prediction((), 0, 0, _base=self._base(previous_mask))
        settings = (self.cfr, self.flip, self.zoom)
        if not self._history.continues(settings, previous_mask):
            self._history = _History(settings, previous_mask)
        history = self._history
        history.forget_others(clicks)
        if len(clicks) not in history.predictions:
            ends = _answered_prefixes(clicks)
            before = max((number for number in ends[:-1] if number in history.starts), default=0)
            for number in ends:
                if number > before:
                    start = history.starts.get(before)
                    history.add(clicks[:number], *self._answer(clicks[:number], start, history.previous_mask))
                    before = number
        return history.predictions[len(clicks)]

    def _base(self, previous_mask: np.ndarray | None) -> PlacedMap:
        """Probabilities to begin with."""
        if previous_mask is None:
            return PlacedMap(torch.zeros(1, 1), self._picture, self._picture)
        return PlacedMap.of(torch.from_numpy(previous_mask.astype(np.float32)))

    @torch.inference_mode()
    def _answer(
        self, clicks: Sequence[Click], start: _Start | None, previous_mask: np.ndarray | None
    ) -> tuple[Prediction, _Start]:
        """Answer the last of the clicks, from what those before it were answered or else the mask."""
        # copies, so that what is looked at of a map is forgotten with the click
        previous = replace(start.answer) if start else self._base(previous_mask)
        window = start.window if start else None
        known = start is not None or previous_mask is not None
        forwards = 0
        windows: list[Window | None] = []
        hints_of = cache(partial(self._hints, clicks))

        def look(previous: PlacedMap) -> tuple[PlacedMap, InnerPass]:
            nonlocal forwards
            forwards += 1
            inner = self._pass(previous, window, hints_of(window))
            return replace(inner.probabilities), inner

        def forward(previous: PlacedMap) -> tuple[PlacedMap, InnerPass]:
            nonlocal window, known
            window = self.zoom.next_window(window, previous if known else None, clicks, self._picture)
            known = True
            found, inner = look(previous)
            if window is None and self.zoom.small_object(found):
                window = self.zoom.next_window(window, found, clicks, self._picture)
                found, inner = look(previous)
            windows.append(window)
            return found, inner

        number = len(_answered_prefixes(clicks))  # clicks answered at once are one
        closes_up = self.cfr.closes_up(number, self.zoom.close_up)
        cfr = replace(self.cfr, steps=self.cfr.steps - 1) if closes_up else self.cfr
        passes, chosen = cfr.run(forward, previous, number, lambda inner: inner.agreement, _changed_pixels)
        found = _Start(passes[chosen].probabilities, windows[chosen])
        if closes_up:
            close = replace(self._close_up(found.answer, start, clicks), refined=chosen)
            found = _Start(close.probabilities, found.window, coarse=found.answer)
            passes, chosen, forwards = [*passes, close], len(passes), forwards + 1
        prediction = Prediction(tuple(passes), chosen, forwards, self.model.config.sharpness)
        return prediction, found

    def _close_up(self, coarse: PlacedMap, start: _Start | None, clicks: Sequence[Click]) -> InnerPass:
        """One more pass that sees the surroundings of the last click alone, and larger.

        What the close-ups before it found stays, except where the coarse answer has changed since.
        """
        answer = coarse.finer()
        if start and start.coarse:
            answer = answer.with_details(start.answer, start.coarse)
        # without the mirror image, which would take as long again and saves hardly a click
        window = answer.window.around(clicks[-1], CLOSE_UP)
        inner = self._pass(answer, window, self._hints(clicks, window)[:1])
        return InnerPass(answer.with_close_up(inner.probabilities), inner.agreement, window)

    def _pass(self, previous: PlacedMap, window: Window | None, hints: torch.Tensor) -> InnerPass:
        """One forward for a window and, with hints for it, its mirror image; the mask goes into the hints."""
        view, size, flip = window or self._picture, self._size(window), len(hints) > 1
        mask = previous.crop(view, size)
        hints[0, 0] = mask
        hints[1:, 0] = mask.flip(1)
        features = self._encode(view, size, flip)
        logits = self._run(self.model.decode_in_precision, features, hints)[:, 0].float().cpu()
        if not torch.isfinite(logits.sum()):
            raise AnswerError("The network's answer is not finite; its weights may be damaged.")
        agreement = _mask_iou(*logits) if flip else 1.0
        answer = 0.5 * (logits[0] + logits[1].flip(1)) if flip else logits[0]
        return InnerPass(PlacedMap(torch.sigmoid(answer), view, self._picture), agreement)

    def _hints(self, clicks: Sequence[Click], window: Window | None) -> torch.Tensor:
        """Room for the previous mask and the clicks' disks, of the window and of its mirror image."""
        view, size = window or self._picture, self._size(window)
        batch = [[to_window(click, view, size) for click in clicks]]
        if self.flip:
            batch.append([click.mirrored(size[1]) for click in batch[0]])
        return torch.cat([torch.empty(len(batch), 1, *size), disk_maps(batch, *size)], dim=1)

    def _size(self, window: Window | None) -> tuple[int, int]:
        """(height, width) at which the network sees a window, or the picture as it is."""
        return self.zoom.input_size(window) if window else (self._picture.height, self._picture.width)

    def _encode(self, view: Window, size: tuple[int, int], flip: bool) -> Features:
        """The picture's features for a window; computed once, then kept."""
        key = (view, size, flip)
        if key not in self._features:
            image = crop_picture(self._image, view, size)
            if flip:
                image = torch.cat([image, image.flip(3)])
            self._features[key] = self._run(self.model.encode, image)
            if len(self._features) > WINDOWS_KEPT:
                oldest = next(iter(self._features))
                del self._features[next((k for k in self._features if k[0] != self._picture), oldest)]
        self._features.move_to_end(key)
        return self._features[key]

    def _run(self, function, *inputs):
        """Call a half of the network on its device."""
        device = next(self.model.parameters()).device
        return function(*(x.to(device) if isinstance(x, torch.Tensor) else x for x in inputs))


@dataclass(frozen=True)
class _Start:
    """What the next click starts from."""

    answer: PlacedMap
    window: Window | None
    coarse: PlacedMap | None = None
    """The answer without close-ups; None where it had none."""


@dataclass
class _History:
    """Answers to prefixes of a list of clicks, under one set of settings, by their number of clicks.

    Of the last ANSWERS_KEPT prefixes all is there, of those before only what a click starts from,
    and that of every ANSWERS_KEPT-th alone.
    """

    settings: tuple | None = None
    previous_mask: np.ndarray | None = None
    clicks: list[Click] = field(default_factory=list)
    predictions: dict[int, Prediction] = field(default_factory=dict)
    starts: dict[int, _Start] = field(default_factory=dict)

    def continues(self, settings: tuple, previous_mask: np.ndarray | None) -> bool:
        if self.settings != settings or (previous_mask is None) != (self.previous_mask is None):
            return False
        return previous_mask is self.previous_mask or np.array_equal(previous_mask, self.previous_mask)

    def forget_others(self, clicks: Sequence[Click]) -> None:
        """Keep only answers to prefixes of these clicks."""
        known = _common_prefix(self.clicks, clicks)
        del self.clicks[known:]
        for answers in (self.predictions, self.starts):
            for number in [number for number in answers if number > known]:
                del answers[number]

    def add(self, clicks: Sequence[Click], prediction: Prediction, start: _Start) -> None:
        """Take the answer to a prefix, and let go of what is old."""
        number = len(clicks)
        self.clicks = list(clicks)
        self.predictions[number], self.starts[number] = prediction, start
        for old in [kept for kept in self.starts if kept <= number - ANSWERS_KEPT]:
            self.predictions.pop(old, None)
            if old % ANSWERS_KEPT:
                del self.starts[old]


def _changed_pixels(before: PlacedMap, after: PlacedMap) -> tuple[int, int]:
    """As `changed_pixels`, of a large picture the network's pixels; all change where the window moved."""
    one, other = before.looked_at, after.looked_at
    if one.window != other.window or one.values.shape != other.values.shape:
        return other.values.numel(), 0
    return changed_pixels(one.values, other.values)


def _mask_iou(logits: torch.Tensor, mirrored: torch.Tensor) -> float:
    """IoU of the masks of two maps (h, w), the second of the mirror image; 0 where both are empty."""
    one, other = logits.numpy() > THRESHOLD_LOGIT, mirrored.numpy()[:, ::-1] > THRESHOLD_LOGIT
    return np.count_nonzero(one & other) / max(1, np.count_nonzero(one | other))


def _answered_prefixes(clicks: Sequence[Click]) -> list[int]:
    """How many of the first clicks are answered before the next ones are looked at; all in the end."""
    inside = (a.hint and b.hint for a, b in pairwise(clicks))
    return [number for number, within in enumerate(inside, 1) if not within] + [len(clicks)]


def _common_prefix(old: Sequence[Click], new: Sequence[Click]) -> int:
    for index, (a, b) in enumerate(zip(old, new, strict=False)):
        if a != b:
            return index
    return min(len(old), len(new))
