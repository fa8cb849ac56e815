"""Further masks for a first click: they are offered, and change no other mask."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter
from cfr_icl.clicks import disk_maps, is_one_click
from cfr_icl.models.hypotheses import FURTHER
from cfr_icl.models.registry import build_model
from tests.small_compact import small_compact

FIRST = Click(30, 20)


def network(offering: bool):
    torch.manual_seed(0)
    model = build_model(small_compact()).eval()
    if offering:
        model.add_hypotheses()
    return model


@pytest.fixture(scope="module")
def segmenters():
    pixels = np.random.default_rng(0).integers(90, 160, (60, 80, 3), dtype=np.uint8)
    pixels[10:45, 20:60] = (250, 20, 20)
    made = [Segmenter(network(offering)) for offering in (False, True)]
    for segmenter in made:
        segmenter.set_image(pixels)
    return made


@pytest.mark.parametrize("size", [100, 75, 33])
def test_windows_of_any_size_have_further_masks(segmenters, size):
    model = segmenters[1].model
    segmenter = Segmenter(model, zoom=replace(model.config.zoom, size=size))
    segmenter.set_image(np.zeros((60, 80, 3), np.uint8))
    assert [choice.mask.shape for choice in segmenter.predict([FIRST]).choices] == [(60, 80)] * (1 + FURTHER)


@pytest.mark.parametrize("clicks", [[FIRST], [FIRST, Click(5, 5, False)]])
def test_masks_stay_and_one_positive_click_alone_has_choices(segmenters, clicks):
    before, after = (segmenter.predict(clicks) for segmenter in segmenters)
    for one, other in zip(before.passes, after.passes, strict=True):
        assert torch.equal(one.probabilities.values, other.probabilities.values)
        assert one.predicted_iou == other.predicted_iou
    assert before.choices == () and len(after.choices) == (1 + FURTHER if clicks == [FIRST] else 0)


def test_a_preview_has_the_mask_without_choices(segmenters, monkeypatch):
    coarse = segmenters[0].predict([FIRST]) and segmenters[0].preview(FIRST)
    segmenters[1].predict([FIRST])  # encodes the window
    monkeypatch.setattr(segmenters[1].model.hypotheses, "forward", None)  # fails where it is called
    previewed = segmenters[1].preview(FIRST)
    assert np.array_equal(previewed.mask, coarse.mask) and previewed.choices == ()


def test_a_previous_mask_leaves_nothing_to_choose(segmenters):
    mask = np.zeros((60, 80), np.float32)
    mask[10:40, 20:50] = 0.9
    assert segmenters[1].predict([FIRST], previous_mask=mask).choices == ()


def test_a_choice_begins_with_its_mask_and_is_refined_once(segmenters):
    offering = segmenters[1]
    taken = offering.predict([FIRST])
    assert taken.choice == 0
    assert all(0 < choice.predicted_iou < 1 and choice.mask.shape == (60, 80) for choice in taken.choices)
    again = offering.predict([FIRST], choice=0)
    assert np.array_equal(again.mask, taken.mask) and len(again.passes) == len(taken.passes)
    for cfr in (CascadeForward(), CascadeForward(steps=0)):
        chosen = offering.predict([FIRST], choice=2, cfr=cfr)
        assert chosen.choice == 2 and len(chosen.passes) == 2 and chosen.chosen == 1
        begun = chosen.passes[0].probabilities.values
        assert torch.allclose(begun, taken.choices[2].probabilities.values, atol=1e-4)


def test_disks_of_one_place_are_told_from_others():
    def disks(*clicks):
        return disk_maps([clicks], 64, 64)[0]

    assert is_one_click(disks(Click(20, 30))) and is_one_click(disks(Click(0, 63)))
    assert not is_one_click(disks(Click(20, 30), Click(40, 30)))
    assert not is_one_click(disks(Click(20, 30), Click(40, 30, False)))
    assert not is_one_click(disks(Click(20, 30, False))) and not is_one_click(disks())
