import functools

import numpy as np
import pytest
import torch

from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig, blend, carry_over_details
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig


@pytest.mark.parametrize(
    "cfr, clicks",
    [
        (CascadeForward(), [3, 4, 5]),
        (CascadeForward(close_ups=False), []),
        (CascadeForward(steps=0), []),
        (CascadeForward(cf_clicks=3), [3]),
        (CascadeForward.published(), []),
    ],
)
def test_refined_clicks_have_close_ups_from_the_first_one_on(cfr, clicks):
    close_up = CloseUpConfig(first_click=3)
    assert [number for number in range(1, 6) if close_up.applies(number, cfr)] == clicks


@pytest.mark.parametrize("wrong", [{"first_click": 0}, {"first_click": 3, "share": 0}, {"first_click": "3"}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="close-up"):
        CloseUpConfig(**wrong)


@pytest.mark.parametrize("picture", [Window(0, 0, 600, 400), Window(0, 0, 4000, 3000)])
def test_a_close_up_fades_in_from_its_edge_and_leaves_the_rest_as_it_was(picture):
    torch.manual_seed(0)
    exact = ZoomConfig().is_exact(picture)
    window = Window(10, 20, picture.width - 40, picture.height - 30)
    answer = ProbabilityMap(torch.rand(64, 64), window, picture, exact)
    part = window.around(Click(picture.width // 2, picture.height // 2), 0.5)
    close = ProbabilityMap(torch.rand(64, 64), part, picture, exact)
    seen, before, after = (each.to_picture() for each in (close, answer, blend(answer.finer(), close)))
    step = picture.width // 100  # more than what lies between two values of the finer map
    rows, columns = torch.arange(picture.height)[:, None], torch.arange(picture.width)
    away = [part.top - rows, rows - part.bottom, part.left - columns, columns - part.right]
    outside = functools.reduce(torch.maximum, away) > step
    assert torch.allclose(after[outside], before[outside], atol=1e-4)
    height, width = part.height // 4 + step, part.width // 4 + step
    middle = np.s_[part.top + height : part.bottom - height, part.left + width : part.right - width]
    assert (after - seen)[middle].abs().mean() < 0.3 * (before - seen)[middle].abs().mean()


@pytest.mark.parametrize("picture", [Window(0, 0, 600, 400), Window(0, 0, 4000, 3000)])
@pytest.mark.parametrize("moved", [False, True])
def test_details_are_carried_over_where_the_coarse_prediction_stays_the_same(picture, moved):
    torch.manual_seed(0)
    exact = ZoomConfig().is_exact(picture)
    window = Window(10, 20, picture.width - 40, picture.height - 30)
    coarse = ProbabilityMap(0.1 + 0.3 * torch.rand(64, 64), window, picture, exact)
    centre = Click(picture.width // 2, picture.height // 2)
    part = window.around(centre, 0.5)
    fine = blend(coarse.finer(), ProbabilityMap(torch.ones(64, 64), part, picture, exact))
    left_half = torch.arange(64) < 32
    now = ProbabilityMap(torch.where(left_half, coarse.values, 1 - coarse.values / 4), window, picture, exact)
    seen = window.around(centre, 0.8) if moved else window
    now = ProbabilityMap(now.crop(seen, (64, 64)), seen, picture, exact).finer()
    carried = carry_over_details(now, fine, coarse)
    before, without, kept = (each.to_picture() for each in (fine, now, carried))
    middle, quarter, edge = (picture.width // part for part in (2, 4, 20))
    rows = slice(picture.height // 3, 2 * picture.height // 3)
    stays, changes = (
        (rows, slice(middle - quarter // 2, middle - edge)),
        (rows, slice(middle + edge, middle + quarter // 2)),
    )
    assert (kept - before)[stays].abs().mean() < 0.05 * (without - before)[stays].abs().mean() + moved * 0.05
    assert torch.allclose(kept[changes], without[changes], atol=1e-4)
