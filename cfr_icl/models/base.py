"""The contract between an interactive network and everything that uses it."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from cfr_icl.close_up import CloseUpConfig
from cfr_icl.zoom.window import ZoomConfig

Features = Any
"""What a network knows of a picture: a tensor or a tuple of tensors, batch first."""


@dataclass(frozen=True)
class ModelConfig:
    """The content of `config.json` beside the weights: everything needed to build and use the network.

    Attributes:
        architecture: a name in `cfr_icl.models.registry.ARCHITECTURES`.
        options: arguments of the network's class, in place of the architecture's.
        zoom: the zoom-in that the weights were trained for.
        close_up: the close-ups that the weights were trained for; None for none.
        reduced_precision: data type in which the network may answer, "float16" or "bfloat16", if masks were
            measured to stay the same (benchmarks/precision.py).
        inverse_temperature: factor, above 0, that calibrates the logits around the mask threshold
            (`cfr-icl calibrate`). Probabilities that are fed back to the network are not calibrated.
    """

    architecture: str
    options: dict[str, Any] = field(default_factory=dict)
    zoom: ZoomConfig = field(default_factory=ZoomConfig)
    close_up: CloseUpConfig | None = None
    reduced_precision: str | None = None
    inverse_temperature: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """The configuration in a `config.json`, of this or of an older version.

        Raises:
            TypeError: for a name that there is not, or a value of another type.
            ValueError: for a value out of its range.
        """
        values = dict(values)
        zoom = dict(values.pop("zoom", {}))
        if "sharpness" in values:  # its name in older versions
            values["inverse_temperature"] = values.pop("sharpness")
        first_click = zoom.pop("close_up", 0)  # older versions have the close-ups' first click here
        close_up = values.pop("close_up", {"first_click": first_click} if first_click else None)
        return cls(
            **values, zoom=ZoomConfig(**zoom), close_up=CloseUpConfig(**close_up) if close_up else None
        )


class InteractiveModel(nn.Module, ABC):
    """A network that answers clicks on a picture with a mask.

    `prompt_maps` are float (B, 3, H, W): previous mask as probabilities, disks of the positive clicks,
    disks of the negative clicks. Networks that fuse the clicks into their input keep nothing
    but the normalised picture in `encode`.
    """

    config: ModelConfig
    precision: torch.dtype = torch.float32
    """Data type inside `decode` when the network answers; `encode` and all answers stay float32."""
    encoder_modules: tuple[str, ...] = ()
    """Names of the modules that `encode` runs: their weights stay float32, whatever the precision."""

    @abstractmethod
    def encode(self, image: torch.Tensor) -> Features:
        """Features of a picture, float (B, 3, H, W) RGB in [0, 1]; needed once per picture window."""

    @abstractmethod
    def decode(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """Logits, float (B, 1, H, W), for the hints; needed once per click and inner pass."""

    def decode_in_precision(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """As `decode`, in the network's `precision`."""
        reduced = self.precision != torch.float32
        with torch.autocast(prompt_maps.device.type, dtype=self.precision, enabled=reduced):
            return self.decode(features, prompt_maps)

    def decode_with_auxiliary(
        self, features: Features, prompt_maps: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The logits and those of an auxiliary head that training supervises too, where there is one."""
        return self.decode(features, prompt_maps), None

    def learning_rate_scales(self, encoder: float, layer_decay: float) -> dict[str, float]:
        """Each parameter's share of the learning rate: `encoder` for those named encoder, else 1.

        Networks of many equal layers multiply by `layer_decay` for each layer further from the output.
        """
        return {name: encoder if name.startswith("encoder.") else 1.0 for name, _ in self.named_parameters()}

    def forward(self, image: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(image), prompt_maps)


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
