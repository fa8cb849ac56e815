"""From a picture and clicks to a mask: zoom-in, flip and Cascade-Forward Refinement around a network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from cfr_icl.box import box_clicks
from cfr_icl.cfr import CascadeForward, changed_pixels
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig, blend, carry_over_details
from cfr_icl.models.base import Cues, Features, InteractiveModel, PredictionError
from cfr_icl.prediction import InnerPass, Prediction
from cfr_icl.predictor import PredictionCache, PredictionKey
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window, ZoomConfig

__all__ = ["CascadeState", "PredictionError", "Segmenter"]

WINDOWS_KEPT = 4
"""Number of windows whose features are cached: the whole picture, where every object starts, and the last."""


class Segmenter:
    """Predicts masks from clicks on one picture at a time, with a network in this process.

    A prediction depends only on picture, clicks in their order, previous mask and CFR settings, not on
    earlier calls. Each further click computes only itself; recent predictions, for this object or another
    one, come from a cache (`PredictionCache`). Segmenters may share a network: they do not change it.

    Args:
        model: the network, as returned by `load_model`.
        flip: also run the network on the mirror image and average the two outputs; no effect on networks
            that are not made for it (`InteractiveModel.mirrors`).
        zoom: the zoom-in; None for the one in the model's configuration.
        close_up: the close-ups; None for those in the model's configuration, which may have none.
    """

    def __init__(
        self,
        model: InteractiveModel,
        *,
        flip: bool = True,
        zoom: ZoomConfig | None = None,
        close_up: CloseUpConfig | None = None,
    ) -> None:
        self.model = model
        self.flip = flip and model.mirrors
        self.zoom = zoom or model.config.zoom
        self.close_up = close_up or model.config.close_up
        self._image: np.ndarray | None = None

    def set_image(self, picture: np.ndarray) -> None:
        """Set the picture and drop everything cached for the one before.

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
        self._features: OrderedDict[tuple, tuple[bool, Features]] = OrderedDict()
        self._cache: PredictionCache[CascadeState] = PredictionCache()
        self._last: PredictionKey | None = None

    @torch.inference_mode()
    def prepare(self) -> None:
        """Compute the features of the whole picture, which the first click on every object needs.

        Raises:
            RuntimeError: when no picture was set.
        """
        if self._image is None:
            raise RuntimeError("Set a picture with set_image before calling prepare.")
        window = self.zoom.next_window(None, None, [], self._picture)
        self._encode(self._picture, self._input_size(window), self.flip)

    def look_ahead(self) -> Iterator[None]:
        """Compute, step by step, the features that the next click on the last object will probably need.

        They are those of the window around the predicted object, and of its mirror image. No mask depends on
        how many of the steps are taken.
        """
        state = self._cache.state(self._last) if self._last else None
        if self._last is None or state is None:
            return
        start = replace(state.probabilities)  # a copy, as in _predict_batch
        window = self.zoom.next_window(state.zoom_window, start, self._last.clicks, self._picture)
        for flip in (False, True) if self.flip else (False,):
            with torch.inference_mode():
                self._encode(window or self._picture, self._input_size(window), flip)
            yield

    def predict(
        self,
        clicks: Sequence[Click],
        *,
        previous_mask: np.ndarray | None = None,
        box: Rectangle | None = None,
        choice: int | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> Prediction:
        """Predict the mask for clicks.

        Args:
            clicks: in picture pixels, in the order in which they were made.
            previous_mask: bools or probabilities (H, W) that the first click refines; None for an empty mask.
            box: the box from which the first clicks (`box_clicks`) and the previous mask (`box_guess`) were
                made. Networks that take boxes get the box in place of these; others ignore it.
            choice: index of the mask to start from among those that the network offers for the first click
                (`Prediction.choices`); None for the best. Ignored by networks that offer none.
            cfr: the CFR settings of every click.

        Raises:
            ValueError: for a click outside the picture or a previous mask of another size.
            RuntimeError: when no picture was set.
            PredictionError: when the network's output is not finite.
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
            return Prediction((), 0, 0, initial=self._initial_map(previous_mask))
        key = self._cache.key(clicks, previous_mask, cfr, box, choice)
        prediction = self._cache.prediction(key)
        self._last = key
        return prediction or self._predict_batches(key, previous_mask)

    def _predict_batches(self, key: PredictionKey, previous_mask: np.ndarray | None) -> Prediction:
        """Predict the clicks batch by batch, starting after the last batch whose state is cached."""
        parts = [key.first(end) for end in _batch_ends(key.clicks)]
        states = [self._cache.state(part) for part in parts[:-1]]
        cached = max((number for number, state in enumerate(states, 1) if state), default=0)
        state = states[cached - 1] if cached else None
        for number, part in enumerate(parts[cached:], cached + 1):
            prediction, state = self._predict_batch(part, number, state, previous_mask)
            self._cache.add(part, prediction, state)
        return prediction

    @torch.inference_mode()
    def _predict_batch(
        self, part: PredictionKey, number: int, state: CascadeState | None, previous_mask: np.ndarray | None
    ) -> tuple[Prediction, CascadeState]:
        """Predict the last batch of clicks, the `number`-th from 1, from the state after the earlier ones."""
        cfr, cues = part.cfr, self._cues(part)
        close_up = self.close_up if self.close_up and self.close_up.applies(number, cfr) else None
        if close_up:
            cfr = replace(cfr, steps=cfr.steps - 1)
        has_mask = state is not None or previous_mask is not None
        choice = part.choice
        if choice is None or choice >= self.model.choices or len(part.clicks) > 1 or has_mask:
            choice = None
        else:
            cfr = replace(cfr, steps=0)  # a refinement might switch to another of the masks
        # a copy, so that pixels cached in the map are freed after the click
        start = replace(state.probabilities) if state else self._initial_map(previous_mask)
        loop = _InnerLoop(self, cues, state, cfr, has_mask=has_mask, choice=choice)
        passes, chosen = cfr.run(loop.forward, start, number, lambda each: each.agreement, _changed_pixels)
        reached = CascadeState(passes[chosen].probabilities, passes[chosen].zoom_window)
        if close_up:
            coarse = reached.probabilities
            closer = self._close_up_pass(close_up, coarse, state, cues)
            rated = passes[chosen].predicted_iou
            passes.append(
                replace(closer, zoom_window=reached.zoom_window, refined=chosen, predicted_iou=rated)
            )
            chosen = len(passes) - 1
            reached = replace(reached, probabilities=closer.probabilities, without_close_ups=coarse)
        forwards = loop.forwards + bool(close_up)
        prediction = Prediction(tuple(passes), chosen, forwards, self.model.config.inverse_temperature)
        return prediction, reached

    def _cues(self, part: PredictionKey) -> Cues:
        if part.box is None:
            return Cues(part.clicks)
        return Cues(part.clicks, part.box, len(box_clicks(part.box, self._picture.size)))

    def _close_up_pass(
        self,
        close_up: CloseUpConfig,
        coarse: ProbabilityMap,
        state: CascadeState | None,
        cues: Cues,
    ) -> InnerPass:
        """Run one pass over the surroundings of the newest click, and blend it into the coarse map."""
        prediction = coarse.finer()
        if state and state.without_close_ups:
            prediction = carry_over_details(prediction, state.probabilities, state.without_close_ups)
        window = close_up.window(prediction.window, cues.clicks[-1])
        # no mirror image here: it would double the time and saves hardly a click
        prompt = self.model.prompt(cues, window, self._input_size(window), flip=False)
        closer = self.run_pass(prediction, window, prompt, flip=False)
        return replace(closer, probabilities=blend(prediction, closer.probabilities), close_up=window)

    def _initial_map(self, previous_mask: np.ndarray | None) -> ProbabilityMap:
        """The probabilities before any click: those of the previous mask, or zeros."""
        exact = self.zoom.is_exact(self._picture)
        if previous_mask is None:
            return ProbabilityMap(torch.zeros(1, 1), self._picture, self._picture, exact)
        return ProbabilityMap.of_picture(torch.from_numpy(previous_mask.astype(np.float32)), exact)

    def prompt(self, cues: Cues, window: Window | None, flip: bool) -> Any:
        """The network's prompt from the cues, for a window; None for the unresized picture."""
        return self.model.prompt(cues, window or self._picture, self._input_size(window), flip)

    def run_pass(
        self,
        previous: ProbabilityMap,
        window: Window | None,
        prompt: Any,
        *,
        flip: bool,
        cfr: CascadeForward | None = None,
    ) -> InnerPass:
        """Run the network once for a window.

        Args:
            previous: probabilities that are fed back.
            window: None for the unresized picture.
            prompt: the network's prompt for the window and, with `flip`, its mirror image.
            cfr: the settings of a refinement; None in the coarse pass.
        """
        view = window or self._picture
        features = self._encode(view, self._input_size(window), flip)
        return replace(self.model.run_pass(features, prompt, previous, view, cfr), zoom_window=window)

    def _input_size(self, window: Window | None) -> tuple[int, int]:
        """(height, width) of the network's input for a window, or of the unresized picture."""
        return self.zoom.input_size(window) if window else self._picture.size

    def _encode(self, view: Window, size: tuple[int, int], flip: bool) -> Features:
        """The picture's features for a window and, with `flip`, its mirror image; cached."""
        cached, picture = self._features, self._image  # in this order: another thread may set a picture
        key = (view, size)
        mirrored, features = cached.get(key, (False, None))
        if features is None or (flip and not mirrored):
            assert picture is not None, "A picture is set before its windows are encoded."
            image = self.model.crop(picture, view, size)
            if features is None:
                features = self.model.encode(image.to(self.model.device))
            if flip:  # one after the other: whether the mirror image came later must not change a bit
                features = _joined(features, self.model.encode(image.flip(3).to(self.model.device)))
            mirrored = flip
            cached[key] = mirrored, features
            if len(cached) > WINDOWS_KEPT:
                oldest = next(iter(cached))
                del cached[next((k for k in cached if k[0] != self._picture), oldest)]
        cached.move_to_end(key)
        return _first(features) if mirrored and not flip else features


@dataclass(frozen=True)
class CascadeState:
    """The state that the next click starts from."""

    probabilities: ProbabilityMap
    zoom_window: Window | None
    without_close_ups: ProbabilityMap | None = None
    """The probabilities that the close-up refined; None without a close-up."""


class _InnerLoop:
    """The passes of one click: each places its window, then runs the network.

    Args:
        cfr: settings of the refinements.
        has_mask: whether the initial probabilities hold a mask around which the window can be placed.
        choice: index of the mask to take from those that the coarse pass offers; None for the best.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        cues: Cues,
        state: CascadeState | None,
        cfr: CascadeForward,
        *,
        has_mask: bool,
        choice: int | None = None,
    ) -> None:
        self.forwards = 0
        self._segmenter = segmenter
        self._cues = cues
        self._window = state.zoom_window if state else None
        self._cfr = cfr
        self._coarse: InnerPass | None = None
        """The coarse pass; None before it."""
        self._flip = segmenter.flip
        self._has_mask = has_mask
        self._choice = choice
        self._prompt = cache(partial(segmenter.prompt, cues))

    def forward(self, previous: ProbabilityMap) -> tuple[ProbabilityMap, InnerPass]:
        """Run one pass; the first one on the unresized picture is repeated zoomed in on a small object."""
        zoom = self._segmenter.zoom
        self._place_window(previous if self._has_mask else None, previous.picture)
        inner_pass = self._run(previous)
        probabilities = replace(inner_pass.probabilities)
        if self._window is None and zoom.small_object(probabilities):
            self._place_window(probabilities, previous.picture)
            inner_pass = self._run(previous)
            probabilities = replace(inner_pass.probabilities)
        if self._choice is not None and self._choice < len(inner_pass.choices):
            inner_pass = inner_pass.with_choice(self._choice)
            probabilities = replace(inner_pass.probabilities)
        self._has_mask = True
        if self._coarse is None:
            self._coarse = inner_pass
            self._flip = self._flip and self._cfr.needs_mirror(inner_pass.agreement)
        elif self._segmenter.flip and not self._flip:  # nothing else is known of it
            inner_pass = replace(inner_pass, agreement=self._coarse.agreement)
        return probabilities, inner_pass

    def _place_window(self, probabilities: ProbabilityMap | None, picture: Window) -> None:
        zoom = self._segmenter.zoom
        self._window = zoom.next_window(self._window, probabilities, self._cues.clicks, picture)

    def _run(self, previous: ProbabilityMap) -> InnerPass:
        self.forwards += 1
        prompt, cfr = self._prompt(self._window, self._flip), self._cfr if self._coarse else None
        return self._segmenter.run_pass(previous, self._window, prompt, flip=self._flip, cfr=cfr)


def _joined(features: Features, mirrored: Features) -> Features:
    """Features of a picture and of its mirror image, as of one batch."""
    if isinstance(features, torch.Tensor):
        return torch.cat([features, mirrored])
    return type(features)(_joined(*pair) for pair in zip(features, mirrored, strict=True))


def _first(features: Features) -> Features:
    """Features of the first picture of a batch."""
    if isinstance(features, torch.Tensor):
        return features[:1]
    return type(features)(_first(each) for each in features)


def _changed_pixels(before: ProbabilityMap, after: ProbabilityMap) -> tuple[int, int]:
    """`changed_pixels` of the decision maps; when the window moved, all pixels count as changed."""
    one, other = before.decision_map, after.decision_map
    if one.window != other.window or one.values.shape != other.values.shape:
        return other.values.numel(), 0
    return changed_pixels(one.values, other.values)


def _batch_ends(clicks: Sequence[Click]) -> list[int]:
    """The number of clicks up to the end of each batch; a click that is not batched is a batch by itself."""
    inside = (a.batched and b.batched for a, b in pairwise(clicks))
    return [number for number, within in enumerate(inside, 1) if not within] + [len(clicks)]
