"""The training loop, on one machine or many; a run that was stopped at any moment resumes exactly."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from timm.utils import ModelEmaV3
from torch.utils.data import DataLoader
from tqdm import tqdm

from cfr_icl.data.examples import Batch, TrainingExamples, collate
from cfr_icl.learning.checkpoint import read_checkpoint_file, write_checkpoint
from cfr_icl.learning.encoders import load_encoder
from cfr_icl.learning.grow import grown
from cfr_icl.learning.initial_states import TrainingLoss
from cfr_icl.learning.monitor import Monitor
from cfr_icl.learning.optimiser import make_optimiser, require_finite, set_rates, train_mode
from cfr_icl.learning.processes import lost_process_in_a_sentence, means_of_all, require_equal
from cfr_icl.learning.run_settings import resumed
from cfr_icl.learning.settings import Settings
from cfr_icl.memory import keep_freed_memory
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.folding import compute_folded
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model

CHECKPOINT = "checkpoint.pt"


def train(settings: Settings, out: Path) -> None:
    """Train until the budget is spent; leaves weights in `out/model`, a checkpoint and scalars in `out`.

    Raises:
        ValueError: for settings that this number of processes cannot have, or folders that differ.
        LostProcessError: when another process of the run is lost.
    """
    accelerator = Accelerator(
        mixed_precision=settings.precision, gradient_accumulation_steps=settings.accumulation
    )
    with lost_process_in_a_sentence(accelerator):
        _train(settings.for_processes(accelerator.num_processes), out, accelerator)


def _train(settings: Settings, out: Path, accelerator: Accelerator) -> None:
    torch.manual_seed(settings.seed)
    network = _network(settings)
    keep_freed_memory(2**31 - 1)  # maps of a batch are large
    network.to(memory_format=torch.channels_last)
    loss = TrainingLoss(network, settings.icl)
    optimiser = make_optimiser(network, settings.optimiser, settings.model.frozen)
    ema = ModelEmaV3(network, decay=settings.optimiser.ema, use_warmup=True)
    if settings.model.frozen_norms:
        compute_folded(network)
    loss, optimiser = accelerator.prepare(loss, optimiser)
    ema.to(accelerator.device)
    step, spent = _resume(out, network, ema, optimiser, accelerator)
    require_equal(accelerator, step)
    if step:
        said = resumed(out, settings, _progress(settings, step, spent, accelerator))
        if said and accelerator.is_main_process:
            print(said, file=sys.stderr)
    monitor = Monitor(out, settings, step) if accelerator.is_main_process else None
    batches = _loader(settings, step, accelerator)
    started = time.monotonic() - spent
    with tqdm(total=settings.steps, initial=step, disable=monitor is None, dynamic_ncols=True) as bar:
        while (progress := _progress(settings, step, time.monotonic() - started, accelerator)) < 1:
            set_rates(optimiser, settings.optimiser, step, progress)
            _seed(settings.seed, step, accelerator.process_index)
            train_mode(network, settings.model.frozen_norms)
            totals, batch = _train_step(loss, network, batches, optimiser, settings, step, accelerator)
            step += 1
            ema.update(network, step=step)
            if monitor:
                bar.update()
                bar.set_postfix({**{n: f"{v:.3f}" for n, v in totals.items()}, "budget": f"{progress:.1%}"})
                monitor.scalars(step, {**totals, "lr": optimiser.param_groups[0]["lr"]})
                if step % settings.picture_every == 0:
                    monitor.pictures(step, ema.module, batch)
                if step % settings.save_every == 0:
                    _save(out, network, ema, optimiser, accelerator, step, time.monotonic() - started)
    if monitor:
        _save(out, network, ema, optimiser, accelerator, step, time.monotonic() - started)
        monitor.close()
    accelerator.end_training()


def _train_step(
    loss,
    network: MapModel,
    batches: Iterator[Batch],
    optimiser,
    settings: Settings,
    step: int,
    accelerator: Accelerator,
) -> tuple[dict[str, float], Batch]:
    """Take a step with the accumulated batches; return the mean of their figures, and the last batch."""
    totals: dict[str, float] = {}
    for _ in range(settings.accumulation):
        batch = _next(batches)
        rng = np.random.default_rng((settings.seed, step))  # for all processes and parts the same
        image = batch.image.to(accelerator.device).float() / 255
        gt_mask = batch.gt_mask.to(accelerator.device).float()
        with accelerator.accumulate(loss):
            value, measured = loss(image, gt_mask, batch.clicks, rng, batch.picture_indices, batch.seeds)
            figures, weight = means_of_all({"loss": value.item(), **measured}, accelerator)
            if not accelerator.scaler:  # which leaves such a step out
                require_finite(figures["loss"], step)
            accelerator.backward(weight * value)
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(network.parameters(), settings.optimiser.clip)
            optimiser.step()
            optimiser.zero_grad()
        for name, figure in figures.items():
            totals[name] = totals.get(name, 0) + figure / settings.accumulation
    return totals, batch


def _network(settings: Settings) -> MapModel:
    model = settings.model
    if model.weights:
        network = load_model(model.weights, device="cpu", trainable=True)
        return grown(network, model.options) if model.options else network
    network = build_model(default_config(model.architecture, **model.options))
    if model.encoder_weights:
        if not isinstance(network, CompactNet):
            raise ValueError(
                f"model.encoder_weights are for the compact network, not for {model.architecture}."
            )
        load_encoder(network, model.encoder_weights)
    return network


def _loader(settings: Settings, step: int, accelerator: Accelerator) -> Iterator[Batch]:
    """Batches from this step on; which examples they hold depends on seed and step alone."""
    examples = TrainingExamples(*settings.open_data(), settings.augmentation, settings.suem, settings.seed)
    per_step = settings.batch_size * settings.accumulation * accelerator.num_processes
    indices = range(step * per_step + accelerator.process_index, sys.maxsize // 2, accelerator.num_processes)
    loader = DataLoader(
        examples,
        settings.batch_size,
        sampler=indices,
        num_workers=settings.workers,
        collate_fn=collate,
        worker_init_fn=lambda _: cv2.setNumThreads(0),
        prefetch_factor=4 if settings.workers else None,
    )
    return iter(loader)


def _next(batches: Iterator[Batch]) -> Batch:
    """Return the next batch; raise the error of a loader process without the traceback in its message."""
    try:
        return next(batches)
    except (OSError, ValueError) as error:
        traceback = "DataLoader worker" in str(error)
        if not traceback:
            raise
        raise type(error)(str(error).strip().splitlines()[-1].partition(": ")[2]) from error


def _progress(settings: Settings, step: int, spent: float, accelerator: Accelerator) -> float:
    """Part of the budget used, from 0 to 1; by time, the first process's clock counts for all."""
    if settings.minutes:
        spent = broadcast(torch.tensor(spent, dtype=torch.float32, device=accelerator.device)).item()
    return settings.progress(step, spent)


