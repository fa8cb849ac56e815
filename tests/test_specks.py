"""Specks of an answer: what leaves the mask, and what stays in it."""

import cv2
import numpy as np
import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter
from cfr_icl.specks import without_specks
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window
from tests.stand_in import ColourModel

PICTURE = Window(0, 0, 300, 200)
ZOOMED = Window(100, 50, 300, 200)


def with_a_speck(window):
    """Probabilities of a square, of 2 x 3 values far from it and of a part that is no speck."""
    values = torch.full((100, 100), 0.2)
    values[20:80, 20:80] = 0.9
    values[10:12, 85:88] = 0.8
    values[50:55, 90:95] = 0.7
    return ProbabilityMap(values, window, PICTURE)


def in_picture(window, column, row):
    return window.left + column * window.width / 100, window.top + row * window.height / 100


@pytest.mark.parametrize("window", [PICTURE, ZOOMED])
def test_specks_leave_the_mask_and_all_else_stays(window):
    before = with_a_speck(window)
    after = without_specks(before, [Click(*in_picture(window, 40, 50))])
    changed = after.values != before.values
    assert changed[10:12, 85:88].all() and changed.sum() == 6
    assert (after.values <= 0.49)[changed].all()


@pytest.mark.parametrize("window", [PICTURE, ZOOMED])
def test_a_speck_at_a_positive_click_stays(window):
    before = with_a_speck(window)
    clicks = [Click(*in_picture(window, 40, 50)), Click(*in_picture(window, 86, 12))]
    assert without_specks(before, clicks) is before
    away = [clicks[0], Click(clicks[1].x, clicks[1].y, positive=False), Click(0, 0)]
    assert not torch.equal(without_specks(before, away).values, before.values)


@pytest.mark.parametrize(
    "cfr, parts",
    [
        (CascadeForward(), 1),
        (CascadeForward(remove_specks=False), 2),
        (CascadeForward(steps=0), 2),
        (CascadeForward.published(), 2),
    ],
)
def test_answers_to_refined_clicks_are_without_specks(cfr, parts):
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[30:90, 30:90] = picture[60:62, 95:97] = (255, 0, 0)
    segmenter = Segmenter(ColourModel())
    segmenter.set_image(picture)
    mask = segmenter.predict([Click(60, 60)], cfr=cfr).mask
    assert cv2.connectedComponents(mask.astype(np.uint8))[0] == 1 + parts
    assert mask[60, 60]
