import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.clicks import Click
from cfr_icl.icl import (
    ICLConfig,
    IterativeClickLoss,
    batch_iou,
    begin_with_boxes,
    begin_with_wrong_regions,
    normalised_focal_loss,
)
from cfr_icl.models.base import InteractiveModel
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.rectangle import Rectangle

FIXTURE = Path(__file__).parent / "parity" / "fixtures" / "loss.npz"


def published_batch():
    rng = np.random.default_rng(3)
    logits = rng.standard_normal((3, 1, 32, 48)).astype(np.float32) * 2
    gt_mask = (rng.random((3, 1, 32, 48)) > 0.7).astype(np.float32)
    gt_mask[1, :, :4] = -1
    return torch.from_numpy(logits), torch.from_numpy(gt_mask)


def test_the_loss_equals_the_published_one():
    with np.load(FIXTURE) as recorded:
        for name in recorded.files:
            alpha = 0.25 if "25" in name else 0.5
            assert normalised_focal_loss(*published_batch(), alpha, 2).numpy() == pytest.approx(
                recorded[name], abs=1e-5
            )


def test_ignored_pixels_do_not_count():
    logits, gt_mask = published_batch()
    changed = torch.where(gt_mask == -1, 100.0, logits)
    assert torch.equal(normalised_focal_loss(logits, gt_mask), normalised_focal_loss(changed, gt_mask))