def _seed(seed: int, step: int, process: int) -> None:
    """Dropout and the like depend on these three alone, so that a run resumes exactly."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, process)).generate_state(1)[0]))


def _save(
    out: Path, network, ema: ModelEmaV3, optimiser, accelerator: Accelerator, step: int, spent: float
) -> None:
    """Write weights and checkpoint; each file appears whole or not at all.

    Weights that are not finite are refused, before they replace the last checkpoint.
    """
    save_model(ema.module, out / "model")
    state = {
        "network": network.state_dict(),
        "ema": ema.module.state_dict(),
        "optimiser": optimiser.state_dict(),
        "scaler": accelerator.scaler.state_dict() if accelerator.scaler else None,
        "step": step,
        "spent": spent,
    }
    write_checkpoint(out / CHECKPOINT, state)


def _resume(out: Path, network, ema: ModelEmaV3, optimiser, accelerator: Accelerator) -> tuple[int, float]:
    """Resume from the checkpoint if there is one; return the steps and the seconds so far.

    Raises:
        ValueError: for a damaged checkpoint, and that of another network.
    """
    if not (out / CHECKPOINT).exists():
        return 0, 0.0
    state = read_checkpoint_file(out / CHECKPOINT)
    try:
        network.load_state_dict(state["network"])
        ema.module.load_state_dict(state["ema"])
        optimiser.load_state_dict(state["optimiser"])
    except (RuntimeError, ValueError) as error:  # tensors of other names or shapes, other groups of rates
        raise ValueError(f"{out} holds a run of another network; give --out for a run of its own.") from error
    if accelerator.scaler:
        accelerator.scaler.load_state_dict(state["scaler"])
    return state["step"], state["spent"]
