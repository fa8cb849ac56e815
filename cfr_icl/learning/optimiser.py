"""The optimisers: parameter groups, the schedule of the learning rate, and frozen batch norms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from timm.optim import param_groups_weight_decay
from timm.utils import ModelEmaV3

from cfr_icl.models.folding import convolutions_with_norms, is_depthwise
from cfr_icl.models.map_model import MapModel
from cfr_icl.weights.engines import has_bfloat16


@dataclass(frozen=True)
class OptimiserSettings:
    """The optimiser and its schedule.

    The learning rate warms up over `warm_up` steps, falls to a tenth at each of `milestones` (parts of the
    budget), and to zero over its last `cool_down` part. The encoder's rate is `lr` times
    `encoder_lr`, where 0 freezes it, and times `layer_decay` for each layer further from the output.
    """

    name: Literal["adamw", "adam"] = "adamw"
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

    Raises:
        ValueError: when no weight has such a name, or none is left to be trained.
    """
    scales = scales or network.learning_rate_scales(chosen.encoder_lr, chosen.layer_decay)
    for beginning in frozen:
        if not any(name.startswith(beginning) for name in scales):
            raise ValueError(f"The setting model.frozen names {beginning!r}, but no weight's name begins so.")
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        weight.requires_grad_(scales[name] > 0 and not name.startswith(tuple(frozen)))
        if weight.requires_grad:
            groups.setdefault((scales[name], weight.ndim > 1), []).append(weight)
    if not groups:
        raise ValueError("The settings leave no weight to be trained: model.frozen names all of them.")
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


def require_finite(loss: float, step: int) -> None:
    """Raise ValueError for a loss that is not finite, before it reaches the weights."""
    if not math.isfinite(loss):
        raise ValueError(
            f"The loss of step {step + 1} is not finite, so the run ends; the last checkpoint is kept. "
            "A lower optimiser.lr may help."
        )


def train_mode(network: torch.nn.Module, frozen_norms: bool) -> None:
    """Make a network ready for a training step; with `frozen_norms` batch norms keep their statistics."""
    network.train()
    if frozen_norms:
        for module in network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()


def cpu_autocast(enabled: bool = True) -> torch.autocast:
    """A context in which layers compute in bfloat16, which is slow without instructions of the CPU for it."""
    return torch.autocast("cpu", torch.bfloat16, enabled=enabled and has_bfloat16())


DEPTHWISE_EVERY = 5
"""Number of steps between two in which depthwise convolutions are trained: their gradients take up to half of
the time of a step."""


def depthwise_weights(network: torch.nn.Module, *, folded: bool) -> list[torch.nn.Parameter]:
    """The trained weights of depthwise convolutions.

    Args:
        folded: whether norms are folded into their convolutions (`compute_folded`); those of depthwise ones
            then take the same gradients and are returned too.
    """
    layers = [each for each in network.modules() if is_depthwise(each)]
    if folded:
        layers += [norm for _, layer, _, norm in convolutions_with_norms(network) if is_depthwise(layer)]
    return [weight for layer in layers for weight in layer.parameters() if weight.requires_grad]


def rest_now_and_then(weights: Sequence[torch.nn.Parameter], step: int) -> None:
    """Let weights rest in a step of the training unless its number is a multiple of DEPTHWISE_EVERY."""
    for weight in weights:
        weight.requires_grad_(step % DEPTHWISE_EVERY == 0)


WARM_UP = 60
"""Steps in which the learning rate of a branch or a head rises."""


class PartOptimiser:
    """The optimiser of a part of a network, a branch or a head, and the moving average of its weights.

    AdamW with clipped gradients; after WARM_UP steps the learning rate falls along a cosine, to a hundredth.

    Attributes:
        steps: number of steps so far.
    """

    def __init__(self, part: torch.nn.Module, lr: float) -> None:
        self.steps = 0
        self._part, self._lr = part, lr
        self._average = ModelEmaV3(part, decay=0.998, use_warmup=True)
        self._optimiser = torch.optim.AdamW(param_groups_weight_decay(part, 0.02))

    def step(self, loss: torch.Tensor | None, progress: float) -> None:
        """Take a step for the loss of a batch; None counts as a step that changes nothing.

        Args:
            progress: the used part of the budget, 0 to 1.
        """
        self.steps += 1
        if loss is None:
            return
        require_finite(loss.item(), self.steps - 1)
        falling = 0.5 * (1 + math.cos(math.pi * progress)) + 0.01
        for group in self._optimiser.param_groups:
            group["lr"] = self._lr * falling * min(1, self.steps / WARM_UP)
        self._optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._part.parameters(), 2.0)
        self._optimiser.step()
        self._average.update(self._part, step=self.steps)

    def averaged(self) -> torch.nn.Module:
        """The part with the moving average of its weights, ready for predictions."""
        return self._average.module.eval().requires_grad_(False)

    def state_dict(self) -> dict[str, Any]:
        """All but the weights of the part itself."""
        return {
            "average": self._average.module.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "steps": self.steps,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._average.module.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps = state["steps"]
