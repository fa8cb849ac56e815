"""Load models: `config.json` beside `model.safetensors`, in a folder or in a Hub repository."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load

from cfr_icl.memory import keep_freed_memory
from cfr_icl.models.base import InteractiveModel, ModelConfig
from cfr_icl.models.folding import fold_batch_norms, fold_padding
from cfr_icl.models.learnt import LearntModel
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import ARCHITECTURES, build_model
from cfr_icl.weights import hub, onnx_pair, sam_family
from cfr_icl.weights.engines import StoredNetwork, load_fastest, pick_engine
from cfr_icl.weights.learnt import is_learnt, read_kind, start_of
from cfr_icl.weights.names import CONFIG_NAME, WEIGHTS_NAME
from cfr_icl.weights.precision import compute_in_precision, pick_device, pick_precision
from cfr_icl.weights.recognise import check_shapes, looks_like
from cfr_icl.weights.size import count_stored_weights

EMBEDDED = Path(__file__).parent / "compact"
SOURCE_KINDS = '"embedded", a folder, a .safetensors file or hf://owner/name'
TENSORS_AT_ONCE = 64


@overload
def load_model(
    source: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    *,
    trainable: Literal[True],
    engine: str | None = None,
) -> MapModel: ...


@overload
def load_model(
    source: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    trainable: bool = False,
    engine: str | None = None,
) -> InteractiveModel: ...


def load_model(
    source: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    trainable: bool = False,
    engine: str | None = None,
) -> InteractiveModel:
    """Load a network to predict with, or to train.

    The folder of a learnt model (`cfr-icl learn`) holds two networks: to predict, both are loaded, to train,
    the one that learnt.

    Args:
        source: "embedded", a folder, a .safetensors file, "hf://owner/name" or
            "hf://owner/name@revision"; None for the value of the environment variable CFR_ICL_WEIGHTS, or
            else "embedded". A folder or repository may also hold a model of SAM's family as the library
            transformers stores it, a folder SAM's ONNX export (docs/models.md).
        device: "cpu", "cuda", "mps", or "auto" for a GPU where there is one.
        precision: data type inside `decode`: "float32", "float16" or "bfloat16". `encode` and logits stay
            float32. "auto" takes the model's `reduced_precision` on GPUs, and the fastest by measurement on
            a CPU (weights/engines.py).
        trainable: keep gradients and the weights as they are stored. Otherwise batch norms are folded into
            convolutions and layers are converted to the precision: predictions are the same and faster, but
            the network can be neither trained nor saved.
        engine: library that runs networks of the embedded one's architecture, on a CPU with precision
            "auto": "torch", "onnx" for ONNX Runtime (extra `onnx`), or "auto" for the fastest by measurement.
            None for the value of the environment variable CFR_ICL_ENGINE, or else "auto". With any other
            precision it is PyTorch.

    Raises:
        ValueError: for a source of another kind, with a description of it, and for damaged weights.
        OSError: for a source that does not exist or cannot be downloaded.
    """
    source = str(source or os.environ.get("CFR_ICL_WEIGHTS") or "embedded")
    target, engine = pick_device(device), pick_engine(engine)
    network = _load_network(source, target, precision, trainable, engine)
    if trainable or not is_learnt(source):
        return network
    start = _load_network(str(start_of(source)), target, precision, trainable, engine)
    if _without_first_clicks(start.config) != _without_first_clicks(network.config):
        raise ValueError(f"{source} and the model that it began with have different settings.")
    return LearntModel(network, start, read_kind(source))


def _without_first_clicks(config: ModelConfig) -> ModelConfig:
    """Leave out which branch answers first clicks: in a learnt network it is the one that learnt."""
    options = {name: value for name, value in config.options.items() if name != "first_clicks"}
    return replace(config, options=options)


def _load_network(
    source: str, target: torch.device, precision: str, trainable: bool, engine: str
) -> InteractiveModel:
    """Load one network, as `load_model` does."""
    if other := _load_other(source, target):
        if trainable:
            raise ValueError(f"{source} is a model of another library, which cannot be trained here.")
        other.precision = pick_precision(precision, target, other.config)
        return other
    config, weights = find_model(source)

    def build(dtype: torch.dtype) -> MapModel:
        model = _read_into(_empty(config, source), weights, source, target)
        return _converted(model, dtype)

    def hold(dtype: torch.dtype) -> Callable[[], MapModel]:
        content = weights.read_bytes()
        return lambda: _converted(_load_into(_empty(config, source), _float(load(content)), target), dtype)

    if target.type == "cpu":
        keep_freed_memory()
    if trainable:
        network = _read_into(_empty(config, source), weights, source, target).requires_grad_(True)
    elif target.type == "cpu" and precision == "auto":
        network = load_fastest(StoredNetwork(config, weights, build, hold), engine)
    else:
        network = build(pick_precision(precision, target, config))
    network.stored_weights = count_stored_weights(weights)
    return network


def _converted(model: MapModel, dtype: torch.dtype) -> MapModel:
    """Convert the network, in place, for prediction with PyTorch, with `decode` in a data type."""
    model.requires_grad_(False)
    model.precision = dtype
    fold_batch_norms(model)
    fold_padding(model)
    compute_in_precision(model)
    return model


def _read_into(model: MapModel, weights: Path, source: str, device: torch.device) -> MapModel:
    """Read the weights of a file into the network, and move it to a device."""
    _check(weights, model, source)
    return _load_into(model, _read(weights, device), device)


def _load_into(model: MapModel, tensors: Mapping[str, torch.Tensor], device: torch.device) -> MapModel:
    """Give the network float32 tensors as its weights, and move it to a device."""
    model.load_state_dict(tensors, strict=True, assign=True)
    return model.to(device).eval()


def read_config(file: str | Path, source: str) -> ModelConfig:
    """The configuration in a `config.json`.

    Args:
        source: name of the model in messages.

    Raises:
        ValueError: for a file of another library, or a damaged one.
    """
    return _parse_config(Path(file).read_bytes(), source)


def _load_other(source: str, device: torch.device) -> InteractiveModel | None:
    """Load a source of another library, transformers or SAM's ONNX export; None for other sources."""
    if source.startswith(hub.SCHEME):
        # the configuration first, as below
        file = hub.download(source, CONFIG_NAME)
        family = sam_family.family_of(file)
        folder = sam_family.download(source, file) if family else file.parent
    else:
        folder = Path(source).expanduser()
        if onnx_pair.is_onnx_pair(folder):
            return onnx_pair.load_onnx_pair(folder, source, device)
        family = sam_family.family_of(folder / CONFIG_NAME) if source != "embedded" else None
    return sam_family.load_transformers(folder, family, source, device) if family else None


