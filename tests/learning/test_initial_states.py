"""Initial states of training batches that are not in the paper."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.box import box_clicks, box_guess
from cfr_icl.clicks import Click
from cfr_icl.icl import Draws
from cfr_icl.learning.initial_states import (
    TrainingConfig,
    TrainingLoss,
    begin_with_boxes,
    begin_with_wrong_regions,
)
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.rectangle import Rectangle
from tests.recorder import Recorder, batch


def compact():
    torch.manual_seed(0)
    return build_model(default_config("compact", widths=(8, 8, 16, 16, 32), attention=0)).eval()


def draws(count, seed=0):
    return Draws(np.random.default_rng(seed), [np.random.default_rng((seed, n)) for n in range(count)])


def test_objects_of_one_picture_give_the_same_losses_as_examples_of_their_own():
    """The same features for several objects: loss and gradients are those of the picture encoded for each."""
    model = compact()
    image = torch.rand(2, 3, 64, 64)
    gt_mask = torch.zeros(3, 1, 64, 64)
    gt_mask[0, :, 10:40, 10:40], gt_mask[1, :, 20:30, 20:30], gt_mask[2, :, 5:50, 30:60] = 1, 1, 1
    gt_mask[1, :, :4] = -1
    clicks = [[Click(12, 12)], [Click(25, 25)], [Click(40, 20), Click(3, 3, False)]]
    picture = torch.tensor([0, 0, 1])
    loss = TrainingLoss(model, TrainingConfig(betas=(1.0, 2.0), warm_up=2, box=0.2))
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


@pytest.mark.parametrize(
    "config",
    [
        TrainingConfig(warm_up=2),
        TrainingConfig(box=1.0),
        TrainingConfig(wrong=1.0),
        TrainingConfig(close_up=1.0, refine=0.3),
    ],
)
def test_a_batch_in_two_parts_has_the_clicks_and_the_loss_of_the_whole(config):
    torch.manual_seed(1)
    image, gt_mask = torch.rand(4, 3, 64, 64), torch.zeros(6, 1, 64, 64)
    for number, mask in enumerate(gt_mask[:, 0]):
        mask[4 * number : 30 + 4 * number, 8:40] = 1
    picture, clicks = torch.tensor([0, 0, 1, 2, 2, 3]), [[Click(20, 25)] for _ in gt_mask]
    loss = TrainingLoss(compact(), config)
    for seed in range(3):

        def of(first, last, seed=seed):
            chosen = slice(*np.searchsorted(picture, (first, last)))
            value, figures = loss(
                image[first:last],
                gt_mask[chosen],
                clicks[chosen],
                np.random.default_rng(seed),
                picture[chosen] - first,
                range(6)[chosen],
            )
            return value.item(), figures["objects"]

        (whole, count), *parts = of(0, 4), of(0, 1), of(1, 4)
        assert sum(n for _, n in parts) == count
        assert whole == pytest.approx(sum(value * n for value, n in parts) / count, rel=1e-4)


def test_warm_up_clicks_come_before_the_supervised_ones():
    torch.manual_seed(0)
    rounds = []
    for seed in range(8):
        model, (image, gt_mask, clicks) = Recorder(), batch()
        loss = TrainingLoss(model, TrainingConfig(betas=(1.0,), warm_up=4))
        loss(image, gt_mask, clicks, np.random.default_rng(seed))
        shown = list(model.prompt_maps)
        for before, after in pairwise(shown):
            assert torch.allclose(after[:, :1], torch.sigmoid(model.decode(None, before)), atol=1e-6)
            assert (after[:, 1:].sum((1, 2, 3)) >= before[:, 1:].sum((1, 2, 3))).all()
        assert [len(c) for c in clicks] == [1, 1]  # the caller's lists stay
        rounds.append(len(shown) - 1)
    assert min(rounds) >= 0 and 2 <= max(rounds) <= 4 and len(set(rounds)) > 1


def test_close_ups_train_one_object_of_each_picture():
    model = Recorder()
    gt_mask = batch()[1].repeat(2, 1, 1, 1)
    config = TrainingConfig(close_up=1.0, betas=(1.0,))
    picture = torch.tensor([0, 0, 1, 1])
    loss = TrainingLoss(model, config)
    loss(torch.rand(2, 3, 24, 24), gt_mask, [[Click(8, 8)]] * 4, np.random.default_rng(0), picture)
    assert all(len(h) == 2 for h in model.prompt_maps)


def test_a_wrong_previous_mask_covers_a_neighbour_and_has_a_negative_click_on_it():
    gt_mask = torch.zeros(3, 1, 32, 32)
    gt_mask[0, :, 4:12, 4:12], gt_mask[1, :, 14:30, 14:30], gt_mask[2, :, 2:30, 2:30] = 1, 1, 1
    clicks = [[Click(8, 8)], [Click(20, 20)], [Click(6, 6)]]
    picture = torch.tensor([0, 0, 1])  # the third is alone
    masks = begin_with_wrong_regions(clicks, gt_mask, picture, draws(3))
    both = (gt_mask[0] == 1) | (gt_mask[1] == 1)
    for number in range(2):
        assert ((masks[number] > 0.49) == both).float().mean() > 0.95
        assert 0 < masks[number].min() < masks[number].max() < 1
    negative = clicks[0][1]
    assert not negative.positive and gt_mask[1, 0, negative.y, negative.x] == 1
    assert not masks[2].any() and clicks[2] == [Click(6, 6)]


def test_a_refining_round_adds_no_click():
    model = Recorder()
    TrainingLoss(model, TrainingConfig(refine=1.0))(*batch(), np.random.default_rng(1))
    assert all(torch.equal(h[:, 1:], model.prompt_maps[0][:, 1:]) for h in model.prompt_maps)


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
    trained = TrainingLoss(model, TrainingConfig(close_up=1.0, sides=(0.5, 0.5)))
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
def test_a_box_in_training_becomes_the_same_clicks_and_mask_as_on_the_page(seed, sloppy):
    gt_mask = torch.zeros(3, 1, 60, 80)
    gt_mask[0, 0, 20:40, 30:60] = 1
    gt_mask[1, 0, :2] = -1
    gt_mask[1, 0, 2:60] = 1  # up to the picture's edges
    gt_mask[2, 0, 5:9] = -1  # nothing
    clicks = [[Click(1, 1)], [Click(2, 2)], [Click(3, 3)]]
    masks = begin_with_boxes(clicks, gt_mask, sloppy, draws(3, seed))
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
