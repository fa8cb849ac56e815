"""A worker whose network takes a constant time, for one window or many, as on a GPU that is far from full.

    python -m benchmarks.constant_network PORT BATCH MILLISECONDS

It says what a worker could gain at most by joining windows, and what all other parts of a click cost.
"""

from __future__ import annotations

import sys
import time

import torch
import torch.nn.functional as F

from cfr_icl import Segmenter
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.map_model import MapModel
from cfr_icl.workers.batching import BatchedNetwork
from cfr_icl.workers.serving import Worker, application, serve
from cfr_icl.zoom.zoom_config import ZoomConfig


class ConstantTime(MapModel):
    """Waits, then answers the neighbourhood of the clicks."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.config = ModelConfig("constant", {}, ZoomConfig(size=448))
        self.scale = torch.nn.Parameter(torch.tensor(20.0))

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        time.sleep(self.seconds)
        return image[:, :1]

    def decode(self, features: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        time.sleep(self.seconds)
        small = F.avg_pool2d(prompt_maps[:, 1:2] - prompt_maps[:, 2:], 16)
        near = F.avg_pool2d(small, 7, 1, 3)
        return self.scale * (F.interpolate(near, prompt_maps.shape[2:]) - 0.002)


def main(port: int, batch: int, milliseconds: float) -> None:
    model = ConstantTime(milliseconds / 1000).eval()
    if batch > 1:
        BatchedNetwork(model, batch)
    serve(application(Worker(lambda: Segmenter(model)), {}, None, batch), "127.0.0.1", port)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
