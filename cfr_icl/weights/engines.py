"""Choose the engines of encoder and decoder on a CPU: the fastest ones, measured at the first start.

Engines are PyTorch in float32, PyTorch in the reduced precision that keeps the model's masks, and ONNX
Runtime in float32 where it is installed. Measurements and exports are stored in the cache folder; another
processor, number of threads, version or set of weights is measured again.
"""

from __future__ import annotations

import json
import logging
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
from cfr_icl.models.hypotheses import SCALES, Hypotheses
from cfr_icl.models.iou_head import POOLS, IoUHead
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import ARCHITECTURES
from cfr_icl.weights.exported import StoredNetwork, digest_of, exported, session, shared_session

log = logging.getLogger(__name__)

ENGINES = ("auto", "torch", "onnx")
ONNX = "onnx"
REDUCED = "bfloat16"
"""The reduced precision that may be faster on a CPU; float16 takes many times as long there."""
MAX_TIME_RATIO = 0.9
"""An engine replaces PyTorch in float32 if it takes at most this share of its time, 0 to 1."""
ROUNDS, MAX_SECONDS = 3, 4.0
"""Counted rounds of a measurement, and the seconds after which no further round begins."""
PACKAGES = ("torch", "timm", "onnxruntime", "onnx")
"""Packages with whose versions the times may change."""


@dataclass(frozen=True)
class EnginePair:
    """The engines of a network's two parts: "onnx", or PyTorch's data type as "float32" or "bfloat16"."""

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


def load_fastest(source: StoredNetwork, engine: str) -> MapModel:
    """Build the network with the engines that predict fastest on this CPU.

    Args:
        source: the network's configuration and weights.
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
    engines = EnginePair(ONNX, ONNX) if engine == ONNX and files else _fastest(source, digest, files)
    dtype = getattr(torch, engines.decoder if engines.decoder != ONNX else "float32")
    if ONNX not in (engines.encoder, engines.decoder) or files is None:
        return source.build(dtype)
    try:
        encoder = shared_session(files[0]) if engines.encoder == ONNX else None
        decoders = [shared_session(file) for file in files[1:]] if engines.decoder == ONNX else []
        decoder, first_decoder = (*decoders, None, None)[:2]
    except Exception as error:  # the runtime has errors of its own for each kind of damage
        log.warning("An exported network is damaged and was removed (%.200s); PyTorch is used.", error)
        shutil.rmtree(files[0].parent, ignore_errors=True)
        return source.build(torch.float32)
    return CompiledNet(
        source.config,
        digest,
        # the files may be replaced or gone when the first box comes
        source.hold(dtype) if encoder and decoder else partial(source.build, dtype),
        encoder,
        decoder,
        first_decoder,
        _iou_head(source),
        _hypotheses(source),
    ).eval()


def _iou_head(source: StoredNetwork) -> IoUHead | None:
    """The head that predicts IoUs, read alone; None for a network without one."""
    tensors = _head(source, "iou_head")
    if tensors is None:
        return None
    head = IoUHead(len(tensors["mean"]) // POOLS, len(tensors["hidden.bias"]))
    head.load_state_dict(tensors)
    return head.requires_grad_(False)


def _hypotheses(source: StoredNetwork) -> Hypotheses | None:
    """The head that predicts further masks, read alone; None for a network without one."""
    tensors = _head(source, "hypotheses")
    if tensors is None:
        return None
    head = Hypotheses([len(tensors[f"norm.{scale}.weight"]) for scale in range(SCALES)])
    head.load_state_dict(tensors)
    return head.requires_grad_(False)


def _head(source: StoredNetwork, name: str) -> dict[str, torch.Tensor] | None:
    """The tensors of a head; None for a network without it."""
    if not source.config.options.get(name):
        return None
    with safe_open(source.weights, framework="pt") as file:
        keys = [key for key in file.keys() if key.startswith(f"{name}.")]  # noqa: SIM118  no mapping
        return {key.removeprefix(f"{name}."): file.get_tensor(key).float() for key in keys}


def has_bfloat16() -> bool:
    """Whether the CPU has instructions for bfloat16, as far as PyTorch knows."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older versions
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _fastest(source: StoredNetwork, digest: bytes, files: tuple[Path, ...] | None) -> EnginePair:
    """The fastest engines: from the measurements in the cache folder, or else measured now."""
    reduced = REDUCED if source.config.reduced_precision == REDUCED and has_bfloat16() else None
    if reduced is None and files is None:
        return EnginePair()
    key = json.dumps([digest.hex(), bool(files), reduced, *_environment()])
    measurements = _read_measurements()
    try:
        return EnginePair(**measurements[key]["engines"])
    except (KeyError, TypeError):
        pass
    # in a thread that ends: each thread that ran a network slows down those that run one later
    with ThreadPoolExecutor(1) as thread:
        engines, milliseconds = thread.submit(_measured, source, reduced, files).result()
    log.info("Engines of %s: %s, measured %s.", source.config.architecture, engines, milliseconds)
    _write_measurements({**measurements, key: {"engines": asdict(engines), "milliseconds": milliseconds}})
    return engines


