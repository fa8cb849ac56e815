import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.clicks import Click
from cfr_icl.zoom import PlacedMap, Window, ZoomConfig, crop, crop_picture, paste, to_window

PICTURE = Window(0, 0, 600, 400)


def object_at(top, bottom, left, right):
    probabilities = torch.zeros(PICTURE.height, PICTURE.width)
    probabilities[top:bottom, left:right] = 0.9
    return PlacedMap.of(probabilities)


@st.composite
def boxes(draw):
    top, left = draw(st.integers(0, 398)), draw(st.integers(0, 598))
    return top, draw(st.integers(top + 1, 400)), left, draw(st.integers(left + 1, 600))


@given(boxes(), st.integers(0, 599), st.integers(0, 399))
def test_the_window_holds_object_and_positive_clicks_and_lies_in_the_picture(box, x, y):
    window = ZoomConfig().object_window(object_at(*box), [Click(x, y)])
    assert 0 <= window.top <= min(box[0], y) and 0 <= window.left <= min(box[2], x)
    assert max(box[1], y + 1) <= window.bottom <= 400
    assert max(box[3], x + 1) <= window.right <= 600


def test_the_window_is_the_box_times_1_4_and_at_least_200_pixels():
    assert ZoomConfig().object_window(object_at(150, 151, 300, 301), []) == Window(200, 50, 401, 251)
    assert ZoomConfig().object_window(object_at(100, 300, 100, 400), []).width == 421


def test_a_negative_click_does_not_move_the_window():
    zoom, found = ZoomConfig(), object_at(150, 250, 250, 350)
    assert zoom.object_window(found, [Click(5, 5, False)]) == zoom.object_window(found, [])


def test_the_first_pass_sees_the_whole_picture_and_zoom_follows_the_mask():
    zoom, click = ZoomConfig(), [Click(300, 200)]
    first = zoom.next_window(None, None, click, PICTURE)
    assert first == PICTURE
    second = zoom.next_window(first, object_at(190, 210, 290, 310), click, PICTURE)
    assert second.height < PICTURE.height and second.width < PICTURE.width


def test_the_window_stays_while_it_overlaps_enough_and_holds_the_clicks():
    zoom, window = ZoomConfig(), Window(200, 100, 401, 301)
    still = object_at(180, 220, 280, 320)
    assert zoom.next_window(window, still, [Click(300, 200)], PICTURE) == window
    assert zoom.next_window(window, still, [Click(450, 200)], PICTURE) != window
    assert not window.holds([Click(400, 200)])  # the published check leaves out the last column


def test_a_picture_is_seen_as_it_is_until_enough_clicks():
    zoom = ZoomConfig(size=400, keep_aspect=True, skip_clicks=1)
    found = object_at(190, 210, 290, 310)
    assert zoom.next_window(None, found, [Click(300, 200)], PICTURE) is None
    assert zoom.next_window(None, found, [Click(300, 200)] * 2, PICTURE) is not None
    assert zoom.input_size(Window(0, 0, 400, 200)) == (200, 400)


@given(boxes())
def test_crop_and_paste_put_things_back_where_they_were(box):
    top, bottom, left, right = box
    window = Window(left, top, right, bottom)
    maps = torch.rand(1, 1, 400, 600)
    part = crop(maps, window, (window.height, window.width))
    whole = paste(part, window, PICTURE)
    assert torch.allclose(whole[..., top:bottom, left:right], maps[..., top:bottom, left:right], atol=1e-5)
    whole[..., top:bottom, left:right] = 0
    assert not whole.any()


def test_a_click_keeps_its_place_in_the_resized_window():
    seen = to_window(Click(250, 150, False), Window(200, 100, 400, 200), (448, 448))
    assert (seen.x, seen.y, seen.positive) == (112, 224, False)


def test_widening_places_the_window_anew_where_the_object_runs_over_its_edge():
    click, window = [Click(300, 200)], Window(200, 100, 401, 301)
    cut = object_at(120, 260, 200, 340)
    assert ZoomConfig().next_window(window, cut, click, PICTURE) == window
    wider = ZoomConfig(widen=True).next_window(window, cut, click, PICTURE)
    assert wider.left < 200
    inside = object_at(120, 260, 220, 340)
    assert ZoomConfig(widen=True).next_window(window, inside, click, PICTURE) == window
    at_border = Window(0, 0, 401, 301)
    corner = object_at(0, 200, 0, 301)
    assert ZoomConfig(widen=True).next_window(at_border, corner, click, PICTURE) == at_border


@pytest.mark.parametrize("height, width", [(1, 1), (1, 300), (90, 120), (700, 1100)])
@pytest.mark.parametrize("size", [(64, 64), (48, 200), (1, 5)])
def test_a_picture_is_cropped_as_any_map(height, width, size):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    window = Window(0, height // 3, width - width // 4, height)
    maps = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    assert torch.allclose(crop_picture(picture, window, size), crop(maps, window, size), atol=1e-6)


@st.composite
def placed_maps(draw):
    """Maps of some size for a window of a picture, which may be too large to be looked at whole."""
    height, width = draw(st.sampled_from([(90, 120), (1, 300), (1300, 1700)]))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    bottom, right = draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width))
    values = np.random.default_rng(draw(st.integers(0, 99))).random(draw(st.sampled_from([(64, 64), (1, 7)])))
    first, last = (draw(st.tuples(*(st.integers(0, side) for side in values.shape))) for _ in "ab")
    values[: first[0]] = values[last[0] :] = values[:, : first[1]] = values[:, last[1] :] = 0
    window, picture = Window(left, top, right, bottom), Window(0, 0, width, height)
    return PlacedMap(torch.from_numpy(values.astype(np.float32)), window, picture)


