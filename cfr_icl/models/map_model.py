"""Networks that take clicks as maps: the compact network and the families of RITM and SimpleClick."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from cfr_icl.cfr import THRESHOLD_LOGIT, CascadeForward
from cfr_icl.clicks import disk_maps, is_one_click, with_whole_disk
from cfr_icl.models.base import Cues, Features, InteractiveModel
from cfr_icl.models.hypotheses import FurtherMasks, Hypotheses, further_masks
from cfr_icl.models.iou_head import IoUHead, rate
from cfr_icl.prediction import Choice, InnerPass, PredictionError
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window, to_window


@dataclass(frozen=True)
class BoxPrompt:
    """The prompt maps of a box alone (cfr_icl/box.py), for networks that answer these in their own way."""

    maps: torch.Tensor


class MapModel(InteractiveModel):
    """A network that takes clicks as maps; a new family implements `encode` and `decode`.

    `prompt_maps` are float (B, 3, H, W): previous mask as probabilities, disks of the positive clicks,
    disks of the negative clicks. `encode` runs once for a window and `decode` at every pass; in a network
    that fuses the clicks with its input, `encode` therefore does little more than normalise the picture.
    """

    first_modules: tuple[str, ...] = ()
    """Names of the modules that answer first prompts alone, those of `decode_first`."""

    def __init__(self) -> None:
        super().__init__()
        self.iou_head: IoUHead | None = None
        """Predicts the IoU of each mask with the object, from the maps of `decode_with_maps`."""
        self.hypotheses: Hypotheses | None = None
        """Predicts further masks for a first click, from the same maps."""

    def batched(self) -> list[tuple[nn.Module, str]]:
        return [(self, "encode"), (self, "decode")]

    @abstractmethod
    def decode(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """Compute the logits, float32 (B, 1, H, W), for prompt maps (B, 3, H, W) of the same pictures."""

    def decode_first(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """Like `decode`, for first prompts: a click without a mask, or a box if the network `takes_boxes`."""
        return self.decode(features, prompt_maps)

    def decode_in_precision(self, features: Features, prompt_maps: torch.Tensor) -> torch.Tensor:
        """Like `decode`, computed in the network's `precision`."""
        with self.autocast():
            return self.decode(features, prompt_maps)

    def decode_with_maps(
        self, features: Features, prompt_maps: torch.Tensor, first: bool = False
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        """Like `decode_in_precision`, with the maps that the heads take: 1/8, 1/16 and 1/32.

        Args:
            first: answer a first prompt, as `decode_first`.

        Returns:
            Logits, float32 (B, 1, H, W), and the maps, none of a network without heads.
        """
        decode = self.decode_first if first else self.decode
        with self.autocast():
            return decode(features, prompt_maps), ()

    def prompt(self, cues: Cues, window: Window, size: tuple[int, int], flip: bool) -> Any:
        """Turn the cues into the input of `run_pass` for a window.

        Returns:
            Prompt maps for a window and its mirror image, float32 (2, 3, height, width), or (1, ...) without
            flip. Channel 0, the previous mask, is not initialised; `run_pass` fills it in. For a box alone,
            and a network that `takes_boxes`, they are in a `BoxPrompt`. A network that `takes_first_clicks`
            gets a first click with its whole disk: trained on clicks in the middle of objects, it finds
            nothing at a quarter of a disk in a corner.
        """
        batch = [[to_window(click, window, size) for click in cues.clicks]]
        is_first_click = len(cues.clicks) == 1 and cues.clicks[0].positive and cues.box is None
        if is_first_click and self.takes_first_clicks:
            batch = [[with_whole_disk(batch[0][0], *size)]]
        if flip:
            batch.append([click.mirrored(size[1]) for click in batch[0]])
        maps = torch.cat([torch.empty(len(batch), 1, *size), disk_maps(batch, *size)], dim=1)
        return BoxPrompt(maps) if self.takes_boxes and cues.is_box else maps

    def run_pass(
        self,
        features: Features,
        prompt: Any,
        previous: ProbabilityMap,
        window: Window,
        cfr: CascadeForward | None = None,
        with_choices: bool = True,
    ) -> InnerPass:
        is_box = isinstance(prompt, BoxPrompt)
        prompt = prompt.maps if is_box else prompt
        mirrored, (height, width) = len(prompt) > 1, prompt.shape[2:]
        mask = previous.crop(window, (height, width))
        maps = torch.stack([mask, mask.flip(1)] if mirrored else [mask])[:, None]
        is_coarse = cfr is None  # refinements go on from its mask
        # the prompts of networks that take a first click like any other may not be maps
        may_be_first_click = is_coarse and not is_box and (self.choices or self.takes_first_clicks)
        is_first_click = bool(may_be_first_click and is_one_click(prompt[0, 1:]) and not mask.any())
        first = is_coarse and (is_box or (is_first_click and self.takes_first_clicks))
        with_choices = with_choices and is_first_click and self.choices > 0
        logits, predicted_iou, further = self.rated_logits(features, prompt, maps, with_choices, first)
        logits = logits[:, 0].float().cpu()
        if not torch.isfinite(logits.sum()):
            raise PredictionError("The network's output is not finite; its weights may be damaged.")
        agreement = _mask_iou(*logits) if mirrored else 1.0
        mean = 0.5 * (logits[0] + logits[1].flip(1)) if mirrored else logits[0]
        probabilities = ProbabilityMap(torch.sigmoid(mean), window, previous.picture, previous.exact)
        if further is None:
            return InnerPass(probabilities, agreement, predicted_iou)
        others = [replace(probabilities, values=values) for values in further.probabilities]
        choices = tuple(map(Choice, (probabilities, *others), further.scores))
        return InnerPass(probabilities, agreement, predicted_iou, choices=choices, choice=0)

    def logits(self, features: Features, prompt: Any, previous: torch.Tensor) -> torch.Tensor:
        """The logits (B, 1, height, width) of one pass.

        Args:
            features, prompt: as for `run_pass`.
            previous: probabilities that are fed back, float32 (B, 1, height, width) on the CPU.
        """
        prompt[:, :1] = previous
        return self.decode_in_precision(features, prompt.to(self.device))

    def rated_logits(
        self, features: Features, prompt: Any, previous: torch.Tensor, with_choices: bool, first: bool = False
    ) -> tuple[torch.Tensor, float | None, FurtherMasks | None]:
        """Like `logits`, and predict the IoU with the object of the mask that is their mean.

        Args:
            with_choices: also predict the further masks of a first click; False for networks without them.
            first: answer a box alone or a first click with weights of their own; False for networks without.

        Returns:
            Logits; the IoU, 0 to 1, None for networks that do not predict it; the
            masks, None without `with_choices`.
        """
        if self.iou_head is None and not with_choices and not first:
            return self.logits(features, prompt, previous), None, None
        prompt[:, :1] = previous
        prompt_maps = prompt.to(self.device)
        logits, maps = self.decode_with_maps(features, prompt_maps, first)
        rated = rate(self.iou_head, logits, maps[-2:], prompt_maps) if self.iou_head else None
        if not with_choices or self.hypotheses is None:
            return logits, rated, None
        return logits, rated, further_masks(self.hypotheses, maps, logits, prompt_maps)

    def decode_with_auxiliary(
        self, features: Features, prompt_maps: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The logits, and those of the auxiliary head that training also supervises; None without one."""
        return self.decode(features, prompt_maps), None

    def learning_rate_scales(self, encoder: float, layer_decay: float) -> dict[str, float]:
        """The factor of the learning rate for each parameter, by name.

        Args:
            encoder: factor of pretrained parameters, those of the module `encoder`; others have 1.
            layer_decay: further factor for each layer between a parameter and the output, in networks of
                many equal layers.
        """
        return {name: encoder if name.startswith("encoder.") else 1.0 for name, _ in self.named_parameters()}

    def forward(self, image: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
        return self.decode(self.encode(image), prompt_maps)


def _mask_iou(logits: torch.Tensor, mirrored: torch.Tensor) -> float:
    """IoU of the masks of two maps (h, w), the second of the mirror image; 0 if both are empty."""
    one, other = logits.numpy() > THRESHOLD_LOGIT, mirrored.numpy()[:, ::-1] > THRESHOLD_LOGIT
    return int(np.count_nonzero(one & other)) / max(1, int(np.count_nonzero(one | other)))
