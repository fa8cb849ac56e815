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
from cfr_icl.specks import without_specks
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
        """Predict one batch of clicks: coarse pass and refinements, then the close-up.

        Args:
            part: the clicks up to the end of this batch, and all else that the prediction depends on.
            number: number of this batch, counted from 1.
            state: the state after the batch before; None for the first.
            previous_mask: as for `Segmenter.predict`.

        Returns:
            The prediction, and the state that the next batch starts from.
        """
        has_mask = state is not None or previous_mask is not None
        choice = None if has_mask else self._choice(part)
        close_up = self._close_up if self._close_up and self._close_up.applies(number, part.cfr) else None
        cfr, flip = self._loop_settings(part.cfr, choice, close_up)
        cues = self._cues(part, state)
        start = state.probabilities.uncached() if state else self.initial_map(previous_mask)
        window = state.zoom_window if state else None
        loop = InnerLoop(self._picture, cues, window, cfr, flip=flip, has_mask=has_mask, choice=choice)
        passes, chosen = loop.run(start, number)
        forwards, result = loop.forwards, passes[chosen]
        if close_up:
            closer = self._close_up_pass(close_up, result, state, cues, cfr)
            passes.append(replace(closer, refined=chosen))
            forwards, chosen = forwards + 1, len(passes) - 1
        probabilities = passes[chosen].probabilities
        without = result.probabilities if close_up else None
        reached = CascadeState(probabilities, result.zoom_window, without)
        if part.cfr.remove_specks and part.cfr.refinements(number):
            # from the answer alone: what the next click begins may be a speck now
            passes[chosen] = replace(passes[chosen], probabilities=without_specks(probabilities, part.clicks))
        prediction = Prediction(tuple(passes), chosen, forwards, self._model.config.inverse_temperature)
        return prediction, reached

    def _choice(self, part: PredictionKey) -> int | None:
        """The mask to start from, of those that the network offers for one click alone; None for the best."""
        is_offered = len(part.clicks) == 1 and part.choice in range(self._model.choices)
        return part.choice if is_offered else None

    def _loop_settings(
        self, cfr: CascadeForward, choice: int | None, close_up: CloseUpConfig | None
    ) -> tuple[CascadeForward, bool]:
        """The settings of the inner loop, and whether its coarse pass sees the mirror image."""
        if choice or (choice is not None and self._model.takes_coordinates):
            # more refinements might lead to another of the masks; further masks have no mirror image
            steps = self._model.choice_refinements
            return replace(cfr, steps=steps, cf_clicks=None, best_pass=False), False
        if close_up:
            cfr = replace(cfr, steps=cfr.steps - 1)  # the close-up is the last of them
        return cfr, self._flip

    def _cues(self, part: PredictionKey, state: CascadeState | None) -> Cues:
        """The clicks and the box.

        A network that takes boxes does not get the click in the box's middle, unless the mask holds it.
        """
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
        refined: InnerPass,
        state: CascadeState | None,
        cues: Cues,
        cfr: CascadeForward,
    ) -> InnerPass:
        """Run one pass over the surroundings of the newest click, blended into the map of `refined`."""
        prediction = refined.probabilities.finer()
        if state and state.without_close_ups:
            prediction = carry_over_details(prediction, state.probabilities, state.without_close_ups)
        window = close_up.window(prediction.window, cues.clicks[-1])
        # no mirror image here: it would double the time and saves hardly a click
        prompt = self._picture.prompt(cues, window, flip=False)
        closer = self._picture.run_pass(prediction, window, prompt, flip=False, cfr=cfr)
        return replace(
            closer,
            probabilities=blend(prediction, closer.probabilities),
            zoom_window=refined.zoom_window,
            close_up=window,
            predicted_iou=refined.predicted_iou,
        )

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
