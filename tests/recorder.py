"""A network that records its input, and a batch for it."""

import torch

from cfr_icl.clicks import Click
from cfr_icl.models.map_model import MapModel


class Recorder(MapModel):
    """Has logits that grow with the prompt maps of each pixel, and records these maps of every pass."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5))
        self.prompt_maps = []

    def encode(self, image):
        return image

    def decode(self, features, prompt_maps):
        self.prompt_maps.append(prompt_maps)
        return (self.weight * (1 + prompt_maps.sum(dim=1, keepdim=True))) - 1


def batch(size=24):
    gt_mask = torch.zeros(2, 1, size, size)
    gt_mask[:, :, 4:14, 4:14] = 1
    return torch.rand(2, 3, size, size), gt_mask, [[Click(8, 8)], [Click(9, 9)]]
