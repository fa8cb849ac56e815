"""Intervals of paired differences."""

from cfr_icl.evaluation.paired import difference


def test_an_interval_holds_the_mean_and_is_the_same_every_time():
    found = difference([1, 2, 3, 4])
    assert found == difference([1, 2, 3, 4]) and str(found).startswith("+2.50 (+")
    assert str(difference([2, 2])) == "+2.00 (+2.00 to +2.00)"


def test_objects_of_one_picture_count_together():
    alone = difference([-4, -4, -4, 4, 4, 4])
    together = difference([-4, -4, -4, 4, 4, 4], ["a", "a", "a", "b", "b", "b"])
    assert together.high - together.low > alone.high - alone.low
