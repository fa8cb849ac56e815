"""Which learnt model counts as better."""

import pytest

from cfr_icl.learning.comparison import compare
from cfr_icl.learning.count_clicks import HeldOut


class Pictures:
    """Eight pictures with one object each."""

    def __init__(self):
        self.dropped = {}

    def __len__(self):
        return 8

    def objects(self, index):
        return 1


def better(before, after):
    """Whether models with these IoUs after each click are better; one list for each picture."""
    ious = [{HeldOut(n, 0): list(each) for n, each in enumerate(found)} for found in (before, after)]
    return compare(*ious, Pictures(), ["held out"], steps=1, minutes=1.0).better


SLOW, QUICK = [0.3, 0.4, 0.5, 0.6, 0.7, 0.86], [0.3, 0.4, 0.5, 0.6, 0.86]
WORSE_START = [0.1, 0.4, 0.5, 0.6, 0.86]
GOOD_START = [0.7, 0.72, 0.74, 0.76, 0.78, 0.86]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            [SLOW] * 8, [QUICK] * 7 + [GOOD_START], True, id="surely fewer clicks, first ones better"
        ),
        pytest.param(
            [SLOW] * 8, [GOOD_START] * 7 + [QUICK], True, id="first ones surely better, fewer clicks"
        ),
        pytest.param([SLOW] * 8, [QUICK] * 8, False, id="first clicks are the same"),
        pytest.param([SLOW] * 8, [WORSE_START] * 8, False, id="first clicks are worse"),
        pytest.param([SLOW] * 8, [GOOD_START] * 8, False, id="as many clicks"),
        pytest.param([SLOW] * 8, [SLOW] * 6 + [QUICK, GOOD_START], False, id="may be chance"),
    ],
)
def test_one_measure_is_surely_better_and_the_other_in_the_mean(before, after, expected):
    assert better(before, after) == expected
