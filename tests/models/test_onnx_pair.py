"""SAM's ONNX pair answers as the network that it was exported from."""

import json
import shutil
import sys

import numpy as np
import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.window import Window
from tests.models import tiny_onnx, tiny_sam

SIZES = [(90, 140), (140, 90)]
NO_CFR = CascadeForward(steps=0)
CLICKS = [Click(60, 45), Click(20, 20, False), Click(70, 60)]
BOX = Rectangle(20, 15, 71, 71)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tiny_onnx.save(tmp_path_factory.mktemp("onnx") / "pair")


@pytest.fixture(scope="module")
def best_alone(tmp_path_factory):
    """A pair whose decoder returns the best mask only."""
    return tiny_onnx.save(tmp_path_factory.mktemp("onnx") / "best", best_alone=True)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tiny_sam.save(tmp_path_factory.mktemp("sam") / "model", "sam", tiny_onnx.GRID)
    return load_model(str(folder), device="cpu")


@pytest.fixture
def copy(pair, tmp_path):
    return shutil.copytree(pair, tmp_path / "copy")


def picture(size):
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    rows, columns = (np.arange(side) * 9 // side for side in size)
    return noise[rows[:, None], columns]


def segmenters(*models, size=SIZES[0]):
    for model in models:
        segmenter = Segmenter(model)
        segmenter.set_image(picture(size))
        yield segmenter


def logits(prediction) -> torch.Tensor:
    return prediction.passes[prediction.chosen].probabilities.logits


@pytest.mark.parametrize("size", SIZES)
def test_clicks_boxes_and_masks_give_the_masks_of_the_exported_network(pair, network, size):
    ours, theirs = segmenters(load_model(str(pair)), network, size=size)
    theirs.model.crop = ours.model.crop  # the same pixels: how they are resized differs by rounding
    for count in (1, 2, 3):
        a, b = (s.predict(CLICKS[:count], cfr=NO_CFR) for s in (ours, theirs))
        assert (logits(a) - logits(b)).abs().max() < 1e-3
        assert a.choice == b.choice and len(a.choices) == len(b.choices) == (3 if count == 1 else 0)
    marks = [Click(c.x, c.y, c.positive, batched=True) for c in box_clicks(BOX, size)]
    boxed = {"previous_mask": box_guess(BOX, size), "box": BOX, "cfr": CascadeForward(steps=1)}
    a, b = (s.predict([*marks, CLICKS[0]], **boxed) for s in (ours, theirs))
    assert (logits(a) - logits(b)).abs().max() < 1e-3 and a.forwards == b.forwards
    del network.crop


@pytest.mark.parametrize("size", [*SIZES, (700, 1000)])
def test_a_picture_goes_in_as_with_the_published_processor(pair, size):
    ours = load_model(str(pair))
    expected = tiny_sam.processor("sam")(
        picture(size), input_data_format="channels_last", return_tensors="pt"
    )
    given = ours.crop(picture(size), Window.of_size(*size), (0, 0))
    assert given.shape == expected["pixel_values"].shape
    # one of 256 grey levels, which rounding may differ by
    assert (given - expected["pixel_values"]).abs().max() < 1.1 / 255 / 0.224


def test_a_decoder_that_gives_the_best_mask_alone_offers_no_choices(best_alone):
    (segmenter,) = segmenters(load_model(str(best_alone)))
    prediction = segmenter.predict(CLICKS[:1])
    assert prediction.choices == () and prediction.choice is None
    # asking for one of the choices that there are not changes nothing but the refinement
    assert np.array_equal(
        segmenter.predict(CLICKS[:1], choice=2, cfr=NO_CFR).mask,
        segmenter.predict(CLICKS[:1], cfr=NO_CFR).mask,
    )


def test_a_json_file_can_describe_the_encoders_input(copy):
    (copy / "encoder.json").write_text(
        json.dumps({"size": [256, 256], "mean": [0, 0, 0], "std": [1, 1, 1], "scale": 1, "pad": "no"})
    )
    model = load_model(str(copy))
    given = model.crop(picture(SIZES[0]), Window.of_size(*SIZES[0]), (0, 0))
    assert given.shape == (1, 3, 256, 256) and 0 <= given.min() < 0.3 and 0.7 < given.max() <= 1
    assert model.frame(SIZES[0]).unpadded is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1]", "expected an object"),
        ('{"colour": 1}', "there is no setting 'colour'"),
        ('{"size": [256]}', "'size' is a list of 2 whole numbers"),
        ('{"size": [1, 1e9]}', "'size' is a list of 2 whole numbers"),
        ('{"size": [8, 8]}', "16 to 8192"),
        ('{"mean": [true, 1, 1]}', "'mean' is a list of 3 numbers"),
        ('{"std": [0, 1, 1]}', "'std' is a list of 3 numbers above 0"),
        ('{"std": [NaN, 1, 1]}', "'std' is a list of 3 numbers"),
        ('{"scale": 2}', "'scale' is 1 or 255"),
        ('{"pad": []}', "'pad' is after, before or no"),
        ("{", "encoder.json does not describe"),
    ],
)
def test_a_wrong_description_is_refused_in_one_sentence(copy, content, message):
    (copy / "encoder.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_model(str(copy))


def test_other_files_are_refused_in_one_sentence(copy):
    (copy / "encoder.onnx").write_bytes(b"no network")
    with pytest.raises(ValueError, match="holds no usable pair of SAM's ONNX export"):
        load_model(str(copy))
    shutil.copy(copy / "decoder.onnx", copy / "encoder.onnx")
    with pytest.raises(ValueError, match="the encoder's file holds a decoder; the two may be swapped"):
        load_model(str(copy))


def test_a_folder_with_a_third_network_is_no_pair(copy):
    shutil.copy(copy / "decoder.onnx", copy / "decoder-2.onnx")
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        load_model(str(copy))


def test_the_digests_of_two_pairs_differ(pair, best_alone):
    assert load_model(str(pair)).config != load_model(str(best_alone)).config


def test_without_the_runtime_the_extra_is_named(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"needs onnxruntime: pip install 'cfr-icl\[onnx\]'"):
        load_model(str(pair))


def test_it_can_be_used_but_not_trained(pair):
    with pytest.raises(ValueError, match="cannot be trained here"):
        load_model(str(pair), trainable=True)