@settings(max_examples=40, deadline=None)
@given(placed_maps(), st.sampled_from([0.01, 0.49, 0.9]))
def test_what_is_read_of_a_placed_map_is_what_the_whole_map_holds(placed, threshold):
    height, width = placed.picture.height, placed.picture.width
    whole = paste(placed.values[None, None], placed.window, placed.picture)
    assert torch.allclose(placed.whole(), whole[0, 0], atol=1e-5)
    above = (placed.whole() > threshold).numpy()
    assert np.array_equal(placed.above(threshold), above)
    runs = placed.runs(threshold)
    assert (runs[1:] > 0).all() and np.array_equal(
        np.repeat(np.arange(len(runs)) % 2 == 1, runs), above.T.ravel()
    )
    view = Window(0, height // 4, max(1, width // 2), height)
    for size in ((64, 64), (5, 9), (448, 448)):
        assert torch.allclose(placed.crop(view, size), crop(whole, view, size)[0, 0], atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(placed_maps())
def test_the_box_around_an_answer_cuts_nothing_of_it_off_and_is_hardly_larger(placed):
    box = ZoomConfig(expansion=1.0, min_side=1).object_window(placed, [])
    rows, columns = (np.flatnonzero((placed.whole() > 0.5).any(dim)) for dim in (1, 0))
    if not len(rows):
        return
    assert box.top <= rows[0] and rows[-1] < box.bottom
    assert box.left <= columns[0] and columns[-1] < box.right
    if not placed.large:  # the published box goes one pixel further than the object
        assert box.height <= rows[-1] - rows[0] + 3 and box.width <= columns[-1] - columns[0] + 3


def test_an_answer_on_a_large_picture_is_fed_back_as_it_is_while_the_window_stays():
    window = Window(300, 100, 1500, 1200)
    placed = PlacedMap(torch.rand(64, 64), window, Window(0, 0, 1700, 1300))
    assert placed.crop(window, (64, 64)) is placed.values


@given(st.integers(0, 599), st.integers(0, 399), st.floats(0.05, 1))
def test_the_surroundings_of_a_click_lie_in_the_window_with_their_share_of_its_sides(x, y, share):
    window = Window(200, 100, 401, 301)
    part = window.around(Click(x, y), share)
    assert window.top <= part.top < part.bottom <= window.bottom
    assert window.left <= part.left < part.right <= window.right
    assert part.height == max(1, round(share * 201)) == part.width
    if window.holds([Click(x, y)]):
        assert part.top <= y <= part.bottom and part.left <= x <= part.right


@pytest.mark.parametrize("picture", [PICTURE, Window(0, 0, 4000, 3000)])
def test_a_close_up_fades_in_from_its_edge_and_leaves_the_rest_as_it_was(picture):
    torch.manual_seed(0)
    window = Window(10, 20, picture.width - 40, picture.height - 30)
    answer = PlacedMap(torch.rand(64, 64), window, picture)
    part = window.around(Click(picture.width // 2, picture.height // 2), 0.5)
    close = PlacedMap(torch.rand(64, 64), part, picture)
    seen, before, after = (found.whole() for found in (close, answer, answer.finer().with_close_up(close)))
    step = picture.width // 100  # more than what lies between two values of the finer map
    rows, columns = torch.arange(picture.height)[:, None], torch.arange(picture.width)
    away = [part.top - rows, rows - part.bottom, part.left - columns, columns - part.right]
    outside = functools.reduce(torch.maximum, away) > step
    assert torch.allclose(after[outside], before[outside], atol=1e-4)
    height, width = part.height // 4 + step, part.width // 4 + step
    middle = np.s_[part.top + height : part.bottom - height, part.left + width : part.right - width]
    assert (after - seen)[middle].abs().mean() < 0.3 * (before - seen)[middle].abs().mean()


@pytest.mark.parametrize("picture", [PICTURE, Window(0, 0, 4000, 3000)])
@pytest.mark.parametrize("moved", [False, True])
def test_details_stay_where_the_answer_stays_and_go_where_it_changes(picture, moved):
    torch.manual_seed(0)
    window = Window(10, 20, picture.width - 40, picture.height - 30)
    coarse = PlacedMap(0.1 + 0.3 * torch.rand(64, 64), window, picture)
    centre = Click(picture.width // 2, picture.height // 2)
    part = window.around(centre, 0.5)
    fine = coarse.finer().with_close_up(PlacedMap(torch.ones(64, 64), part, picture))
    left_half = torch.arange(64) < 32
    now = PlacedMap(torch.where(left_half, coarse.values, 1 - coarse.values / 4), window, picture)
    seen = window.around(centre, 0.8) if moved else window
    now = PlacedMap(now.crop(seen, (64, 64)), seen, picture).finer()
    before, without, kept = (found.whole() for found in (fine, now, now.with_details(fine, coarse)))
    middle, quarter, edge = (picture.width // part for part in (2, 4, 20))
    rows = slice(picture.height // 3, 2 * picture.height // 3)
    stays, changes = (
        (rows, slice(middle - quarter // 2, middle - edge)),
        (rows, slice(middle + edge, middle + quarter // 2)),
    )
    assert (kept - before)[stays].abs().mean() < 0.05 * (without - before)[stays].abs().mean() + moved * 0.05
    assert torch.allclose(kept[changes], without[changes], atol=1e-4)
