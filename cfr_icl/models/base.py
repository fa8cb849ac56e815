"""The contract between an interactive network and everything that uses it."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from cfr_icl.cfr import THRESHOLD_LOGIT, CascadeForward
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.prediction import InnerPass
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window, ZoomConfig, to_window

Features = Any
"""A network's encoding of a picture: a tensor or a tuple of tensors, batch first."""


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


class PredictionError(RuntimeError):
    """The network's output is not finite, so there is no prediction."""


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


class InteractiveModel(nn.Module, ABC):
    """A network that predicts a mask from clicks on a picture.

    The segmenter calls `crop` and `encode` once for each window of a picture, `prompt` once for each click in
    a window, and `run_pass` for each pass. The methods of this class are for networks that take clicks as
    maps; networks that take coordinates override them (`PromptableModel`).

    `prompt_maps` are float (B, 3, H, W): previous mask as probabilities, disks of the positive clicks,
    disks of the negative clicks. `encode` runs once for a window and `decode` at every pass; in a network
    that fuses the clicks with its input, `encode` therefore does little more than normalise the picture.
    """

    config: ModelConfig
    mirrors: bool = True
    """Whether the outputs for a picture and its mirror image may be averaged (`Segmenter.flip`)."""
    takes_coordinates: bool = False
    """Whether the network takes clicks and boxes as coordinates instead of maps."""
    choices: int = 0
    """Number of alternative masks that it offers for a single click; 0 for networks that give one mask."""
    precision: torch.dtype = torch.float32
    """Data type inside `decode` during prediction; `encode` and all outputs stay float32."""
    encoder_modules: tuple[str, ...] = ()
    """Names of the modules that `encode` runs; their weights stay float32 for every precision."""

    @abstractmethod
    def encode(self, image: torch.Tensor) -> Features:
        """Compute the features of pictures, float (B, 3, H, W) RGB in [0, 1]."""

    @abstractmethod
    def decode(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """Compute the logits, float32 (B, 1, H, W), for prompt maps (B, 3, H, W) of the same pictures."""

    def decode_in_precision(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """Like `decode`, computed in the network's `precision`."""
        with self.autocast():
            return self.decode(features, prompt_maps)

    def autocast(self) -> torch.autocast:
        """A context in which layers compute in the network's `precision`."""
        reduced = self.precision != torch.float32
        return torch.autocast(self.device.type, dtype=self.precision, enabled=reduced)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def crop(self, picture: np.ndarray, window: Window, size: tuple[int, int]) -> torch.Tensor:
        """Crop a window of a picture uint8 (H, W, 3) for `encode`, resized to `size` = (height, width)."""
        return crop_picture(picture, window, size)

    def prompt(self, cues: Cues, window: Window, size: tuple[int, int], flip: bool) -> Any:
        """Turn the cues into the input of `run_pass` for a window.

        Returns:
            Prompt maps for a window and its mirror image, float32 (2, 3, height, width), or (1, ...) without
            flip. Channel 0, the previous mask, is not initialised; `run_pass` fills it in.
        """
        batch = [[to_window(click, window, size) for click in cues.clicks]]
        if flip:
            batch.append([click.mirrored(size[1]) for click in batch[0]])
        return torch.cat([torch.empty(len(batch), 1, *size), disk_maps(batch, *size)], dim=1)

    def run_pass(
        self,
        features: Features,
        prompt: Any,
        previous: ProbabilityMap,
        window: Window,
        cfr: CascadeForward | None = None,
    ) -> InnerPass:
        """Run one pass over a window.

        Args:
            features: features of the window, and of its mirror image if the prompt is for both.
            prompt: the value of `prompt`.
            previous: probabilities that are fed back.
            cfr: the settings of a refinement; None in the coarse pass.

        Raises:
            PredictionError: when the network's output is not finite.
        """
        mirrored, (height, width) = len(prompt) > 1, prompt.shape[2:]
        mask = previous.crop(window, (height, width))
        maps = torch.stack([mask, mask.flip(1)] if mirrored else [mask])[:, None]
        logits, predicted_iou = self.rated_logits(features, prompt, maps)
        logits = logits[:, 0].float().cpu()
        if not torch.isfinite(logits.sum()):
            raise PredictionError("The network's output is not finite; its weights may be damaged.")
        agreement = _mask_iou(*logits) if mirrored else 1.0
        mean = 0.5 * (logits[0] + logits[1].flip(1)) if mirrored else logits[0]
        probabilities = ProbabilityMap(torch.sigmoid(mean), window, previous.picture, previous.exact)
        return InnerPass(probabilities, agreement, predicted_iou)

    def logits(self, features: Features, prompt: Any, previous: torch.Tensor) -> torch.Tensor:
        """The logits (B, 1, height, width) of one pass.

        Args:
            features, prompt: as for `run_pass`.
            previous: probabilities that are fed back, float32 (B, 1, height, width) on the CPU.
        """
        prompt[:, :1] = previous
        return self.decode_in_precision(features, prompt.to(self.device))

    def rated_logits(
        self, features: Features, prompt: Any, previous: torch.Tensor
    ) -> tuple[torch.Tensor, float | None]:
        """Like `logits`, and predict the IoU with the object of the mask that is their mean.

        Returns:
            Logits, and the IoU, 0 to 1; None for networks that do not predict it.
        """
        return self.logits(features, prompt, previous), None

    def decode_with_auxiliary(
        self, features: Features, prompt_maps: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The logits, and those of the auxiliary head that training also supervises; None without one."""
        return self.decode(features, prompt_maps), None

    def learning_rate_scales(self, encoder: float, layer_decay: float) -> dict[str, float]:
        """The factor of the learning rate for each parameter, by name.

        Args:
            encoder: factor of pretrained parameters, those of the module `encoder`; others have 1.
            layer_decay: further factor for each layer between a parameter and the output, in networks of
                many equal layers.
        """
        return {name: encoder if name.startswith("encoder.") else 1.0 for name, _ in self.named_parameters()}

    def forward(self, image: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(image), prompt_maps)


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def _mask_iou(logits: torch.Tensor, mirrored: torch.Tensor) -> float:
    """IoU of the masks of two maps (h, w), the second of the mirror image; 0 if both are empty."""
    one, other = logits.numpy() > THRESHOLD_LOGIT, mirrored.numpy()[:, ::-1] > THRESHOLD_LOGIT
    return int(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))
