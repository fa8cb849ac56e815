"""What the loss of learning from own objects shows to each branch of a network."""

import numpy as np
import pytest
import torch

from cfr_icl.box import OBJECT_PROBABILITY
from cfr_icl.clicks import Click
from cfr_icl.data.examples import Batch
from cfr_icl.learning.adapt_config import AdaptConfig
from cfr_icl.learning.adapt_loss import AdaptLoss
from cfr_icl.learning.feature_pool import Drawn
from cfr_icl.models.base import ModelConfig
from cfr_icl.models.registry import build_model
from cfr_icl.zoom.zoom_config import ZoomConfig

SIZE = 64


@pytest.fixture(params=[True, False], ids=["first clicks by a branch", "one branch"])
def network(request):
    torch.manual_seed(0)
    options = {"encoder": "test_efficientnet", "blocks": (0, 0, 0, 0), "attention": 0}
    network = build_model(ModelConfig("compact", options, ZoomConfig(size=SIZE))).eval()
    network.add_box_branch(first_clicks=request.param)
    return network


def drawn(network):
    """Two windows, three objects: a large and a small one side by side, and one alone."""
    image = torch.randint(0, 256, (2, 3, SIZE, SIZE), dtype=torch.uint8)
    gt_mask = torch.zeros(3, 1, SIZE, SIZE)
    gt_mask[0, :, 5:40, 5:30], gt_mask[1, :, 50:54, 40:45], gt_mask[2, :, 20:50, 10:60] = 1, 1, 1
    clicks = [[Click(12, 20)], [Click(42, 52)], [Click(30, 30)]]
    with torch.no_grad():
        features = network.encode(image.float() / 255)
    batch = Batch(image, gt_mask, clicks, torch.tensor([0, 0, 1]))
    return Drawn(batch, features, [], torch.zeros(0, dtype=torch.int64))


def shown(network, monkeypatch, boxes, rounds=12):
    """The prompt maps that the branch for first prompts saw, those that the other one saw, and gradients."""
    seen = {"decode_first": [], "decode": []}
    for name, maps in seen.items():
        plain = getattr(network, name)
        monkeypatch.setattr(
            network, name, lambda f, m, plain=plain, maps=maps: (maps.extend(m.clone()), plain(f, m))[1]
        )
    loss = AdaptLoss(network, AdaptConfig().icl, remind=0.5, boxes=boxes)
    learns = set()
    for seed in range(rounds):
        network.zero_grad()
        value, _ = loss.of(drawn(network), np.random.default_rng(seed))
        value.backward()
        learns |= {
            name.split(".")[0] for name, weight in network.named_parameters() if weight.grad is not None
        }
    return seen["decode_first"], seen["decode"], learns


def is_first_click(maps):
    """One positive disk and nothing else."""
    return not maps[0].any() and not maps[2].any() and 0 < maps[1].sum() < 100


def is_box(maps):
    return bool((maps[0] == np.float32(OBJECT_PROBABILITY)).any()) and not maps[1].any()


def test_first_clicks_and_boxes_teach_the_branch_that_answers_them(network, monkeypatch):
    first, later, learns = shown(network, monkeypatch, boxes=0.3)
    if not network.takes_first_clicks:
        assert not first and any(map(is_first_click, later)) and not any(map(is_box, later))
        assert "box_branch" not in learns
        return
    assert any(map(is_box, first)) and any(map(is_first_click, first))
    assert all(is_box(maps) or is_first_click(maps) for maps in first)
    assert later and not any(is_box(maps) or is_first_click(maps) for maps in later)
    assert {"box_branch", "head"} <= learns


def test_no_box_is_drawn_around_a_small_object(network, monkeypatch):
    """A box is answered in a window around it, where it is never small."""
    first, _, _ = shown(network, monkeypatch, boxes=1.0, rounds=4)
    for maps in filter(is_box, first):
        assert (maps[0] > 0).sum() > 200


def test_in_bfloat16_the_loss_and_its_gradients_stay_as_they_are(network):
    def learnt(precision):
        network.precision = precision
        network.zero_grad()
        loss = AdaptLoss(network, AdaptConfig().icl, remind=0.5, boxes=0.3)
        value, _ = loss.of(drawn(network), np.random.default_rng(1))
        value.backward()
        return value.item(), network.head[0].weight.grad.clone()

    exact, rounded = learnt(torch.float32), learnt(torch.bfloat16)
    assert rounded[0] == pytest.approx(exact[0], rel=0.05)
    assert torch.cosine_similarity(exact[1].flatten(), rounded[1].flatten(), dim=0) > 0.98
