"""Probability maps of every kind, for the tests of zoom."""

import numpy as np
import torch
from hypothesis import strategies as st

from cfr_icl.zoom.probability_map import ProbabilityMap
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig


@st.composite
def probability_maps(draw, sizes=((90, 120), (1, 300), (1300, 1700))):
    """Maps of some resolution, with an object somewhere, for a window of a picture of some size."""
    height, width = draw(st.sampled_from(sizes))
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    bottom, right = draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width))
    values = np.random.default_rng(draw(st.integers(0, 99))).random(draw(st.sampled_from([(64, 64), (1, 7)])))
    first, last = (draw(st.tuples(*(st.integers(0, side) for side in values.shape))) for _ in "ab")
    values[: first[0]] = values[last[0] :] = values[:, : first[1]] = values[:, last[1] :] = 0
    window, picture = Window(left, top, right, bottom), Window.of_size(height, width)
    exact = ZoomConfig().is_exact(picture)
    return ProbabilityMap(torch.from_numpy(values.astype(np.float32)), window, picture, exact)