def find_model(source: str) -> tuple[ModelConfig, Path]:
    """The configuration and the weights file behind a source of this package; raises as `load_model`."""
    if source.startswith(hub.SCHEME):
        # the configuration first, to avoid downloading weights of another library
        file = hub.download(source, CONFIG_NAME)
        config = read_config(file, source)
        repository, _ = hub.parse(source)
        commit = file.parent.name
        return config, hub.download(f"{hub.SCHEME}{repository}@{commit}", WEIGHTS_NAME)
    path = EMBEDDED if source == "embedded" else Path(source).expanduser()
    if path.is_dir():
        for name in (CONFIG_NAME, WEIGHTS_NAME):
            if not (path / name).is_file():
                raise FileNotFoundError(
                    f"{path} holds no {name}; a model is {CONFIG_NAME} and {WEIGHTS_NAME}."
                )
        return read_config(path / CONFIG_NAME, source), path / WEIGHTS_NAME
    if not path.is_file():
        raise FileNotFoundError(f"There is no model at {source!r}; expected {SOURCE_KINDS}.")
    if path.suffix != ".safetensors":
        raise ValueError(
            f"{path.name} is no .safetensors file; convert a published checkpoint with "
            "`cfr-icl convert FILE FOLDER`."
        )
    beside = path.parent / CONFIG_NAME
    return read_config(beside, source) if beside.is_file() else _config_inside(path), path


def _config_inside(file: Path) -> ModelConfig:
    """The configuration in the metadata of a weights file, where `saving.save_weights` repeats it."""
    with _opened(file) as opened:
        description = (opened.metadata() or {}).get("config")
        if description is None:
            raise ValueError(
                f"{file.name} looks like {looks_like(opened.keys())}, and there is no "
                f"{CONFIG_NAME} beside it; expected a model of this package."
            )
    return _parse_config(description, str(file))


def _parse_config(content: str | bytes, source: str) -> ModelConfig:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source} holds a {CONFIG_NAME} that is no JSON.") from error
    values = values if isinstance(values, dict) else {}
    architecture = values.get("architecture")
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        kind = architecture or values.get("model_type") or "something else"
        raise ValueError(f"{source} looks like {kind}; expected one of {', '.join(ARCHITECTURES)}.")
    with _config_errors(source):
        return ModelConfig.from_dict(values)


def _empty(config: ModelConfig, source: str) -> MapModel:
    """Build the network on the device "meta", without memory for weights; they are read from the file."""
    with _config_errors(source):
        with torch.device("meta"):
            model = build_model(config)
        computed = dict(model.named_buffers()).keys() - model.state_dict().keys()
        # some encoders compute buffers that are not in the file: build these networks with memory
        return build_model(config) if computed else model


@contextmanager
def _config_errors(source: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        reason = str(error).removesuffix(".")
        raise ValueError(f"{source} has a {CONFIG_NAME} that describes no model here: {reason}.") from error


def _check(weights: Path, model: InteractiveModel, source: str) -> None:
    with _opened(weights) as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in list(file.keys())}
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    check_shapes(shapes, expected, source, model.config.architecture)


def _read(weights: Path, device: torch.device) -> dict[str, torch.Tensor]:
    """The tensors as float32; on the CPU, tensors that are stored as float32 stay memory-mapped."""
    with _opened(weights) as file:
        names = list(file.keys())
    tensors = {}
    for start in range(0, len(names), TENSORS_AT_ONCE):
        # open the file anew, so that the memory of tensors that were converted is released
        with _opened(weights) as file:
            for name in names[start : start + TENSORS_AT_ONCE]:
                tensor = file.get_tensor(name)
                # copy counters: one that stayed memory-mapped would keep all of the map
                tensor = tensor.float() if tensor.is_floating_point() else tensor.clone()
                # minimum and maximum, which takes a tenth of the time of isfinite for all numbers
                if tensor.numel() and not torch.stack(torch.aminmax(tensor)).isfinite().all():
                    raise ValueError(f"The weight {name!r} in {weights} is not finite; the file is damaged.")
                tensors[name] = tensor.to(device)
    return tensors


def _float(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors with floating-point ones as float32."""
    return {name: x.float() if x.is_floating_point() else x for name, x in tensors.items()}


def _opened(file: Path) -> safe_open:
    try:
        return safe_open(file, framework="pt")
    except SafetensorError as error:
        raise ValueError(f"{file.name} is damaged or no safetensors file ({error}).") from error
