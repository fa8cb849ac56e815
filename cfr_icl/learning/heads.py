"""Train the heads of a compact network for first clicks and for boxes together, from windows encoded once.

Windows of training pictures are encoded one after the other; the robot user clicks and draws boxes in each.
Their examples stay in memory for a while, and batches are drawn from those that are there. The network stays.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.optim import param_groups_weight_decay
from timm.utils import ModelEmaV3
from torch import nn

from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.samples import Dataset
from cfr_icl.learning import box_branch, first_clicks, hypotheses
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.hypotheses import Hypotheses

CLICKS = 2
"""Most clicks in a window."""
BOXED = 8
"""Most objects of a window that boxes are drawn around, some at each use."""
BOX_RATE = 0.4
"""Learning rate of the branch for boxes, which begins with trained weights, as a share of the other's."""
WARM_UP = 60
"""Steps in which the learning rate rises."""
REPORT = 25


class Learner:
    """A head, its optimiser, the moving average of its weights, and the examples that are there.

    Args:
        loss: gives the loss of a batch, and figures to report.
        batch_size: examples of a step.
        held: most examples in memory.
        first: examples before the first step.
        uses: how often an example is learnt from in the mean.
        rate: factor of the learning rate.
    """

    def __init__(
        self,
        name: str,
        head: nn.Module,
        loss: Callable[[Any, Sequence[Any], np.random.Generator], tuple[torch.Tensor, dict[str, float]]],
        *,
        batch_size: int,
        held: int,
        first: int,
        uses: float,
        rate: float = 1.0,
    ) -> None:
        self.name, self.head, self._loss = name, head.to(memory_format=torch.channels_last), loss
        self._batch_size, self._held, self._first = batch_size, held, first
        self._uses, self._rate = uses, rate
        self.optimiser = torch.optim.AdamW(param_groups_weight_decay(head, 0.02))
        self.average = ModelEmaV3(head, decay=0.996, use_warmup=True)
        self.examples: list[Any] = []
        self.seen = 0
        self.steps = 0
        self.figures: list[dict[str, float]] = []

    def add(self, examples: Sequence[Any]) -> None:
        """Take new examples; the oldest go."""
        self.examples += examples
        self.seen += len(examples)
        del self.examples[: -self._held]

    @property
    def wants_step(self) -> bool:
        """Whether there are enough examples for one more step."""
        enough = len(self.examples) >= max(self._first, self._batch_size)
        return enough and self.steps * self._batch_size < self._uses * self.seen

    def step(self, lr: float, rng: np.random.Generator) -> None:
        """Learn from one batch."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate * lr * min(1, (self.steps + 1) / WARM_UP)
        chosen = rng.choice(len(self.examples), self._batch_size, replace=False)
        loss, figures = self._loss(self.head, [self.examples[n] for n in chosen], rng)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.head.parameters(), 2.0)
        self.optimiser.step()
        self.steps += 1
        self.average.update(self.head, step=self.steps)
        self.figures.append(figures)
        if self.steps % REPORT == 0:
            means = {name: np.mean([each[name] for each in self.figures]) for name in figures}
            told = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
            print(f"{self.name}: step {self.steps}, {self.seen} examples, {told}", flush=True)
            self.figures.clear()

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint, without examples, which a resumed run creates again."""
        return {
            "head": self.head.state_dict(),
            "average": self.average.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "seen": self.seen,
            "steps": self.steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.head.load_state_dict(state["head"])
        self.average.module.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seen, self.steps = state["seen"], state["steps"]


def train(
    network: CompactNet,
    heads: tuple[Hypotheses, Branch],
    datasets: Sequence[Dataset],
    settings: Settings,
    checkpoint: Path,
) -> tuple[Hypotheses, Branch]:
    """Train the head for clicks and the branch for boxes for `settings.steps` or `settings.minutes`.

    Args:
        network: whose features the heads see, in the precision in which it answers.
        heads: to begin with.
        datasets: those of `settings.data`.
        checkpoint: file of the state, written every `settings.save_every` steps; a run goes on from there.

    Returns:
        The moving averages of their weights.
    """
    torch.manual_seed(settings.seed)
    size = settings.batch_size
    learners = (
        Learner("clicks", heads[0], _click_loss, batch_size=size, held=4000, first=15 * size, uses=2.5),
        # a window holds several boxes, and its features 3 MB
        Learner(
            "boxes",
            heads[1].eval(),  # the norms' statistics stay
            box_branch.loss,
            batch_size=max(1, size // 4),
            held=300,
            first=2 * size,
            uses=2,
            rate=BOX_RATE,
        ),
    )
    spent = 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        spent = state["spent"]
        for learner in learners:
            learner.load(state[learner.name])
    steps = sum(learner.steps for learner in learners)
    rng = np.random.default_rng((settings.seed, steps))
    weights = [each.weight for each in settings.data]
    endless = _examples(network, datasets, weights, settings.augmentation, rng)
    start, saved = time.monotonic() - spent, steps
    while (progress := _progress(learners, settings, time.monotonic() - start)) < 1:
        clicks, boxed = next(endless)
        learners[0].add(clicks)
        learners[1].add(boxed)
        lr = settings.optimiser.lr * (0.5 * (1 + math.cos(math.pi * progress)) + 0.01)
        for learner in learners:
            while learner.wants_step and learner.steps < settings.steps:
                learner.step(lr, rng)
                steps += 1
        if steps >= saved + settings.save_every:
            saved = steps
            _save(checkpoint, learners, time.monotonic() - start)
    _save(checkpoint, learners, time.monotonic() - start)
    return tuple(each.average.module.eval().requires_grad_(False) for each in learners)  # type: ignore[return-value]


def _progress(learners: Sequence[Learner], settings: Settings, spent: float) -> float:
    """The share of the budget that is used up, by steps or by seconds, whichever is more."""
    by_steps = min(learner.steps for learner in learners) / settings.steps
    return by_steps if settings.minutes is None else max(by_steps, spent / (60 * settings.minutes))


def _click_loss(
    head: Hypotheses, batch: Sequence[first_clicks.Recorded], rng: np.random.Generator
) -> tuple[torch.Tensor, dict[str, float]]:
    return hypotheses.loss(head, [each.mirrored() for each in batch] if rng.random() < 0.5 else batch)


def _examples(
    network: CompactNet,
    datasets: Sequence[Dataset],
    weights: Sequence[float],
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Iterator[tuple[list[first_clicks.Recorded], list[box_branch.BoxWindow]]]:
    """Endless windows, each as clicks and as a window for boxes."""
    for _, image, truths in first_clicks.windows(datasets, weights, augmentation, rng):
        features = first_clicks.encoded(network, image)
        clicks = list(first_clicks.clicked(network, features, truths, CLICKS, rng))
        yield clicks, box_branch.box_window(features, truths, BOXED, rng)


def _save(path: Path, learners: Sequence[Learner], spent: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save({**{each.name: each.state() for each in learners}, "spent": spent}, partial)
    os.replace(partial, path)
