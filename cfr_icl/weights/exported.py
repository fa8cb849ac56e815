"""Export networks to ONNX files, once each, in the cache folder."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch

from cfr_icl import models
from cfr_icl.files import cache_folder, replacing
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.compiled import export
from cfr_icl.models.map_model import MapModel

log = logging.getLogger(__name__)

_shared: WeakValueDictionary[tuple[bytes, int], Any] = WeakValueDictionary()
"""The sessions in use, by the SHA-256 of their file and their number of threads."""

EXPORTS_KEPT = 4
"""Number of networks whose exports are kept."""


@dataclass(frozen=True)
class StoredNetwork:
    """A network's configuration and weights file, and how to build it.

    Attributes:
        build: builds the network for prediction, with its decoder in the data type given.
        hold: reads the file, and gives what builds the network of its content when that is needed.
    """

    config: ModelConfig
    weights: Path
    build: Callable[[torch.dtype], MapModel]
    hold: Callable[[torch.dtype], Callable[[], MapModel]]


def digest_of(source: StoredNetwork, compiles: bool) -> bytes:
    """A SHA-256 of configuration, weights and networks' code; without export of the configuration alone.

    Args:
        compiles: whether networks of this architecture can be exported.
    """
    digest = hashlib.sha256(json.dumps(source.config.to_dict(), sort_keys=True).encode())
    if not compiles:
        return digest.digest()
    for file in (source.weights, *sorted(Path(models.__file__).parent.glob("*.py"))):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.digest()


def exported(source: StoredNetwork, digest: bytes) -> tuple[Path, ...] | None:
    """Export a network unless it was exported before.

    Args:
        digest: of `digest_of`, which names its folder.

    Returns:
        The files of encoder and decoder, and of the branch for boxes and first clicks in networks that have
        one; None where the network cannot be exported.
    """
    folder = cache_folder() / "onnx" / f"{digest.hex()[:32]}-torch{version('torch')}"
    parts = ["encoder", "decoder", *(["first_decoder"] if source.config.options.get("box_branch") else [])]
    files = tuple(folder / f"{part}.onnx" for part in parts)
    if all(file.is_file() for file in files):
        return files
    network = source.build(torch.float32)
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # about constants, which are intended
            export(network, *(stack.enter_context(replacing(file)) for file in files))
    except Exception as error:  # the exporter has errors of its own for each kind of network
        log.warning("The network stays in PyTorch, as it cannot be exported: %.200s", error)
        return None
    forget_old_exports(folder.parent)
    return files


def forget_old_exports(folder: Path) -> None:
    """Delete all but the EXPORTS_KEPT newest exports in a folder."""
    exports = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in exports[EXPORTS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def shared_session(file: Path) -> Any:
    """Like `session`, but one for all networks whose files have the same content."""
    key = hashlib.sha256(file.read_bytes()).digest(), torch.get_num_threads()
    shared = _shared.get(key)
    if shared is None:
        shared = _shared[key] = session(file)
    return shared


def session(file: Path, providers: Sequence[str] = ("CPUExecutionProvider",)) -> Any:
    """An ONNX Runtime session of a file, with as many threads as PyTorch; raises the runtime's errors.

    Args:
        providers: ONNX Runtime's names of devices, the first usable one is taken.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=list(providers))
