"""The head for further masks learns from first clicks of the robot user."""

import numpy as np
import pytest
import torch
import yaml

from cfr_icl import Click, load_model
from cfr_icl.cli.main import main
from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.folder import FolderDataset
from cfr_icl.learning import first_clicks
from cfr_icl.learning import hypotheses as learning
from cfr_icl.models.hypotheses import FURTHER, Hypotheses
from cfr_icl.models.registry import build_model
from cfr_icl.weights.saving import save_model
from tests.small_compact import small_compact


def network():
    torch.manual_seed(0)
    return build_model(small_compact()).eval()


def test_truths_are_what_lies_under_the_click_without_what_is_nearly_the_same():
    whole, part, twin, beside = np.zeros((4, 32, 32), np.int8)
    whole[4:28, 4:28] = part[4:16, 4:16] = beside[4:8, 20:28] = 1
    twin[4:28, 4:27] = 1
    found = first_clicks.gt_masks_under(Click(8, 8), np.stack([whole, part, twin, beside]), 1)
    assert np.array_equal(found, np.stack([part, whole]))


def test_further_masks_learn_what_the_networks_own_mask_is_not():
    rng, examples = np.random.default_rng(0), []
    for _ in range(48):
        maps = tuple(torch.randn(c, side, side) * 0.1 for c, side in ((4, 16), (6, 8), (8, 4)))
        row, gt_masks = int(rng.integers(2, 8)), torch.zeros(2, 32, 32, dtype=torch.int8)
        gt_masks[0, 2 * row : 2 * row + 14] = 1  # what is meant; the own mask holds the columns
        gt_masks[1, :, :16] = 1
        maps[0][0, row : row + 7] = 3.0
        first = gt_masks[1:].half()
        clicks = torch.zeros(1, 32, 32, dtype=torch.float16)
        clicks[0, 2 * row + 7, 8] = 1
        own = torch.tensor([0.3, 1.0])
        examples.append(first_clicks.Recorded(tuple(x.half() for x in maps), first, clicks, gt_masks, own))
    torch.manual_seed(0)
    head = Hypotheses((4, 6, 8), widths=(16, 16, 32), blocks=(1, 1, 1), attention=1)
    head = learning.train(head, examples[:40], steps=60, lr=5e-3, seed=0)
    features, ious = learning.features_and_ious(head, examples[40:])
    assert ious[:, 0].tolist() == pytest.approx([0.3] * 8)
    assert ious.max(dim=1).values.mean() > 0.8
    rating = learning.fit_rating(*learning.features_and_ious(head, examples[:40]), steps=60)
    assert (rating(features.flatten(0, 1)).unflatten(0, ious.shape).argmax(1) == ious.argmax(1)).all()


def test_first_clicks_are_recorded_from_windows_of_a_folder(data):
    augmentation = Augmentation(size=64, whole=1.0, merge=0.0, min_pixels=4)
    endless = first_clicks.record(
        network(), [FolderDataset(data)], [1.0], augmentation, np.random.default_rng(0)
    )
    example = next(endless)
    assert [tuple(x.shape) for x in example.maps] == [(48, 8, 8), (96, 4, 4), (128, 2, 2)]
    assert example.first.shape == example.clicks.shape == (1, 16, 16) and example.clicks.sum() > 0
    assert (example.gt_masks[0] == 1).any() and len(example.own) == len(example.gt_masks) == 1
    assert torch.equal(example.mirrored().gt_masks, example.gt_masks.flip(2))


def test_the_command_adds_the_head_to_a_network(data, tmp_path):
    save_model(network(), tmp_path / "trained")
    config = {
        "data": [{"kind": "folder", "path": str(data)}],
        "augmentation": {"size": 64, "whole": 1.0, "merge": 0.0, "min_pixels": 4},
        "steps": 2,
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    arguments = ["--weights", str(tmp_path / "trained"), "--config", str(tmp_path / "config.yaml")]
    assert main(["hypotheses", *arguments, "--clicks", "8", "--out", str(tmp_path / "offering")]) == 0
    before = load_model(tmp_path / "trained", "cpu", "float32", trainable=True).state_dict()
    after = load_model(tmp_path / "offering", "cpu", "float32", trainable=True)
    assert after.choices == 1 + FURTHER and after.config.options["hypotheses"] is True
    kept = {k: v for k, v in after.state_dict().items() if not k.startswith("hypotheses.")}
    assert all(torch.equal(kept[name], value) for name, value in before.items())
    scales = after.learning_rate_scales(1.0, 1.0)
    assert {scale for name, scale in scales.items() if name.startswith("hypotheses.")} == {0.0}
