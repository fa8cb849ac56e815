"""Requests and predictions as bytes: safetensors, whose metadata holds a JSON; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
from cfr_icl.sentences import Refusal
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
        raise Refusal("This is not a request to a worker.") from error


def prediction_to_bytes(prediction: Prediction) -> bytes:
    """Encode a prediction with all its passes."""
    tensors = _Tensors()
    header = {
        "chosen": prediction.chosen,
        "forwards": prediction.forwards,
        "inverse_temperature": prediction.inverse_temperature,
        "initial": None if prediction.initial is None else tensors.add_map(prediction.initial),
        "passes": [_pass_to_json(each, tensors) for each in prediction.passes],
    }
    return _packed(header, tensors.by_name)


def prediction_from_bytes(content: bytes) -> Prediction:
    """Decode a prediction; raises ValueError for anything else."""
    header, tensors = _unpacked(content)
    try:
        initial = header["initial"]
        return Prediction(
            tuple(_pass_from_json(entry, tensors) for entry in header["passes"]),
            header["chosen"],
            header["forwards"],
            header["inverse_temperature"],
            initial=None if initial is None else _map_from_json(initial, tensors),
        )
    except (KeyError, TypeError) as error:
        raise Refusal("This is not a prediction of a worker.") from error


class _Tensors:
    """The tensors of a prediction by name; one that several maps share is stored once."""

    def __init__(self) -> None:
        self.by_name: dict[str, torch.Tensor] = {}
        self._names: dict[int, str] = {}

    def add(self, tensor: torch.Tensor) -> str:
        """Add a tensor, and return its name."""
        if id(tensor) not in self._names:
            self._names[id(tensor)] = str(len(self._names))
            self.by_name[self._names[id(tensor)]] = tensor.detach().cpu().contiguous().clone()
        return self._names[id(tensor)]

    def add_map(self, map_: ProbabilityMap) -> dict[str, Any]:
        """Add the tensors of a map, and return its other fields with the names of these."""
        entry = {
            "values": self.add(map_.values),
            "window": map_.window,
            "picture": map_.picture,
            "exact": map_.exact,
        }
        if not isinstance(map_, LogitMap):
            return entry
        logits = {
            "logits": self.add(map_.logits),
            "network_size": map_.network_size,
            "unpadded": map_.unpadded,
        }
        return {**entry, **logits}


def _map_from_json(entry: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> ProbabilityMap:
    values, place = tensors[entry["values"]], (Window(*entry["window"]), Window(*entry["picture"]))
    if "logits" not in entry:
        return ProbabilityMap(values, *place, entry["exact"])
    network_size, unpadded = (entry[name] and tuple(entry[name]) for name in ("network_size", "unpadded"))
    logits = tensors[entry["logits"]]
    return LogitMap(
        values, *place, entry["exact"], logits=logits, network_size=network_size, unpadded=unpadded
    )


def _pass_to_json(inner_pass: InnerPass, tensors: _Tensors) -> dict[str, Any]:
    choices = inner_pass.choices
    return {
        "probabilities": tensors.add_map(inner_pass.probabilities),
        "agreement": inner_pass.agreement,
        "predicted_iou": inner_pass.predicted_iou,
        "zoom_window": inner_pass.zoom_window,
        "close_up": inner_pass.close_up,
        "refined": inner_pass.refined,
        "choices": [[tensors.add_map(choice.probabilities), choice.predicted_iou] for choice in choices],
        "choice": inner_pass.choice,
    }


def _pass_from_json(entry: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> InnerPass:
    zoom_window, close_up = (
        None if sides is None else Window(*sides) for sides in (entry["zoom_window"], entry["close_up"])
    )
    return InnerPass(
        _map_from_json(entry["probabilities"], tensors),
        entry["agreement"],
        entry["predicted_iou"],
        zoom_window,
        close_up,
        entry["refined"],
        tuple(Choice(_map_from_json(choice, tensors), iou) for choice, iou in entry["choices"]),
        entry["choice"],
    )


def _packed(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> bytes:
    # safetensors holds no file without tensors
    filled = {**tensors, "": torch.zeros(1, dtype=torch.uint8)}
    return save(filled, {"json": json.dumps(header), "version": str(VERSION)})


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length])["__metadata__"]
        if metadata["version"] != str(VERSION):
            raise Refusal("The worker and the page are of different versions of this package.")
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
        raise Refusal("What came over the network is damaged.") from error
    tensors.pop("", None)
    return header, tensors
