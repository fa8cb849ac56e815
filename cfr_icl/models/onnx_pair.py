"""SAM's usual ONNX export: one file with the encoder, one with the decoder.

The decoder has the inputs image_embeddings, point_coords, point_labels, mask_input, has_mask_input and
orig_im_size and the outputs masks, iou_predictions and low_res_masks. Encoders differ in their input;
a JSON file beside the encoder can describe it (`EncoderInput`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from cfr_icl.models.base import Features, ModelConfig
from cfr_icl.models.normalise import normalised
from cfr_icl.models.promptable import WHOLE_PICTURE, Frame, Marks, PromptableModel, padded, stretched
from cfr_icl.zoom.window import Window

DECODER_INPUTS = (
    "image_embeddings",
    "point_coords",
    "point_labels",
    "mask_input",
    "has_mask_input",
    "orig_im_size",
)
DECODER_OUTPUTS = ("iou_predictions", "low_res_masks")


@dataclass(frozen=True, kw_only=True)
class EncoderInput:
    """The format of an encoder's input.

    Attributes:
        size: height and width of the input; by default those in the ONNX file, else 1024 x 1024.
        mean, std: of the channels R, G, B, in the range of `scale`. None if the network normalises its input.
        scale: the value of white, 255 or 1, before the mean is subtracted.
        pad: "after" pads the normalised picture with zeros, as SAM does; "before" pads it with black and
            normalises then; "no" stretches both sides.
    """

    size: tuple[int, int] | None = None
    mean: tuple[float, float, float] | None = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    scale: float = 255.0
    pad: str = "after"

    @classmethod
    def from_json(cls, values: Any) -> EncoderInput:
        """Read a JSON file's content; raises ValueError for anything but known names with usable values."""
        if not isinstance(values, Mapping):
            raise ValueError("expected an object with names and values")
        for name in values.keys() - {entry.name for entry in fields(cls)}:
            raise ValueError(f"there is no setting {name!r:.40}")
        read = dict(values)
        for name, count in (("size", 2), ("mean", 3), ("std", 3)):
            if name in read and not (read[name] is None and name != "std"):
                read[name] = _numbers(name, read[name], count, whole=name == "size")
        if "std" in read and min(read["std"]) <= 0:
            raise ValueError("'std' is a list of 3 numbers above 0")
        if read.get("size") and not all(16 <= side <= 8192 for side in read["size"]):
            raise ValueError("'size' is height and width, 16 to 8192")
        if read.get("scale", 255) not in [1, 255]:
            raise ValueError("'scale' is 1 or 255")
        if read.get("pad", "no") not in ["after", "before", "no"]:
            raise ValueError("'pad' is after, before or no")
        return cls(**read)


def _numbers(name: str, values: Any, count: int, whole: bool) -> tuple[Any, ...]:
    kinds = (int,) if whole else (int, float)
    if not isinstance(values, list) or len(values) != count or not all(type(v) in kinds for v in values):
        raise ValueError(f"{name!r} is a list of {count} {'whole ' if whole else ''}numbers")
    if not all(abs(v) < 1e6 for v in values):  # false for NaN too
        raise ValueError(f"{name!r} is a list of {count} numbers below a million")
    return tuple(values)


