"""Colours of objects, as people with each kind of colour blindness see them."""

from itertools import combinations

import numpy as np
import pytest

from cfr_icl.annotate.objects.document import COLOURS

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
SEEN = {
    "all": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1, 1.089])


def lab(colour, seen):
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = TO_XYZ @ np.clip(np.array(seen) @ linear, 0, 1) / WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", SEEN)
def test_colours_of_objects_can_be_told_apart(seen):
    places = [lab(colour, SEEN[seen]) for colour in COLOURS]
    distances = {(i, j): np.linalg.norm(a - b) for (i, a), (j, b) in combinations(enumerate(places), 2)}
    assert min(distances.values()) > 20
    assert min(far for pair, far in distances.items() if max(pair) < 6) > 30


def test_the_first_colours_stand_out_on_wood_skin_and_oranges():
    things = ("#c19a6b", "#8b5a2b", "#e0ac8c", "#f08c1e", "#b44b32")
    for colour in COLOURS[:3]:
        far = [np.linalg.norm(lab(colour, SEEN["all"]) - lab(thing, SEEN["all"])) for thing in things]
        assert min(far) > 40
