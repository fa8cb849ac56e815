"""Train the head that predicts the IoU of a mask: a robot user makes the examples, the network stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl import CascadeForward, Segmenter
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.cfr import MASK_THRESHOLD
from cfr_icl.data.samples import Dataset, Sample, random_samples, useful
from cfr_icl.evaluation.metrics import iou
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.iou_head import POOLS, IoUHead
from cfr_icl.rectangle import Rectangle
from cfr_icl.robot import next_click

MIN_AREA = 0.01
"""Objects below this share of their picture are left out."""
MOST_OBJECTS = 6
"""Objects of one draw of a picture at most."""
CLICKS = 3
GOOD_IOU = 0.9
"""No further click on an object whose mask has this IoU."""
STEPS = 400
RATE = 3e-3
"""Learning rate at the first step; it falls to 0."""


@dataclasses.dataclass(frozen=True)
class RatedPasses:
    """Passes of the network: pooled features, float32 (N, D), and the IoUs of their masks, float32 (N,)."""

    pooled: torch.Tensor
    ious: torch.Tensor


def draw(
    datasets: Sequence[Dataset], weights: Sequence[float], rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless pictures, uint8 (H, W, 3), with the ground truth of one object, int8 (H, W)."""
    for image, large in useful(_large(sample) for _, sample in random_samples(datasets, weights, rng)):
        for number in rng.permutation(len(large))[:MOST_OBJECTS]:
            yield image, large[number]


def _large(sample: Sample) -> tuple[np.ndarray, list[np.ndarray]] | None:
    """A picture with the ground truths of its objects that are large enough; None without any."""
    large = [gt_mask for gt_mask in sample.gt_masks if (gt_mask == 1).mean() >= MIN_AREA]
    return (sample.image, large) if large else None


def record(
    segmenter: Segmenter, objects: Iterator[tuple[np.ndarray, np.ndarray]], count: int, boxes: float = 0.25
) -> RatedPasses:
    """Let the robot user click on so many objects, and keep all passes but close-ups.

    Args:
        segmenter: of a network with an IoU head, trained or not.
        boxes: share of the objects, 0 to 1, that begin with a box in place of the first click.
    """
    head = cast(CompactNet, segmenter.model).iou_head
    if head is None:
        raise ValueError("The network has no head that predicts IoUs.")
    seen: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0].clone()))
    pooled: list[torch.Tensor] = []
    ious: list[float] = []
    picture = None
    try:
        for number, (image, gt_mask) in zip(range(count), objects, strict=False):
            if picture is not image:
                segmenter.set_image(image)
                picture = image
            boxed = int((number + 1) * boxes) > int(number * boxes)
            for prediction in _session(segmenter, gt_mask, boxed):
                coarse = [each for each in prediction.passes if each.close_up is None]
                # a first pass on a small object is repeated, a close-up comes last
                end = len(seen) - (len(prediction.passes) - len(coarse))
                pooled += seen[end - len(coarse) : end]
                ious += [iou(each.probabilities.threshold(MASK_THRESHOLD), gt_mask) for each in coarse]
                seen.clear()
    finally:
        hook.remove()
    return RatedPasses(torch.stack(pooled), torch.tensor(ious))


def _session(segmenter: Segmenter, gt_mask: np.ndarray, boxed: bool) -> Iterator[Any]:
    """The predictions for the robot's clicks on an object."""
    options: dict[str, Any] = {}
    clicks, clicked = [], np.zeros(gt_mask.shape, bool)
    probabilities = np.zeros(gt_mask.shape, np.float32)
    if boxed:
        box = Rectangle.of_mask(gt_mask == 1)
        clicks = [dataclasses.replace(click, batched=True) for click in box_clicks(box, gt_mask.shape)]
        options = {"box": box, "previous_mask": box_guess(box, gt_mask.shape)}
    for number in range(CLICKS):
        if number or not boxed:
            click = next_click(probabilities, gt_mask.astype(np.int32), clicked)
            clicked[int(click.y), int(click.x)] = True
            clicks.append(click)
        prediction = segmenter.predict(clicks, cfr=CascadeForward(), **options)
        probabilities = prediction.probabilities
        yield prediction
        if iou(prediction.mask, gt_mask) > GOOD_IOU:
            return


def fit(passes: RatedPasses, seed: int = 0) -> IoUHead:
    """Train a head on recorded passes: half of the features are left out at random in each step."""
    torch.manual_seed(seed)
    pooled, ious = passes.pooled.float(), passes.ious.float()
    with torch.device("cpu"):
        head = IoUHead(pooled.shape[1] // POOLS)
    head.mean, head.spread = pooled.mean(0), pooled.std(0, correction=0) + 1e-3
    torch.nn.init.constant_(head.output.bias, 1.0)
    standard = (pooled - head.mean) / head.spread

    def loss() -> torch.Tensor:
        units = F.dropout(F.gelu(head.hidden(F.dropout(standard, 0.5))), 0.5)
        return (torch.sigmoid(head.output(units))[:, 0] - ious).square().mean()

    return trained(head, loss, STEPS)


def trained(head: IoUHead, loss: Callable[[], torch.Tensor], steps: int) -> IoUHead:
    """Train a head in place: in each step, compute the loss and update the weights."""
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.3)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - step / steps)
        value = loss()
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    return head.eval().requires_grad_(False)
