import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.clicks import Click
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window, to_window
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.zoom.maps import probability_maps

PICTURE = Window(0, 0, 600, 400)


def object_at(top, bottom, left, right):
    probabilities = torch.zeros(PICTURE.height, PICTURE.width)
    probabilities[top:bottom, left:right] = 0.9
    return ProbabilityMap.of_picture(probabilities)


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


def test_the_picture_is_not_resized_before_skip_clicks():
    zoom = ZoomConfig(size=400, keep_aspect=True, skip_clicks=1)
    found = object_at(190, 210, 290, 310)
    assert zoom.next_window(None, found, [Click(300, 200)], PICTURE) is None
    assert zoom.next_window(None, found, [Click(300, 200)] * 2, PICTURE) is not None
    assert zoom.input_size(Window(0, 0, 400, 200)) == (200, 400)


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


@given(st.integers(0, 599), st.integers(0, 399), st.floats(0.05, 1))
def test_the_surroundings_of_a_click_lie_in_the_window_with_their_share_of_its_sides(x, y, share):
    window = Window(200, 100, 401, 301)
    part = window.around(Click(x, y), share)
    assert window.top <= part.top < part.bottom <= window.bottom
    assert window.left <= part.left < part.right <= window.right
    assert part.height == max(1, round(share * 201)) == part.width
    if window.holds([Click(x, y)]):
        assert part.top <= y <= part.bottom and part.left <= x <= part.right


@settings(max_examples=40, deadline=None)
@given(probability_maps())
def test_the_box_around_a_mask_contains_it_and_is_hardly_larger(probabilities):
    box = ZoomConfig(expansion=1.0, min_side=1).object_window(probabilities, [])
    rows, columns = (np.flatnonzero((probabilities.to_picture() > 0.5).any(dim)) for dim in (1, 0))
    if not len(rows):
        return
    assert box.top <= rows[0] and rows[-1] < box.bottom
    assert box.left <= columns[0] and columns[-1] < box.right
    if probabilities.exact:  # the published box goes one pixel further than the object
        assert box.height <= rows[-1] - rows[0] + 3 and box.width <= columns[-1] - columns[0] + 3


def test_the_published_zoom_in_uses_every_pixel_and_does_not_widen():
    own = ZoomConfig(size=400, keep_aspect=True, widen=True)
    assert not own.is_exact(Window.of_size(3000, 4000)) and own.is_exact(Window.of_size(500, 1000))
    assert own.published() == ZoomConfig(size=400, keep_aspect=True, exact_up_to=None)
    assert own.published().is_exact(Window.of_size(3000, 4000))
