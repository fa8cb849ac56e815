"""Adapt a trained network to a person's own objects in minutes: ICL and SUEM, an encoder at rest, and memory.

What keeps the network from forgetting: weights are drawn back to those it started from, answers to clicks
beside the objects are held to those of the starting model, and other pictures are rehearsed with its answers.
"""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from timm.utils import ModelEmaV3

from cfr_icl.data.augmentation import Augmentation, TrainingExamples
from cfr_icl.data.samples import Dataset
from cfr_icl.files import replacing
from cfr_icl.icl import features_of_objects
from cfr_icl.learning.bad_labels import SPECK
from cfr_icl.learning.beginnings import TrainingConfig, TrainingLoss
from cfr_icl.learning.feature_pool import Drawn, FeaturePool, prompt_maps_of_first
from cfr_icl.learning.optimiser import OptimiserSettings, make_optimiser, set_rates, train_mode
from cfr_icl.models.base import Features
from cfr_icl.models.folding import compute_folded
from cfr_icl.models.map_model import MapModel
from cfr_icl.suem import SUEM

CHECKPOINT = "checkpoint.pt"

Weights = dict[str, torch.Tensor]


RATES = OptimiserSettings(lr=1e-3, weight_decay=0, warm_up=20, cool_down=0.7)


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """How a network is adapted.

    Attributes:
        batch_size: windows of a step.
        pool: windows that are held with their features; `fresh` of them are new at each step.
        rehearse: share of the examples that come from the rehearsal, 0 to 1.
        remind: weight of the answers of the starting model beside the objects.
        draw_back: part of the way back to the first weights that a step goes, in steps of the learning rate.
        check_every: part of the budget between two looks at the held-out objects.
        patience: looks without a better one after which the run ends.
        steps: most steps, beside the budget in time.
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
    rehearse: float = 0.4
    remind: float = 0.5
    draw_back: float = 1.0
    ema: float = 0.98
    check_every: float = 0.125
    patience: int = 3
    seed: int = 0
    steps: int | None = None
    save_seconds: float = 20.0


PRETRAINED_LR = 3e-5
"""Rate of networks whose pretrained part runs at every pass, so that it cannot rest."""


def config_for(model: MapModel, config: AdaptConfig = AdaptConfig()) -> AdaptConfig:
    """The configuration with the rate and the window size that suit a network."""
    weights = dict(model.named_parameters())
    resting = sum(w.numel() for name, w in weights.items() if name.startswith(model.encoder_modules or "?"))
    if 4 * resting >= sum(weight.numel() for weight in weights.values()):
        return config
    optimiser = dataclasses.replace(config.optimiser, lr=PRETRAINED_LR, layer_decay=0.8)
    augmentation = dataclasses.replace(config.augmentation, size=model.config.zoom.size)
    return dataclasses.replace(config, optimiser=optimiser, augmentation=augmentation, batch_size=2)


@dataclass
class Budget:
    """Minutes to learn for, some of which may be spent."""

    seconds: float
    spent: float = 0.0
    _since: float = field(default_factory=time.monotonic)

    @property
    def progress(self) -> float:
        """Part that is used, 0 to 1 and more."""
        return self.used / self.seconds

    @property
    def used(self) -> float:
        return self.spent + time.monotonic() - self._since


class AdaptLoss(TrainingLoss):
    """L_ICL on windows whose features are given, with reminders of the starting model's answers."""

    remind: float = 0.0

    def of(self, drawn: Drawn, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss of a batch, and the mean IoU after its first and last supervised click."""
        self._features = drawn.features
        self._image = drawn.batch.image.float() / 255
        loss, measured = self(
            self._image, drawn.batch.gt_mask.float(), drawn.batch.clicks, rng, drawn.batch.picture
        )
        if self.remind and drawn.reminders:
            prompts = prompt_maps_of_first([each.click for each in drawn.reminders], *self._image.shape[2:])
            logits = self.model.decode(features_of_objects(drawn.features, drawn.reminded), prompts)
            expected = torch.stack([each.probabilities for each in drawn.reminders]).float()
            reminder = F.binary_cross_entropy_with_logits(logits.float(), expected)
            loss = loss + self.remind * reminder
        return loss, measured

    def encode(self, image: torch.Tensor) -> Features:
        if image is self._image:
            return self._features
        with torch.no_grad():
            return self.model.encode(image)


@dataclass
class Adaptation:
    """A run of learning that can be stopped at any moment and goes on from its checkpoint.

    Attributes:
        network: what learns, in place.
        first: the weights that a person's rounds of learning all began with; it is drawn back to them.
    """

    network: MapModel
    first: Weights
    config: AdaptConfig
    folder: Path
    note: dict[str, Any]
    """Stored in the checkpoint, for whoever goes on from it."""

    def run(
        self,
        dataset: Dataset,
        teacher: MapModel,
        budget: Budget,
        score: Callable[[MapModel], float],
        tell: Callable[[int, float], None] = lambda step, progress: None,
        rehearsal: Dataset | None = None,
    ) -> tuple[Weights, int]:
        """Learn until the budget is spent, or until held-out objects have not gained for a while.

        Args:
            teacher: the starting model, whose answers are to be remembered.
            score: how good a network is on held-out objects; more is better.
            tell: called after each step with its number and the part of the budget that is used; what it
                raises ends the run, after which the same call goes on.
            rehearsal: pictures of other things with the starting model's answers.

        Returns:
            The weights that scored best, and the steps that were taken.

        Raises:
            OSError: when the checkpoint cannot be written.
        """
        config = self.config
        averaged = ModelEmaV3(self.network, decay=config.ema, use_warmup=True)
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(not name.startswith(self.network.encoder_modules or "?"))
        frozen = [name for name, weight in self.network.named_parameters() if not weight.requires_grad]
        compute_folded(self.network)
        optimiser = make_optimiser(self.network, config.optimiser, frozen)
        state = _State(best=copy.deepcopy(averaged.module.state_dict()))
        self._resume(state, averaged, optimiser, budget)
        datasets, weights = [dataset], [1.0]
        if rehearsal and config.rehearse:
            datasets, weights = [dataset, rehearsal], [1 - config.rehearse, config.rehearse]
        examples = TrainingExamples(datasets, weights, config.augmentation, config.suem, config.seed)
        pool = FeaturePool(self.network, teacher, examples.__getitem__, config.augmentation, config.pool)
        loss = AdaptLoss(self.network, config.icl)
        loss.remind = config.remind
        first = [(weight, self.first[name]) for name, weight in self.network.named_parameters()]
        saved = time.monotonic()
        while budget.progress < 1 and state.waited < config.patience and state.step != config.steps:
            # at the start a few windows, of which there are soon more
            fresh = config.batch_size + 1 if len(pool) < config.batch_size else config.fresh
            for _ in range(fresh):
                pool.add(state.windows)
                state.windows += 1
            set_rates(optimiser, config.optimiser, state.step, min(1.0, budget.progress))
            train_mode(self.network, frozen_norms=True)
            torch.manual_seed(config.seed + state.step)
            rng = np.random.default_rng((config.seed, state.step))
            value, _ = loss.of(pool.draw(config.batch_size, rng), rng)
            value.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.optimiser.clip)
            optimiser.step()
            optimiser.zero_grad()
            self._draw_back(first, optimiser)
            state.step += 1
            averaged.update(self.network, step=state.step)
            if budget.progress >= state.next_check:
                self._check(state, averaged, score, budget)
            if time.monotonic() - saved > config.save_seconds:
                self.save(state, averaged, optimiser, budget)
                saved = time.monotonic()
            try:
                tell(state.step, min(1.0, budget.progress))
            except BaseException:
                self.save(state, averaged, optimiser, budget)
                raise
        if state.waited < config.patience:
            self._check(state, averaged, score, budget)
        self.save(state, averaged, optimiser, budget)
        return state.best, state.step

    def _check(self, state: _State, averaged: ModelEmaV3, score, budget: Budget) -> None:
        state.next_check = budget.progress + self.config.check_every
        found = score(averaged.module.eval())
        state.scores.append(found)
        if found > state.best_score:
            state.best_score, state.waited = found, 0
            state.best = copy.deepcopy(averaged.module.state_dict())
        else:
            state.waited += 1

    def _draw_back(self, first, optimiser: torch.optim.Optimizer) -> None:
        amount = min(1.0, self.config.draw_back * optimiser.param_groups[0]["lr"])
        with torch.no_grad():
            for weight, origin in first:
                if weight.requires_grad:
                    weight.lerp_(origin, amount)

    def save(self, state: _State, averaged: ModelEmaV3, optimiser, budget: Budget) -> None:
        """Write the checkpoint as a whole."""
        content = {
            **self.note,
            "finished": False,
            "network": self.network.state_dict(),
            "averaged": averaged.module.state_dict(),
            "optimiser": optimiser.state_dict(),
            "state": dataclasses.asdict(state),
            "spent": budget.used,
        }
        with replacing(self.folder / CHECKPOINT) as unfinished:
            torch.save(content, unfinished)

    def _resume(self, state: _State, averaged: ModelEmaV3, optimiser, budget: Budget) -> None:
        content = read_checkpoint(self.folder)
        if content is None or content["finished"]:
            return
        self.network.load_state_dict(content["network"])
        averaged.module.load_state_dict(content["averaged"])
        optimiser.load_state_dict(content["optimiser"])
        for name, value in content["state"].items():
            setattr(state, name, value)
        budget.spent += content["spent"]


@dataclass
class _State:
    """How far a run is."""

    best: Weights
    best_score: float = float("-inf")
    step: int = 0
    windows: int = 0
    waited: int = 0
    next_check: float = 0.25
    scores: list[float] = field(default_factory=list)


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The checkpoint in a folder; None when there is none.

    Raises:
        ValueError: for a damaged one.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} is damaged; remove it to start anew.") from error


def finish(folder: Path, weights: Weights, note: dict[str, Any]) -> None:
    """Replace a run's checkpoint by the weights that it ended with, from which the next run goes on."""
    with replacing(folder / CHECKPOINT) as unfinished:
        torch.save({**note, "finished": True, "weights": weights}, unfinished)


def mixed(first: Weights, last: Weights, share: float) -> Weights:
    """`share` of the last weights and the rest of the first; counters are the last ones'."""
    return {
        name: torch.lerp(first[name].float(), value.float(), share) if value.is_floating_point() else value
        for name, value in last.items()
    }
