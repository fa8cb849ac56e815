"""Fine-tune a trained network on a person's own objects in minutes, by ICL and SUEM with a frozen encoder.

Against forgetting, weights decay towards those that the network started from, and its answers to clicks
beside the objects are distilled from the starting model, which also predicts on pictures of other kinds
(models/learnt.py).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.utils import ModelEmaV3

from cfr_icl.data.examples import TrainingExamples
from cfr_icl.data.samples import Dataset
from cfr_icl.learning.adapt_checkpoint import Run, RunState
from cfr_icl.learning.adapt_config import AdaptConfig
from cfr_icl.learning.adapt_loss import AdaptLoss
from cfr_icl.learning.average import Weights
from cfr_icl.learning.budget import Budget
from cfr_icl.learning.feature_pool import FeaturePool
from cfr_icl.learning.optimiser import (
    depthwise_weights,
    make_optimiser,
    rest_now_and_then,
    set_rates,
    train_mode,
)
from cfr_icl.models.folding import compute_folded
from cfr_icl.models.map_model import MapModel
from cfr_icl.weights.engines import has_bfloat16


@dataclass
class Adaptation:
    """A run of learning that can be stopped at any moment and goes on from its checkpoint.

    Attributes:
        network: is trained in place.
        first: the weights that a person's rounds of learning all began with; weights decay towards them.
    """

    network: MapModel
    first: Weights
    config: AdaptConfig
    folder: Path
    note: dict[str, Any]
    """Stored in the checkpoint for the run that continues it."""

    def run(
        self,
        dataset: Dataset,
        teacher: MapModel,
        budget: Budget,
        score: Callable[[MapModel], float],
        tell: Callable[[int, float], None] = lambda step, progress: None,
    ) -> tuple[Weights, int]:
        """Learn until the budget is spent, or until held-out objects have not gained for a while.

        Args:
            teacher: the starting model, whose answers are distilled.
            score: returns the quality of a network on held-out objects; higher is better.
            tell: called after each step with its number and the used part of the budget. An exception of it
                ends the run, which the same call then resumes.

        Returns:
            The weights with the best score, and the number of steps.

        Raises:
            OSError: when the checkpoint cannot be written.
        """
        config = self.config
        run = self._run(budget)
        state, depthwise = run.state, depthwise_weights(self.network, folded=True)
        examples = TrainingExamples([dataset], [1.0], config.augmentation, config.suem, config.seed)
        pool = FeaturePool(self.network, teacher, examples.__getitem__, config.augmentation, config.pool)
        loss = AdaptLoss(self.network, config.icl, config.remind, config.boxes)
        saved = time.monotonic()
        while budget.progress(state.step) < 1 and state.waited < config.patience:
            # at the start a few windows, of which there are soon more
            fresh = config.batch_size + 1 if len(pool) < config.batch_size else config.fresh
            for _ in range(fresh):
                pool.add(state.windows)
                state.windows += 1
            rest_now_and_then(depthwise, state.step)
            self._step(run, loss, pool)
            if budget.progress(state.step) >= state.next_check:
                self._check(run, score)
            if time.monotonic() - saved > config.save_seconds:
                run.save(self.folder, self.note)
                saved = time.monotonic()
            try:
                tell(state.step, min(1.0, budget.progress(state.step)))
            except BaseException:
                run.save(self.folder, self.note)
                raise
        if state.waited < config.patience:
            self._check(run, score)
        run.save(self.folder, self.note)
        return state.best, state.step

    def _run(self, budget: Budget) -> Run:
        """A new run, or the one of the checkpoint; freezes the network's encoder."""
        averaged = ModelEmaV3(self.network, decay=self.config.ema, use_warmup=True)
        for name, weight in self.network.named_parameters():
            weight.requires_grad_(not name.startswith(self.network.encoder_modules or "?"))
        frozen = [name for name, weight in self.network.named_parameters() if not weight.requires_grad]
        compute_folded(self.network)
        if self.network.config.reduced_precision == "bfloat16" and has_bfloat16():
            self.network.precision = torch.bfloat16
        optimiser = make_optimiser(self.network, self.config.optimiser, frozen, self._rate_scales())
        state = RunState(best=copy.deepcopy(averaged.module.state_dict()))
        run = Run(self.network, averaged, optimiser, budget, state)
        run.resume(self.folder)
        return run

    def _rate_scales(self) -> dict[str, float]:
        """The network's own scales, with 1 for a branch that answers first clicks."""
        chosen, network = self.config.optimiser, self.network
        scales = network.learning_rate_scales(chosen.encoder_lr, chosen.layer_decay)
        learns = network.first_modules if network.takes_first_clicks else ()
        return {name: 1.0 if name.startswith(learns) else scale for name, scale in scales.items()}

    def _step(self, run: Run, loss: AdaptLoss, pool: FeaturePool) -> None:
        """Take a step of the optimiser on a batch, then let the weights decay towards the first ones."""
        config, state = self.config, run.state
        progress = min(1.0, run.budget.progress(state.step))
        set_rates(run.optimiser, config.optimiser, state.step, progress)
        train_mode(self.network, frozen_norms=True)
        torch.manual_seed(config.seed + state.step)
        rng = np.random.default_rng((config.seed, state.step))
        value, _ = loss.of(pool.draw(config.batch_size, rng), rng)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), config.optimiser.clip)
        run.optimiser.step()
        run.optimiser.zero_grad()
        amount = min(1.0, config.draw_back * run.optimiser.param_groups[0]["lr"])
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                if weight.requires_grad:
                    weight.lerp_(self.first[name], amount)
        state.step += 1
        run.averaged.update(self.network, step=state.step)

    def _check(self, run: Run, score: Callable[[MapModel], float]) -> None:
        """Score the averaged weights on held-out objects, and keep them if they are the best so far."""
        state = run.state
        state.next_check = run.budget.progress(state.step) + self.config.check_every
        new_score = score(run.averaged.module.eval())
        state.scores.append(new_score)
        if new_score > state.best_score:
            state.best_score, state.waited = new_score, 0
            state.best = copy.deepcopy(run.averaged.module.state_dict())
        else:
            state.waited += 1
