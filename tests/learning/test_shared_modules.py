"""A learnt model of the embedded architecture: its branches, and the modules that its networks share."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.learning import learn
from cfr_icl.learning.adapt_config import AdaptConfig
from cfr_icl.learning.own_pictures import open_own_pictures
from cfr_icl.models.learnt import LearntModel
from cfr_icl.models.registry import build_model
from cfr_icl.rectangle import Rectangle
from cfr_icl.weights.saving import save_model
from cfr_icl.workers.batching import BatchedNetwork
from tests.learning.tiny import QUICK, need_clicks
from tests.small_compact import small_compact
from tests.small_runs import coloured_squares

SIZE = (48, 64)
BOX = Rectangle(20, 10, 60, 45)
CLICKS = [Click(30, 20), Click(5, 5, False)]
CFR = CascadeForward(steps=1, adaptive=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder, and its own cache for exported networks and measurements."""
    root = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CFR_ICL_CACHE", str(root / "cache"))
        yield root


@pytest.fixture(scope="module")
def source(folder):
    """A small network whose branch for boxes answers first clicks too, with random weights."""
    torch.manual_seed(0)
    network = build_model(small_compact(iou_head=True))
    network.add_box_branch(first_clicks=True)
    network.box_branch.head[0].bias.data -= 3.0
    save_model(network, folder / "source")
    return folder / "source"


@pytest.fixture(scope="module")
def learnt(source, folder):
    """The folder of a model that learnt from the source for a few steps."""
    data = coloured_squares(folder / "set")
    config: AdaptConfig = replace(QUICK, optimiser=replace(QUICK.optimiser, lr=0.1, warm_up=0))
    with pytest.MonkeyPatch.context() as patched:
        need_clicks(patched, 6, 4)
        dataset = open_own_pictures(data / "images", data / "masks")
        assert learn.Learning(dataset, str(source), folder / "learnt", 5, config=config).run().better
    return folder / "learnt"


class Chosen(torch.nn.Module):
    """In place of the kind of a learnt model."""

    def __init__(self, accepts):
        super().__init__()
        self.accepts = lambda picture: accepts


def answers(model, cfr=CFR):
    """Probabilities after a first click, a second one, a box, and a click after the box."""
    segmenter = Segmenter(model)
    segmenter.set_image(np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8))
    boxed = {"previous_mask": box_guess(BOX, SIZE), "box": BOX}
    corners = tuple(replace(click, batched=True) for click in box_clicks(BOX, SIZE))
    return [
        segmenter.predict(CLICKS[:1], cfr=cfr).probabilities,
        segmenter.predict(CLICKS, cfr=cfr).probabilities,
        segmenter.predict(corners, **boxed, cfr=cfr).probabilities,
        segmenter.predict((*corners, CLICKS[1]), **boxed, cfr=cfr).probabilities,
    ]


def same(one, other, cfr=CFR):
    return [np.array_equal(*pair) for pair in zip(answers(one, cfr), answers(other, cfr), strict=True)]


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_a_model_with_a_branch_for_first_clicks_learns_and_is_the_same_elsewhere(source, learnt, engine):
    given, model = (load_model(folder, "cpu", engine=engine) for folder in (source, learnt))
    assert isinstance(model, LearntModel)
    model.kind = Chosen(False)
    assert all(same(given, model))
    # of its kind, both branches have learnt
    model.kind = Chosen(True)
    assert model.learnt.takes_first_clicks
    assert not any(same(given, model))


def test_the_first_pass_of_a_click_and_of_a_box_has_learnt_too(source, learnt):
    given, model = (load_model(folder, "cpu") for folder in (source, learnt))
    model.kind = Chosen(True)
    coarse = replace(CFR, steps=0)
    assert not any(same(given, model, coarse)[::2])


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_frozen_modules_of_a_learnt_model_are_in_memory_once(learnt, engine):
    model = load_model(learnt, "cpu", engine=engine)
    shared, own = (
        (("_encoder", "iou_head"), ("_decoder", "_first_decoder"))
        if engine == "onnx"
        else (("encoder", "lateral", "iou_head"), ("head", "box_branch"))
    )
    assert all(getattr(model.learnt, part) is getattr(model.start, part) for part in shared)
    assert all(getattr(model.learnt, part) is not getattr(model.start, part) for part in own)


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_shared_modules_give_the_same_masks_when_windows_are_joined(learnt, engine, accepts):
    plain, joined = (load_model(learnt, "cpu", engine=engine) for _ in range(2))
    plain.kind = joined.kind = Chosen(accepts)
    BatchedNetwork(joined, 2)
    given = []
    # a thread of its own: where calls wait for each other, there is never an answer
    thread = threading.Thread(target=lambda: given.extend(answers(joined)), daemon=True)
    thread.start()
    thread.join(60)
    assert len(given) == 4
    for one, other in zip(answers(plain), given, strict=True):
        assert np.allclose(one, other, atol=1e-5)
