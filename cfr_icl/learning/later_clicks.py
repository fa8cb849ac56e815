"""Train a compact network's own branch on what follows the answers of its branch for first prompts.

Windows of training pictures are answered once, for a click or a box; then the surroundings of each answer, as
zoom-in and close-ups place them, are encoded. In each step some passes refine these answers, with and without
further clicks of the robot user, and the last pass is supervised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.box import box_clicks
from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.clicks import Click, disk_maps
from cfr_icl.icl import mask_ious
from cfr_icl.learning import first_clicks
from cfr_icl.learning.branch_training import Task, mask_loss
from cfr_icl.learning.feature_pool import prompt_maps_of_first
from cfr_icl.learning.first_prompts import MIN_SIDE, prompt_maps_of_box, sloppy_box
from cfr_icl.learning.optimiser import cpu_autocast
from cfr_icl.learning.settings import Settings
from cfr_icl.models.branch import Branch
from cfr_icl.models.compact import CompactNet
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import next_click, random_click
from cfr_icl.zoom.resample import crop, crop_picture
from cfr_icl.zoom.window import Window, to_window
from cfr_icl.zoom.zoom_config import expanded

OBJECTS = 3
"""Most objects of a window that are answered."""
CLICKED = 0.85
"""Share of the objects that begin with a click; the others begin with a box."""
UNZOOMED, CLOSE_UPS = 0.12, 0.15
"""Shares of the examples in the whole window, and around a place of the outline."""
EXPANSION, MIN_WINDOW = 1.4, 0.42
"""Sides of a zoom window: ratio to the object's, and at least this share of the whole window's."""
MIN_SHARE = 0.003
"""Smallest object, as a share of what the network sees."""
ROUNDS = (0.38, 0.2, 0.14, 0.09, 0.07, 0.05, 0.04, 0.03)
"""Probabilities of 0, 1, 2 ... passes before the one that is supervised."""
REFINED_FIRST, REFINED = 0.7, 0.45
"""Probability that a pass has no new click: after the first answer, and later."""
CONFIRMING = 0.2
"""Share of further clicks that lie where the mask is right already, which must not change it elsewhere."""
DICE = 0.3
"""Weight of the Dice loss beside the normalised focal loss."""


@dataclass(frozen=True)
class Answered:
    """A zoom window with its features and the answer that is to be refined, in half precision.

    Attributes:
        features: of the picture, (1, C, h, w) each.
        gt_mask: int8 (S, S): 1 object, 0 background, -1 ignored.
        clicks: the first click, or those that a box is turned into.
        mask: probabilities of the answer, (S, S).
    """

    features: tuple[torch.Tensor, ...]
    gt_mask: torch.Tensor
    clicks: tuple[Click, ...]
    mask: torch.Tensor


# ---- what there is to learn from


def _examples(network: CompactNet, settings: Settings, rng: np.random.Generator) -> Iterator[Answered]:
    """Endless answers to first prompts on objects of the mixture."""
    for _, image, gt_masks in first_clicks.windows(*settings.open_data(), settings.augmentation, rng):
        for gt_mask, clicks, mask in _first_answers(network, image, gt_masks, rng):
            example = _zoomed(network, image, gt_mask, clicks, mask, rng)
            if (example.gt_mask == 1).float().mean() >= MIN_SHARE:
                yield example


@torch.no_grad()
def _first_answers(
    network: CompactNet, image: np.ndarray, gt_masks: np.ndarray, rng: np.random.Generator
) -> list[tuple[np.ndarray, tuple[Click, ...], torch.Tensor]]:
    """Objects of a window, uint8 (S, S, 3), clicks of their first prompts, and the answers (1, 1, S, S)."""
    side, size = len(image), network.config.zoom.size
    whole = Window.of_size(side, side)
    chosen, clicks, prompts = [], [], []
    for gt_mask in gt_masks[rng.permutation(len(gt_masks))[:OBJECTS]]:
        prompt = _first_prompt(gt_mask, whole, size, rng)
        if prompt:
            chosen.append(gt_mask)
            clicks.append(prompt[0])
            prompts.append(prompt[1])
    if not chosen or network.box_branch is None:
        return []
    features = network.encode(crop_picture(image, whole, (size, size)))
    features = tuple(x.expand(len(chosen), -1, -1, -1) for x in features)
    logits, _ = network.decode_with_maps(features, torch.cat(prompts), first=True)
    masks = F.interpolate(torch.sigmoid(logits.float()), (side, side), mode="bilinear", align_corners=True)
    return list(zip(chosen, clicks, masks.split(1), strict=True))


def _first_prompt(
    gt_mask: np.ndarray, whole: Window, size: int, rng: np.random.Generator
) -> tuple[tuple[Click, ...], torch.Tensor] | None:
    """Clicks of a first prompt in the window, and its prompt maps; None for objects that are too small."""
    if rng.random() < CLICKED:
        click = first_clicks.first_click(gt_mask.astype(np.int32), rng)
        if click is None:
            return None
        return (click,), prompt_maps_of_first([to_window(click, whole, (size, size))], size, size)
    pixels = gt_mask == 1
    if min(Rectangle.of_mask(pixels).size) < MIN_SIDE * len(gt_mask):
        return None
    box = sloppy_box(pixels, rng)
    seen = Rectangle(*(round(side * size / len(gt_mask)) for side in box))
    return box_clicks(box, whole.size)[1:], prompt_maps_of_box(seen, (size, size))


@torch.no_grad()
def _zoomed(
    network: CompactNet,
    image: np.ndarray,
    gt_mask: np.ndarray,
    clicks: tuple[Click, ...],
    mask: torch.Tensor,
    rng: np.random.Generator,
) -> Answered:
    """What the network sees of an answer (1, 1, S, S) in its zoom window, or in a close-up."""
    size = (network.config.zoom.size,) * 2
    window = _zoom_window(mask[0, 0].numpy() > MASK_THRESHOLD, clicks, rng)
    if rng.random() < CLOSE_UPS:
        window = _around_outline(gt_mask, window, rng)
    object_and_ignored = [torch.from_numpy(gt_mask == value)[None, None].float() for value in (1, -1)]
    maps = crop(torch.cat([mask, *object_and_ignored], dim=1), window, size)[0]
    seen = torch.where(maps[2] > 0, -1, (maps[1] > 0.5).int()).to(torch.int8)
    features = network.encode(crop_picture(image, window, size))
    return Answered(
        tuple(x.half() for x in features),
        seen,
        tuple(to_window(click, window, size) for click in clicks),
        maps[0].half(),
    )


def _zoom_window(mask: np.ndarray, clicks: Sequence[Click], rng: np.random.Generator) -> Window:
    """The window around an answer, bool (S, S), and the positive clicks, or the whole one."""
    side = len(mask)
    if rng.random() < UNZOOMED or not mask.any():
        return Window.of_size(side, side)
    least = MIN_WINDOW * side * rng.uniform(0.8, 1.2)
    box, spans = Rectangle.of_mask(mask), []
    for (first, end), clicked in (
        (box.columns, [click.x for click in clicks if click.positive]),
        (box.rows, [click.y for click in clicks if click.positive]),
    ):
        low, high = min([first, *clicked]), max([end - 1, *clicked])
        spans.append(expanded(low, high, side, EXPANSION, least))
    (left, right), (top, bottom) = spans
    return Window(left, top, right, bottom)


def _around_outline(gt_mask: np.ndarray, window: Window, rng: np.random.Generator) -> Window:
    """A close-up of a place of the true outline in the window; the window itself if there is none."""
    pixels = np.ascontiguousarray(gt_mask == 1, np.uint8)
    outline = cv2.morphologyEx(pixels, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))[window.slices]
    places = np.argwhere(outline)
    if not len(places):
        return window
    y, x = places[rng.integers(len(places))]
    return window.around(Click(int(x) + window.left, int(y) + window.top), 0.5)


# ---- the loss


def loss(
    branch: Branch, batch: Sequence[Answered], rng: np.random.Generator
) -> tuple[torch.Tensor, dict[str, list[float]]]:
    """The loss of a pass after some others, and the IoUs of the "first" answers and of that pass ("last")."""
    features = tuple(
        torch.cat(maps).float() for maps in zip(*(example.features for example in batch), strict=True)
    )
    gt_masks = torch.stack([example.gt_mask for example in batch])[:, None].float()
    mask = torch.stack([example.mask for example in batch])[:, None].float()
    clicks = [list(example.clicks) for example in batch]
    first = mask_ious(mask, gt_masks)[:, 0]
    rounds = int(rng.choice(len(ROUNDS), p=np.array(ROUNDS) / sum(ROUNDS)))
    for number in range(rounds + 1):
        if rng.random() >= (REFINED if number else REFINED_FIRST):
            add_clicks(clicks, mask, gt_masks, rng)
        with torch.set_grad_enabled(number == rounds):
            logits = _answer(branch, features, mask, clicks)
        mask = torch.sigmoid(logits)
    return mask_loss(logits, gt_masks, DICE), {
        "first": first.tolist(),
        "last": mask_ious(mask.detach(), gt_masks)[:, 0].tolist(),
    }


def _answer(
    branch: Branch,
    features: tuple[torch.Tensor, ...],
    mask: torch.Tensor,
    clicks: Sequence[Sequence[Click]],
) -> torch.Tensor:
    """The logits of a pass, float32 like `mask`."""
    maps = torch.cat([mask, disk_maps(clicks, *mask.shape[2:])], dim=1)
    with cpu_autocast():
        return branch(features, maps)[0].float()


def add_clicks(
    clicks: Sequence[list[Click]], mask: torch.Tensor, gt_masks: torch.Tensor, rng: np.random.Generator
) -> None:
    """Add to each object the robot user's click of evaluation or of training, or a confirming one.

    Args:
        mask, gt_masks: float32 (N, 1, H, W), probabilities and ground truths of the objects.
    """
    for object_clicks, probabilities, gt_mask in zip(
        clicks, mask[:, 0].numpy(), gt_masks[:, 0].numpy(), strict=True
    ):
        if rng.random() < CONFIRMING:
            click = _confirming_click(probabilities, gt_mask, rng)
        elif rng.random() < 0.5:
            click = random_click(probabilities, gt_mask, rng)
        else:
            click = next_click(probabilities, gt_mask, np.zeros(gt_mask.shape, bool))
            if (probabilities[int(click.y), int(click.x)] > MASK_THRESHOLD) == click.positive:
                continue  # there is no error to click on
        if click:
            object_clicks.append(click)


def _confirming_click(
    probabilities: np.ndarray, gt_mask: np.ndarray, rng: np.random.Generator
) -> Click | None:
    """Click a random pixel where the mask is right, positive or negative; None if there is no such pixel."""
    positive = bool(rng.random() < 0.5)
    right = (gt_mask == positive) & ((probabilities > MASK_THRESHOLD) == positive)
    places = np.flatnonzero(right)
    if not len(places):
        return None
    y, x = np.unravel_index(rng.choice(places), gt_mask.shape)
    return Click(int(x), int(y), positive)


LATER_CLICKS = Task(_examples, loss, held=320, uses=2.5)
