"""The loop that trains a branch of a compact network on examples whose windows are encoded once.

Examples stay in memory for a while and are drawn several times, each time with other clicks.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from timm.optim import param_groups_weight_decay
from timm.utils import ModelEmaV3
from torch import nn

from cfr_icl.data.samples import Dataset
from cfr_icl.files import replacing
from cfr_icl.icl import normalised_focal_loss
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch, Mixer
from cfr_icl.models.compact import CompactNet

FIRST = 40
"""Examples in memory before the first step."""
DEPTHWISE_EVERY = 5
"""Number of steps between two in which depthwise convolutions are trained: their gradients take half of the
time of a step."""
WARM_UP = 60
"""Steps in which the learning rate rises."""
REPORT = 25

Example = TypeVar("Example")
Loss = Callable[
    [Branch, Sequence[Example], np.random.Generator], tuple[torch.Tensor, Mapping[str, list[float]]] | None
]
"""The loss of a batch with figures to report by name; None if nothing can be learnt from it."""


@dataclass(frozen=True)
class Task(Generic[Example]):
    """What a branch learns.

    Attributes:
        examples: gives endless examples of a mixture of data sets (those of `settings.data`), with the
            features of a network in the precision in which it answers.
        held: largest number of examples in memory, of 3 MB each.
        uses: mean number of times that an example is drawn.
    """

    examples: Callable[[CompactNet, Sequence[Dataset], Settings, np.random.Generator], Iterator[Example]]
    loss: Loss[Example]
    held: int
    uses: float


def train(
    task: Task[Example],
    network: CompactNet,
    branch: Branch,
    datasets: Sequence[Dataset],
    settings: Settings,
    checkpoint: Path,
) -> Branch:
    """Train a branch for `settings.steps` or `settings.minutes`.

    Args:
        network, datasets: as for `Task.examples`.
        branch: to begin with; it learns in place.
        settings: beside these, `optimiser.lr`, `batch_size`, `save_every` and `seed` count.
        checkpoint: file of the state, written every `settings.save_every` steps; a run goes on from it.

    Returns:
        The moving average of the branch's weights.
    """
    torch.manual_seed(settings.seed)
    training = _Training(task, branch, settings)
    spent = training.load(checkpoint) if checkpoint.exists() else 0.0
    rng = np.random.default_rng((settings.seed, training.steps))
    endless = task.examples(network, datasets, settings, rng)
    start, saved = time.monotonic() - spent, training.steps
    while (progress := _progress(training.steps, settings, time.monotonic() - start)) < 1:
        training.add(next(endless))
        lr = settings.optimiser.lr * (0.5 * (1 + math.cos(math.pi * progress)) + 0.01)
        while training.wants_step and training.steps < settings.steps:
            training.step(lr, rng)
        if training.steps >= saved + settings.save_every:
            saved = training.steps
            training.save(checkpoint, time.monotonic() - start)
    training.save(checkpoint, time.monotonic() - start)
    return training.average.module.eval().requires_grad_(False)


def mask_loss(logits: torch.Tensor, gt_mask: torch.Tensor, dice: float) -> torch.Tensor:
    """The mean of the normalised focal loss and the Dice loss, times `dice`.

    Args:
        logits: float (B, 1, H, W).
        gt_mask: float (B, 1, H, W): 1 object, 0 background, -1 ignored.
    """
    expected = gt_mask == 1
    probabilities = torch.sigmoid(logits) * (gt_mask != -1)
    both = (probabilities * expected).sum(dim=(1, 2, 3))
    sizes = probabilities.sum(dim=(1, 2, 3)) + expected.sum(dim=(1, 2, 3))
    return (normalised_focal_loss(logits, gt_mask) + dice * (1 - (2 * both + 1) / (sizes + 1))).mean()


class _Training(Generic[Example]):
    """The branch, its optimiser, the moving average of its weights, and the examples that are in memory."""

    def __init__(self, task: Task[Example], branch: Branch, settings: Settings) -> None:
        self.steps = 0
        self.average = ModelEmaV3(branch, decay=0.998, use_warmup=True)
        self._branch = branch.eval().to(memory_format=torch.channels_last)  # the norms' statistics stay
        self._task, self._settings = task, settings
        self._optimiser = torch.optim.AdamW(param_groups_weight_decay(branch, 0.02))
        self._examples: list[Example] = []
        self._seen = 0
        self._depthwise = [each.spatial.conv.weight for each in branch.modules() if isinstance(each, Mixer)]
        self._figures: dict[str, list[float]] = {}

    def add(self, example: Example) -> None:
        """Add an example; in a full memory it replaces the oldest."""
        self._examples.append(example)
        self._seen += 1
        del self._examples[: -self._task.held]

    @property
    def wants_step(self) -> bool:
        """Whether there are enough examples for one more step."""
        batch = self._settings.batch_size
        return len(self._examples) >= max(batch, FIRST) and self.steps * batch < self._task.uses * self._seen

    def step(self, lr: float, rng: np.random.Generator) -> None:
        """Learn from one batch."""
        for group in self._optimiser.param_groups:
            group["lr"] = lr * min(1, (self.steps + 1) / WARM_UP)
        for weight in self._depthwise:
            weight.requires_grad_(self.steps % DEPTHWISE_EVERY == 0)
        chosen = rng.choice(len(self._examples), self._settings.batch_size, replace=False)
        found = self._task.loss(self._branch, [self._examples[n] for n in chosen], rng)
        self.steps += 1
        if found is None:
            return
        self._optimiser.zero_grad()
        found[0].backward()
        nn.utils.clip_grad_norm_(self._branch.parameters(), 2.0)
        self._optimiser.step()
        self.average.update(self._branch, step=self.steps)
        for name, values in found[1].items():
            self._figures.setdefault(name, []).extend(values)
        if self.steps % REPORT == 0:
            means = ", ".join(
                f"{name} {np.mean(values or [0]):.3f}" for name, values in self._figures.items()
            )
            print(f"step {self.steps}, {self._seen} examples, IoU of {means}", flush=True)
            self._figures = {}

    def save(self, path: Path, spent: float) -> None:
        """Write a checkpoint, without the examples, which a resumed run makes again."""
        state = {
            "branch": self._branch.state_dict(),
            "average": self.average.module.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "seen": self._seen,
            "steps": self.steps,
            "spent": spent,
        }
        with replacing(path) as unfinished:
            torch.save(state, unfinished)

    def load(self, path: Path) -> float:
        """Read a checkpoint; return the seconds spent so far."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self._branch.load_state_dict(state["branch"])
        self.average.module.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._seen, self.steps = state["seen"], state["steps"]
        return state["spent"]


def _progress(steps: int, settings: Settings, spent: float) -> float:
    """The share of the budget that is used up, by steps or by seconds, whichever is more."""
    by_steps = steps / settings.steps
    return by_steps if settings.minutes is None else max(by_steps, spent / (60 * settings.minutes))
