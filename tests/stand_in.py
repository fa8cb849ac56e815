"""A network without training: pixels of the clicked pixels' colour are the object."""

from __future__ import annotations

import torch

from cfr_icl.models.base import ModelConfig
from cfr_icl.models.map_model import MapModel
from cfr_icl.zoom.zoom_config import ZoomConfig


class ColourModel(MapModel):
    """Positive clicks add pixels of their colour to the mask, negative ones remove them; deterministic."""

    def __init__(self, size: int = 128) -> None:
        super().__init__()
        self.config = ModelConfig("colour", {}, ZoomConfig(size=size))
        self.inverse_temperature = torch.nn.Parameter(torch.tensor(40.0))

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        return image

    def decode(self, features: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        positive = self._similarity(features, prompt_maps[:, 1:2])
        negative = self._similarity(features, prompt_maps[:, 2:3])
        return self.inverse_temperature * (positive - 0.5).minimum(positive - negative)

    def _similarity(self, image: torch.Tensor, disks: torch.Tensor) -> torch.Tensor:
        """1 where the picture has the mean colour under the disks, 0 far from it or without disks."""
        count = disks.sum((2, 3), keepdim=True)
        colour = (image * disks).sum((2, 3), keepdim=True) / count.clamp(min=1)
        distance = (image - colour).abs().sum(1, keepdim=True)
        return torch.where(count > 0, (1 - 2 * distance).clamp(min=0), torch.zeros_like(distance))
