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


def test_few_pictures_must_agree():
    assert difference([-1, 0, -0.5, -1, 0], "abcde").high > 0  # the bootstrap alone would say it is sure
    assert difference([-1, 0, -0.5, -1, 0]).high < 0
    assert difference([-3, -2, -3, -4], "abcd").high < 0
    assert difference([-3, -2], "aa").high > 100
