"""The optimiser: parameter groups, the schedule of the learning rate, and frozen batch norms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from cfr_icl.models.map_model import MapModel


@dataclass(frozen=True)
class OptimiserSettings:
    """The optimiser and its schedule.

    The learning rate warms up over `warm_up` steps, falls to a tenth at each of `milestones` (parts of the
    budget), and to zero over its last `cool_down` part. The encoder's rate is `lr` times
    `encoder_lr`, where 0 freezes it, and times `layer_decay` for each layer further from the output.
    """

    name: str = "adamw"
    lr: float = 2e-3
    encoder_lr: float = 1.0
    layer_decay: float = 1.0
    weight_decay: float = 1e-2
    clip: float = 5.0
    warm_up: int = 50
    milestones: tuple[float, ...] = ()
    cool_down: float = 0.3
    ema: float = 0.998


def make_optimiser(
    network: MapModel,
    chosen: OptimiserSettings,
    frozen: Sequence[str] = (),
    scales: Mapping[str, float] | None = None,
) -> torch.optim.Optimizer:
    """The optimiser with a parameter group for each learning rate; biases and norms do not decay.

    Args:
        frozen: weights whose names begin so are not trained.
        scales: the factor of the rate for each weight; None for the network's own.
    """
    scales = scales or network.learning_rate_scales(chosen.encoder_lr, chosen.layer_decay)
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        weight.requires_grad_(scales[name] > 0 and not name.startswith(tuple(frozen)))
        if weight.requires_grad:
            groups.setdefault((scales[name], weight.ndim > 1), []).append(weight)
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[chosen.name]
    return kind(
        {"params": weights, "scale": scale, "weight_decay": chosen.weight_decay if decayed else 0.0}
        for (scale, decayed), weights in groups.items()
    )


def set_rates(
    optimiser: torch.optim.Optimizer, chosen: OptimiserSettings, step: int, progress: float
) -> None:
    """Set each group's learning rate for a step; `progress` is the used part of the budget, 0 to 1."""
    warming = min(1.0, (step + 1) / max(1, chosen.warm_up))
    falling = 0.1 ** sum(progress >= milestone for milestone in chosen.milestones)
    cooling = min(1.0, (1 - progress) / chosen.cool_down) if chosen.cool_down else 1.0
    for group in optimiser.param_groups:
        group["lr"] = chosen.lr * group["scale"] * warming * falling * cooling


def train_mode(network: torch.nn.Module, frozen_norms: bool) -> None:
    """Make a network ready for a training step; with `frozen_norms` batch norms keep their statistics."""
    network.train()
    if frozen_norms:
        for module in network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()
