"""Monitor a training run: scalars and pictures in TensorBoard's format."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml
from torch.utils.tensorboard import SummaryWriter

from cfr_icl.clicks import disk_maps
from cfr_icl.data.examples import Batch
from cfr_icl.files import write_atomically
from cfr_icl.learning.settings import Settings
from cfr_icl.models.base import InteractiveModel

SETTINGS = "settings.yaml"
"""The file with the settings of a run."""

CHANGEABLE = ("steps", "epochs", "epoch", "minutes", "workers", "save_every", "picture_every")
"""Settings that a resumed run may have otherwise: its budget, and what no weights depend on. So may the batch
size of a process where there is a global batch."""

SHOWN = 8
"""Number of examples in a picture."""


class Monitor:
    """Writes the settings once, scalars every step, and at intervals a picture of predictions."""

    def __init__(self, out: Path, settings: Settings, step: int) -> None:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / SETTINGS, yaml.safe_dump(_plain(dataclasses.asdict(settings))))
        self.writer = SummaryWriter(out / "tensorboard", purge_step=step + 1)

    def scalars(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    @torch.no_grad()
    def pictures(self, step: int, network: InteractiveModel, batch: Batch) -> None:
        """Write ground truth outlines, first clicks and their predictions, side by side."""
        device = next(network.parameters()).device
        network.eval()
        pictures = batch.image[batch.picture_indices[:SHOWN]]
        image = pictures.to(device).float() / 255
        disks = disk_maps(batch.clicks[:SHOWN], *image.shape[2:]).to(device)
        logits = network(image, torch.cat([torch.zeros_like(disks[:, :1]), disks], dim=1))
        answers = torch.sigmoid(logits.float())[:, 0].cpu().numpy()
        rows = [
            _drawn(picture.permute(1, 2, 0).numpy(), gt_mask[0].numpy(), clicks, answer)
            for picture, gt_mask, clicks, answer in zip(
                pictures, batch.gt_mask, batch.clicks, answers, strict=False
            )
        ]
        self.writer.add_image("first answers", np.concatenate(rows), step, dataformats="HWC")

    def close(self) -> None:
        self.writer.close()


def changed_settings(out: Path, settings: Settings) -> list[str]:
    """The settings of a run that differ from those that it was begun with, by name; without a run, none."""
    try:
        before = yaml.safe_load((out / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    now = _plain(dataclasses.asdict(settings))
    if not isinstance(before, dict):
        return []
    changeable = (*CHANGEABLE, "batch_size") if settings.global_batch else CHANGEABLE
    return [name for name in _differing(before, now) if name not in changeable]


def _differing(before: dict[str, Any], now: dict[str, Any], where: str = "") -> Iterator[str]:
    """The names of values that are in both and differ; other versions may have settings that one lacks."""
    for key in before.keys() & now.keys():
        old, new = before[key], now[key]
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differing(old, new, f"{where}{key}.")
        elif old != new:
            yield f"{where}{key}"


def _drawn(picture: np.ndarray, gt_mask: np.ndarray, clicks, answer: np.ndarray) -> np.ndarray:
    marked = np.ascontiguousarray(picture)
    outlines, _ = cv2.findContours((gt_mask == 1).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(marked, outlines, -1, (255, 255, 0), 1)
    for click in clicks:
        colour = (0, 255, 0) if click.positive else (255, 0, 0)
        cv2.circle(marked, (int(click.x), int(click.y)), 4, colour, -1)
    grey = np.repeat((255 * np.nan_to_num(answer)).astype(np.uint8)[..., None], 3, axis=2)
    return np.concatenate([marked, grey], axis=1)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
