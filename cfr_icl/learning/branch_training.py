"""The loop that trains a branch of a compact network on examples whose windows are encoded once.

Examples stay in memory for a while and are drawn several times, each time with other clicks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

import numpy as np
import torch

from cfr_icl.icl import normalised_focal_loss
from cfr_icl.learning.checkpoint import read_checkpoint_file, write_checkpoint
from cfr_icl.learning.optimiser import PartOptimiser, depthwise_weights, rest_now_and_then
from cfr_icl.learning.run_settings import resumed, write_settings
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.digest import weights_digest

FIRST = 40
"""Examples in memory before the first step."""
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
        examples: gives endless examples of the mixture of `settings.data`, with the features of a network in
            the precision in which it answers.
        held: largest number of examples in memory, of 3 MB each.
        uses: mean number of times that an example is drawn.
    """

    examples: Callable[[CompactNet, Settings, np.random.Generator], Iterator[Example]]
    loss: Loss[Example]
    held: int
    uses: float


def train(
    task: Task[Example],
    network: CompactNet,
    branch: Branch,
    settings: Settings,
    checkpoint: Path,
) -> Branch:
    """Train a branch for `settings.steps` or `settings.minutes`.

    Args:
        network: as for `Task.examples`.
        branch: to begin with; it learns in place.
        settings: beside these and those of the task, `optimiser.lr`, `batch_size`, `save_every` and `seed`
            count.
        checkpoint: file of the state, written every `settings.save_every` steps; a run goes on from it.

    Returns:
        The branch with the moving average of its weights.

    Raises:
        ValueError: for a batch larger than the memory, for the checkpoint of a run on another network,
            and for a finished run with other settings.
        OSError: when the checkpoint cannot be written.
    """
    if settings.batch_size > task.held:
        raise ValueError(f"The setting batch_size is at most {task.held} here, not {settings.batch_size}.")
    torch.manual_seed(settings.seed)
    training = _Training(task, branch, settings)
    digest, spent = weights_digest(network), 0.0
    if checkpoint.exists():
        spent = training.load(checkpoint, digest)
        said = resumed(checkpoint.parent, settings, settings.progress(training.steps, spent))
        if said:
            print(said, file=sys.stderr)
    write_settings(checkpoint.parent, settings)
    rng = np.random.default_rng((settings.seed, training.steps))
    endless = task.examples(network, settings, rng)
    start, saved = time.monotonic() - spent, training.steps
    while (progress := settings.progress(training.steps, time.monotonic() - start)) < 1:
        training.add(next(endless))
        while training.wants_step and training.steps < settings.steps:
            training.step(progress, rng)
        if training.steps >= saved + settings.save_every:
            saved = training.steps
            training.save(checkpoint, digest, time.monotonic() - start)
    training.save(checkpoint, digest, time.monotonic() - start)
    return training.averaged()


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
    """The branch, its optimiser, and the examples that are in memory."""

    def __init__(self, task: Task[Example], branch: Branch, settings: Settings) -> None:
        self._optimiser = PartOptimiser(branch, settings.optimiser.lr)
        self._branch = branch.eval().to(memory_format=torch.channels_last)  # the norms' statistics stay
        self._task, self._settings = task, settings
        self._examples: list[Example] = []
        self._seen = 0
        self._depthwise = depthwise_weights(branch, folded=False)
        self._figures: dict[str, list[float]] = {}

    @property
    def steps(self) -> int:
        """Number of steps so far."""
        return self._optimiser.steps

    def averaged(self) -> Branch:
        """The branch with the moving average of its weights."""
        return cast(Branch, self._optimiser.averaged())

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

    def step(self, progress: float, rng: np.random.Generator) -> None:
        """Learn from one batch; `progress` is the used part of the budget, 0 to 1."""
        rest_now_and_then(self._depthwise, self.steps)
        chosen = rng.choice(len(self._examples), self._settings.batch_size, replace=False)
        found = self._task.loss(self._branch, [self._examples[n] for n in chosen], rng)
        loss, figures = found or (None, {})
        self._optimiser.step(loss, progress)
        if loss is None:
            return
        for name, values in figures.items():
            self._figures.setdefault(name, []).extend(values)
        if self.steps % REPORT == 0:
            means = ", ".join(
                f"{name} {np.mean(values or [0]):.3f}" for name, values in self._figures.items()
            )
            print(f"step {self.steps}, {self._seen} examples, IoU of {means}", flush=True)
            self._figures = {}

    def save(self, path: Path, network: str, spent: float) -> None:
        """Write a checkpoint, without the examples, which a resumed run makes again."""
        state = {
            "branch": self._branch.state_dict(),
            **self._optimiser.state_dict(),
            "seen": self._seen,
            "network": network,
            "spent": spent,
        }
        write_checkpoint(path, state)

    def load(self, path: Path, network: str) -> float:
        """Read a checkpoint of a run on the network with this digest; return the seconds spent so far.

        Raises:
            ValueError: for a damaged one, and that of another network.
        """
        state = read_checkpoint_file(path)
        try:
            if state.get("network", network) != network:
                raise ValueError("network")
            self._branch.load_state_dict(state["branch"])
            self._optimiser.load_state_dict(state)
        except (RuntimeError, ValueError) as error:  # other weights, or tensors of other names or shapes
            raise ValueError(
                f"{path.parent} holds a run of another network; give --out for a run of its own."
            ) from error
        self._seen = state["seen"]
        return state["spent"]
