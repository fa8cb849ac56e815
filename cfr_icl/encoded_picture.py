"""A picture as a network sees it: its windows, encoded once each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from cfr_icl.cfr import CascadeForward
from cfr_icl.models.base import Cues, Features, InteractiveModel, map_features
from cfr_icl.models.learnt import LearntModel
from cfr_icl.models.steps import in_steps, may_pause
from cfr_icl.prediction import InnerPass
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig

WINDOWS_KEPT = 4
"""Number of windows whose features are cached: the whole picture, where every object starts, and the last."""


class EncodedPicture:
    """Runs a network on windows of one picture, and caches their features.

    In all methods the window None stands for the unresized picture, and `flip` adds the mirror image.

    Args:
        model: the network; it is not changed.
        zoom: the zoom-in.
        pixels: uint8 (H, W, 3) RGB; they must not change.
    """

    def __init__(self, model: InteractiveModel, zoom: ZoomConfig, pixels: np.ndarray) -> None:
        self._model = model
        self.zoom = zoom
        self.full_window = Window.of_size(*pixels.shape[:2])
        self.pixels = pixels
        self._features: OrderedDict[tuple, tuple[bool, Features]] = OrderedDict()
        self._steps: Iterator[None] = iter(())

    @cached_property
    def model(self) -> InteractiveModel:
        """The network for this picture, found at the first window: of a learnt model it is one of two."""
        return self._model.for_picture(self.pixels)

    @property
    def is_of_kind(self) -> bool | None:
        """As `Segmenter.is_of_kind`."""
        if not isinstance(self._model, LearntModel) or "model" not in vars(self):
            return None
        return self.model is self._model.learnt

    def prompt(self, cues: Cues, window: Window | None, flip: bool) -> Any:
        """The network's prompt for a window, made from the cues."""
        return self.model.prompt(cues, window or self.full_window, self._input_size(window), flip)

    def run_pass(
        self,
        previous: ProbabilityMap,
        window: Window | None,
        prompt: Any,
        *,
        flip: bool,
        cfr: CascadeForward | None = None,
        with_choices: bool = True,
    ) -> InnerPass:
        """Run the network once on a window.

        Args:
            previous: probabilities that are fed back.
            prompt: the network's prompt for the window and, with `flip`, its mirror image.
            cfr: the settings of a refinement; None in the coarse pass.
            with_choices: whether choices are wanted.

        Raises:
            PredictionError: when the network's output is not finite.
        """
        may_pause()
        features = self.encode(window, flip)
        may_pause()
        view = window or self.full_window
        inner_pass = self.model.run_pass(features, prompt, previous, view, cfr, with_choices)
        return replace(inner_pass, zoom_window=window)

    def is_encoded(self, window: Window | None) -> bool:
        """Whether the features of a window are in the cache, perhaps without those of its mirror image."""
        return (window or self.full_window, self._input_size(window)) in self._features

    def encode_in_steps(self, window: Window | None, flip: bool) -> Iterator[None]:
        """Compute the features of a window step by step: the mirror image by itself, and more if it can be.

        Closing the iterator drops the step that was begun.
        """
        for both in (False, True) if flip else (False,):
            encode = torch.inference_mode()(partial(self._encode, window, both))
            if self.model.pauses:
                yield from in_steps(encode)
            else:
                encode()
            yield

    def begin(self, window: Window | None, flip: bool) -> None:
        """Make `take_steps` compute the features of a window that `encode` will be asked for."""
        self._steps = self.encode_in_steps(window, flip)

    def take_steps(self) -> Iterator[None]:
        """Continue the steps of `begin`; the next call, or `encode`, takes those that are left."""
        for _ in self._steps:  # not `yield from`, which would close it with this iterator
            yield

    def encode(self, window: Window | None, flip: bool) -> Features:
        """The features of a window; computed where they are not in the cache."""
        for _ in self._steps:
            pass
        return self._encode(window, flip)

    def _encode(self, window: Window | None, flip: bool) -> Features:
        view, size = window or self.full_window, self._input_size(window)
        key = view, size
        mirrored, features = self._features.get(key, (False, None))
        if features is None or (flip and not mirrored):
            image = self.model.crop(self.pixels, view, size)
            if features is None:
                features = self.model.encode(image.to(self.model.device))
            if flip:  # one after the other: whether the mirror image came later must not change a bit
                may_pause()
                mirror_image = self.model.encode(image.flip(3).to(self.model.device))
                features = map_features(lambda *both: torch.cat(both), features, mirror_image)
            mirrored = flip
            self._features[key] = mirrored, features
            if len(self._features) > WINDOWS_KEPT:
                oldest = next(iter(self._features))
                del self._features[next((k for k in self._features if k[0] != self.full_window), oldest)]
        self._features.move_to_end(key)
        return map_features(lambda both: both[:1], features) if mirrored and not flip else features

    def _input_size(self, window: Window | None) -> tuple[int, int]:
        """(height, width) of the network's input for a window."""
        return self.zoom.input_size(window) if window else self.full_window.size
