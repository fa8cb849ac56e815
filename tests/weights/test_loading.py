"""Models from folders and files: what is found, what is refused, what it takes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cfr_icl import Click, Segmenter, load_model
from cfr_icl.cfr import CascadeForward
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights import loading
from cfr_icl.weights.precision import pick_device, pick_precision
from cfr_icl.weights.saving import save_model, save_weights
from tests.weights.conftest import small_network


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("name", ["", "model.safetensors"])
def test_a_saved_network_is_loaded_again(folder, name):
    model = load_model(folder / name, device="cpu")
    assert same_weights(model, small_network())
    assert model.config == small_network().config
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())


def test_weights_can_be_read_by_whoever_may_read_other_files(tmp_path):
    save_model(small_network(), tmp_path)
    modes = {name: (tmp_path / name).stat().st_mode for name in ("model.safetensors", "config.json")}
    assert modes["model.safetensors"] == modes["config.json"]


def test_a_file_alone_knows_what_it_is(folder, tmp_path):
    shutil.copy(folder / "model.safetensors", tmp_path / "renamed.safetensors")
    assert load_model(tmp_path / "renamed.safetensors", device="cpu").config.architecture == "vit_xtiny"


def test_the_environment_names_the_default(folder, monkeypatch):
    monkeypatch.setenv("CFR_ICL_WEIGHTS", str(folder))
    assert load_model(device="cpu").config.architecture == "vit_xtiny"


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("tf_efficientnet_lite0", {}),
        ("convnext_atto", {}),
        ("maxvit_pico_rw_256", {}),  # computes buffers that are in no file
        ("vit_tiny_patch16_224", {"img_size": 448}),
    ],
)
def test_the_compact_network_is_loaded_with_any_encoder(encoder, options, tmp_path):
    model = build_model(default_config("compact", encoder=encoder, encoder_options=options)).eval()
    save_model(model, tmp_path)
    loaded = load_model(tmp_path, device="cpu", trainable=True)
    assert same_weights(loaded, model)
    assert not any(tensor.is_meta for tensor in (*loaded.parameters(), *loaded.buffers()))
    answering = load_model(tmp_path, device="cpu")
    image, prompt_maps = torch.rand(2, 1, 3, *2 * [options.get("img_size", 256)])
    with torch.inference_mode():
        assert torch.allclose(answering(image, prompt_maps), loaded.eval()(image, prompt_maps), atol=1e-4)


def test_a_network_loaded_for_training_can_be_trained_and_saved(tmp_path):
    save_model(build_model(default_config("compact")), tmp_path)
    network = load_model(tmp_path, device="cpu", trainable=True)
    assert all(weight.requires_grad for weight in network.parameters())
    save_model(network, tmp_path / "again")
    with pytest.raises(ValueError, match="trainable=True"):
        save_model(load_model(tmp_path, device="cpu"), tmp_path / "folded")


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            "nowhere",
            FileNotFoundError,
            "There is no model at 'nowhere'; expected \"embedded\", a folder, a .safe",
        ),
        ("lab/model", FileNotFoundError, "hf://owner/name"),
    ],
)
def test_nothing_there_is_said_with_what_is_possible(source, error, message):
    with pytest.raises(error, match=message):
        load_model(source)


def test_an_incomplete_folder_names_what_is_missing(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"holds no model\.safetensors; a model is config\.json and"):
        load_model(folder)


def test_a_pickle_is_never_opened(tmp_path):
    file = tmp_path / "published.pth"
    torch.save({"state_dict": {}}, file)
    with pytest.raises(ValueError, match=r"published.pth is no .safetensors file; convert .*cfr-icl convert"):
        load_model(file)
    renamed = file.rename(tmp_path / "published.safetensors")
    with pytest.raises(ValueError, match=r"published.safetensors is damaged or no safetensors file"):
        load_model(renamed)


def test_a_damaged_file_is_told_so(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=r"model.safetensors is damaged or no safetensors file"):
        load_model(folder)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"patch_embed.proj.weight": torch.zeros(1)}, "looks like a ViT without clicks, such as an MAE"),
        ({"maps_transform.0.weight": torch.zeros(1)}, "looks like a published RITM or FocalClick checkpoint"),
    ],
)
def test_weights_of_another_network_are_told_what_they_look_like(folder, tmp_path, tensors, message):
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ValueError, match=f"{message}.*; expected the weights of vit_xtiny"):
        load_model(folder)
    alone = tmp_path / "alone.safetensors"
    save_file(tensors, alone)
    with pytest.raises(ValueError, match=message):
        load_model(alone)


def test_a_missing_an_unknown_and_a_misshapen_tensor_are_named(folder):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    shape = tensors["head.logit.bias"].shape
    for changed, message in (
        ({k: v for k, v in tensors.items() if k != "head.logit.bias"}, "'head.logit.bias' is missing"),
        (tensors | {"extra": torch.zeros(1)}, "'extra' is unknown"),
        (
            tensors | {"head.logit.bias": torch.zeros(3)},
            rf"'head.logit.bias' is \(3,\), expected \({shape[0]},\)",
        ),
    ):
        save_file(changed, file)
        with pytest.raises(ValueError, match=message):
            load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "bert"}, "looks like bert; expected one of compact, vit_xtiny"),
        ({"surprise": 1}, "has a config.json that describes no model here: .*surprise"),
        ({"options": {"depth": "x", "surprise": 1}}, "has a config.json that describes no model here"),
        ({"zoom": {"surprise": 1}}, "has a config.json that describes no model here: .*surprise"),
    ],
)
def test_a_configuration_of_another_kind_is_refused(folder, change, message):
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        load_model(folder)


def test_a_weight_that_is_not_finite_is_not_stored(tmp_path):
    model = build_model(default_config("vit_xtiny"))
    with torch.no_grad():
        model.head.logit.bias.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"'head.logit.bias' is not finite"):
        save_model(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_devices():
    assert pick_device("cpu") == torch.device("cpu")
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert pick_device("auto") == torch.device(best)
    with pytest.raises(ValueError, match="'tpu' is no device here; expected auto, cpu, cuda or mps"):
        pick_device("tpu")


@pytest.mark.parametrize(
    ("asked", "measured", "device", "expected"),
    [
        ("auto", "float16", "cuda", torch.float16),
        ("auto", None, "cuda", torch.float32),
        ("auto", "float16", "cpu", torch.float32),
        ("auto", "bfloat16", "mps", torch.float32),
        ("float32", "float16", "cuda", torch.float32),
        ("bfloat16", None, "cpu", torch.bfloat16),
    ],
)
def test_precision_is_reduced_on_request_or_where_it_was_measured(asked, measured, device, expected):
    config = ModelConfig("vit_b", reduced_precision=measured)
    assert pick_precision(asked, torch.device(device), config) == expected


def test_an_unknown_precision_is_refused(folder):
    with pytest.raises(ValueError, match="The precision is auto, float32, float16 or bfloat16, not 'int8'"):
        load_model(folder, precision="int8")


def test_a_network_answers_in_the_precision_asked_for(folder):
    image, click = np.zeros((64, 64, 3), np.uint8), Click(20, 20)
    answers = {}
    for precision in ("float32", "bfloat16"):
        segmenter = Segmenter(load_model(folder, device="cpu", precision=precision))
        segmenter.set_image(image)
        answers[precision] = segmenter.predict([click], cfr=CascadeForward(steps=0)).probabilities
    difference = np.abs(answers["float32"] - answers["bfloat16"])
    assert answers["bfloat16"].dtype == np.float32
    assert 0 < difference.max() < 0.1


def test_a_reduced_precision_takes_half_the_memory_and_is_not_saved(folder, tmp_path):
    model = load_model(folder, device="cpu", precision="bfloat16")
    taken, whole = (sum(x.nbytes for x in m.parameters()) for m in (model, small_network()))
    assert taken < 0.6 * whole
    with pytest.raises(ValueError, match="loaded with trainable=True"):
        save_model(model, tmp_path)


MEASURE = """
import re, sys
from pathlib import Path
from cfr_icl import load_model
from cfr_icl.models import plain_vit  # not measured: the libraries of the network

