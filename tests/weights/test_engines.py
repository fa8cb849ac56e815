"""The embedded network in ONNX Runtime: PyTorch's masks, taken where it was measured to be faster."""

import gc
import json
import logging
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import onnxruntime
import pytest
import torch

from benchmarks.pictures import example
from cfr_icl import Click, Segmenter, load_model
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.evaluation import iou
from cfr_icl.models.compiled import CompiledNet
from cfr_icl.models.learnt import Kind
from cfr_icl.models.registry import build_model
from cfr_icl.rectangle import Rectangle
from cfr_icl.weights import engines, exported
from cfr_icl.weights.learnt import write_kind
from cfr_icl.weights.loading import find_model
from cfr_icl.weights.saving import copy_model, halved_without_loss, save_model, save_weights
from cfr_icl.weights.size import count_stored_weights
from tests.small_compact import small_compact

CLICKS = [Click(230, 120), Click(300, 200), Click(60, 60, positive=False)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small network of the embedded one's architecture, and a cache folder without anything."""
    monkeypatch.setenv("CFR_ICL_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    config = replace(small_compact(), reduced_precision="bfloat16")
    save_model(build_model(config), tmp_path / "model")
    return tmp_path / "model"


class Timer:
    """Milliseconds as if measured, by part and engine; those of any part unless a part has its own."""

    def __init__(self):
        self.times = {"float32": 10.0, "bfloat16": 20.0, "onnx": 5.0}
        self.of_part = {"encoder": {}, "decoder": {}}
        self.measurements = 0

    def __call__(self, functions):
        self.measurements += 1
        part = self.of_part["decoder" if "bfloat16" in functions else "encoder"]  # encoders stay in float32
        return {name: part.get(name, self.times[name]) for name in functions}


@pytest.fixture
def timed(monkeypatch):
    timer = Timer()
    monkeypatch.setattr(engines, "median_milliseconds", timer)
    monkeypatch.setattr(engines, "has_bfloat16", lambda: True)
    return timer


@pytest.fixture
def runtime(monkeypatch):
    """What ONNX Runtime was asked for: `opened` files, and those that it `ran`."""
    gc.collect()  # networks of other tests have equal weights: what is open for them is not opened again
    asked = SimpleNamespace(opened=[], ran=set())

    class Session(onnxruntime.InferenceSession):
        def __init__(self, file, *arguments, **options):
            super().__init__(file, *arguments, **options)
            self.part = Path(file).stem
            asked.opened.append(self.part)

        def run(self, *inputs):
            asked.ran.add(self.part)
            return super().run(*inputs)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return asked


def mask(model, clicks=CLICKS):
    segmenter = Segmenter(model)
    segmenter.set_image(example("chelsea.png"))
    return segmenter.predict(clicks).mask


@pytest.mark.slow
def test_masks_of_the_embedded_network_are_those_of_pytorch():
    plain, compiled = load_model("embedded", "cpu", "float32"), load_model("embedded", "cpu", engine="onnx")
    assert isinstance(compiled, CompiledNet)
    for count in (1, 3):  # the third click has a close-up
        expected = mask(plain, CLICKS[:count])
        assert iou(mask(compiled, CLICKS[:count]), expected.astype(int)) >= 0.999


def test_every_engine_tells_the_same_number_of_parameters(folder):
    loaded = [
        load_model(str(folder), "cpu", engine="onnx"),
        load_model(str(folder), "cpu", "float32"),
        load_model(str(folder), "cpu", trainable=True),
    ]
    counts = [network.parameter_count for network in loaded]
    assert counts == [sum(weight.numel() for weight in loaded[2].parameters())] * 3


def test_the_embedded_network_is_as_large_as_its_card_says():
    _, weights = find_model("embedded")
    card = (weights.parent / "README.md").read_text()
    assert f"network of {count_stored_weights(weights) / 1e6:.1f} M parameters" in card


def test_the_iou_of_a_mask_is_predicted_as_by_pytorch(tmp_path, monkeypatch):
    monkeypatch.setenv("CFR_ICL_CACHE", str(tmp_path / "cache"))
    save_model(build_model(small_compact(iou_head=True)), tmp_path / "model")
    ious = []
    for model in (
        load_model(tmp_path / "model", "cpu", "float32"),
        load_model(tmp_path / "model", "cpu", engine="onnx"),
    ):
        segmenter = Segmenter(model)
        segmenter.set_image(example("chelsea.png"))
        ious.append(segmenter.predict(CLICKS[:1]).predicted_iou)
    assert 0 < ious[0] < 1 and ious[1] == pytest.approx(ious[0], abs=1e-4)


def test_boxes_and_first_clicks_are_answered_by_the_branch_for_them_in_each_engine(folder, runtime):
    network = build_model(small_compact(iou_head=True))
    network.add_box_branch(first_clicks=True)
    network.box_branch.head[0].bias.data += 3.0
    save_model(network, folder)
    box = Rectangle(60, 40, 300, 250)
    answers = []
    for model in (load_model(folder, "cpu", "float32"), load_model(folder, "cpu", engine="onnx")):
        segmenter = Segmenter(model)
        segmenter.set_image(example("chelsea.png"))
        clicks = [replace(click, batched=True) for click in box_clicks(box, (300, 451))]
        boxed = segmenter.predict(clicks, previous_mask=box_guess(box, (300, 451)), box=box)
        answers.append(
            [each.passes[0].probabilities.values for each in (segmenter.predict(CLICKS[:1]), boxed)]
        )
    for one, other in zip(*answers, strict=True):
        assert one.mean() > 0.6 and torch.allclose(one, other, atol=1e-3)
    assert runtime.ran == {"encoder", "decoder", "first_decoder"}


def test_a_box_is_answered_by_the_weights_that_were_loaded_whatever_happens_to_the_files(folder):
    config = small_compact(box_branch=True)
    save_model(build_model(config), folder)
    prompt = torch.rand(1, 3, 64, 64)
    plain = load_model(folder, "cpu", "float32")

    def answer(model):
        with torch.inference_mode():
            return model.rated_logits(model.encode(prompt), prompt.clone(), prompt[:, :1], False, True)[0]

    expected = answer(plain)
    replaced, removed = (load_model(folder, "cpu", engine="onnx") for _ in range(2))
    save_model(build_model(config), folder)
    assert torch.allclose(answer(replaced), expected, rtol=1e-3, atol=1e-3)
    shutil.rmtree(folder)
    assert torch.allclose(answer(removed), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (100, 90)])
def test_an_input_of_any_size_is_predicted(folder, height, width):
    plain, compiled = load_model(folder, "cpu", "float32"), load_model(folder, "cpu", engine="onnx")
    image, prompt_maps = torch.rand(2, 1, 3, height, width)
    with torch.inference_mode():
        expected, logits = (net.decode(net.encode(image), prompt_maps) for net in (plain, compiled))
    assert logits.shape == (1, 1, height, width)
    assert torch.allclose(logits, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("encoder", "decoder", "compiled"),
    [
        ("onnx", "onnx", {"encoder", "decoder"}),
        ("float32", "bfloat16", set()),
        ("onnx", "bfloat16", {"encoder"}),
    ],
)
def test_each_half_is_computed_by_the_engine_that_was_measured_fastest(
    folder, timed, runtime, encoder, decoder, compiled
):
    timed.times["onnx"] = 9.5  # too little faster to be worth it
    timed.of_part = {"encoder": {encoder: 1.0}, "decoder": {decoder: 1.0}}
    model = load_model(folder, "cpu", engine="auto")
    runtime.ran.clear()  # of the check that the engines agree
    assert mask(model).shape == example("chelsea.png").shape[:2]
    assert runtime.ran == compiled
    assert isinstance(model, CompiledNet) or model.precision == torch.bfloat16


def test_weights_are_measured_and_exported_once(folder, timed, tmp_path):
    def exports():
        return {file: file.stat().st_mtime_ns for file in (tmp_path / "cache" / "onnx").rglob("*.onnx")}

    assert isinstance(load_model(folder, "cpu", engine="auto"), CompiledNet)
    first, measurements = exports(), timed.measurements
    assert isinstance(load_model(folder, "cpu", engine="auto"), CompiledNet)
    assert (exports(), timed.measurements) == (first, measurements)
    save_model(build_model(load_model(folder, "cpu", trainable=True).config), folder)
    load_model(folder, "cpu", engine="auto")
    assert (len(exports()), timed.measurements) == (2 * len(first), 2 * measurements)


@pytest.mark.parametrize("content", ["no JSON", "[]", '{"engines": 1}'])
def test_damaged_measurements_are_replaced(folder, timed, tmp_path, content):
    (tmp_path / "cache").mkdir()
    notes = tmp_path / "cache" / "engines.json"
    notes.write_text(content)
    load_model(folder, "cpu", engine="auto")
    assert {"encoder": "onnx", "decoder": "onnx"} in [
        entry["engines"] for entry in json.loads(notes.read_text()).values() if isinstance(entry, dict)
    ]


def test_a_damaged_export_is_removed_and_pytorch_is_used(folder, timed, tmp_path, caplog):
    load_model(folder, "cpu", engine="auto")
    (export,) = (tmp_path / "cache" / "onnx").iterdir()
    (export / "decoder.onnx").write_bytes(b"half of it")
    with caplog.at_level(logging.WARNING):
        model = load_model(folder, "cpu", engine="auto")
    assert not isinstance(model, CompiledNet) and "PyTorch is used" in caplog.text
    assert isinstance(load_model(folder, "cpu", engine="auto"), CompiledNet)


def test_an_engine_with_other_logits_is_not_used(folder, timed, monkeypatch, caplog):
    monkeypatch.setattr(CompiledNet, "decode", lambda self, features, maps: torch.zeros_like(maps[:, :1]))
    assert not isinstance(load_model(folder, "cpu", engine="auto"), CompiledNet)
    assert "logits differ from PyTorch's" in caplog.text


def test_without_a_writable_cache_folder_a_network_still_loads(folder, timed, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CFR_ICL_CACHE", str(tmp_path / "file"))
    assert not isinstance(load_model(folder, "cpu", engine="auto"), CompiledNet)


def test_only_the_newest_exports_are_kept(tmp_path):
    for number in range(exported.EXPORTS_KEPT + 2):
        (tmp_path / str(number)).mkdir()
    exported.forget_old_exports(tmp_path)
    assert len(list(tmp_path.iterdir())) == exported.EXPORTS_KEPT


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_the_encoder_that_a_learnt_model_left_as_it_was_is_in_memory_once(folder, runtime, engine):
    network = load_model(folder, "cpu", "float32", trainable=True)
    changed = {name: value.clone() for name, value in network.state_dict().items()}
    for name in changed:
        if name.startswith("head."):
            changed[name] += 0.1
    copy_model(network.config, folder / "model.safetensors", folder / "learnt" / "start")
    save_weights(network.config, halved_without_loss(changed), folder / "learnt", dtype=None)
    write_kind(Kind(), folder / "learnt")
    before = load_model(folder, "cpu", engine=engine)  # in use as long as this test
    model = load_model(folder / "learnt", "cpu", engine=engine)
    if engine == "onnx":
        assert isinstance(before, CompiledNet) and sorted(runtime.opened) == ["decoder", "decoder", "encoder"]
    else:
        assert model.learnt.encoder is model.start.encoder and model.learnt.head is not model.start.head
    alone = load_model(folder / "learnt" / "start", "cpu", engine=engine)
    assert (mask(model.start) == mask(alone)).all()
    save_weights(network.config, changed, folder / "alone")
    assert (mask(model.learnt) == mask(load_model(folder / "alone", "cpu", engine=engine))).all()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_in_a_precision_that_is_asked_for_pytorch_computes(folder, timed, precision):
    model = load_model(folder, "cpu", precision, engine="onnx")
    assert not isinstance(model, CompiledNet) and model.precision == getattr(torch, precision)


def test_an_engine_is_named_in_the_environment(folder, monkeypatch):
    monkeypatch.setenv("CFR_ICL_ENGINE", "onnx")
    assert isinstance(load_model(folder, "cpu"), CompiledNet)
    monkeypatch.setenv("CFR_ICL_ENGINE", "tensorflow")
    with pytest.raises(ValueError, match="The engine is auto, torch or onnx, not 'tensorflow'"):
        load_model(folder, "cpu")


def test_the_onnx_engine_without_its_package_names_the_extra(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"needs onnxruntime: pip install 'cfr-icl\[onnx\]'"):
        load_model(folder, "cpu", engine="onnx")
