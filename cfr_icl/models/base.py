"""The contract between an interactive network and everything that uses it."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.prediction import InnerPass
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig

Features = Any
"""A network's encoding of a picture: a tensor or a tuple of tensors, batch first."""


def map_features(function: Callable[..., torch.Tensor], *features: Features) -> Features:
    """Apply a function to each tensor of features, or to those at the same place of several features."""
    if isinstance(features[0], torch.Tensor):
        return function(*features)
    parts = zip(*features, strict=True)
    return type(features[0])(map_features(function, *part) for part in parts)


@dataclass(frozen=True)
class ModelConfig:
    """The content of `config.json` beside the weights: everything needed to build and use the network.

    Attributes:
        architecture: a name in `cfr_icl.models.registry.ARCHITECTURES`.
        options: arguments of the network's class that replace those of the architecture.
        zoom: the zoom-in that the weights were trained for.
        close_up: the close-ups that the weights were trained for; None without close-ups.
        reduced_precision: data type for prediction, "float16" or "bfloat16", with which masks were measured
            to stay the same (benchmarks/precision.py); None for float32.
        inverse_temperature: factor, above 0, that calibrates the logits around the mask threshold
            (`cfr-icl calibrate`). Probabilities that are fed back to the network stay uncalibrated.

    Raises:
        ValueError: for a value out of its range.
    """

    architecture: str
    options: dict[str, Any] = field(default_factory=dict)
    zoom: ZoomConfig = field(default_factory=ZoomConfig)
    close_up: CloseUpConfig | None = None
    reduced_precision: str | None = None
    inverse_temperature: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.options, dict):
            raise ValueError(f"options must be an object, not {self.options!r:.40}.")
        if self.reduced_precision not in (None, "float16", "bfloat16"):
            raise ValueError(f"reduced_precision is float16 or bfloat16, not {self.reduced_precision!r:.40}.")
        if type(self.inverse_temperature) not in (int, float) or not 0 < self.inverse_temperature < math.inf:
            raise ValueError(f"inverse_temperature is above 0, not {self.inverse_temperature!r:.40}.")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Make the configuration from the content of a `config.json` of this or an older version.

        Raises:
            TypeError: for an unknown name or a value of another type.
            ValueError: for a value out of its range.
        """
        values = dict(values)
        zoom = dict(values.pop("zoom", {}))
        if "sharpness" in values:  # its name in older versions
            values["inverse_temperature"] = values.pop("sharpness")
        first_click = zoom.pop("close_up", 0)  # where older versions store the close-ups' first click
        close_up = values.pop("close_up", {"first_click": first_click} if first_click else None)
        return cls(
            **values, zoom=ZoomConfig(**zoom), close_up=CloseUpConfig(**close_up) if close_up else None
        )


@dataclass(frozen=True)
class Cues:
    """A person's input for one object, in picture pixels.

    Attributes:
        clicks: in the order in which they were made.
        box: a box around the object; None without one.
        box_clicks: number of the first clicks that replace the box, for networks that take no boxes.
    """

    clicks: Sequence[Click]
    box: Rectangle | None = None
    box_clicks: int = 0

    @property
    def is_box(self) -> bool:
        """Whether there is a box and no further click."""
        return self.box is not None and len(self.clicks) == self.box_clicks


class InteractiveModel(nn.Module, ABC):
    """A network that predicts a mask from clicks on a picture.

    The segmenter calls `crop` and `encode` once for each window of a picture, `prompt` once for each click in
    a window, and `run_pass` for each pass. Networks that take clicks as maps are a `MapModel`, those that
    take coordinates a `PromptableModel`.
    """

    config: ModelConfig
    mirrors: bool = True
    """Whether the outputs for a picture and its mirror image may be averaged (`Segmenter.flip`)."""
    takes_coordinates: bool = False
    """Whether the network takes clicks and boxes as coordinates instead of maps."""
    choices: int = 0
    """Number of alternative masks that it offers for a single click; 0 for networks that give one mask."""
    choice_refinements: int = 0
    """Number of refinements of such a mask that was chosen."""
    takes_boxes: bool = False
    """Whether a network that takes clicks as maps has weights of its own for the coarse pass of a box."""
    takes_first_clicks: bool = False
    """Whether these weights also answer a first click."""
    precision: torch.dtype = torch.float32
    """Data type inside a pass during prediction; `encode` and all outputs stay float32."""
    encodes_ahead: bool = True
    """Whether `encode` lets a click in soon enough to be called for a picture that is not open yet."""
    pauses: bool = False
    """Whether `encode` takes seconds and calls `may_pause` (models/steps.py) between its parts."""
    encoder_modules: tuple[str, ...] = ()
    """Names of the modules that `encode` runs; their weights stay float32 for every precision."""
    stored_weights: int | None = None
    """Number of weights in its file; None for networks that were not read from a file of this package."""

    @abstractmethod
    def encode(self, image: torch.Tensor) -> Features:
        """Compute the features of pictures, float (B, 3, H, W) RGB in [0, 1]."""

    def autocast(self) -> torch.autocast:
        """A context in which layers compute in the network's `precision`."""
        reduced = self.precision != torch.float32
        return torch.autocast(self.device.type, dtype=self.precision, enabled=reduced)

    def batched(self) -> list[tuple[nn.Module, str]]:
        """The functions that do the work, as module and name, if calls of several people may be joined.

        All their tensors are batch first, and an entry's results do not depend on the others, apart from
        rounding (cfr_icl/workers/batching.py).
        """
        return []

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @property
    def parameter_count(self) -> int:
        """The number of weights, as stored: the same for every engine; 0 where it is not known."""
        if self.stored_weights is not None:
            return self.stored_weights
        return sum(weight.numel() for weight in self.parameters())

    def for_picture(self, picture: np.ndarray) -> InteractiveModel:
        """The network that predicts on a picture uint8 (H, W, 3); only a learnt model has more than one."""
        return self

    def crop(self, picture: np.ndarray, window: Window, size: tuple[int, int]) -> torch.Tensor:
        """Crop a window of a picture uint8 (H, W, 3) for `encode`, resized to `size` = (height, width)."""
        return crop_picture(picture, window, size)

    @abstractmethod
    def prompt(self, cues: Cues, window: Window, size: tuple[int, int], flip: bool) -> Any:
        """Turn the cues into the input of `run_pass` for a window, and its mirror image with `flip`."""

    @abstractmethod
    def run_pass(
        self,
        features: Features,
        prompt: Any,
        previous: ProbabilityMap,
        window: Window,
        cfr: CascadeForward | None = None,
        with_choices: bool = True,
    ) -> InnerPass:
        """Run one pass over a window.

        Args:
            features: features of the window, and of its mirror image if the prompt is for both.
            prompt: the value of `prompt`.
            previous: probabilities that are fed back.
            cfr: the settings of a refinement; None in the coarse pass.
            with_choices: whether choices are wanted; without them a pass may be faster, with the same mask.

        Raises:
            PredictionError: when the network's output is not finite.
        """
