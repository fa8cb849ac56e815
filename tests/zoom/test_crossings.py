"""Run lengths of a large picture, against the pixels themselves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cfr_icl.zoom.crossings import crossings
from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window
from tests.zoom.maps import probability_maps


def crossings_of_pixels(probabilities, threshold):
    """The slow reference: compute every pixel, then look for changes, column by column."""
    by_column = (probabilities.to_picture().numpy() > threshold).T.ravel()
    return np.flatnonzero(np.diff(by_column, prepend=False))


@settings(max_examples=60, deadline=None)
@given(probability_maps(sizes=[(1300, 1700), (700, 800)]), st.sampled_from([0.0, 0.01, 0.49, 0.9, 1.0]))
def test_crossings_are_those_of_the_pixels(probabilities, threshold):
    found = crossings(probabilities.values, probabilities.window, probabilities.picture, threshold)
    assert np.array_equal(found, crossings_of_pixels(probabilities, threshold))


@pytest.mark.parametrize("values", [torch.zeros(5, 5), torch.ones(5, 5), torch.eye(448), 1 - torch.eye(7)])
@pytest.mark.parametrize(
    "window", [Window(0, 0, 1700, 1300), Window(5, 3, 6, 1300), Window(0, 1299, 1700, 1300)]
)
def test_crossings_at_the_borders(values, window):
    probabilities = ProbabilityMap(values, window, Window.of_size(1300, 1700), exact=False)
    found = crossings(values, window, probabilities.picture, 0.49)
    assert np.array_equal(found, crossings_of_pixels(probabilities, 0.49))
