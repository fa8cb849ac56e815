"""Masks that a network offers for a first click, and the box suggested after clicks that change little."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.pictures import example
from cfr_icl import Click, Segmenter, load_model
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.session.repeated import REPEATED
from cfr_icl.annotate.session.session import Session
from tests.models import tiny_sam

PICTURE = np.random.default_rng(0).integers(0, 256, (90, 140, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def sam(tmp_path_factory):
    return load_model(str(tiny_sam.save(tmp_path_factory.mktemp("sam") / "model", "sam", 16)), device="cpu")


@pytest.fixture
def of_sam(sam):
    session = Session(Segmenter(sam))
    session.open(PICTURE, "noise.png")
    return session


def test_a_chosen_mask_becomes_the_objects_and_the_next_click_starts_from_it(of_sam):
    of_sam.click(Click(60, 45))
    best = of_sam.active
    _, prediction = of_sam.choices()
    assert best.choice is None and best.timing.choices == len(prediction.choices) == 3
    for number, choice in enumerate(prediction.choices):
        of_sam.choose(number)
        assert np.array_equal(of_sam.mask, choice.mask)
    of_sam.undo()
    assert of_sam.active.choice == 1
    of_sam.click(Click(20, 20, False))
    assert of_sam.active.timing.choices == 0
    of_clicks = of_sam.predictor.predict(of_sam.active.clicks, choice=1, cfr=of_sam.document.cfr)
    assert np.array_equal(of_sam.mask, of_clicks.mask)
    with pytest.raises(ActionError, match="first click alone"):
        of_sam.choose(0)
    of_sam.finish()
    of_sam.click(Click(100, 20))
    with pytest.raises(ActionError, match="belong to object 1"):
        of_sam.choose(1, 1)
    saved = store.from_json(store.to_json(of_sam.document, "noise.png", PICTURE.shape[:2]), PICTURE.shape[:2])
    assert saved.instances == of_sam.document.instances


def test_a_click_on_a_labelled_whole_does_not_give_it_again(of_sam):
    of_sam.click(Click(60, 45))
    whole = of_sam.active
    of_sam.finish()
    of_sam.click(Click(60, 45))
    part = of_sam.active
    assert part.choice is not None and part.network_mask.iou(whole.mask) < REPEATED
    of_sam.undo()
    of_sam.edit(whole.id, visible=False)
    of_sam.click(Click(60, 45))
    assert of_sam.active.choice == part.choice


def test_a_preview_on_a_labelled_whole_shows_the_part_that_a_click_there_gives():
    session = Session(Segmenter(load_model("embedded", device="cpu", precision="float32")))
    session.open(example("chelsea.png"), "chelsea.png")
    click = Click(230, 120)
    session.click(click)
    whole = session.active.mask
    session.finish()
    previewed = session.preview(click, may_overlap=True)
    assert previewed.mask.contains(230, 120) and previewed.mask.iou(whole) < REPEATED
    session.click(click, may_overlap=True)
    assert session.active.overlaps == (1,) and session.notices == []
    assert previewed.mask.iou(session.active.mask) > 0.4  # roughly: without refinements


def test_where_refinements_lead_back_to_the_whole_the_part_is_taken_as_it_was_offered(monkeypatch):
    session = Session(Segmenter(load_model("embedded", device="cpu", precision="float32")))
    session.open(example("chelsea.png"), "chelsea.png")
    click = Click(230, 120)
    session.click(click)
    whole = session.predictor.predict([click], cfr=session.document.cfr)
    mask = session.active.mask
    session.finish()
    original = session.predictor.predict

    def lead_back(clicks, choice=None, **cues):
        prediction = original(clicks, choice=choice, **cues)
        passes = (prediction.passes[0], whole.passes[whole.chosen])
        return prediction if choice is None else replace(prediction, passes=passes, chosen=1)

    monkeypatch.setattr(session.predictor, "predict", lead_back)
    session.click(click, may_overlap=True)
    part = session.active
    assert part.mask.area and part.mask.iou(mask) < REPEATED and part.chosen_pass == 0


def test_networks_with_one_mask_offer_no_choices(session):
    session.click(Click(80, 80))
    with pytest.raises(ActionError, match="first click alone"):
        session.choices()


def test_a_box_is_suggested_once_after_three_clicks_that_changed_little(session):
    suggested = []
    for x in (80, 81, 82, 83, 84):
        session.click(Click(x, 70))
        suggested.append(session.suggests_box)
    assert suggested == [False, False, False, True, False]
    session.finish()
    session.box(60, 40, 110, 85)
    for x in (80, 82, 84):
        session.click(Click(x, 60))
        assert not session.suggests_box
