"""From a picture and clicks to a mask: one picture at a time, cached predictions, and computing ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike

from cfr_icl.arguments import (
    check_choice,
    check_prompts,
    checked_box,
    checked_clicks,
    checked_picture,
    with_box,
)
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.encoded_picture import EncodedPicture
from cfr_icl.inner_loop import CascadeState
from cfr_icl.models.base import Cues, InteractiveModel
from cfr_icl.outer_loop import OuterLoop
from cfr_icl.prediction import Prediction
from cfr_icl.predictor import PredictionCache, PredictionKey
from cfr_icl.rectangle import Rectangle
from cfr_icl.sentences import Refusal
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig


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

    Raises:
        TypeError: for a source of weights in place of a network.
    """

    def __init__(
        self,
        model: InteractiveModel,
        *,
        flip: bool = True,
        zoom: ZoomConfig | None = None,
        close_up: CloseUpConfig | None = None,
    ) -> None:
        if isinstance(model, str | Path):
            raise TypeError(f"A segmenter takes a network: Segmenter(load_model({str(model)!r})).")
        self.model = model
        self.flip = flip and model.mirrors
        self.zoom = zoom or model.config.zoom
        self.close_up = close_up or model.config.close_up
        self._current: _CurrentPicture | None = None
        self._expected: EncodedPicture | None = None

    def _require_picture(self) -> _CurrentPicture:
        """The picture and its predictions; raises RuntimeError when none was set."""
        if self._current is None:
            raise RuntimeError("Set a picture with set_image before predicting.")
        return self._current

    @property
    def is_of_kind(self) -> bool | None:
        """Whether the picture is of the kind that the model learnt; None before that is known.

        It is known from the first window on, and of learnt models alone.
        """
        current = self._current
        return current.picture.is_of_kind if current else None

    def set_image(self, picture: ArrayLike) -> None:
        """Set the picture and drop everything cached for the one before.

        Args:
            picture: uint8 (H, W, 3) RGB, as an array or an RGB image of Pillow; it must not change while it
                is set.

        Raises:
            ValueError: for an array of another shape or type, and for one without pixels.
        """
        picture = checked_picture(picture)
        expected, self._expected = self._expected, None
        if expected and (picture is expected.pixels or np.array_equal(picture, expected.pixels)):
            encoded = expected
        else:
            encoded = EncodedPicture(self.model, self.zoom, picture)
        cache: PredictionCache[CascadeState] = PredictionCache()
        loop = OuterLoop(self.model, encoded, cache, flip=self.flip, close_up=self.close_up)
        self._current = _CurrentPicture(encoded, cache, loop)

    def expect(self, picture: np.ndarray | None) -> None:
        """Name the picture that is probably set next, which `look_ahead` encodes last; None to forget it.

        Args:
            picture: as for `set_image`.
        """
        if picture is None or not self.model.encodes_ahead:
            self._expected = None
        elif self._expected is None or self._expected.pixels is not picture:
            expected = EncodedPicture(self.model, self.zoom, picture)
            expected.begin(self._first_window(expected), self.flip)
            self._expected = expected

    def expect_click(
        self,
        click: Click,
        previous_mask: np.ndarray | None = None,
        cfr: CascadeForward = CascadeForward(),
    ) -> None:
        """Name the first click that probably comes next, for `look_ahead` to predict it first.

        Only the last one counts. `predict` then returns its prediction without running the network.

        Args:
            click, previous_mask, cfr: as for `predict`.

        Raises:
            ValueError: as `predict`, such as for a click of the picture before, of another size.
        """
        current = self._require_picture()
        check_prompts(current.picture.full_window, [click], previous_mask)
        current.expected_click = current.cache.key((click,), previous_mask, cfr), previous_mask

    def _first_window(self, picture: EncodedPicture) -> Window | None:
        """The window of the first click on every object, which shows the whole picture."""
        return self.zoom.next_window(None, None, [], picture.full_window)

    @torch.inference_mode()
    def prepare(self) -> None:
        """Compute the features of the whole picture, which the first click on every object needs.

        Raises:
            RuntimeError: when no picture was set.
        """
        picture = self._require_picture().picture
        picture.encode(self._first_window(picture), self.flip)

    def look_ahead(self) -> Iterator[None]:
        """Compute ahead, step by step, in the order in which it will probably be needed.

        First the prediction of the expected click, until another one is expected or any is predicted; then
        the features of the window around the predicted object, which the next click on the last object needs,
        and of its mirror image; then those of the expected picture. A step is at most one pass, or one run of
        the encoder without its mirror image, or a part of it for networks whose encoder takes seconds. Steps
        for the expected picture are kept when the iterator is dropped. No mask depends on how many are taken.
        """
        current, expected = self._require_picture(), self._expected  # read once: a thread may set the next
        picture = current.picture
        if click := current.expected_click:
            for _ in current.loop.predict_expected(*click):
                yield
                if current.expected_click is not click or self._current is not current:
                    return
            if current.expected_click is click:  # else another one came during the last step
                current.expected_click = None
        last = current.last
        state = current.cache.state(last) if last else None
        if last is not None and state is not None:
            start = state.probabilities.uncached()
            window = self.zoom.next_window(state.zoom_window, start, last.clicks, picture.full_window)
            yield from picture.encode_in_steps(window, self.flip)
        if expected:
            yield from expected.take_steps()

    @torch.inference_mode()
    def preview(
        self, click: Click, previous_mask: np.ndarray | None = None, with_choices: bool = False
    ) -> Prediction | None:
        """The coarse pass for a first click, without mirror image; it encodes and caches nothing.

        Args:
            previous_mask: as for `predict`.
            with_choices: also compute the masks that the network offers (`Prediction.choices`).

        Returns:
            A prediction of one pass, or None if the features of its window are not there already.

        Raises:
            As `predict`.
        """
        current = self._require_picture()
        picture = current.picture
        check_prompts(picture.full_window, [click], previous_mask)
        start = current.loop.initial_map(previous_mask)
        around = None if previous_mask is None else start
        window = self.zoom.next_window(None, around, [click], picture.full_window)
        if not picture.is_encoded(window):
            return None
        prompt = picture.prompt(Cues((click,)), window, flip=False)
        coarse = picture.run_pass(start, window, prompt, flip=False, with_choices=with_choices)
        return Prediction((coarse,), 0, 1, self.model.config.inverse_temperature)

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
            clicks: in picture pixels, in the order in which they were made; without any, the mask is the
                previous mask. Negative ones alone correct a box or a previous mask, not an empty one.
            previous_mask: bools or probabilities 0 to 1, (H, W), that the first click refines; None for an
                empty mask.
            box: a box around the object, in place of a previous mask; what lies outside the picture is cut
                off. A click in its middle and one beyond each side (`box_clicks`), batched, and an ellipse as
                previous mask (`box_guess`) are added here, unless the caller gives all of them with the box.
                Networks of SAM's family get the box in place of these; a network with weights for boxes
                (`InteractiveModel.takes_boxes`) answers the box alone with them; others ignore it.
            choice: index of the mask to start from among those that the network offers for a first click
                without box and previous mask (`Prediction.choices`); None for the one that it takes itself.
                Ignored by networks that offer none.
            cfr: the CFR settings of every click.

        Raises:
            ValueError: for a click or a box outside the picture, negative clicks alone without box and
                previous mask, a box without pixels, a box with a previous mask of its own, a previous mask
                of another size, of whole numbers or of values beyond 0 to 1, and a choice that is not
                offered.
            TypeError: for an argument of another type, such as a tuple in place of a `Click`.
            RuntimeError: when no picture was set.
            PredictionError: when the network's output is not finite.
        """
        current = self._require_picture()
        whole, clicks = current.picture.full_window, checked_clicks(clicks)
        if not isinstance(cfr, CascadeForward):
            raise TypeError(f"CFR settings are CascadeForward(steps=4), not {cfr!r:.60}.")
        previous_mask = None if previous_mask is None else np.asarray(previous_mask)
        if box is not None:
            box = checked_box(box, whole)
            if previous_mask is None:
                clicks, previous_mask = with_box(box, clicks, whole.size)
            elif not (clicks and clicks[0].batched):  # those of `box_clicks` are
                raise Refusal("Give a box or a previous mask, not both.")
        check_prompts(whole, clicks, previous_mask)
        check_choice(choice, self.model.choices)
        if not clicks:
            return Prediction((), 0, 0, initial=current.loop.initial_map(previous_mask))
        key = current.cache.key(clicks, previous_mask, cfr, box, choice)
        prediction = current.cache.prediction(key)
        current.last = key
        current.expected_click = None
        return prediction or current.loop.run(key, previous_mask)


@dataclass(eq=False)
class _CurrentPicture:
    """A picture with all that was predicted on it, exchanged as one while another thread computes ahead."""

    picture: EncodedPicture
    cache: PredictionCache[CascadeState]
    loop: OuterLoop
    last: PredictionKey | None = None
    """The newest prediction that was asked for."""
    expected_click: tuple[PredictionKey, np.ndarray | None] | None = None
    """A first click that probably comes next, and the mask before it."""
