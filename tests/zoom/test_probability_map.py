import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.resample import crop, paste
from cfr_icl.zoom.window import Window
from tests.zoom.maps import probability_maps


@settings(max_examples=40, deadline=None)
@given(probability_maps(), st.sampled_from([0.01, 0.49, 0.9]))
def test_values_read_from_a_map_are_the_pixels_of_the_picture(probabilities, threshold):
    height, width = probabilities.picture.height, probabilities.picture.width
    pixels = paste(probabilities.values[None, None], probabilities.window, probabilities.picture)
    assert torch.allclose(probabilities.to_picture(), pixels[0, 0], atol=1e-5)
    above = (probabilities.to_picture() > threshold).numpy()
    assert np.array_equal(probabilities.threshold(threshold), above)
    run_lengths = probabilities.to_rle(threshold)
    assert (run_lengths[1:] > 0).all() and np.array_equal(
        np.repeat(np.arange(len(run_lengths)) % 2 == 1, run_lengths), above.T.ravel()
    )
    view = Window(0, height // 4, max(1, width // 2), height)
    for size in ((64, 64), (5, 9), (448, 448)):
        assert torch.allclose(probabilities.crop(view, size), crop(pixels, view, size)[0, 0], atol=1e-4)


def test_on_a_large_picture_the_networks_map_is_fed_back_unchanged_while_the_window_stays():
    window = Window(300, 100, 1500, 1200)
    probabilities = ProbabilityMap(torch.rand(64, 64), window, Window(0, 0, 1700, 1300), exact=False)
    assert probabilities.crop(window, (64, 64)) is probabilities.values


@pytest.mark.parametrize("exact", [True, False])
def test_decisions_use_every_pixel_where_the_map_is_exact(exact):
    picture = Window.of_size(900, 1000)
    probabilities = ProbabilityMap(torch.rand(64, 64), picture, picture, exact)
    assert probabilities.decision_map.values.shape == ((900, 1000) if exact else (64, 64))
