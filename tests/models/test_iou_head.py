"""The head that predicts a mask's IoU changes no mask, and training leaves it alone."""

import numpy as np
import pytest
import torch

from cfr_icl import Click, Segmenter, load_model
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.models.iou_head import IoUHead, pool
from cfr_icl.models.registry import build_model, default_config
from tests.stand_in import ColourModel


def network(seed: int = 0):
    torch.manual_seed(seed)
    return build_model(default_config("compact")).eval()


def test_a_network_without_heads_gives_its_logits_and_no_maps_for_them():
    model = ColourModel()
    image, prompt_maps = torch.rand(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    prompt_maps[0, 1, 4:8, 4:8] = 1
    for first in (False, True):
        logits, maps = model.decode_with_maps(image, prompt_maps, first)
        assert torch.equal(logits, model.decode(image, prompt_maps)) and maps == ()


@pytest.fixture(scope="module")
def picture():
    pixels = np.random.default_rng(0).integers(90, 160, (60, 80, 3), dtype=np.uint8)
    pixels[10:45, 20:60] = (250, 20, 20)
    return pixels


def predict(model, picture, count=2):
    segmenter = Segmenter(model, close_up=CloseUpConfig(first_click=2))
    segmenter.set_image(picture)
    return segmenter.predict([Click(30, 20), Click(5, 5, False)][:count])


def test_masks_stay_and_each_pass_has_a_predicted_iou(picture):
    without, rated = network(), network()
    torch.manual_seed(1)
    rated.add_iou_head()
    assert rated.config.options == {"iou_head": True}
    before, after = predict(without, picture), predict(rated, picture)
    assert before.predicted_iou is None
    for one, other in zip(before.passes, after.passes, strict=True):
        assert torch.equal(one.probabilities.values, other.probabilities.values)
        assert 0 < other.predicted_iou < 1
    close_up = after.passes[-1]
    assert close_up.refined is not None
    assert after.predicted_iou == close_up.predicted_iou == after.passes[close_up.refined].predicted_iou


def test_without_clicks_nothing_is_predicted(picture):
    assert predict(network(), picture, count=0).predicted_iou is None


def test_features_are_averaged_over_the_mask_its_ring_uncertain_places_and_clicks():
    features = torch.zeros(1, 2, 16, 16)
    features[:, 0, :8] = 1  # upper half
    features[:, 1, 3, 3] = 5
    mask, clicks = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    mask[..., :32, :] = 1
    mask[..., 40:48, :8] = 0.5
    clicks[..., 12:16, 12:16] = 1  # the pixel (3, 3) at 1/4
    inside, ring, uncertain, clicked = pool([features], mask, clicks).reshape(4, 2)
    assert inside[0] == pytest.approx(128 / 130) and inside[1] == pytest.approx(5 / 130)
    assert ring[0] == 0
    assert uncertain.tolist() == [0, 0]
    assert clicked.tolist() == [1, 5]


def test_training_leaves_the_head_alone():
    model = network()
    model.add_iou_head()
    scales = model.learning_rate_scales(0.5, 1.0)
    assert {scale for name, scale in scales.items() if name.startswith("iou_head.")} == {0.0}


def test_the_embedded_model_predicts_ious(picture):
    prediction = predict(load_model("embedded", "cpu"), picture)
    assert isinstance(load_model("embedded", "cpu").iou_head, IoUHead)
    assert 0 < prediction.predicted_iou < 1
