"""A robot user's session with published weights goes as published, click by click."""

from dataclasses import replace

import numpy as np
import pytest

from cfr_icl import Segmenter
from cfr_icl.cfr import CascadeForward
from cfr_icl.evaluation import simulate
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.parity.recipe import scene
from tests.parity.recorded import CASES, converted_model, recorded

CLICKS = 5
EVERY_CLICK = 20
"""`cf_clicks` of the cases that refine at each click."""


QUICK = ("predict_vit_xtiny_0.npz", "predict_vit_xtiny_5.npz")
"""Cases that `make test-fast` runs; the others take longer."""


def segmenter_of(case: dict) -> Segmenter:
    keep_aspect = isinstance(case["target_size"], int)
    size = case["target_size"] if keep_aspect else case["target_size"][0]
    return Segmenter(
        converted_model(case["model"]),
        flip=case["flip"],
        zoom=ZoomConfig(size=size, keep_aspect=keep_aspect, skip_clicks=case["skip_clicks"]),
    )


def cfr_of(case: dict) -> CascadeForward:
    cf_clicks = None if case["cf_clicks"] == EVERY_CLICK else case["cf_clicks"]
    published = CascadeForward.published(steps=case["cf_n"])
    return replace(published, adaptive=case["adaptive"], cf_clicks=cf_clicks)


def window_of(roi: np.ndarray, case: dict) -> Window:
    """A recorded region, inclusive on all sides; the whole picture where there was none."""
    top, bottom, left, right = roi.tolist()
    return (
        Window(0, 0, case["width"], case["height"]) if top < 0 else Window(left, top, right + 1, bottom + 1)
    )


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["file"], marks=[] if case["file"] in QUICK else [pytest.mark.slow])
        for case in CASES
    ],
)
def test_a_session_has_the_published_clicks_and_masks(case):
    expected = recorded(case["file"])
    answers = []
    session = simulate(
        segmenter_of(case),
        *scene(case["scene_seed"], case["height"], case["width"]),
        max_clicks=CLICKS,
        target_iou=1.1,
        cfr=cfr_of(case),
        on_click=lambda click, prediction, iou: answers.append(prediction),
    )
    assert [[c.y, c.x, c.positive] for c in session.clicks] == expected["clicks"].tolist()
    assert session.forwards == expected["forwards"].tolist()
    assert [a.window for a in answers] == [window_of(roi, case) for roi in expected["rois"]]
    np.testing.assert_allclose(session.ious, expected["ious"], atol=1e-3)
    probabilities = np.stack([a.probabilities[::4, ::4] for a in answers])
    np.testing.assert_allclose(probabilities, expected["probs_s4"], atol=1e-3)