class Recorder(InteractiveModel):
    """Answers one number everywhere, for the disks and the mask before; keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(0.5))
        self.prompt_maps = []

    def encode(self, image):
        return image

    def decode(self, features, prompt_maps):
        self.prompt_maps.append(prompt_maps)
        return (self.weight * (1 + prompt_maps.sum(dim=1, keepdim=True))) - 1


def batch(size=24):
    gt_mask = torch.zeros(2, 1, size, size)
    gt_mask[:, :, 4:14, 4:14] = 1
    return torch.rand(2, 3, size, size), gt_mask, [[Click(8, 8)], [Click(9, 9)]]


def losses_one_by_one(model, gt_mask):
    return [
        normalised_focal_loss(model.decode(None, h), gt_mask).mean().item() for h in list(model.prompt_maps)
    ]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_every_click_is_supervised_with_its_weight(seed):
    model = Recorder()
    image, gt_mask, clicks = batch()
    loss, _ = IterativeClickLoss(model, ICLConfig())(image, gt_mask, clicks, np.random.default_rng(seed))
    single = losses_one_by_one(model, gt_mask)
    assert 1 <= len(single) <= 3
    assert loss.item() == pytest.approx(sum(b * v for b, v in zip((1, 2, 3), single, strict=False)), rel=1e-5)


def test_the_baseline_supervises_the_last_click_only():
    for seed in range(8):
        model = Recorder()
        image, gt_mask, clicks = batch()
        config = ICLConfig(last_only=True)
        loss, _ = IterativeClickLoss(model, config)(image, gt_mask, clicks, np.random.default_rng(seed))
        assert loss.item() == pytest.approx(losses_one_by_one(model, gt_mask)[-1], rel=1e-5)


def test_normalised_weights_sum_to_one():
    image, gt_mask, clicks = batch()
    values = []
    for normalise in (False, True):
        config = ICLConfig(betas=(2.0,), normalise=normalise)
        values.append(
            IterativeClickLoss(Recorder(), config)(image, gt_mask, clicks, np.random.default_rng(0))[0]
        )
    assert values[0].item() == pytest.approx(2 * values[1].item())


def gradient(config, seed):
    model = Recorder()
    IterativeClickLoss(model, config)(*batch(), np.random.default_rng(seed))[0].backward()
    return len(model.prompt_maps), model.weight.grad.item()


def test_detaching_cuts_the_gradient_through_the_mask_and_nothing_else():
    for seed in range(6):
        clicks, detached = gradient(ICLConfig(), seed)
        _, through = gradient(dataclasses.replace(ICLConfig(), detach=False), seed)
        assert (detached == pytest.approx(through)) == (clicks == 1)


def test_each_round_feeds_back_the_mask_and_one_more_click():
    torch.manual_seed(0)
    model, (image, gt_mask, clicks) = Recorder(), batch()
    IterativeClickLoss(model, ICLConfig(warm_up=4))(image, gt_mask, clicks, np.random.default_rng(5))
    assert len(model.prompt_maps) > 2
    assert not model.prompt_maps[0][:, 0].any()
    for before, after in zip(model.prompt_maps, model.prompt_maps[1:], strict=False):
        assert torch.allclose(after[:, :1], torch.sigmoid(model.decode(None, before)), atol=1e-6)
        assert (after[:, 1:].sum((1, 2, 3)) >= before[:, 1:].sum((1, 2, 3))).all()
        model.prompt_maps.pop()
    assert [len(c) for c in clicks] == [1, 1]  # the caller's lists are left alone


def compact():
    torch.manual_seed(0)
    return build_model(default_config("compact", widths=(8, 8, 16, 16, 32), attention=0)).eval()


def test_objects_of_one_picture_give_the_same_losses_as_examples_of_their_own():
    """The same features for several objects: loss and gradients are those of the picture encoded for each."""
    model = compact()
    image = torch.rand(2, 3, 64, 64)
    gt_mask = torch.zeros(3, 1, 64, 64)
    gt_mask[0, :, 10:40, 10:40], gt_mask[1, :, 20:30, 20:30], gt_mask[2, :, 5:50, 30:60] = 1, 1, 1
    gt_mask[1, :, :4] = -1
    clicks = [[Click(12, 12)], [Click(25, 25)], [Click(40, 20), Click(3, 3, False)]]
    picture = torch.tensor([0, 0, 1])
    loss = IterativeClickLoss(model, ICLConfig(betas=(1.0, 2.0), warm_up=2, box=0.2))
    for seed in range(4):
        found = []
        for images, numbers in ((image, picture), (image[picture], None)):
            model.zero_grad()
            value, measured = loss(images, gt_mask, clicks, np.random.default_rng(seed), numbers)
            value.backward()
            gradients = [w.grad.clone() for w in model.parameters() if w.grad is not None]
            found.append((value.item(), measured, gradients))
        assert found[0][0] == pytest.approx(found[1][0], rel=1e-4) and found[0][1] == found[1][1]
        for one, other in zip(found[0][2], found[1][2], strict=True):
            assert torch.allclose(one, other, rtol=1e-2, atol=1e-4)


def test_a_picture_is_encoded_once_for_all_its_objects():
    model, encoded = Recorder(), []
    model.encode = lambda image: encoded.append(len(image)) or image.new_zeros(len(image), 1, 24, 24)
    gt_mask = batch()[1].repeat(3, 1, 1, 1)
    clicks = [[Click(8, 8)]] * 6
    picture = torch.tensor([0, 0, 0, 0, 1, 1])
    config = ICLConfig()
    IterativeClickLoss(model, config)(
        torch.rand(2, 3, 24, 24), gt_mask, clicks, np.random.default_rng(0), picture
    )
    assert encoded == [2] and all(len(h) == 6 for h in model.prompt_maps)


def test_a_close_up_is_one_of_a_single_object_of_each_picture():
    model = Recorder()
    gt_mask = batch()[1].repeat(2, 1, 1, 1)
    config = ICLConfig(close_up=1.0, betas=(1.0,))
    picture = torch.tensor([0, 0, 1, 1])
    loss = IterativeClickLoss(model, config)
    loss(torch.rand(2, 3, 24, 24), gt_mask, [[Click(8, 8)]] * 4, np.random.default_rng(0), picture)
    assert all(len(h) == 2 for h in model.prompt_maps)


def test_a_wrong_region_begins_with_the_object_that_it_takes_and_a_negative_click_there():
    gt_mask = torch.zeros(3, 1, 32, 32)
    gt_mask[0, :, 4:12, 4:12], gt_mask[1, :, 14:30, 14:30], gt_mask[2, :, 2:30, 2:30] = 1, 1, 1
    clicks = [[Click(8, 8)], [Click(20, 20)], [Click(6, 6)]]
    picture = torch.tensor([0, 0, 1])  # the third is alone
    masks = begin_with_wrong_regions(clicks, gt_mask, picture, np.random.default_rng(0))
    both = (gt_mask[0] == 1) | (gt_mask[1] == 1)
    for number in range(2):
        assert ((masks[number] > 0.49) == both).float().mean() > 0.95
        assert 0 < masks[number].min() < masks[number].max() < 1
    negative = clicks[0][1]
    assert not negative.positive and gt_mask[1, 0, negative.y, negative.x] == 1
    assert not masks[2].any() and clicks[2] == [Click(6, 6)]


def test_a_refining_round_adds_no_click():
    model = Recorder()
    IterativeClickLoss(model, ICLConfig(refine=1.0))(*batch(), np.random.default_rng(1))
    assert all(torch.equal(h[:, 1:], model.prompt_maps[0][:, 1:]) for h in model.prompt_maps)


def test_iou_leaves_out_ignored_pixels():
    gt_mask = torch.tensor([[[[1.0, 1.0, 0.0, -1.0]]]])
    assert batch_iou(torch.tensor([[[[0.9, 0.1, 0.9, 0.9]]]]), gt_mask).item() == pytest.approx(1 / 3)


class TwoHeads(Recorder):
    """A recorder with an auxiliary head."""

    def decode_with_auxiliary(self, features, prompt_maps):
        logits = self.decode(features, prompt_maps)
        return logits, 2 * logits


def test_an_auxiliary_head_is_supervised_with_cross_entropy_where_the_truth_is_known():
    image, gt_mask, clicks = batch()
    gt_mask[:, :, :2] = -1
    model = TwoHeads()
    config = ICLConfig(betas=(1.0,), auxiliary=0.4)
    loss, _ = IterativeClickLoss(model, config)(image, gt_mask, clicks, np.random.default_rng(0))
    logits = model.decode(None, model.prompt_maps[0])
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        2 * logits, gt_mask.clamp(min=0), reduction="none"
    )
    expected = (
        normalised_focal_loss(logits, gt_mask).mean() + 0.4 * torch.where(gt_mask == -1, 0, entropy).mean()
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_close_up_shows_the_surroundings_of_the_last_click_with_mask_truth_and_clicks_in_their_place(
    monkeypatch,
):
    torch.manual_seed(0)
    model, size = Recorder(), 48
    gt_mask = torch.zeros(2, 1, size, size)
    gt_mask[:, :, 10:30, 10:30] = 1
    gt_mask[:, :, :4] = -1
    image = gt_mask.expand(2, 3, size, size).clone()  # a picture that shows its truth
    shown = []
    model.encode = lambda picture: shown.append(picture)
    found = []
    monkeypatch.setattr(
        "cfr_icl.icl.normalised_focal_loss", lambda logits, wanted, *_: found.append(wanted) or logits
    )
    trained = IterativeClickLoss(model, ICLConfig(close_up=1.0, sides=(0.5, 0.5)))
    trained(image, gt_mask, [[Click(20, 20)], [Click(12, 25)]], np.random.default_rng(0))
    whole, close = shown
    assert torch.equal(whole, image) and close.shape == image.shape and not torch.equal(close, image)
    known = found[0] != -1
    assert torch.equal((close[:, :1] > 0.5)[known], (found[0] == 1)[known])
    assert known.any()
    first = model.prompt_maps[-len(found)]
    assert first[:, 0].any() and first[:, 1:].any()


@settings(deadline=None)
@given(st.integers(0, 2**16), st.floats(0, 0.2))
def test_a_box_is_told_as_the_annotator_tells_it(seed, sloppy):
    rng = np.random.default_rng(seed)
    gt_mask = torch.zeros(3, 1, 60, 80)
    gt_mask[0, 0, 20:40, 30:60] = 1
    gt_mask[1, 0, :2] = -1
    gt_mask[1, 0, 2:60] = 1  # up to the picture's edges
    gt_mask[2, 0, 5:9] = -1  # nothing
    clicks = [[Click(1, 1)], [Click(2, 2)], [Click(3, 3)]]
    masks = begin_with_boxes(clicks, gt_mask, sloppy, rng)
    exact = (30, 20, 59, 39)
    if sloppy == 0:
        box = Rectangle(30, 20, 60, 40)
        assert clicks[0] == list(box_clicks(box, (60, 80)))
        assert np.array_equal(masks[0, 0], box_guess(box, (60, 80)))
    assert [click.positive for click in clicks[0]] == [True, False, False, False, False]
    assert gt_mask[0, 0, int(clicks[0][0].y), int(clicks[0][0].x)] == 1
    for own in clicks:
        for click in own:
            click.check_inside(80, 60)
    rows, columns = np.nonzero(masks[0, 0].numpy())
    drawn = columns.min(), rows.min(), columns.max(), rows.max()
    assert np.abs(np.subtract(drawn, exact)).max() <= sloppy * 30 + 2
    assert clicks[2] == [Click(3, 3)] and not masks[2].any()
