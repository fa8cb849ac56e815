"""SAM's family as the library transformers stores it: downloading and loading."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cfr_icl.extras import extra
from cfr_icl.models.promptable import PromptableModel, TransformersModel
from cfr_icl.sentences import short_reason
from cfr_icl.weights import hub
from cfr_icl.weights.names import CONFIG_NAME, WEIGHTS_NAME
from cfr_icl.zoom.window import Window

PROCESSOR_NAMES = ("preprocessor_config.json", "processor_config.json")


@dataclass(frozen=True)
class Family:
    """Names of the classes in transformers that load a repository."""

    network: str
    processor: str


_SAM = Family("SamModel", "SamImageProcessor")
_SAM_HQ = Family("SamHQModel", "SamImageProcessor")
_SAM2 = Family("Sam2Model", "Sam2ImageProcessor")
_EDGETAM = Family("EdgeTamModel", "Sam2ImageProcessor")
_SAM3 = Family("Sam3TrackerModel", "Sam3ImageProcessor")

FAMILIES = {
    "sam": _SAM,
    "sam_hq": _SAM_HQ,
    # repositories name the class for videos; only its part for single pictures is loaded
    "sam2": _SAM2,
    "sam2_video": _SAM2,
    "edgetam": _EDGETAM,
    "edgetam_video": _EDGETAM,
    "sam3_tracker": _SAM3,
    "sam3_tracker_video": _SAM3,
    "sam3_video": _SAM3,
}
"""Families by the `model_type` in a repository's config.json."""


def family_named(values: Any) -> Family | None:
    """The family named by the content of a config.json; None for any other content."""
    kind = values.get("model_type") if isinstance(values, dict) else None
    return FAMILIES.get(kind) if isinstance(kind, str) else None


def family_of(file: Path) -> Family | None:
    """The family named by a config.json; None if it is not valid JSON."""
    try:
        return family_named(json.loads(file.read_text()))
    except (ValueError, OSError):
        return None


def download(reference: str, config: Path) -> Path:
    """Download all files of a repository that its network needs, and return their folder in the cache.

    Args:
        reference: hf://owner/name, with or without a revision.
        config: its config.json in the cache, whose folder names the commit.

    Raises:
        As `hub.download`.
    """
    repository, _ = hub.parse(reference)
    pinned = f"{hub.SCHEME}{repository}@{config.parent.name}"
    weights = hub.download(pinned, WEIGHTS_NAME)
    for name in PROCESSOR_NAMES:
        hub.download_optional(pinned, name)
    return weights.parent


def load_transformers(folder: Path, family: Family, source: str, device: torch.device) -> PromptableModel:
    """Load a network in the format of the library transformers, with unchanged weights.

    Args:
        folder: holds its files.
        family: of its config.json (`family_of`).
        source: name of the model in messages.

    Raises:
        MissingExtraError: without transformers.
        FileNotFoundError: for a folder without weights.
        ValueError: for files that do not match this network, or for a network that does not work in this
            release of transformers.
    """
    if not (folder / WEIGHTS_NAME).is_file():
        raise FileNotFoundError(f"{source} holds no {WEIGHTS_NAME}.")
    with extra("hub", f"The model {source}"):
        import transformers
    network_class = getattr(transformers, family.network, None)
    processor_class = getattr(transformers, family.processor, None)
    if network_class is None or processor_class is None:
        raise ValueError(
            f"{source} needs {family.network}, which transformers {transformers.__version__} does not have; "
            "pip install -U transformers."
        )
    try:
        with _quiet(transformers):
            network, report = network_class.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # `_check_weights` tells them in a sentence
            )
            has_processor = any((folder / name).is_file() for name in PROCESSOR_NAMES)
            processor = (
                processor_class.from_pretrained(folder, local_files_only=True)
                if has_processor
                else processor_class()
            )
    except Exception as error:  # the library raises errors of many types for damaged or foreign files
        raise ValueError(f"{source} cannot be read as {family.network}: {short_reason(error)}.") from error
    _check_weights(report, family, source)
    model = TransformersModel(network, processor).to(device).eval().requires_grad_(False)
    _check_preparation(model, source)
    if family is _SAM_HQ and not model.responds_to_clicks():
        raise ValueError(
            f"{source} is a SAM-HQ, whose decoder ignores clicks in transformers {transformers.__version__}; "
            "use a SAM or SAM 2.1 instead."
        )
    return model


def _check_weights(report: Mapping[str, Any], family: Family, source: str) -> None:
    """Raise ValueError for weights that the library left out or that are missing."""
    if other := sorted(report["mismatched_keys"]):
        name, stored, expected = other[0]
        raise ValueError(
            f"{source} has weights that do not fit its {CONFIG_NAME}: {name!r} is {_by_sides(stored)}, "
            f"expected is {_by_sides(expected)}."
        )
    if missing := sorted(report["missing_keys"]):
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(f"{source} lacks weights of {family.network}: {missing[0]!r}{more}.")


def _check_preparation(model: TransformersModel, source: str) -> None:
    """Raise ValueError where the image processor does not make pictures of the network's size."""
    side = model.network.config.prompt_encoder_config.image_size
    whole = Window.of_size(8, 8)
    try:
        made = model.crop(np.zeros((8, 8, 3), np.uint8), whole, (8, 8)).shape[2:]
        fits = tuple(made) == model.frame(whole.size).network_size == (side, side)
    except Exception as error:  # the library raises errors of many types for settings that it does not know
        raise ValueError(
            f"{source} has an image processor that cannot be used: {short_reason(error)}."
        ) from error
    if not fits:
        raise ValueError(
            f"{source} has an image processor for pictures of {_by_sides(made)}, its network takes "
            f"{side} x {side}."
        )


def _by_sides(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape)) or "one number"


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Silence the library's progress bars and its warning about loading a video model for pictures."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
