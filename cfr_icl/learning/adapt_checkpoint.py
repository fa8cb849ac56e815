"""The checkpoint of learning, from which an unfinished run is resumed and a finished one continued."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from timm.utils import ModelEmaV3

from cfr_icl.annotate.learning.state import CHECKPOINT
from cfr_icl.learning.average import Weights
from cfr_icl.learning.budget import Budget
from cfr_icl.learning.checkpoint import read_checkpoint_file, write_checkpoint
from cfr_icl.models.map_model import MapModel


@dataclass
class RunState:
    """The progress of a run.

    Attributes:
        best: the weights with the best score on held-out objects.
        step, windows: number of steps so far, and of windows.
        waited: number of scores since the best one.
        next_check: part of the budget at which the weights are scored again.
    """

    best: Weights
    best_score: float = float("-inf")
    step: int = 0
    windows: int = 0
    waited: int = 0
    next_check: float = 0.25
    scores: list[float] = field(default_factory=list)


@dataclass
class Run:
    """Everything that changes during a run."""

    network: MapModel
    averaged: ModelEmaV3
    optimiser: torch.optim.Optimizer
    budget: Budget
    state: RunState

    def save(self, folder: Path, note: dict[str, Any]) -> None:
        """Write the checkpoint as a whole, with a note; raises OSError."""
        content = {
            **note,
            "finished": False,
            "network": self.network.state_dict(),
            "averaged": self.averaged.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "state": dataclasses.asdict(self.state),
            "spent": self.budget.used,
        }
        write_checkpoint(folder / CHECKPOINT, content)

    def resume(self, folder: Path) -> None:
        """Take up the checkpoint of an unfinished run; without one nothing changes."""
        content = read_checkpoint(folder)
        if content is None or content["finished"]:
            return
        self.network.load_state_dict(content["network"])
        self.averaged.module.load_state_dict(content["averaged"])
        self.optimiser.load_state_dict(content["optimiser"])
        for name, value in content["state"].items():
            setattr(self.state, name, value)
        self.budget.spent += content["spent"]


def finish(folder: Path, weights: Weights, note: dict[str, Any]) -> None:
    """Replace a run's checkpoint by the weights that it ended with, from which the next run goes on."""
    write_checkpoint(folder / CHECKPOINT, {**note, "finished": True, "weights": weights})


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The checkpoint in a folder; None when there is none.

    Raises:
        ValueError: for a damaged one.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    return read_checkpoint_file(path)
