"""Requests and predictions as bytes: safetensors, whose metadata holds a JSON; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.prediction import Choice, InnerPass, Prediction
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.logit_map import LogitMap
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window

VERSION = 1

PICTURE = "X-Session-Id"
"""Header of a request with its picture's digest. Ray Serve sends requests of one value to one replica."""

NETWORK = "X-Network"
"""Header of an answer that is the same for workers with the same weights and settings."""


@dataclass(frozen=True)
class PredictionRequest:
    """A page's request to a worker: the arguments of `Predictor.predict` and the picture."""

    picture: str
    """The `picture_digest` of the pixels."""
    clicks: tuple[Click, ...] = ()
    previous_mask: np.ndarray | None = None
    box: Rectangle | None = None
    choice: int | None = None
    cfr: CascadeForward = CascadeForward()
    pixels: np.ndarray | None = None
    """The picture itself, uint8 (H, W, 3); None where the worker has it from before."""
    ahead: bool = False
    """Whether the picture is to be encoded before the first click; nothing is predicted."""


def picture_digest(pixels: np.ndarray) -> str:
    """The digest that names a picture in requests."""
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()


def request_to_bytes(request: PredictionRequest) -> bytes:
    """Encode a request."""
    tensors = {}
    if request.pixels is not None:
        tensors["pixels"] = torch.from_numpy(np.ascontiguousarray(request.pixels))
    if request.previous_mask is not None:
        tensors["previous_mask"] = torch.from_numpy(np.array(request.previous_mask, order="C"))
    header = {
        "picture": request.picture,
        "clicks": [[c.x, c.y, c.positive, c.batched] for c in request.clicks],
        "box": request.box,
        "choice": request.choice,
        "cfr": request.cfr.to_json(),
        "ahead": request.ahead,
    }
    return _packed(header, tensors)


def request_from_bytes(content: bytes) -> PredictionRequest:
    """Decode a request; raises ValueError for anything else."""
    header, tensors = _unpacked(content)
    try:
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return PredictionRequest(
            str(header["picture"]),
            tuple(Click(x, y, bool(positive), bool(batched)) for x, y, positive, batched in header["clicks"]),
            arrays.get("previous_mask"),
            None if header["box"] is None else Rectangle(*map(int, header["box"])),
            None if header["choice"] is None else int(header["choice"]),
            CascadeForward.from_json(header["cfr"]),
            arrays.get("pixels"),
            bool(header["ahead"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError("This is not a request to a worker.") from error


def prediction_to_bytes(prediction: Prediction) -> bytes:
    """Encode a prediction with all its passes."""
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[int, str] = {}

    def store(tensor: torch.Tensor) -> str:
        """Store a tensor once, however many maps share it."""
        if id(tensor) not in numbers:
            numbers[id(tensor)] = str(len(numbers))
            tensors[numbers[id(tensor)]] = tensor.detach().cpu().contiguous().clone()
        return numbers[id(tensor)]

    def described(map_: ProbabilityMap) -> dict[str, Any]:
        entry = {
            "values": store(map_.values),
            "window": map_.window,
            "picture": map_.picture,
            "exact": map_.exact,
        }
        if isinstance(map_, LogitMap):
            logits = {
                "logits": store(map_.logits),
                "network_size": map_.network_size,
                "unpadded": map_.unpadded,
            }
            return {**entry, **logits}
        return entry

    header = {
        "chosen": prediction.chosen,
        "forwards": prediction.forwards,
        "inverse_temperature": prediction.inverse_temperature,
        "initial": None if prediction.initial is None else described(prediction.initial),
        "passes": [
            {
                "probabilities": described(each.probabilities),
                "agreement": each.agreement,
                "predicted_iou": each.predicted_iou,
                "zoom_window": each.zoom_window,
                "close_up": each.close_up,
                "refined": each.refined,
                "choices": [
                    [described(choice.probabilities), choice.predicted_iou] for choice in each.choices
                ],
                "choice": each.choice,
            }
            for each in prediction.passes
        ],
    }
    return _packed(header, tensors)


def prediction_from_bytes(content: bytes) -> Prediction:
    """Decode a prediction; raises ValueError for anything else."""
    header, tensors = _unpacked(content)

    def window(sides: Sequence[int] | None) -> Window | None:
        return None if sides is None else Window(*sides)

    def placed(entry: Mapping[str, Any]) -> ProbabilityMap:
        values, place = tensors[entry["values"]], (Window(*entry["window"]), Window(*entry["picture"]))
        if "logits" not in entry:
            return ProbabilityMap(values, *place, entry["exact"])
        network_size, unpadded = (entry[name] and tuple(entry[name]) for name in ("network_size", "unpadded"))
        logits = tensors[entry["logits"]]
        return LogitMap(
            values, *place, entry["exact"], logits=logits, network_size=network_size, unpadded=unpadded
        )

    try:
        passes = tuple(
            InnerPass(
                placed(each["probabilities"]),
                each["agreement"],
                each["predicted_iou"],
                window(each["zoom_window"]),
                window(each["close_up"]),
                each["refined"],
                tuple(Choice(placed(entry), iou) for entry, iou in each["choices"]),
                each["choice"],
            )
            for each in header["passes"]
        )
        initial = header["initial"]
        return Prediction(
            passes,
            header["chosen"],
            header["forwards"],
            header["inverse_temperature"],
            initial=None if initial is None else placed(initial),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("This is not a prediction of a worker.") from error


def _packed(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> bytes:
    # safetensors holds no file without tensors
    filled = {**tensors, "": torch.zeros(1, dtype=torch.uint8)}
    return save(filled, {"json": json.dumps(header), "version": str(VERSION)})


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        if metadata["version"] != str(VERSION):
            raise ValueError("The worker and the page are of different versions of this package.")
        tensors = load(content)
        header = json.loads(metadata["json"])
    except (
        SafetensorError,
        KeyError,
        TypeError,
        UnicodeDecodeError,
        json.JSONDecodeError,
        RecursionError,
    ) as error:
        raise ValueError("What came over the network is damaged.") from error
    tensors.pop("", None)
    return header, tensors
