"""One click after another on a picture: each starts from the state that the earlier ones reached.

The outer loop of Cascade-Forward Refinement; `inner_loop.py` refines between two clicks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from cfr_icl.box import box_clicks
from cfr_icl.cfr import MASK_THRESHOLD, CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig, blend, carry_over_details
from cfr_icl.encoded_picture import EncodedPicture
from cfr_icl.inner_loop import CascadeState, InnerLoop
from cfr_icl.models.base import Cues, InteractiveModel
from cfr_icl.models.steps import in_steps
from cfr_icl.prediction import InnerPass, Prediction
from cfr_icl.predictor import PredictionCache, PredictionKey
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window


class OuterLoop:
    """The predictions on one picture: the passes of CFR for each click, then its close-up.

    Args:
        model, flip, close_up: as of `Segmenter`.
        picture: the picture, with the model or, of a learnt one, the network for this picture.
        cache: holds predictions and the states from which later clicks go on.
    """

    def __init__(
        self,
        model: InteractiveModel,
        picture: EncodedPicture,
        cache: PredictionCache[CascadeState],
        *,
        flip: bool,
        close_up: CloseUpConfig | None,
    ) -> None:
        self._model = model
        self._picture = picture
        self._cache = cache
        self._flip = flip
        self._close_up = close_up

    def run(self, key: PredictionKey, previous_mask: np.ndarray | None) -> Prediction:
        """Predict the clicks batch by batch, starting after the last batch whose state is cached."""
        parts = [key.of_first_clicks(end) for end in _batch_ends(key.clicks)]
        states = [self._cache.state(part) for part in parts[:-1]]
        cached = max((number for number, state in enumerate(states, 1) if state), default=0)
        state = states[cached - 1] if cached else None
        for number, part in enumerate(parts[cached:], cached + 1):
            prediction, state = self.step(part, number, state, previous_mask)
            self._cache.add(part, prediction, state)
        return prediction

    def predict_expected(self, key: PredictionKey, previous_mask: np.ndarray | None) -> Iterator[None]:
        """Predict a first click for the cache, step by step, before it is made."""
        predict = partial(self.step, key, 1, None, previous_mask)
        self._cache.add_expected(key, *(yield from in_steps(predict)))

    @torch.inference_mode()
    def step(
        self, part: PredictionKey, number: int, state: CascadeState | None, previous_mask: np.ndarray | None
    ) -> tuple[Prediction, CascadeState]:
        """Predict the last batch of clicks, the `number`-th from 1, from the state after the earlier ones."""
        cfr, cues = part.cfr, self._cues(part, state)
        close_up = self._close_up if self._close_up and self._close_up.applies(number, cfr) else None
        if close_up:
            cfr = replace(cfr, steps=cfr.steps - 1)
        has_mask = state is not None or previous_mask is not None
        offers = len(part.clicks) == 1 and not has_mask
        choice = part.choice if offers and part.choice in range(self._model.choices) else None
        flip = self._flip
        if choice is not None and (choice or self._model.takes_coordinates):
            # more refinements might lead to another of the masks; further masks have no mirror image
            cfr = replace(cfr, steps=self._model.choice_refinements, cf_clicks=None, best_pass=False)
            flip = False
        # a copy, so that pixels cached in the map are freed after the click
        start = replace(state.probabilities) if state else self.initial_map(previous_mask)
        window = state.zoom_window if state else None
        loop = InnerLoop(self._picture, cues, window, cfr, flip=flip, has_mask=has_mask, choice=choice)
        passes, chosen = loop.run(start, number)
        reached = CascadeState(passes[chosen].probabilities, passes[chosen].zoom_window)
        if close_up:
            coarse = reached.probabilities
            closer = self._close_up_pass(close_up, coarse, state, cues, cfr)
            rated = passes[chosen].predicted_iou
            passes.append(
                replace(closer, zoom_window=reached.zoom_window, refined=chosen, predicted_iou=rated)
            )
            chosen = len(passes) - 1
            reached = replace(reached, probabilities=closer.probabilities, without_close_ups=coarse)
        forwards = loop.forwards + bool(close_up)
        prediction = Prediction(tuple(passes), chosen, forwards, self._model.config.inverse_temperature)
        return prediction, reached

    def _cues(self, part: PredictionKey, state: CascadeState | None) -> Cues:
        if part.box is None:
            return Cues(part.clicks)
        count, middle = len(box_clicks(part.box, self._picture.full_window.size)), part.clicks[0]
        complete = self._model.takes_boxes and len(part.clicks) >= count
        if complete and not (state and _holds(state.probabilities, middle)):
            return Cues(part.clicks[1:], part.box, count - 1)  # the object may not be in the box's middle
        return Cues(part.clicks, part.box, count)

    def _close_up_pass(
        self,
        close_up: CloseUpConfig,
        coarse: ProbabilityMap,
        state: CascadeState | None,
        cues: Cues,
        cfr: CascadeForward,
    ) -> InnerPass:
        """Run one pass over the surroundings of the newest click, and blend it into the coarse map."""
        prediction = coarse.finer()
        if state and state.without_close_ups:
            prediction = carry_over_details(prediction, state.probabilities, state.without_close_ups)
        window = close_up.window(prediction.window, cues.clicks[-1])
        # no mirror image here: it would double the time and saves hardly a click
        prompt = self._picture.prompt(cues, window, flip=False)
        closer = self._picture.run_pass(prediction, window, prompt, flip=False, cfr=cfr)
        return replace(closer, probabilities=blend(prediction, closer.probabilities), close_up=window)

    def initial_map(self, previous_mask: np.ndarray | None) -> ProbabilityMap:
        """The probabilities before any click: those of the previous mask, or zeros."""
        picture = self._picture.full_window
        exact = self._picture.zoom.is_exact(picture)
        if previous_mask is None:
            return ProbabilityMap(torch.zeros(1, 1), picture, picture, exact)
        return ProbabilityMap.of_picture(torch.from_numpy(previous_mask.astype(np.float32)), exact)


def _holds(probabilities: ProbabilityMap, click: Click) -> bool:
    """Whether the mask holds the pixel of a click."""
    x, y = int(click.x), int(click.y)
    return float(probabilities.crop(Window(x, y, x + 1, y + 1), (1, 1))) > MASK_THRESHOLD


def _batch_ends(clicks: Sequence[Click]) -> list[int]:
    """The number of clicks up to the end of each batch; a click that is not batched is a batch by itself."""
    inside = (a.batched and b.batched for a, b in pairwise(clicks))
    return [number for number, within in enumerate(inside, 1) if not within] + [len(clicks)]
