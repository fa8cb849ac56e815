"""The loop that trains a branch of a compact network on examples whose windows are encoded once.

Examples stay in memory for a while and are drawn several times, each time with other clicks.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from timm.optim import param_groups_weight_decay
from timm.utils import ModelEmaV3
from torch import nn

from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch, Mixer

FIRST = 40
"""Examples in memory before the first step."""
DEPTHWISE_EVERY = 5
"""Depthwise convolutions learn in each so manieth step: their gradients take half of it."""
WARM_UP = 60
"""Steps in which the learning rate rises."""
REPORT = 25

Example = TypeVar("Example")
Loss = Callable[
    [Branch, Sequence[Example], np.random.Generator], tuple[torch.Tensor, Mapping[str, list[float]]] | None
]
"""The loss of a batch with figures to report by name; None if nothing can be learnt from it."""


class BranchTraining(Generic[Example]):
    """The branch, its optimiser, the moving average of its weights, and the examples that are in memory.

    Args:
        branch: to begin with; it learns in place.
        settings: of these `optimiser.lr`, `batch_size`, `steps` or `minutes`, `save_every` and `seed` count.
        held: most examples in memory, of 3 MB each.
        uses: how often an example is drawn in the mean.
    """

    def __init__(
        self, branch: Branch, loss: Loss[Example], settings: Settings, held: int, uses: float
    ) -> None:
        self.steps = 0
        self._branch = branch.eval().to(memory_format=torch.channels_last)  # the norms' statistics stay
        self._loss, self._settings, self._held, self._uses = loss, settings, held, uses
        self._optimiser = torch.optim.AdamW(param_groups_weight_decay(branch, 0.02))
        self._average = ModelEmaV3(branch, decay=0.998, use_warmup=True)
        self._examples: list[Example] = []
        self._seen = 0
        self._depthwise = [each.spatial.conv.weight for each in branch.modules() if isinstance(each, Mixer)]
        self._figures: dict[str, list[float]] = {}

    def run(self, make: Callable[[np.random.Generator], Iterator[Example]], checkpoint: Path) -> Branch:
        """Train for `settings.steps` or `settings.minutes`.

        Args:
            make: gives endless examples.
            checkpoint: file of the state, written every `settings.save_every` steps; a run goes on from it.

        Returns:
            The moving average of the branch's weights.
        """
        settings = self._settings
        torch.manual_seed(settings.seed)
        spent = self._load(checkpoint) if checkpoint.exists() else 0.0
        rng = np.random.default_rng((settings.seed, self.steps))
        endless = make(rng)
        start, saved = time.monotonic() - spent, self.steps
        while (progress := _progress(self.steps, settings, time.monotonic() - start)) < 1:
            self._add(next(endless))
            lr = settings.optimiser.lr * (0.5 * (1 + math.cos(math.pi * progress)) + 0.01)
            while self._wants_step and self.steps < settings.steps:
                self._step(lr, rng)
            if self.steps >= saved + settings.save_every:
                saved = self.steps
                self._save(checkpoint, time.monotonic() - start)
        self._save(checkpoint, time.monotonic() - start)
        return self._average.module.eval().requires_grad_(False)

    def _add(self, example: Example) -> None:
        """Take a new example; the oldest one goes."""
        self._examples.append(example)
        self._seen += 1
        del self._examples[: -self._held]

    @property
    def _wants_step(self) -> bool:
        """Whether there are enough examples for one more step."""
        batch = self._settings.batch_size
        return len(self._examples) >= max(batch, FIRST) and self.steps * batch < self._uses * self._seen

    def _step(self, lr: float, rng: np.random.Generator) -> None:
        """Learn from one batch."""
        for group in self._optimiser.param_groups:
            group["lr"] = lr * min(1, (self.steps + 1) / WARM_UP)
        for weight in self._depthwise:
            weight.requires_grad_(self.steps % DEPTHWISE_EVERY == 0)
        chosen = rng.choice(len(self._examples), self._settings.batch_size, replace=False)
        found = self._loss(self._branch, [self._examples[n] for n in chosen], rng)
        self.steps += 1
        if found is None:
            return
        self._optimiser.zero_grad()
        found[0].backward()
        nn.utils.clip_grad_norm_(self._branch.parameters(), 2.0)
        self._optimiser.step()
        self._average.update(self._branch, step=self.steps)
        for name, values in found[1].items():
            self._figures.setdefault(name, []).extend(values)
        if self.steps % REPORT == 0:
            means = ", ".join(
                f"{name} {np.mean(values or [0]):.3f}" for name, values in self._figures.items()
            )
            print(f"step {self.steps}, {self._seen} examples, IoU of {means}", flush=True)
            self._figures = {}

    def _save(self, path: Path, spent: float) -> None:
        """Write a checkpoint, without the examples, which a resumed run makes again."""
        state = {
            "branch": self._branch.state_dict(),
            "average": self._average.module.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "seen": self._seen,
            "steps": self.steps,
            "spent": spent,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, path)

    def _load(self, path: Path) -> float:
        """Read a checkpoint; gives the seconds that were spent."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self._branch.load_state_dict(state["branch"])
        self._average.module.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._seen, self.steps = state["seen"], state["steps"]
        return state["spent"]


def _progress(steps: int, settings: Settings, spent: float) -> float:
    """The share of the budget that is used up, by steps or by seconds, whichever is more."""
    by_steps = steps / settings.steps
    return by_steps if settings.minutes is None else max(by_steps, spent / (60 * settings.minutes))
