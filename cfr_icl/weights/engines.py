"""Choose the engine of each half of a network on a CPU: the fastest one, measured at the first start.

Engines are PyTorch in float32, PyTorch in the reduced precision that keeps the model's masks, and ONNX
Runtime in float32 where it is installed. Measurements and exports are stored in the cache folder; another
processor, number of threads, version or set of weights is measured again.
"""

from __future__ import annotations

import json
import logging
import math
import os
import platform
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from cfr_icl.extras import extra
from cfr_icl.files import cache_folder, write_atomically
from cfr_icl.models.compiled import CompiledNet
from cfr_icl.models.iou_head import POOLS, IoUHead
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import ARCHITECTURES
from cfr_icl.weights.exported import Source, digest_of, exported, session

log = logging.getLogger(__name__)

ENGINES = ("auto", "torch", "onnx")
ONNX = "onnx"
REDUCED = "bfloat16"
"""The reduced precision that a CPU may be faster in; float16 takes many times as long."""
WORTH = 0.9
"""Another engine than PyTorch in float32 is taken if it needs at most this share of its time."""
TURNS, ENOUGH = 3, 4.0
"""Rounds of measuring, and the seconds after which no further one begins."""
PACKAGES = ("torch", "timm", "onnxruntime", "onnx")


@dataclass(frozen=True)
class Halves:
    """The engines of a network: "onnx", or PyTorch's data type."""

    encoder: str = "float32"
    decoder: str = "float32"


def pick_engine(name: str | None = None) -> str:
    """Check the name of an engine; None for the value of CFR_ICL_ENGINE, or else "auto".

    Raises:
        ValueError: for another name than those in ENGINES.
    """
    name = name or os.environ.get("CFR_ICL_ENGINE") or "auto"
    if name not in ENGINES:
        raise ValueError(f"The engine is {', '.join(ENGINES[:-1])} or {ENGINES[-1]}, not {name!r:.40}.")
    return name


def load_fastest(source: Source, engine: str) -> MapModel:
    """Build the network with the engines that predict fastest on this CPU.

    Args:
        engine: "auto", "torch" or "onnx", one of ENGINES.

    Raises:
        MissingExtraError: for "onnx" where ONNX Runtime is not installed.
    """
    compiles = engine != "torch" and ARCHITECTURES[source.config.architecture].compiles
    if engine == ONNX and compiles:
        with extra("onnx", "CFR_ICL_ENGINE=onnx"):
            import onnx  # noqa: F401
            import onnxruntime  # noqa: F401
    if not compiles and source.config.reduced_precision != REDUCED:
        return source.build(torch.float32)
    digest = digest_of(source, compiles)
    files = exported(source, digest) if compiles and _installed("onnx", "onnxruntime") else None
    halves = Halves(ONNX, ONNX) if engine == ONNX and files else _fastest(source, digest, files)
    dtype = getattr(torch, halves.decoder if halves.decoder != ONNX else "float32")
    if ONNX not in (halves.encoder, halves.decoder) or files is None:
        return source.build(dtype)
    try:
        encoder = session(files[0]) if halves.encoder == ONNX else None
        decoder = session(files[1]) if halves.decoder == ONNX else None
    except Exception as error:  # the runtime has errors of its own for each kind of damage
        log.warning("An exported network is damaged and was removed (%.200s); PyTorch answers.", error)
        shutil.rmtree(files[0].parent, ignore_errors=True)
        return source.build(torch.float32)
    head = _iou_head(source)
    return CompiledNet(
        source.config,
        digest,
        lambda: source.build(dtype),
        encoder,
        decoder,
        head,
        _parameter_count(source.weights),
    ).eval()


def _parameter_count(weights: Path) -> int:
    """The number of values in a file of weights, of which only the header is read."""
    with safe_open(weights, framework="pt") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118


