"""A branch of its own answers boxes, and first clicks if it can: later passes go on from its mask."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.box import box_clicks, box_fit, box_guess
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.prediction import InnerPass
from cfr_icl.rectangle import Rectangle
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window

EXAMPLES = Path(__file__).parents[2] / "examples"
SIZE = (60, 80)
BOX = Rectangle(20, 10, 60, 45)
BOX_CLICKS = tuple(replace(click, batched=True) for click in box_clicks(BOX, SIZE))
BOXED = {"previous_mask": box_guess(BOX, SIZE), "box": BOX}


@pytest.fixture(scope="module")
def embedded():
    return Segmenter(load_model("embedded", "cpu"))


def network(change: float | None):
    """A network with random weights; with a branch for boxes whose logits differ by `change`."""
    torch.manual_seed(0)
    model = build_model(default_config("compact")).eval()
    if change is not None:
        model.add_box_branch()
        with torch.no_grad():
            model.box_branch.head[0].bias += change
        model.box_branch.eval()
    return model


def segmenter(change: float | None):
    pixels = np.random.default_rng(0).integers(90, 160, (*SIZE, 3), dtype=np.uint8)
    pixels[10:45, 20:60] = (250, 20, 20)
    made = Segmenter(network(change))
    made.set_image(pixels)
    return made


@pytest.fixture(scope="module")
def segmenters():
    return {change: segmenter(change) for change in (None, 0.0, 5.0, -5.0)}


def test_a_new_branch_is_a_copy_and_is_not_told_the_middle_of_the_box(segmenters):
    before = segmenters[None].predict(BOX_CLICKS[1:], previous_mask=BOXED["previous_mask"])
    after = segmenters[0.0].predict(BOX_CLICKS, **BOXED)
    assert torch.equal(before.passes[0].probabilities.values, after.passes[0].probabilities.values)


def test_the_branch_answers_the_coarse_pass_of_a_box_and_the_network_refines_it(segmenters):
    cfr = CascadeForward(steps=1, adaptive=False, mirror_refinements=True)
    own, boxed = (segmenters[change].predict(BOX_CLICKS, **BOXED, cfr=cfr).passes for change in (0.0, 5.0))
    logits = [torch.logit(each[0].probabilities.values) for each in (own, boxed)]
    assert torch.allclose(logits[1] - logits[0], torch.full_like(logits[0], 5.0), atol=1e-2)
    assert_refines(segmenters[None], boxed[0], BOX_CLICKS[1:], boxed[1])


def assert_refines(plain, before, clicks, after):
    """The network without the branch makes the later pass from the earlier one and these clicks."""
    clicks = [replace(click, batched=True) for click in clicks]
    mask = before.probabilities.to_picture().numpy()
    refined = plain.predict(clicks, previous_mask=mask, cfr=CascadeForward(steps=0)).passes[0]
    assert torch.allclose(refined.probabilities.values, after.probabilities.values, atol=1e-4)


def test_clicks_without_a_box_are_answered_as_before(segmenters):
    for clicks in ([Click(30, 20)], [Click(30, 20), Click(5, 5, False)], BOX_CLICKS):
        before, after = (segmenters[change].predict(clicks) for change in (None, 5.0))
        assert len(before.passes) == len(after.passes)
        for one, other in zip(before.passes, after.passes, strict=True):
            assert torch.equal(one.probabilities.values, other.probabilities.values)


def test_the_branch_answers_a_first_click_where_it_is_trained_for_it(segmenters):
    cfr = CascadeForward(steps=1, adaptive=False, mirror_refinements=True)
    answering = segmenter(5.0)
    answering.model.answer_first_clicks(by_branch=True)
    first, second = [Click(30, 20)], [Click(30, 20), Click(5, 5, False)]
    own, after = (each.predict(first, cfr=cfr).passes for each in (segmenters[0.0], answering))
    logits = [torch.logit(each[0].probabilities.values) for each in (own, after)]
    assert torch.allclose(logits[1] - logits[0], torch.full_like(logits[0], 5.0), atol=1e-2)
    assert_refines(segmenters[None], after[0], first, after[1])
    mask = after[1].probabilities.to_picture().numpy()
    later = [each.predict(second, previous_mask=mask, cfr=cfr) for each in (segmenters[None], answering)]
    assert np.array_equal(later[0].mask, later[1].mask)
    preview = answering.preview(first[0])
    assert preview.probabilities.mean() > 0.9  # the same branch
    assert answering.model.config.options == {"box_branch": True, "first_clicks": True}
    answering.model.answer_first_clicks(by_branch=False)
    assert answering.model.config.options == {"box_branch": True}


@pytest.mark.parametrize(("change", "told"), [(5.0, True), (-5.0, False)])
def test_a_click_after_a_box_goes_on_from_its_mask_and_the_middle_counts_if_it_is_in_it(
    segmenters, change, told
):
    clicks, cfr = (*BOX_CLICKS, Click(5, 5, False)), CascadeForward(steps=0)
    start, after = (segmenters[change].predict(each, **BOXED, cfr=cfr) for each in (BOX_CLICKS, clicks))
    assert start.mask[27, 39] == told
    assert_refines(segmenters[None], start.passes[0], clicks if told else clicks[1:], after.passes[0])
    fresh = segmenter(change).predict(clicks, **BOXED, cfr=cfr)  # nothing in its cache
    assert np.array_equal(fresh.mask, after.mask)


def test_a_mask_fits_a_box_by_its_bounding_box():
    pixels = torch.zeros(60, 80)
    pixels[10:45, 20:40] = 0.9
    whole, wider = ProbabilityMap.of_picture(pixels), Rectangle(20, 10, 60, 45)
    assert box_fit(whole, Rectangle(20, 10, 40, 45)) == 1
    assert box_fit(whole, wider) == pytest.approx(0.5)
    assert box_fit(whole, Rectangle(0, 0, 10, 10)) == 0
    assert box_fit(ProbabilityMap.of_picture(0 * pixels), wider) == 0
    reduced = ProbabilityMap(pixels[::2, ::2], Window.of_size(60, 80), Window.of_size(60, 80), exact=False)
    assert box_fit(reduced, Rectangle(20, 10, 40, 45)) == pytest.approx(1, abs=0.1)


def test_a_pass_that_leaves_the_box_is_not_the_best(segmenters, monkeypatch):
    boxed = segmenter(5.0)
    masks = iter([(10, 45, 20, 60), (10, 12, 20, 22), (10, 12, 20, 22)])  # the object, then nearly nothing

    def run_pass(*arguments, **options):
        top, bottom, left, right = next(masks)
        values = torch.zeros(SIZE)
        values[top:bottom, left:right] = 0.9
        return InnerPass(ProbabilityMap.of_picture(values), agreement=0.9)

    monkeypatch.setattr(boxed.model, "run_pass", run_pass)
    prediction = boxed.predict(BOX_CLICKS, **BOXED)
    assert prediction.chosen == 0 and prediction.mask.sum() == 35 * 40


@pytest.mark.parametrize(
    ("example", "box"),
    [
        ("flower.jpg", Rectangle(165, 75, 475, 375)),
        ("rocket.jpg", Rectangle(303, 120, 343, 412)),
        ("astronaut.png", Rectangle(20, 10, 380, 512)),
    ],
)
def test_a_box_alone_gives_the_object_that_fills_it(embedded, example, box):
    pixels = np.asarray(Image.open(EXAMPLES / example).convert("RGB"))
    size = pixels.shape[:2]
    embedded.set_image(pixels)
    clicks = [replace(click, batched=True) for click in box_clicks(box, size)]
    prediction = embedded.predict(clicks, previous_mask=box_guess(box, size), box=box)
    assert box_fit(prediction.passes[prediction.chosen].probabilities, box) > 0.65
    inside = prediction.mask[box.top : box.bottom, box.left : box.right]
    assert inside.sum() > 0.9 * prediction.mask.sum()


@pytest.mark.parametrize("steps", [0, 4])
@pytest.mark.parametrize(("right", "bottom"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_first_click_in_a_corner_gives_a_mask_there(embedded, right, bottom, steps):
    pixels = np.asarray(Image.open(EXAMPLES / "rocket.jpg").convert("RGB"))
    height, width = pixels.shape[:2]
    embedded.set_image(pixels)
    x, y = right * (width - 1), bottom * (height - 1)
    mask = embedded.predict([Click(x, y)], cfr=CascadeForward(steps=steps)).mask
    rows, columns = np.nonzero(mask)
    assert len(rows) > 100
    assert np.hypot(rows - y, columns - x).min() < 5
