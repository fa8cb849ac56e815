"""SAM's ONNX export: an encoder and a decoder in one folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch

from cfr_icl.extras import extra
from cfr_icl.models.onnx_pair import EncoderInput, OnnxPair, find_pair
from cfr_icl.models.promptable import PromptableModel
from cfr_icl.sentences import short_reason
from cfr_icl.weights.exported import session


def is_onnx_pair(folder: Path) -> bool:
    """Whether a folder holds an encoder and a decoder of SAM's ONNX export."""
    return find_pair(folder) is not None


def load_onnx_pair(folder: Path, source: str, device: torch.device) -> PromptableModel:
    """Load the pair in a folder; encoder.json beside it may describe the encoder's input (`EncoderInput`).

    Raises:
        MissingExtraError: without onnxruntime.
        ValueError: for files that are no such pair.
    """
    pair = find_pair(folder)
    assert pair is not None, "the caller checked is_onnx_pair"
    with extra("onnx", f"The model {source}"):
        import onnxruntime
    description = pair[0].with_suffix(".json")
    # digests identify these weights, like a hash of the tensors for other models
    digests = {name: _digest(file) for name, file in zip(("encoder", "decoder"), pair, strict=True)}
    try:
        values = json.loads(description.read_text()) if description.is_file() else {}
        settings = EncoderInput.from_json(values)
    except ValueError as error:
        raise ValueError(f"{description.name} does not describe the encoder's input: {error}.") from error
    on_gpu = device.type == "cuda" and "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    providers = [*(["CUDAExecutionProvider"] if on_gpu else []), "CPUExecutionProvider"]
    try:
        encoder, decoder = (session(file, providers) for file in pair)
        return OnnxPair(encoder, decoder, settings, digests).eval()
    except Exception as error:  # the runtime raises an error type of its own for each kind of damage
        raise ValueError(
            f"{source} holds no usable pair of SAM's ONNX export: {short_reason(error)}."
        ) from error


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
