"""A picture belongs to the one who works on it, for as long as they do, also where a process died."""

import pytest

from cfr_icl.annotate.saved.leases import FOLDER, LEASE_SECONDS, LOOK_SECONDS, Leases
from cfr_icl.annotate.saved.store import StoreError


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture(params=["one process", "two processes"])
def leases(request, tmp_path, now):
    """The leases as two people see them."""
    if request.param == "one process":
        one = other = Leases(clock=lambda: now[0])
    else:
        one, other = (Leases(tmp_path, clock=lambda: now[0]) for _ in range(2))
    return one, other


def refused_for(leases, holder, who):
    """Who has the picture, as the refusal tells it."""
    with pytest.raises(StoreError, match="nothing was changed") as refusal:
        leases.take("a.png", holder, who)
    return str(refusal.value).split(" is working on ")[0]


def test_a_taken_picture_is_refused_to_others_until_it_is_given_back(leases, now):
    one, other = leases
    one.take("a.png", "1", "Ann")
    assert refused_for(other, "2", "Bob") == "Ann"
    other.take("b.png", "2", "Bob")
    now[0] += LOOK_SECONDS
    assert other.others("2") == {"a.png": "Ann"} and one.others("1") == {"b.png": "Bob"}
    other.give_back("a.png", "2")  # not theirs
    assert refused_for(other, "2", "Bob") == "Ann"
    one.give_back("a.png", "1")
    other.take("a.png", "2", "")
    assert refused_for(one, "1", "Ann") == "Somebody"


def test_a_picture_that_is_held_for_a_moment_stays_with_who_had_it(leases):
    one, other = leases
    one.take("a.png", "1", "Ann")
    with one.held("a.png", "1", "Ann"):
        pass
    assert refused_for(other, "2", "Bob") == "Ann"
    with one.held("b.png", "1", "Ann"):
        pass
    other.take("b.png", "2", "Bob")


def test_a_lease_lasts_while_there_are_actions_and_ends_after_a_crash(leases, now):
    one, other = leases
    for _ in range(5):
        one.take("a.png", "1", "Ann")
        now[0] += LEASE_SECONDS - 1
        assert refused_for(other, "2", "Bob") == "Ann"
    now[0] += 2  # nobody gives it back
    assert other.others("2") == {}
    other.take("a.png", "2", "Bob")
    assert refused_for(one, "1", "Ann") == "Bob"


def test_files_that_are_no_leases_are_left_alone(tmp_path):
    leases = Leases(tmp_path)
    (tmp_path / FOLDER).mkdir()
    for number, text in enumerate(
        ["{", "[]", '{"picture": 1}', '{"picture":"a","holder":"b","who":3,"until":1}']
    ):
        (tmp_path / FOLDER / f"{number}.json").write_text(text)
    assert leases.others("1") == {}
    leases.take("a", "1", "")
