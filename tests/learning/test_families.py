"""Every family of networks learns from a person's own pictures."""

from dataclasses import replace

import pytest
import torch

from cfr_icl.learning import count_clicks, learn, timed_counts
from cfr_icl.learning.adapt_checkpoint import read_checkpoint
from cfr_icl.learning.adapt_config import config_for
from cfr_icl.learning.own_pictures import open_own_pictures
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.loading import load_model
from cfr_icl.weights.saving import save_model

SIDE = 32


@pytest.mark.parametrize(
    ("architecture", "rests"), [("compact", "encoder."), ("vit_xtiny", None), ("hrnet18s", None)]
)
def test_each_architecture_learns_and_the_embedded_one_keeps_its_encoder(
    architecture, rests, data, tmp_path, monkeypatch
):
    source, out = tmp_path / "source", tmp_path / "learnt"
    config = default_config(architecture)
    torch.manual_seed(0)
    save_model(build_model(replace(config, zoom=replace(config.zoom, size=SIDE))), source)
    settings = config_for(load_model(source, "cpu", "float32", trainable=True))
    assert settings.augmentation.size == (320 if rests else SIDE)
    assert settings.optimiser.lr > 1e-4 or not rests
    augmentation = replace(settings.augmentation, size=SIDE, min_pixels=4)
    settings = replace(settings, augmentation=augmentation, batch_size=2, pool=3, steps=2)
    counts = iter((5, 3))

    def sessions(model, pictures, objects, tell, *limits):
        clicks = next(counts)
        return [(held, [0.5] * (clicks - 1) + [0.9]) for held in objects]

    monkeypatch.setattr(timed_counts, "sessions", sessions)
    monkeypatch.setattr(count_clicks, "QUICK_OBJECTS", 2)
    dataset = open_own_pictures(data / "images", data / "masks")
    found = learn.Learning(dataset, str(source), out, 5, config=settings).run()
    assert found.better and found.steps == 2

    first, learnt = load_model(source, trainable=True), load_model(out, trainable=True)
    assert learnt.config == first.config
    changed = {
        name
        for (name, before), after in zip(first.named_parameters(), learnt.parameters(), strict=True)
        if not torch.equal(before, after)
    }
    assert len(changed) > 10
    assert any(name.startswith(rests or "") for name, _ in first.named_parameters())
    assert not rests or not any(name.startswith(rests) for name in changed)
    assert read_checkpoint(out / "run")["finished"]
