"""Monitor a training run: scalars and pictures in TensorBoard's format."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from cfr_icl.clicks import disk_maps
from cfr_icl.data.examples import Batch
from cfr_icl.learning.run_settings import write_settings
from cfr_icl.learning.settings import Settings
from cfr_icl.models.base import InteractiveModel

SHOWN = 8
"""Number of examples in a picture."""


class Monitor:
    """Writes the settings once, scalars every step, and at intervals a picture of predictions."""

    def __init__(self, out: Path, settings: Settings, step: int) -> None:
        out.mkdir(parents=True, exist_ok=True)
        write_settings(out, settings)
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


def _drawn(picture: np.ndarray, gt_mask: np.ndarray, clicks, answer: np.ndarray) -> np.ndarray:
    marked = np.ascontiguousarray(picture)
    outlines, _ = cv2.findContours((gt_mask == 1).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(marked, outlines, -1, (255, 255, 0), 1)
    for click in clicks:
        colour = (0, 255, 0) if click.positive else (255, 0, 0)
        cv2.circle(marked, (int(click.x), int(click.y)), 4, colour, -1)
    grey = np.repeat((255 * np.nan_to_num(answer)).astype(np.uint8)[..., None], 3, axis=2)
    return np.concatenate([marked, grey], axis=1)
