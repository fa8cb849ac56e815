"""MFP: modulation of the previous probabilities by the last click, as docs/mfp.md writes it down."""

import math

import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter
from cfr_icl.models.mfp import MFP, modulate
from cfr_icl.models.registry import default_config
from cfr_icl.weights.published import convert
from tests.parity.checkpoints import published_shapes


@pytest.fixture(scope="module")
def model() -> MFP:
    torch.manual_seed(0)
    model = MFP(patch=16, dim=32, depth=8, heads=2, neck=(8, 8, 16, 16), head=8, grid=28).eval()
    model.config = default_config("mfp_vit_b")
    return model


def smooth(value: float = 0.3, size: int = 128) -> torch.Tensor:
    """Probabilities that fall from `value` at the middle to a tenth of it at the left and right."""
    columns = torch.linspace(-1, 1, size).abs()
    return (value * (1 - 0.9 * columns)).expand(1, size, size).clone()


def test_a_positive_click_raises_probabilities_around_it_alone():
    before = smooth()
    after = modulate(before, [[Click(64, 64)]])
    rows, columns = torch.meshgrid(torch.arange(128), torch.arange(128), indexing="ij")
    far = (rows - 64) ** 2 + (columns - 64) ** 2 > 100**2
    assert torch.equal(after[0][far], before[0][far])
    assert (after >= before - 1e-6).all() and after[0, 64, 64] == 1
    assert after[0, 70, 64] > 0.9  # as probable as at the click, so nearly certain now
    # beyond the median difference
    assert float(after[0, 64, 5]) == pytest.approx(float(before[0, 64, 5]), abs=1e-6)


def test_a_negative_click_lowers_them():
    before = smooth(0.7)
    after = modulate(before, [[Click(10, 64), Click(64, 64, positive=False)]])
    assert (after <= before + 1e-6).all() and after[0, 64, 64] == 0
    # half of the distance to the positive click
    assert after[0, 66, 64] < 0.1 and torch.equal(after[0, :, :36], before[0, :, :36])


def test_after_seven_clicks_the_exponent_falls_with_the_distance():
    before = torch.full((1, 64, 64), 0.2)
    clicks = [Click(60, 60)] * 7 + [Click(30, 30)]
    after = modulate(before, [clicks])
    strength = 1 / (math.log(0.99) / math.log(0.2) + 1e-8)
    share = 20 / 100
    expected = 0.2 ** (1 / (strength * (1 - share) + share))
    assert float(after[0, 30, 50]) == pytest.approx(expected, abs=1e-5)


def test_a_near_click_of_the_other_sign_keeps_its_surroundings():
    before = smooth()
    after = modulate(before, [[Click(60, 64, positive=False), Click(64, 64)]])
    assert torch.equal(after[0, 62:67, 58:63], before[0, 62:67, 58:63])
    assert after[0, 69, 64] > 0.9 and after[0, 64, 75] == before[0, 64, 75]  # 10 pixels at least


@pytest.mark.parametrize(("value", "positive"), [(0.0, True), (1.0, False)])
def test_probabilities_of_0_and_1_are_modulated_by_distance(value, positive):
    after = modulate(torch.full((1, 200, 300), value), [[Click(150, 100, positive)]])
    assert after[0, 100, 150] == float(positive)
    assert float(after[0, 100, 200]) == pytest.approx(0.5, abs=0.01)
    assert after[0, 100, 251] == value


@pytest.mark.parametrize("value", [0.0, 0.005, 0.4, 0.995, 1.0])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("place", [(0, 0), (63.7, 63.7), (-0.1, 5), (70, 5)])
def test_flat_maps_and_clicks_at_the_border_give_probabilities(value, positive, place):
    after = modulate(torch.full((1, 64, 64), value), [[Click(5, 5, not positive), Click(*place, positive)]])
    assert torch.isfinite(after).all() and after.min() >= 0 and after.max() <= 1


def test_without_a_previous_mask_a_pass_without_modulation_comes_first(model):
    picture = torch.randint(0, 255, (120, 90, 3), generator=torch.Generator().manual_seed(0))
    segmenter = Segmenter(model)
    segmenter.set_image(picture.to(torch.uint8).numpy())
    decoded = []
    decode = model.decode
    model.decode = lambda features, maps: decoded.append(maps.clone()) or decode(features, maps)
    try:
        first = segmenter.predict([Click(40, 60)], cfr=CascadeForward(steps=0))
        segmenter.predict([Click(40, 60), Click(5, 5, False)], cfr=CascadeForward(steps=0))
    finally:
        del model.decode
    assert first.mask.shape == (120, 90)
    assert not decoded[0][:, :2].any() and decoded[1][:, 0].any()
    assert not torch.equal(decoded[1][:, 0], decoded[1][:, 1]), "the second map is modulated"


def test_published_checkpoints_are_recognised():
    shapes = published_shapes("mfp_vit_b")
    config, tensors = convert({name: torch.empty(shape, device="meta") for name, shape in shapes.items()})
    assert config == default_config("mfp_vit_b")
    assert tensors["hint_embed.weight"].shape == (768, 4, 16, 16)