def _iou_head(source: Source) -> IoUHead | None:
    """The head that predicts IoUs, read alone; None for a network without one."""
    if not source.config.options.get("iou_head"):
        return None
    prefix = "iou_head."
    with safe_open(source.weights, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118  no mapping
        tensors = {name.removeprefix(prefix): file.get_tensor(name).float() for name in names}
    head = IoUHead(len(tensors["mean"]) // POOLS, len(tensors["hidden.bias"]))
    head.load_state_dict(tensors)
    return head.requires_grad_(False)


def has_bfloat16() -> bool:
    """Whether the CPU has instructions for bfloat16, as far as PyTorch knows."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older versions
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _fastest(source: Source, digest: bytes, files: tuple[Path, Path] | None) -> Halves:
    """The fastest engines: from the measurements in the cache folder, or else measured now."""
    reduced = REDUCED if source.config.reduced_precision == REDUCED and has_bfloat16() else None
    if reduced is None and files is None:
        return Halves()
    key = json.dumps([digest.hex(), bool(files), reduced, *_circumstances()])
    noted = _read_notes()
    try:
        return Halves(**noted[key]["halves"])
    except (KeyError, TypeError):
        pass
    # in a thread that ends: another one that had run networks would slow down the one that answers
    with ThreadPoolExecutor(1) as thread:
        halves, milliseconds = thread.submit(_measured, source, reduced, files).result()
    log.info("Engines of %s: %s, measured %s.", source.config.architecture, halves, milliseconds)
    _write_notes({**noted, key: {"halves": asdict(halves), "milliseconds": milliseconds}})
    return halves


def _measured(
    source: Source, reduced: str | None, files: tuple[Path, Path] | None
) -> tuple[Halves, dict[str, dict[str, float]]]:
    """Measure all engines side by side, and check that they agree.

    Returns:
        The fastest engines, and the milliseconds of all by half and engine.
    """
    networks: dict[str, MapModel] = {"float32": source.build(torch.float32)}
    if reduced:
        networks[reduced] = source.build(getattr(torch, reduced))
    if files:
        networks[ONNX] = CompiledNet(
            source.config, bytes(1), lambda: networks["float32"], *(session(file) for file in files)
        )
    size = source.config.zoom.size
    generator = torch.Generator().manual_seed(0)
    image, prompt_maps = torch.rand(2, 1, 3, size, size, generator=generator)
    with torch.inference_mode():
        features = {name: network.encode(image) for name, network in networks.items()}
        logits = {n: net.decode_in_precision(features[n], prompt_maps) for n, net in networks.items()}
        if files and not torch.allclose(logits[ONNX], logits["float32"], rtol=1e-3, atol=1e-2):
            log.warning("ONNX Runtime does not give PyTorch's answers here; it is not used.")
            del networks[ONNX]
        encoders = {name: net for name, net in networks.items() if name in ("float32", ONNX)}
        times = {
            "encoder": _medians({name: partial(net.encode, image) for name, net in encoders.items()}),
            "decoder": _medians(
                {
                    name: partial(net.decode_in_precision, features[name], prompt_maps)
                    for name, net in networks.items()
                }
            ),
        }
    return Halves(**{half: _best(found) for half, found in times.items()}), times


def _medians(functions: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Median milliseconds of functions called in turns, without the first round.

    Where a round takes seconds, the first one is the measurement.
    """
    taken: dict[str, list[float]] = {name: [] for name in functions}
    begin = time.perf_counter()
    for turn in range(TURNS + 1):
        if turn and time.perf_counter() - begin > ENOUGH:
            break
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            taken[name].append(1000 * (time.perf_counter() - start))
    return {name: round(statistics.median(values[1:] or values), 2) for name, values in taken.items()}


def _best(milliseconds: Mapping[str, float]) -> str:
    name = min(milliseconds, key=lambda name: milliseconds[name])
    return name if milliseconds[name] <= WORTH * milliseconds["float32"] else "float32"


def _circumstances() -> list[Any]:
    """Processor, threads and versions, on which the times depend."""
    capability = torch.backends.cpu.get_cpu_capability()
    return [_processor(), capability, torch.get_num_threads(), *(_version(name) for name in PACKAGES)]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else f"{platform.machine()} {platform.processor()}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _installed(*packages: str) -> bool:
    return all(_version(package) for package in packages)


def _notes() -> Path:
    return cache_folder() / "engines.json"


def _read_notes() -> dict[str, Any]:
    try:
        found = json.loads(_notes().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_notes(notes: Mapping[str, Any]) -> None:
    try:
        write_atomically(_notes(), json.dumps(notes, indent=1))
    except OSError as error:
        log.warning("What was measured cannot be kept (%s); it is measured again at the next start.", error)
