"""Networks of SAM's family: they take clicks and boxes as coordinates, and take and return masks as logits.

Kirillov et al., Segment Anything, ICCV 2023 (arXiv 2304.02643), and its successors. `PromptableModel` is
their common base class; `TransformersModel` runs the networks of the library transformers, unchanged.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from cfr_icl.cfr import MASK_THRESHOLD, THRESHOLD_LOGIT, CascadeForward
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.models.base import Cues, Features, InteractiveModel, ModelConfig
from cfr_icl.models.steps import may_pause
from cfr_icl.prediction import Choice, InnerPass, PredictionError
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.logit_map import LogitMap, without_padding
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig

LARGEST_LOGIT = 32.0
"""Logits that are fed back are clamped to [-32, 32], as in these networks' training."""

WHOLE_PICTURE = ZoomConfig(size=1024, skip_clicks=1_000_000)
"""Never zoom in: each new window needs a run of the encoder, which takes most of the time."""

FIRST_MASK_EPS = 1e-4
"""Probabilities of an initial mask are clamped to this and its complement: logits of about -9 and 9."""


@dataclass(frozen=True)
class Frame:
    """The mapping from the pixels of a window to those of a network's input.

    Attributes:
        scale: (x, y), network pixels for each pixel of the window.
        network_size: height and width of the input.
        unpadded: height and width of the part, from the top left, that shows the window; None for all of it.
    """

    scale: tuple[float, float]
    network_size: tuple[int, int]
    unpadded: tuple[int, int] | None = None


def stretched(window: tuple[int, int], network_size: tuple[int, int]) -> Frame:
    """The frame of an input to which both sides of the window are resized."""
    return Frame((network_size[1] / window[1], network_size[0] / window[0]), network_size)


def padded(window: tuple[int, int], longest_side: int, network_size: tuple[int, int]) -> Frame:
    """The frame of an input to which the longest side is resized, with padding at the right and bottom."""
    height, width = window
    factor = longest_side * 1.0 / max(height, width)
    shown = int(height * factor + 0.5), int(width * factor + 0.5)
    return Frame((shown[1] / width, shown[0] / height), network_size, shown)


class Marks(NamedTuple):
    """Clicks and a box in pixels of a window, and the mask that is fed back."""

    points: list[tuple[float, float]]
    labels: list[int]
    box: tuple[float, float, float, float] | None
    """Left, top, right and bottom pixel, all inside."""
    mask: torch.Tensor | None
    """Logits (h, w), padding included."""