def _measured(
    source: StoredNetwork, reduced: str | None, files: tuple[Path, ...] | None
) -> tuple[EnginePair, dict[str, dict[str, float]]]:
    """Measure all engines side by side, and check that they agree.

    Returns:
        The fastest engines, and the milliseconds of each engine for "encoder" and "decoder".
    """
    networks: dict[str, MapModel] = {"float32": source.build(torch.float32)}
    if reduced:
        networks[reduced] = source.build(getattr(torch, reduced))
    if files:
        networks[ONNX] = CompiledNet(
            source.config, bytes(1), lambda: networks["float32"], *(session(file) for file in files[:2])
        )
    size = source.config.zoom.size
    generator = torch.Generator().manual_seed(0)
    image, prompt_maps = torch.rand(2, 1, 3, size, size, generator=generator)
    with torch.inference_mode():
        features = {name: network.encode(image) for name, network in networks.items()}
        logits = {n: net.decode_in_precision(features[n], prompt_maps) for n, net in networks.items()}
        if files and not torch.allclose(logits[ONNX], logits["float32"], rtol=1e-3, atol=1e-2):
            log.warning("ONNX Runtime's logits differ from PyTorch's here; it is not used.")
            del networks[ONNX]
        encoders = {name: net for name, net in networks.items() if name in ("float32", ONNX)}
        times = {
            "encoder": median_milliseconds(
                {name: partial(net.encode, image) for name, net in encoders.items()}
            ),
            "decoder": median_milliseconds(
                {
                    name: partial(net.decode_in_precision, features[name], prompt_maps)
                    for name, net in networks.items()
                }
            ),
        }
    return EnginePair(**{part: _best(milliseconds) for part, milliseconds in times.items()}), times


def median_milliseconds(functions: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Median milliseconds of functions called in turns, without the first round.

    Where a round takes seconds, the first one is the measurement.
    """
    taken: dict[str, list[float]] = {name: [] for name in functions}
    begin = time.perf_counter()
    for turn in range(ROUNDS + 1):
        if turn and time.perf_counter() - begin > MAX_SECONDS:
            break
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            taken[name].append(1000 * (time.perf_counter() - start))
    return {name: round(statistics.median(values[1:] or values), 2) for name, values in taken.items()}


def _best(milliseconds: Mapping[str, float]) -> str:
    """The fastest engine, or PyTorch in float32 where that takes little longer (MAX_TIME_RATIO)."""
    name = min(milliseconds, key=lambda name: milliseconds[name])
    return name if milliseconds[name] <= MAX_TIME_RATIO * milliseconds["float32"] else "float32"


def _environment() -> list[Any]:
    """What the times depend on besides the network: processor, threads and versions."""
    capability = torch.backends.cpu.get_cpu_capability()
    return [_processor(), capability, torch.get_num_threads(), *(_version(name) for name in PACKAGES)]


def _processor() -> str:
    """The processor's name; its architecture where the system does not tell the name."""
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


def _measurements_file() -> Path:
    return cache_folder() / "engines.json"


def _read_measurements() -> dict[str, Any]:
    try:
        measurements = json.loads(_measurements_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return measurements if isinstance(measurements, dict) else {}


def _write_measurements(measurements: Mapping[str, Any]) -> None:
    try:
        write_atomically(_measurements_file(), json.dumps(measurements, indent=1))
    except OSError as error:
        log.warning("The times of the engines were not stored (%s); the next start measures again.", error)