class OnnxPair(PromptableModel):
    """An encoder and a decoder that ONNX Runtime runs.

    Args:
        encoder, decoder: inference sessions.
        encoder_input: the content of the JSON file beside the encoder.
        digests: SHA-256 of both files, which identify the weights in evaluations.

    Raises:
        ValueError: for files with other inputs or outputs.
    """

    encodes_ahead = False  # ONNX Runtime runs an encoder as a whole, often for seconds

    def __init__(
        self,
        encoder: Any,
        decoder: Any,
        encoder_input: EncoderInput,
        digests: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.config = ModelConfig("onnx_pair", dict(digests or {}), WHOLE_PICTURE)
        self._encoder, self._decoder, self._input = encoder, decoder, encoder_input
        if {entry.name for entry in encoder.get_inputs()} >= set(DECODER_INPUTS):
            raise ValueError("the encoder's file holds a decoder; the two may be swapped")
        inputs = {entry.name: entry for entry in decoder.get_inputs()}
        outputs = [entry.name for entry in decoder.get_outputs()]
        lacking = [name for name in DECODER_INPUTS if name not in inputs]
        lacking += [name for name in DECODER_OUTPUTS if name not in outputs]
        if lacking:
            raise ValueError(f"the decoder has no {lacking[0]}")
        if len(encoder.get_inputs()) != 1 or len(encoder.get_outputs()) != 1:
            raise ValueError("the encoder has more than one input or output")
        entry = encoder.get_inputs()[0]
        self._name, self._layout = entry.name, list(entry.shape)
        self._type = (
            np.uint8 if "uint8" in entry.type else np.float16 if "float16" in entry.type else np.float32
        )
        self._decoder_type = np.float16 if "float16" in inputs["image_embeddings"].type else np.float32
        self.network_size = encoder_input.size or self._stated_size() or (1024, 1024)
        height, width = inputs["mask_input"].shape[-2:]
        if not (isinstance(height, int) and isinstance(width, int)):
            height, width = (side // 4 for side in self.network_size)
        self.mask_size = height, width

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")  # of inputs and outputs; ONNX Runtime moves them by itself

    def frame(self, window: tuple[int, int]) -> Frame:
        if self._input.pad == "no":
            return stretched(window, self.network_size)
        height, width = window
        # the longest side that fits; the input need not be square
        longest = max(window) * min(self.network_size[0] / height, self.network_size[1] / width)
        return padded(window, round(longest), self.network_size)

    def crop(self, picture: np.ndarray, window: Window, size: tuple[int, int]) -> torch.Tensor:
        frame = self.frame(window.size)
        part = torch.from_numpy(picture[window.slices].copy()).permute(2, 0, 1)[None].float()
        shown = frame.unpadded or frame.network_size
        part = F.interpolate(part, shown, mode="bilinear", align_corners=False, antialias=True).round_()
        part = part.clamp_(0, 255)
        rest = (0, self.network_size[1] - shown[1], 0, self.network_size[0] - shown[0])
        if self._input.pad == "before":
            part = F.pad(part, rest)
        part = part * (self._input.scale / 255)
        if self._input.mean is not None:
            part = normalised(part, self._input.mean, self._input.std)
        return F.pad(part, rest) if self._input.pad == "after" else part

    def encode(self, image: torch.Tensor) -> Features:
        pixels = image.numpy().astype(self._type)
        if self._layout[-1] == 3:
            pixels = pixels.transpose(0, 2, 3, 1)
        if len(self._layout) == 3:
            pixels = pixels[0]
        return self._encoder.run(None, {self._name: np.ascontiguousarray(pixels)})[0]

    def predict_masks(
        self, features: Features, marks: Marks, frame: Frame, several: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        points, labels = list(marks.points), list(marks.labels)
        if marks.box is None:
            corners, kinds = [], []
        else:
            corners, kinds = [marks.box[:2], marks.box[2:]], [2, 3]
        coordinates = np.array([*points, *corners], np.float32).reshape(-1, 2) * np.array(
            frame.scale, np.float32
        )
        if marks.box is None:  # the export expects a padding point in place of a box
            coordinates, kinds = np.concatenate([coordinates, np.zeros((1, 2), np.float32)]), [-1]
        has_mask = marks.mask is not None
        mask = marks.mask.numpy() if has_mask else np.zeros(self.mask_size, np.float32)
        outputs = self._decoder.run(
            list(DECODER_OUTPUTS),
            {
                "image_embeddings": features.astype(self._decoder_type),
                "point_coords": coordinates[None],
                "point_labels": np.array([[*labels, *kinds]], np.float32),
                "mask_input": mask[None, None].astype(np.float32),
                "has_mask_input": np.array([has_mask], np.float32),
                # the smallest size for the full-size masks: only the low-resolution masks are used
                "orig_im_size": np.array(self.mask_size, np.float32),
            },
        )
        scores, logits = (torch.from_numpy(values[0]) for values in outputs)
        if len(logits) == 1:  # exported to give the best mask alone
            return logits, scores
        # the first mask is for several clicks, the others are for one
        return (logits[1:], scores[1:]) if several else (logits[:1], scores[:1])

    def _stated_size(self) -> tuple[int, int] | None:
        """Height and width of the input in the encoder's file; None if they are not fixed."""
        sides = [side for side in self._layout if isinstance(side, int) and side > 4]
        return (sides[0], sides[1]) if len(sides) == 2 else None


def find_pair(folder: Path) -> tuple[Path, Path] | None:
    """The encoder's and the decoder's file in a folder; None without such a pair."""
    files = sorted(folder.glob("*.onnx")) if folder.is_dir() else []
    encoders = [file for file in files if "encoder" in file.stem.lower()]
    others = [file for file in files if file not in encoders]
    named = [file for file in others if "decoder" in file.stem.lower()]
    decoders = named or others
    return (encoders[0], decoders[0]) if len(encoders) == 1 and len(decoders) == 1 else None
