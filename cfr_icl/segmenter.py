"""From a picture and clicks to a mask: zoom-in, flip and CFR around a network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
import torch

from cfr_icl.cfr import THRESHOLD_LOGIT, CascadeForward, changed_pixels
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.models.base import Features, InteractiveModel
from cfr_icl.prediction import InnerPass, Prediction
from cfr_icl.predictor import PredictionCache, Question
from cfr_icl.zoom import CLOSE_UP, PlacedMap, Window, ZoomConfig, crop_picture, to_window

WINDOWS_KEPT = 4
"""Views whose features are kept: the whole picture, with which each object begins, and the last windows."""


class AnswerError(RuntimeError):
    """An answer of the network that cannot be used."""


class Segmenter:
    """Answers clicks on one picture at a time with a network of this process.

    A prediction depends on picture, clicks in their order, previous mask and CFR settings alone, not on
    what was asked before. One more click costs one click; clicks that were answered lately, on this object
    or on another one, cost nothing (see `PredictionCache`). Segmenters may share a network: they only
    read it.

    Args:
        model: the network, as `load_model` gives it.
        flip: also show the network the mirror image and average the two answers.
        zoom: the zoom-in; None for the one in the model's configuration.
    """

    def __init__(self, model: InteractiveModel, *, flip: bool = True, zoom: ZoomConfig | None = None) -> None:
        self.model = model
        self.flip = flip
        self.zoom = zoom or model.config.zoom
        self._image: np.ndarray | None = None

    def set_image(self, picture: np.ndarray) -> None:
        """Take a picture and forget the one before.

        Args:
            picture: uint8 (H, W, 3) RGB; it must not change while it is set.

        Raises:
            ValueError: for an array of another shape or type.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f"A picture is uint8 (height, width, 3), not {picture.dtype} {tuple(picture.shape)}."
            )
        self._image = picture
        self._picture = Window.of_size(*picture.shape[:2])
        self._features: OrderedDict[tuple, Features] = OrderedDict()
        self._cache: PredictionCache[_Start] = PredictionCache()

    @torch.inference_mode()
    def prepare(self) -> None:
        """Compute the features of the whole picture, with which the first click on every object begins.

        Raises:
            RuntimeError: when no picture was set.
        """
        if self._image is None:
            raise RuntimeError("Set a picture with set_image before preparing its answers.")
        window = self.zoom.next_window(None, None, [], self._picture)
        self._encode(self._picture, self._size(window), self.flip)

    def predict(
        self,
        clicks: Sequence[Click],
        *,
        previous_mask: np.ndarray | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> Prediction:
        """Answer clicks with a mask.

        Args:
            clicks: in picture pixels and in the order in which they were made.
            previous_mask: bools or probabilities (H, W) that the first click refines; None for an empty mask.
            cfr: how each click is refined.

        Raises:
            ValueError: for a click outside the picture or a previous mask of another size.
            RuntimeError: when no picture was set.
            AnswerError: when the network's output is not finite.
        """
        if self._image is None:
            raise RuntimeError("Set a picture with set_image before predicting.")
        for click in clicks:
            click.check_inside(self._picture.width, self._picture.height)
        if previous_mask is not None and previous_mask.shape != self._picture.size:
            height, width = previous_mask.shape[:2]
            raise ValueError(
                f"The previous mask is {width} x {height} pixels, "
                f"the picture {self._picture.width} x {self._picture.height}; they must be equal."
            )
        if not clicks:
            return Prediction((), 0, 0, _base=self._base(previous_mask))
        question = self._cache.question(clicks, previous_mask, cfr)
        prediction = self._cache.prediction(question)
        return prediction or self._predict_batches(question, previous_mask)

    def _predict_batches(self, question: Question, previous_mask: np.ndarray | None) -> Prediction:
        """Answer the clicks batch by batch, from the longest beginning on that was answered before."""
        parts = [question.first(end) for end in _batch_ends(question.clicks)]
        states = [self._cache.state(part) for part in parts[:-1]]
        known = max((number for number, state in enumerate(states, 1) if state), default=0)
        state = states[known - 1] if known else None
        for part in parts[known:]:
            prediction, state = self._answer(part.clicks, state, previous_mask, part.cfr)
            self._cache.add(part, prediction, state)
        return prediction

    def _base(self, previous_mask: np.ndarray | None) -> PlacedMap:
        """Probabilities before any click."""
        if previous_mask is None:
            return PlacedMap(torch.zeros(1, 1), self._picture, self._picture)
        return PlacedMap.of(torch.from_numpy(previous_mask.astype(np.float32)))

    @torch.inference_mode()
    def _answer(
        self,
        clicks: Sequence[Click],
        start: _Start | None,
        previous_mask: np.ndarray | None,
        cfr: CascadeForward,
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

        number = len(_batch_ends(clicks))
        closes_up = cfr.close_ups and 0 < self.zoom.close_up <= number and cfr.refinements(number) > 0
        cfr = replace(cfr, steps=cfr.steps - 1) if closes_up else cfr
        passes, chosen = cfr.run(forward, previous, number, lambda inner: inner.agreement, _changed_pixels)
        found = _Start(passes[chosen].probabilities, windows[chosen])
        if closes_up:
            close = replace(self._close_up(found.answer, start, clicks), refined=chosen)
            found = _Start(close.probabilities, found.window, coarse=found.answer)
            passes, chosen, forwards = [*passes, close], len(passes), forwards + 1
        prediction = Prediction(tuple(passes), chosen, forwards, self.model.config.inverse_temperature)
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

    def _pass(self, previous: PlacedMap, window: Window | None, prompt_maps: torch.Tensor) -> InnerPass:
        """One forward for a window and, with hints for it, its mirror image; the mask goes into the hints."""
        view, size, flip = window or self._picture, self._size(window), len(prompt_maps) > 1
        mask = previous.crop(view, size)
        prompt_maps[0, 0] = mask
        prompt_maps[1:, 0] = mask.flip(1)
        features = self._encode(view, size, flip)
        logits = self._run(self.model.decode_in_precision, features, prompt_maps)[:, 0].float().cpu()
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


def _batch_ends(clicks: Sequence[Click]) -> list[int]:
    """For each batch, how many clicks there are up to its end; a click that is not batched is its own."""
    inside = (a.batched and b.batched for a, b in pairwise(clicks))
    return [number for number, within in enumerate(inside, 1) if not within] + [len(clicks)]