def peak():
    return int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

before = peak()
model = load_model(sys.argv[1], device="cpu")
read = sum(float(weight.sum()) for weight in model.parameters())
print((peak() - before) / sum(tensor.nbytes for tensor in model.state_dict().values()))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read as Linux tells it")
@pytest.mark.parametrize(
    ("name", "stored"),
    [
        pytest.param("vit_b", torch.float32, marks=pytest.mark.slow),
        pytest.param("vit_b", torch.float16, marks=pytest.mark.slow),
        pytest.param("vit_h", torch.float16, marks=pytest.mark.slow),
    ],
)
def test_loading_takes_little_more_memory_than_the_weights(name, stored, tmp_path):
    with torch.device("meta"):
        shapes = build_model(default_config(name)).state_dict()
    tensors = {key: torch.zeros(value.shape, dtype=stored) for key, value in shapes.items()}
    save_weights(default_config(name), tensors, tmp_path, stored)
    del tensors
    out = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path], capture_output=True, text=True, check=True
    )
    assert 0.9 < float(out.stdout) <= 1.3


@pytest.mark.parametrize(
    "change",
    [
        {"zoom": 4},
        {"zoom": "ab"},
        {"zoom": {"size": "448"}},
        {"zoom": {"size": 0}},
        {"zoom": {"widen": 1}},
        {"zoom": {"expansion": float("nan")}},
        {"close_up": {"first_click": 0}},
        {"close_up": [3]},
        {"inverse_temperature": "1"},
        {"inverse_temperature": 0},
        {"reduced_precision": "int8"},
        {"options": 3},
        {"other": 1},
        {"architecture": []},
    ],
)
def test_a_damaged_configuration_is_refused_in_one_sentence(change, tmp_path):
    values = json.loads((loading.EMBEDDED / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**values, **change}))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match=r"^\S+ (has a config\.json|looks like)[^\n]*\.$"):
        load_model(tmp_path)


def test_configurations_of_older_versions_are_read(tmp_path):
    values = json.loads((loading.EMBEDDED / "config.json").read_text())
    values["sharpness"] = values.pop("inverse_temperature")
    del values["close_up"]
    for first_click in (0, 3):
        values["zoom"] = {**values["zoom"], "close_up": first_click}
        (tmp_path / "config.json").write_text(json.dumps(values))
        config = loading.read_config(tmp_path / "config.json", "here")
        assert config.inverse_temperature == values["sharpness"]
        assert (config.close_up.first_click if config.close_up else 0) == first_click
