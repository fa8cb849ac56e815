"""Settings with which a network is adapted to a person's own objects, by kind of network."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from cfr_icl.data.augmentation import Augmentation
from cfr_icl.learning.bad_labels import SPECK
from cfr_icl.learning.initial_states import TrainingConfig
from cfr_icl.learning.optimiser import OptimiserSettings
from cfr_icl.models.map_model import MapModel
from cfr_icl.suem import SUEM

RATES = OptimiserSettings(lr=1e-3, weight_decay=0, warm_up=20, cool_down=0.7)


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """Settings of an adaptation.

    Attributes:
        batch_size: windows in a step.
        pool: windows in memory with their features; each step adds `fresh` new ones.
        boxes: probability that objects begin with a box, in networks with a branch for first clicks.
        remind: weight of the distillation loss of clicks beside the objects.
        draw_back: decay of the weights towards the first ones, as a factor of the learning rate.
        check_every: part of the budget between two scores on held-out objects.
        patience: number of scores without a better one after which the run ends.
        steps: largest number of steps, besides the budget in time; None for no limit. More than these did
            not help with 20 and 50 pictures, and may learn them by heart (training/RESULTS.md).
    """

    augmentation: Augmentation = Augmentation(
        size=320,
        whole=0.4,
        zoomed=0.55,
        partial=0.2,
        first_from_error=0.85,
        objects=3,
        min_pixels=SPECK,
    )
    suem: SUEM | None = SUEM(simple=0.15, exclusion=0.1, union=0.1, occlusion=0.1, mixing=0.1)
    icl: TrainingConfig = TrainingConfig(
        betas=(1, 1), normalise=True, warm_up=4, fresh=0.5, refine=0.25, close_up=0.1, wrong=0.1
    )
    optimiser: OptimiserSettings = RATES
    batch_size: int = 3
    pool: int = 96
    fresh: int = 1
    boxes: float = 0.12
    remind: float = 0.5
    draw_back: float = 1.0
    ema: float = 0.98
    check_every: float = 0.125
    patience: int = 3
    seed: int = 0
    steps: int | None = 220
    save_seconds: float = 20.0


PRETRAINED_LR = 3e-5
"""Learning rate of networks whose pretrained part runs at every pass and therefore is not frozen."""


def config_for(model: MapModel, config: AdaptConfig = AdaptConfig()) -> AdaptConfig:
    """The settings with the learning rate and the window size for a network."""
    weights = dict(model.named_parameters())
    frozen = sum(w.numel() for name, w in weights.items() if name.startswith(model.encoder_modules or "?"))
    if 4 * frozen >= sum(weight.numel() for weight in weights.values()):
        return config
    return dataclasses.replace(
        config,
        optimiser=dataclasses.replace(config.optimiser, lr=PRETRAINED_LR, layer_decay=0.8),
        augmentation=dataclasses.replace(config.augmentation, size=model.config.zoom.size),
        batch_size=2,
        steps=None,
    )
