"""Train the branch of a compact network that answers first prompts, a click or a box; the network stays.

Windows of training pictures are encoded one after the other and stay in memory for a while; in each step
objects of some of them are clicked on or boxed.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from timm.optim import param_groups_weight_decay
from timm.utils import ModelEmaV3
from torch import nn

from cfr_icl.data.samples import Dataset
from cfr_icl.learning import first_clicks
from cfr_icl.learning.first_prompts import EncodedWindow, loss
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch, Mixer
from cfr_icl.models.compact import CompactNet

HELD, FIRST = 240, 40
"""Most windows in memory, of 3 MB each, and those before the first step."""
USES = 2.0
"""How often a window is drawn in the mean."""
OBJECTS = 10
"""Most objects that are kept of a window."""
DEPTHWISE_EVERY = 5
"""Depthwise convolutions learn in each so manieth step: their gradients take half of it."""
WARM_UP = 60
"""Steps in which the learning rate rises."""
REPORT = 25


class _Training:
    """The branch, its optimiser, the moving average of its weights, and the windows that are in memory."""

    def __init__(self, branch: Branch, settings: Settings) -> None:
        self.branch = branch.eval().to(memory_format=torch.channels_last)  # the norms' statistics stay
        self.settings = settings
        self.optimiser = torch.optim.AdamW(param_groups_weight_decay(branch, 0.02))
        self.average = ModelEmaV3(branch, decay=0.998, use_warmup=True)
        self.windows: list[EncodedWindow] = []
        self.seen = self.steps = 0
        self._depthwise = [each.spatial.conv.weight for each in branch.modules() if isinstance(each, Mixer)]
        self._ious: dict[str, list[float]] = {"clicks": [], "boxes": []}

    def add(self, window: EncodedWindow) -> None:
        """Take a new window; the oldest one goes."""
        self.windows.append(window)
        self.seen += 1
        del self.windows[:-HELD]

    @property
    def wants_step(self) -> bool:
        """Whether there are enough windows for one more step."""
        enough = len(self.windows) >= max(self.settings.batch_size, FIRST)
        return enough and self.steps * self.settings.batch_size < USES * self.seen

    def step(self, lr: float, rng: np.random.Generator) -> None:
        """Learn from one batch."""
        for group in self.optimiser.param_groups:
            group["lr"] = lr * min(1, (self.steps + 1) / WARM_UP)
        for weight in self._depthwise:
            weight.requires_grad_(self.steps % DEPTHWISE_EVERY == 0)
        chosen = rng.choice(len(self.windows), self.settings.batch_size, replace=False)
        found = loss(self.branch, [self.windows[n] for n in chosen], rng)
        self.steps += 1
        if found is None:
            return
        self.optimiser.zero_grad()
        found[0].backward()
        nn.utils.clip_grad_norm_(self.branch.parameters(), 2.0)
        self.optimiser.step()
        self.average.update(self.branch, step=self.steps)
        for prompt, ious in found[1].items():
            self._ious[prompt] += ious
        if self.steps % REPORT == 0:
            means = ", ".join(f"{prompt} {np.mean(ious or [0]):.3f}" for prompt, ious in self._ious.items())
            print(f"step {self.steps}, {self.seen} windows, IoU of {means}", flush=True)
            self._ious = {prompt: [] for prompt in self._ious}

    def save(self, path: Path, spent: float) -> None:
        """Write a checkpoint, without the windows, which a resumed run encodes again."""
        state = {
            "branch": self.branch.state_dict(),
            "average": self.average.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "seen": self.seen,
            "steps": self.steps,
            "spent": spent,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> float:
        """Read a checkpoint; gives the seconds that were spent."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.branch.load_state_dict(state["branch"])
        self.average.module.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.seen, self.steps = state["seen"], state["steps"]
        return state["spent"]


def train(
    network: CompactNet,
    branch: Branch,
    datasets: Sequence[Dataset],
    settings: Settings,
    checkpoint: Path,
) -> Branch:
    """Train the branch for `settings.steps` or `settings.minutes`.

    Args:
        network: whose features the branch sees, in the precision in which it answers.
        branch: to begin with.
        datasets: those of `settings.data`.
        checkpoint: file of the state, written every `settings.save_every` steps; a run goes on from there.

    Returns:
        The moving average of its weights.
    """
    torch.manual_seed(settings.seed)
    training = _Training(branch, settings)
    spent = training.load(checkpoint) if checkpoint.exists() else 0.0
    rng = np.random.default_rng((settings.seed, training.steps))
    endless = _windows(network, datasets, settings, rng)
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


def _progress(steps: int, settings: Settings, spent: float) -> float:
    """The share of the budget that is used up, by steps or by seconds, whichever is more."""
    by_steps = steps / settings.steps
    return by_steps if settings.minutes is None else max(by_steps, spent / (60 * settings.minutes))


def _windows(
    network: CompactNet, datasets: Sequence[Dataset], settings: Settings, rng: np.random.Generator
) -> Iterator[EncodedWindow]:
    """Endless windows of the mixture."""
    weights = [each.weight for each in settings.data]
    for _, image, truths in first_clicks.windows(datasets, weights, settings.augmentation, rng):
        features = first_clicks.encoded(network, image)
        chosen = rng.permutation(len(truths))[:OBJECTS]
        yield EncodedWindow(tuple(x.half() for x in features), truths[chosen])
