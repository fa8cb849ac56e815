import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.clicks import Click
from cfr_icl.icl import ICLConfig, IterativeClickLoss, mask_ious, normalised_focal_loss
from tests.recorder import Recorder, batch

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
    IterativeClickLoss(model, ICLConfig())(image, gt_mask, clicks, np.random.default_rng(5))
    assert len(model.prompt_maps) > 1
    assert not model.prompt_maps[0][:, 0].any()
    for before, after in zip(model.prompt_maps, model.prompt_maps[1:], strict=False):
        assert torch.allclose(after[:, :1], torch.sigmoid(model.decode(None, before)), atol=1e-6)
        assert (after[:, 1:].sum((1, 2, 3)) >= before[:, 1:].sum((1, 2, 3))).all()
        model.prompt_maps.pop()
    assert [len(c) for c in clicks] == [1, 1]  # the caller's lists are left alone


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


def test_iou_leaves_out_ignored_pixels():
    gt_mask = torch.tensor([[[[1.0, 1.0, 0.0, -1.0]]]])
    assert mask_ious(torch.tensor([[[[0.9, 0.1, 0.9, 0.9]]]]), gt_mask).item() == pytest.approx(1 / 3)


class TwoHeads(Recorder):
    """A recorder with an auxiliary head."""

    def decode_with_auxiliary(self, features, prompt_maps):
        logits = self.decode(features, prompt_maps)
        return logits, 2 * logits


def test_an_auxiliary_head_is_supervised_with_cross_entropy_on_pixels_that_are_not_ignored():
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
