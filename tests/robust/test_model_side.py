"""Hard pictures and hard clicks: finite answers that follow the clicks where the network allows it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.cli.main import main
from cfr_icl.clicks import Click
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.prediction import PredictionError
from cfr_icl.segmenter import Segmenter
from cfr_icl.weights.loading import EMBEDDED, load_model
from cfr_icl.weights.saving import save_model
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.small_compact import small_compact
from tests.stand_in import ColourModel

RED, GREY = (220, 30, 30), (128, 128, 128)


@pytest.fixture(scope="module")
def embedded():
    return load_model("embedded")


def picture_of(height, width, *boxes):
    """Red rectangles (top, bottom, left, right) on grey."""
    picture = np.full((height, width, 3), GREY, np.uint8)
    for top, bottom, left, right in boxes:
        picture[top:bottom, left:right] = RED
    return picture


def answered(model, picture, clicks, steps=4, zoom=None):
    segmenter = Segmenter(model, zoom=zoom)
    segmenter.set_image(picture)
    prediction = segmenter.predict(clicks, cfr=CascadeForward(steps=steps))
    height, width = picture.shape[:2]
    assert prediction.probabilities.shape == (height, width)
    for probabilities in (prediction.probabilities, *prediction.trace):
        assert np.isfinite(probabilities).all() and 0 <= probabilities.min() <= probabilities.max() <= 1
    return prediction


def rim(height, width):
    """All corners and the middles of all sides."""
    rows, columns = (0, height // 2, height - 1), (0, width // 2, width - 1)
    return [(x, y) for y in rows for x in columns if (x, y) != (width // 2, height // 2)]


CASES = {
    "one colour": (picture_of(300, 400), [Click(200, 150), Click(20, 20, False)]),
    "black": (np.zeros((200, 200, 3), np.uint8), [Click(100, 100)]),
    "white": (np.full((200, 200, 3), 255, np.uint8), [Click(0, 0), Click(199, 199, False)]),
    "on top of each other": (picture_of(300, 400, (50, 250, 50, 250)), [Click(100, 100)] * 6),
    "contradicting": (
        picture_of(300, 400, (50, 250, 50, 250)),
        [Click(100, 100), Click(100, 100, False), Click(100, 100), Click(101, 100, False)],
    ),
    "on the border": (picture_of(300, 400, (0, 300, 0, 200)), [Click(x, y) for x, y in rim(300, 400)]),
    "not on the border": (
        picture_of(300, 400, (100, 200, 100, 200)),
        [Click(150, 150), *(Click(x, y, False) for x, y in rim(300, 400))],
    ),
    "a strip": (picture_of(32, 8000, (0, 32, 3000, 3200)), [Click(3100, 16), Click(7999, 31, False)]),
    "a tall strip": (picture_of(8000, 32, (7950, 8000, 0, 32)), [Click(31, 7999), Click(0, 0, False)]),
    "a window at the corner": (picture_of(900, 1200, (880, 900, 1170, 1200)), [Click(1199, 899)]),
    "1 x 1": (picture_of(1, 1), [Click(0, 0), Click(0, 0, False)]),
    "2 x 3000": (picture_of(2, 3000, (0, 2, 0, 100)), [Click(0, 1), Click(2999, 0, False)]),
}


MANY_CLICKS = ("on the border", "not on the border")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in MANY_CLICKS)) for name in CASES]
)
def test_the_embedded_network_has_finite_logits(embedded, name):
    answered(embedded, *CASES[name], steps=2)


@pytest.mark.slow
@pytest.mark.parametrize("zoom", [ZoomConfig(size=64), ZoomConfig(size=64, keep_aspect=True, min_side=8)])
def test_a_hundred_clicks_are_predicted(zoom):
    model = build_model(small_compact()).eval().requires_grad_(False)
    chance = np.random.default_rng(0)
    clicks = [
        Click(int(x), int(y), bool(i % 3)) for i, (x, y) in enumerate(chance.integers(0, 300, (100, 2)))
    ]
    prediction = answered(model, picture_of(300, 300, (50, 250, 50, 250)), clicks, steps=1, zoom=zoom)
    assert len(prediction.trace) == 2


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_masks_follow_the_clicks_of_a_network_that_follows_them(data):
    """The stand-in gives every clicked colour what its clicks say, so each click must fall right."""
    height, width = data.draw(st.sampled_from([(40, 60), (200, 30), (32, 800), (500, 600)]))
    # the disks of the network's input, here in picture pixels, stay clear of the edges between the colours
    down, aside = 1 + height * 6 // 256, 1 + width * 6 // 256
    top = data.draw(st.integers(0, height - 2 * down - 2))
    left = data.draw(st.integers(0, width - 2 * aside - 2))
    bottom = data.draw(st.integers(top + 2 * down + 2, height))
    right = data.draw(st.integers(left + 2 * aside + 2, width))
    picture = picture_of(height, width, (top, bottom, left, right))
    inside = st.tuples(
        st.integers(left + aside, right - 1 - aside), st.integers(top + down, bottom - 1 - down)
    )
    positive = [Click(x, y) for x, y in data.draw(st.lists(inside, min_size=1, max_size=4))]
    away = [
        (x, y)
        for x, y in rim(height, width)
        if not (left - aside <= x < right + aside and top - down <= y < bottom + down)
    ]
    negative = [Click(x, y, False) for x, y in away]
    mask = answered(
        ColourModel(256), picture, positive + negative, zoom=ZoomConfig(size=256, min_side=1000)
    ).mask
    assert all(mask[int(click.y), int(click.x)] for click in positive)
    assert not any(mask[int(click.y), int(click.x)] for click in negative)


def spoilt(folder, value):
    """The embedded model with one weight changed."""
    tensors = load_file(EMBEDDED / "model.safetensors")
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point() and tensor.ndim > 1)
    tensors[name].view(-1)[3] = value
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text((EMBEDDED / "config.json").read_text())
    return name


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_named_when_they_are_loaded(tmp_path, value, capsys):
    name = spoilt(tmp_path, value)
    with pytest.raises(ValueError, match=f"The weight '{name}' in .* is not finite"):
        load_model(tmp_path)
    arguments = ["segment", "examples/chelsea.png", "--click", "9,9", "--out", str(tmp_path / "m.png")]
    assert main([*arguments, "--weights", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "not finite" in error and error.count("\n") == 1


class Overflowing(ColourModel):
    """Answers what no number can hold, from the second click on."""

    def decode(self, features, prompt_maps):
        logits = super().decode(features, prompt_maps)
        return logits * torch.inf if prompt_maps[:, 2].any() else logits


def test_a_prediction_that_is_not_finite_is_reported_and_changes_nothing():
    session = Session(Segmenter(Overflowing()))
    session.open(picture_of(60, 80, (20, 40, 20, 40)), "red.png")
    session.click(Click(30, 30))
    before = session.document
    with pytest.raises(ActionError, match="not finite"):
        session.click(Click(5, 5, False))
    assert session.document == before
    session.click(Click(25, 25))
    assert session.mask[30, 30]


def test_a_failed_prediction_changes_no_cached_one():
    """Answers are remembered by their clicks; those of a failed call must not be taken for others."""
    segmenter = Segmenter(Overflowing())
    segmenter.set_image(picture_of(60, 80, (20, 40, 20, 40)))
    first, second, other = Click(30, 30), Click(5, 5), Click(50, 50)
    expected = segmenter.predict([first, second]).mask
    with pytest.raises(PredictionError):
        segmenter.predict([first, other, Click(70, 50, False)])
    assert np.array_equal(segmenter.predict([first, second]).mask, expected)


def test_a_network_that_fails_is_not_switched_to():
    session = Session(Segmenter(ColourModel()))
    session.open(picture_of(60, 80, (20, 40, 20, 40)), "red.png")
    session.click(Click(30, 30))
    session.click(Click(5, 5, False))
    before, mask = session.predictor, session.mask
    with pytest.raises(ActionError, match="not finite"):
        session.switch_predictor(Segmenter(Overflowing()))
    assert session.predictor is before and np.array_equal(session.mask, mask)


def test_a_pass_that_was_kept_may_be_missing_with_another_network():
    picture = picture_of(60, 80, (20, 40, 20, 40))
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=3, adaptive=False))
    session.open(picture, "red.png")
    session.click(Click(30, 30))
    session.keep_pass(3)
    again = Session(Segmenter(ColourModel()))
    coarse = replace(session.active, cfr=CascadeForward(steps=0))
    again.open(picture, "red.png", session.document.with_instance(coarse))
    again.edit(again.active.id, threshold=0.6)
    assert again.active.chosen_pass is None and again.mask[30, 30]


def test_saved_networks_are_finite(tmp_path):
    model = build_model(default_config("compact"))
    torch.nn.init.constant_(next(model.parameters()), float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        save_model(model, tmp_path)
