"""Train the branch of a compact network that answers first prompts, a click or a box; the network stays.

Windows of training pictures are encoded one after the other; in each step objects of some of them are clicked
on or boxed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.clicks import disk_maps
from cfr_icl.icl import mask_ious
from cfr_icl.learning import first_clicks
from cfr_icl.learning.branch_training import Task, mask_loss
from cfr_icl.learning.feature_pool import prompt_maps_of_first
from cfr_icl.learning.optimiser import cpu_autocast
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch
from cfr_icl.models.compact import CompactNet
from cfr_icl.rectangle import Rectangle

CLICKED = 0.65
"""Share of the objects that begin with a click."""
SLOPPY = (0.01, 0.05, 0.1)
"""The largest error of a box's sides, as shares of its width and height; one of these for each box."""
MIN_SIDE = 0.08
"""No box is drawn around objects whose box has a shorter side, as a share of the window's."""
MOST_KEPT, MOST_PROMPTED = 10, 4
"""Objects of a window at most: those that are kept in memory, and those in a batch."""
DICE = 0.5
"""Weight of the Dice loss beside the normalised focal loss."""


@dataclass(frozen=True)
class EncodedWindow:
    """A training window with its features, in half precision, and its objects.

    Attributes:
        features: of the picture, (1, C, h, w) each.
        gt_masks: int8 (K, S, S): 1 object, 0 background, -1 ignored.
    """

    features: tuple[torch.Tensor, ...]
    gt_masks: np.ndarray


def _windows(network: CompactNet, settings: Settings, rng: np.random.Generator) -> Iterator[EncodedWindow]:
    """Endless windows of the mixture."""
    for _, image, gt_masks in first_clicks.windows(*settings.open_data(), settings.augmentation, rng):
        features = first_clicks.encoded(network, image)
        chosen = rng.permutation(len(gt_masks))[:MOST_KEPT]
        yield EncodedWindow(tuple(x.half() for x in features), gt_masks[chosen])


def sloppy_box(pixels: np.ndarray, rng: np.random.Generator) -> Rectangle:
    """The box around pixels, bool (H, W), as people draw it."""
    box = np.array(Rectangle.of_mask(pixels), float)
    sides = np.tile(box[2:] - box[:2], 2)
    height, width = pixels.shape
    moved = np.round(box + rng.choice(SLOPPY) * rng.uniform(-1, 1, 4) * sides)
    left, top, right, bottom = (int(v) for v in np.clip(moved, 0, [width, height, width, height]))
    return Rectangle(left, top, max(left + 1, right), max(top + 1, bottom))


def prompt_maps_of_box(box: Rectangle, size: tuple[int, int]) -> torch.Tensor:
    """The prompt maps of a box in the pixels of a window: float32 (1, 3, height, width).

    They are what `MapModel.prompt` makes: without the click in the middle, which may not lie on the object.
    """
    guess = torch.from_numpy(box_guess(box, size).copy())[None, None]
    return torch.cat([guess, disk_maps([box_clicks(box, size)[1:]], *size)], dim=1)


def first_prompt(gt_mask: np.ndarray, rng: np.random.Generator) -> torch.Tensor | None:
    """Click on an object or draw a box around it.

    Args:
        gt_mask: int8 (H, W), as in `EncodedWindow`.

    Returns:
        Prompt maps, float32 (1, 3, H, W); None for an object that is too small for what was drawn.
    """
    size = gt_mask.shape[0], gt_mask.shape[1]
    if rng.random() < CLICKED:
        click = first_clicks.first_click(gt_mask.astype(np.int32), rng)
        return None if click is None else prompt_maps_of_first([click], *size)
    pixels = gt_mask == 1
    if min(Rectangle.of_mask(pixels).size) < MIN_SIDE * size[0]:
        return None
    return prompt_maps_of_box(sloppy_box(pixels, rng), size)


def loss(
    branch: Branch, batch: Sequence[EncodedWindow], rng: np.random.Generator
) -> tuple[torch.Tensor, dict[str, list[float]]] | None:
    """The loss of first prompts in these windows, and the IoUs of "clicks" and "boxes"; None if none fits."""
    windows, gt_masks, prompts = [], [], []
    for number, window in enumerate(batch):
        for which in rng.permutation(len(window.gt_masks))[:MOST_PROMPTED]:
            maps = first_prompt(window.gt_masks[which], rng)
            if maps is not None:
                windows.append(number)
                gt_masks.append(torch.from_numpy(window.gt_masks[which]))
                prompts.append(maps)
    if not prompts:
        return None
    features = tuple(
        torch.cat(maps)[windows].float() for maps in zip(*(window.features for window in batch), strict=True)
    )
    prompt_maps = torch.cat(prompts)
    with cpu_autocast():
        logits, _ = branch(features, prompt_maps)
    gt_mask = torch.stack(gt_masks)[:, None].float()
    ious = mask_ious(torch.sigmoid(logits.detach()), gt_mask)[:, 0]
    boxed = prompt_maps[:, 0].flatten(1).any(1)
    return mask_loss(logits, gt_mask, DICE), {"clicks": ious[~boxed].tolist(), "boxes": ious[boxed].tolist()}


FIRST_PROMPTS = Task(_windows, loss, held=240, uses=2.0)
