"""The smallest network that trains, and the shortest runs."""

from __future__ import annotations

import torch

from cfr_icl.data.augmentation import Augmentation
from cfr_icl.learning import learn, timed_counts
from cfr_icl.learning.adapt_config import AdaptConfig
from cfr_icl.learning.initial_states import TrainingConfig
from cfr_icl.learning.optimiser import OptimiserSettings
from cfr_icl.learning.own_pictures import open_own_pictures
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import Architecture
from cfr_icl.zoom.zoom_config import ZoomConfig


class TinyNet(MapModel):
    """Two convolutions and dropout."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.encoder = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.prompt_embed = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.head = torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Conv2d(8, 1, 1))

    def encode(self, image):
        return self.encoder(image)

    def decode(self, features, prompt_maps):
        return self.head(features + self.prompt_embed(prompt_maps))


ARCHITECTURE = Architecture(lambda: TinyNet, {}, ZoomConfig(size=32))
"""Under the name "tiny" in tests."""

FROM_NOTHING = AdaptConfig(
    augmentation=Augmentation(size=32, whole=1, zoomed=0.5, min_pixels=10, objects=2),
    suem=None,
    icl=TrainingConfig(betas=(1, 1), normalise=True, warm_up=4, fresh=0.5),
    optimiser=OptimiserSettings(lr=0.02, weight_decay=0, warm_up=5),
    batch_size=2,
    pool=3,
    draw_back=0,
    steps=300,
)
"""With it the network learns coloured squares from random weights, in seconds."""

QUICK = AdaptConfig(
    augmentation=Augmentation(size=32, whole=1, min_pixels=10, objects=2), batch_size=2, pool=3, steps=5
)
"""With it a network takes a few steps."""


def learning(data, source, tmp_path, **changes):
    """A run of five minutes at most that learns from the pictures of `data`."""
    dataset = open_own_pictures(data / "images", data / "masks")
    changes = {"config": QUICK, **changes}
    return learn.Learning(dataset, source, tmp_path / "learnt", 5, **changes)


def need_clicks(monkeypatch, *counts):
    """Make the robot user need so many clicks, before learning, after it, and so on."""
    left = list(counts)

    def sessions(model, pictures, objects, tell=None, *limits):
        count = left.pop(0)
        return [(held, [0.5] * (count - 1) + [0.9]) for held in objects]

    monkeypatch.setattr(timed_counts, "sessions", sessions)


def full_disk(*args, **options):
    """Stands for a function of PyTorch that writes where there is no room."""
    raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534")
