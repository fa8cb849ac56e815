"""The engine of each half of a network on a CPU: whichever is the fastest here, as measured once.

Engines are PyTorch in float32, PyTorch in the reduced precision in which the model's masks were found to
stay the same, and ONNX Runtime in float32 where it is installed. What was measured and what was exported
lies in the cache folder; a change of the processor, the threads, the weights or a version measures anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import shutil
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from cfr_icl import models
from cfr_icl.extras import extra
from cfr_icl.files import cache_folder, replacing, write_atomically
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.compiled import CompiledNet, export
from cfr_icl.models.iou_head import POOLS, IoUHead
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import ARCHITECTURES

log = logging.getLogger(__name__)

ENGINES = ("auto", "torch", "onnx")
ONNX = "onnx"
REDUCED = "bfloat16"
"""The reduced precision that a CPU may be faster in; float16 takes many times as long."""
WORTH = 0.9
"""Another engine than PyTorch in float32 is taken if it needs at most this share of its time."""
TURNS, ENOUGH = 3, 4.0
"""Rounds of measuring, and the seconds after which no further one begins."""
EXPORTS_KEPT = 4
"""Networks whose exports are kept."""
PACKAGES = ("torch", "timm", "onnxruntime", "onnx")


@dataclass(frozen=True)
class Halves:
    """The engines of a network: "onnx", or PyTorch's data type."""

    encoder: str = "float32"
    decoder: str = "float32"


@dataclass(frozen=True)
class Source:
    """A network's configuration and weights file, and how to build it.

    Attributes:
        build: makes the network that answers, with its decoder in a data type.
    """

    config: ModelConfig
    weights: Path
    build: Callable[[torch.dtype], MapModel]


def pick_engine(name: str | None = None) -> str:
    """The engine asked for; None for the value of CFR_ICL_ENGINE, or else "auto".

    Raises:
        ValueError: for another name than those in ENGINES.
    """
    name = name or os.environ.get("CFR_ICL_ENGINE") or "auto"
    if name not in ENGINES:
        raise ValueError(f"The engine is {', '.join(ENGINES[:-1])} or {ENGINES[-1]}, not {name!r:.40}.")
    return name


def load_fastest(source: Source, engine: str) -> MapModel:
    """The network with the engines that answer fastest on this CPU.

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
    digest = _digest(source, compiles)
    files = _exported(source, digest) if compiles and _installed("onnx", "onnxruntime") else None
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
    return CompiledNet(source.config, digest, lambda: source.build(dtype), encoder, decoder, head).eval()


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


def session(file: Path) -> Any:
    """An inference session on the CPU, with as many threads as PyTorch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def has_bfloat16() -> bool:
    """Whether the CPU has instructions for bfloat16, as far as PyTorch knows."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older versions
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


# ---- measuring


def _fastest(source: Source, digest: bytes, files: tuple[Path, Path] | None) -> Halves:
    """The fastest engines, as noted in the cache folder or else measured now."""
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
    """Median milliseconds of functions that take turns, after a round that is not counted.

    Of functions that take seconds that round is enough.
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
    """What else the time depends on."""
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


# ---- exporting


def _digest(source: Source, compiles: bool) -> bytes:
    """Of everything that the export depends on; for a network without one of what its time depends on."""
    code = Path(models.__file__).parent
    digest = hashlib.sha256(json.dumps(source.config.to_dict(), sort_keys=True).encode())
    if not compiles:
        return digest.digest()
    for file in (source.weights, code / "compact.py", code / "folding.py", code / "compiled.py"):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.digest()


def _exported(source: Source, digest: bytes) -> tuple[Path, Path] | None:
    """The ONNX files of a network, written if there are none; None where it cannot be exported."""
    folder = cache_folder() / "onnx" / f"{digest.hex()[:32]}-torch{_version('torch')}"
    files = folder / "encoder.onnx", folder / "decoder.onnx"
    if all(file.is_file() for file in files):
        return files
    network = source.build(torch.float32)
    try:
        with replacing(files[0]) as encoder, replacing(files[1]) as decoder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is constant for these inputs, as it should be
            export(network, encoder, decoder)
    except Exception as error:  # the exporter has errors of its own for each kind of network
        log.warning("The network stays in PyTorch, as it cannot be exported: %.200s", error)
        return None
    _forget_old_exports(folder.parent)
    return files


def _forget_old_exports(folder: Path) -> None:
    """Keep the newest exports alone."""
    exports = sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in exports[EXPORTS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