class PromptableModel(InteractiveModel):
    """A network that takes clicks and a box as coordinates, and a mask as logits.

    A single click is ambiguous: for it the network returns several masks, the `choices`, and the one with the
    highest predicted IoU is taken. A refinement feeds the logits back and, if the CFR settings say so, adds a
    click at the deepest place of the mask, or a box around it.
    """

    mirrors = False
    takes_coordinates = True
    choices = 3
    mask_size: tuple[int, int] = (256, 256)
    """Height and width of the network's mask input and output."""

    @abstractmethod
    def frame(self, window: tuple[int, int]) -> Frame:
        """The frame of a window of this height and width."""

    @abstractmethod
    def predict_masks(
        self, features: Features, marks: Marks, frame: Frame, several: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute logits float32 (n, h, w) and predicted IoUs (n,); n is 1 unless `several`."""

    def prompt(self, cues: Cues, window: Window, size: tuple[int, int], flip: bool) -> Marks:
        clicks = cues.clicks[cues.box_clicks :]
        box = None
        if cues.box:
            left, top, right, bottom = cues.box
            box = (left - window.left, top - window.top, right - 1 - window.left, bottom - 1 - window.top)
        points = [(click.x - window.left, click.y - window.top) for click in clicks]
        return Marks(points, [int(click.positive) for click in clicks], box, None)

    def run_pass(
        self,
        features: Features,
        prompt: Marks,
        previous: ProbabilityMap,
        window: Window,
        cfr: CascadeForward | None = None,
        with_choices: bool = True,
    ) -> InnerPass:
        frame = self.frame(window.size)
        marks = prompt._replace(mask=self._mask_input(previous, window, frame, prompt))
        if marks.mask is not None:
            marks = self._with_pseudo_marks(marks, frame, window, previous, cfr)
        several = len(marks.points) == 1 and marks.box is None and marks.mask is None
        with self.autocast():
            logits, scores = self.predict_masks(features, marks, frame, several)
        logits, scores = logits.float().cpu(), scores.float().cpu()
        if not torch.isfinite(logits.sum()):
            raise PredictionError("The network's output is not finite; its weights may be damaged.")
        place = window, previous.picture, frame.network_size, frame.unpadded
        maps = [LogitMap.of_logits(each, *place) for each in logits]
        ious = scores.clamp(0, 1).tolist()
        best = int(scores.argmax())
        choices = tuple(map(Choice, maps, ious)) if len(maps) > 1 else ()
        choice = best if choices else None
        return InnerPass(maps[best], ious[best], ious[best], choices=choices, choice=choice)

    def _mask_input(
        self, previous: ProbabilityMap, window: Window, frame: Frame, prompt: Marks
    ) -> torch.Tensor | None:
        """The previous mask as logits; None for an empty one, or one that was made from a box."""
        if isinstance(previous, LogitMap) and previous.window == window:
            return previous.logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
        if prompt.box is not None and not isinstance(previous, LogitMap):
            return None
        mask = torch.full(self.mask_size, math.log(FIRST_MASK_EPS) - THRESHOLD_LOGIT)
        shown = without_padding(mask, frame.network_size, frame.unpadded)
        probabilities = previous.crop(window, (shown.shape[0], shown.shape[1]))
        if not (probabilities > MASK_THRESHOLD).any():
            return None
        shown.copy_(torch.logit(probabilities, eps=FIRST_MASK_EPS) - THRESHOLD_LOGIT)
        return mask

    @staticmethod
    def _with_pseudo_marks(
        marks: Marks, frame: Frame, window: Window, previous: ProbabilityMap, cfr: CascadeForward | None
    ) -> Marks:
        """Add an inner click and a box around the mask input.

        In a refinement the CFR settings choose which; an initial mask that is not an output of this network
        gets both.
        """
        assert marks.mask is not None
        to_start = cfr is None and not isinstance(previous, LogitMap)
        inner_click = to_start or (cfr is not None and cfr.pseudo_clicks)
        around = to_start or (cfr is not None and cfr.pseudo_boxes)
        mask = without_padding(marks.mask, frame.network_size, frame.unpadded).numpy() > 0
        if not mask.any():
            return marks
        # sides of a pixel of the mask in pixels of the window
        across, down = window.width / mask.shape[1], window.height / mask.shape[0]
        if inner_click:
            column, row = deepest_pixel(mask)
            point = ((column + 0.5) * across - 0.5, (row + 0.5) * down - 0.5)
            marks = marks._replace(points=[*marks.points, point], labels=[*marks.labels, 1])
        if around and marks.box is None:
            box = Rectangle.of_mask(mask)
            positive = [point for point, label in zip(marks.points, marks.labels, strict=True) if label]
            xs = [box.left * across, box.right * across - 1, *(x for x, _ in positive)]
            ys = [box.top * down, box.bottom * down - 1, *(y for _, y in positive)]
            marks = marks._replace(box=(float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))))
        return marks


class TransformersModel(PromptableModel):
    """A network of the library transformers, with the image processor that belongs to it.

    Args:
        network: a `SamModel`, `SamHQModel`, `Sam2Model`, `EdgeTamModel` or `Sam3TrackerModel`.
        processor: the image processor of the same family.
    """

    pauses = True

    def __init__(self, network: Any, processor: Any) -> None:
        super().__init__()
        self.network = network
        self._processor = processor
        kind = network.config.model_type
        self.config = ModelConfig(kind, {}, WHOLE_PICTURE)
        side, patch = (getattr(network.config.prompt_encoder_config, n) for n in ("image_size", "patch_size"))
        self.mask_size = (4 * side // patch, 4 * side // patch)
        self._pads = bool(processor.size["longest_edge"]) if "longest_edge" in processor.size else False
        for part in _parts(network.vision_encoder):
            part.register_forward_pre_hook(may_pause)
        # as in the libraries' own processors
        self._points_dtype = torch.float64 if self._pads else torch.float32

    def frame(self, window: tuple[int, int]) -> Frame:
        if self._pads:
            pad = self._processor.pad_size
            return padded(window, self._processor.size["longest_edge"], (pad["height"], pad["width"]))
        return stretched(window, (self._processor.size["height"], self._processor.size["width"]))

    def crop(self, picture: np.ndarray, window: Window, size: tuple[int, int]) -> torch.Tensor:
        part = np.ascontiguousarray(picture[window.slices])
        inputs = self._processor(images=part, input_data_format="channels_last", return_tensors="pt")
        return inputs["pixel_values"]

    def encode(self, image: torch.Tensor) -> Features:
        return self.network.get_image_embeddings(image)

    def predict_masks(
        self, features: Features, marks: Marks, frame: Frame, several: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        inputs: dict[str, Any] = {"image_embeddings": features, "multimask_output": several}
        if isinstance(features, tuple):  # SAM-HQ's decoder also takes earlier embeddings
            inputs["image_embeddings"], inputs["intermediate_embeddings"] = features
        if marks.points:
            inputs["input_points"] = self._coordinates(marks.points, frame)[None, None]
            inputs["input_labels"] = torch.tensor([[marks.labels]], device=self.device)
        if marks.box is not None:
            corners = self._coordinates([marks.box[:2], marks.box[2:]], frame)
            inputs["input_boxes"] = corners.reshape(1, 1, 4)
        if marks.mask is not None:
            inputs["input_masks"] = marks.mask.to(self.device)[None, None]
        outputs = self.network(**inputs)
        return outputs.pred_masks[0, 0], outputs.iou_scores[0, 0]

    def _coordinates(self, points: Sequence[tuple[float, ...]], frame: Frame) -> torch.Tensor:
        coordinates = torch.tensor(points, dtype=self._points_dtype)
        coordinates[:, 0] = coordinates[:, 0] * frame.scale[0]
        coordinates[:, 1] = coordinates[:, 1] * frame.scale[1]
        return coordinates.to(self.device)

    def responds_to_clicks(self) -> bool:
        """Whether the decoder's picture features differ for two different clicks.

        In some releases of transformers, SAM-HQ's decoder drops these features and ignores clicks.
        """
        seen: list[torch.Tensor] = []
        decoder = self.network.mask_decoder
        handle = decoder.upscale_conv1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            with torch.inference_mode():
                features, side = self._random_features()
                for place in (0.25 * side, 0.75 * side):
                    marks = Marks([(place, place)], [1], None, None)
                    self.predict_masks(features, marks, Frame((1.0, 1.0), (side, side)), several=True)
        finally:
            handle.remove()
        return not torch.equal(*seen)

    def _random_features(self) -> tuple[Features, int]:
        """Random features in the shape of a SAM-HQ's, and the side of its input; encoding takes seconds."""
        config = self.network.config
        side, patch = config.prompt_encoder_config.image_size, config.prompt_encoder_config.patch_size
        grid, vision = side // patch, config.vision_config
        numbers = torch.Generator().manual_seed(0)
        last = torch.randn(1, vision.output_channels, grid, grid, generator=numbers)
        inner = torch.randn(1, grid, grid, vision.hidden_size, generator=numbers).to(self.device)
        return (last.to(self.device), [inner] * len(vision.global_attn_indexes)), side


def _parts(encoder: nn.Module) -> list[nn.Module]:
    """The modules that an encoder runs one after another: its blocks, and the parts of nested blocks."""
    lists = (module for module in encoder.modules() if isinstance(module, nn.ModuleList | nn.Sequential))
    return [part for each in lists for part in each]
