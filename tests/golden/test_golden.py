"""The shipped weights answer as recorded, and what was saved before is read and exported as before.

Masks may differ by a thousandth: processors round float32 differently, and each pass begins with the one
before. Forwards and the chosen pass are not asserted for the same reason: a rounded bit decides whether one
more refinement is worth it. `compare.py` asserts both, old code against new on one machine.
"""

from functools import cache

import numpy as np
import pytest
from pycocotools import mask as coco

from tests.golden.play import HERE, Player, load_adapter
from tests.golden.record import ANSWERS, EXPORTS, SESSIONS, exported, masks, read, weights_digest
from tests.golden.sequences import SEQUENCES

ADAPTER = load_adapter(HERE / "adapter.py")
LEAST_IOU = 0.999

QUICK = ("clicks", "box", "brush-first", "loaded-masks", "robot-published")
"""Sequences that `make test-fast` plays; together they take a few seconds."""


@cache
def recorded() -> dict:
    return read(ANSWERS)


@pytest.fixture(scope="module")
def player() -> Player:
    return Player(ADAPTER, str(ADAPTER.EMBEDDED), recorded()["robot_clicks"])


def test_the_recorded_predictions_are_those_of_the_shipped_weights():
    assert recorded()["weights"] == weights_digest(ADAPTER.EMBEDDED), "run: python -m tests.golden.record"


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SEQUENCES]
)
def test_predictions_are_the_recorded_ones(player, name):
    played = masks(player.play(name))
    expected = recorded()["masks"][name]

    assert [[mask[0] for mask in step] for step in played] == [
        [mask[0] for mask in step] for step in expected
    ]
    for number, steps in enumerate(zip(played, expected, strict=True)):
        for mask, wanted in zip(*steps, strict=True):
            assert iou(mask, wanted) >= LEAST_IOU, f"step {number}, {mask[0]}"


@pytest.mark.parametrize("name", read(SESSIONS))
def test_a_session_saved_by_the_first_version_is_exported_as_by_it(player, name):
    recorded_files = read(EXPORTS)[name]
    files = exported(player.adapter, player.network, name, read(SESSIONS)[name])

    formats = {folder(file) for file in recorded_files}  # formats that were added later are in no record
    assert {file: digest for file, digest in files.items() if folder(file) in formats} == recorded_files


def folder(file: str) -> str:
    """The export format of a file; the file itself where it lies in no folder."""
    return file.split("/")[0]


def iou(mask: list, other: list) -> float:
    """Of two masks as `record.masks` gives them; 1 where both are empty."""
    one, two = ({"size": m[1:3], "counts": m[3]} for m in (mask, other))
    if one["size"] != two["size"]:
        return 0.0
    if not coco.area(one) and not coco.area(two):
        return 1.0
    return float(np.asarray(coco.iou([one], [two], [False]))[0, 0])
