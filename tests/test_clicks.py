import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cfr_icl.clicks import DISK_RADIUS, Click, disk_maps, with_whole_disk

coordinates = st.integers(-20, 80)


@given(st.lists(st.tuples(coordinates, coordinates, st.booleans()), max_size=6))
def test_disks_hold_exactly_the_pixels_within_the_radius(values):
    clicks = [Click(*value) for value in values]
    maps = disk_maps([clicks], 48, 64)[0].numpy()
    y, x = np.mgrid[0:48, 0:64]
    for channel, positive in enumerate([True, False]):
        expected = np.zeros((48, 64), bool)
        for click in clicks:
            if click.positive == positive and max(click.x, click.y) >= 0:
                expected |= (x - click.x) ** 2 + (y - click.y) ** 2 <= DISK_RADIUS**2
        assert (maps[channel] == expected).all()


def test_a_click_at_the_border_moves_until_its_disk_is_whole():
    moved = with_whole_disk(Click(1, 47, positive=False), 48, 64)
    assert moved == Click(DISK_RADIUS, 47 - DISK_RADIUS, positive=False)
    assert disk_maps([[moved]], 48, 64).sum() == disk_maps([[Click(30, 30)]], 48, 64).sum()
    for stays in (Click(30, 20), Click(-2, 10), Click(10, 48)):
        assert with_whole_disk(stays, 48, 64) == stays


def test_each_picture_of_a_batch_gets_its_own_disks():
    maps = disk_maps([[Click(10, 10)], [Click(10, 10, positive=False)], []], 32, 32)
    assert maps.sum((2, 3)).tolist() == [[81, 0], [0, 81], [0, 0]]


@given(st.floats(0, 63), st.floats(0, 47))
def test_mirroring_twice_gives_the_click_back(x, y):
    mirrored = Click(x, y).mirrored(64)
    assert mirrored.mirrored(64).x == pytest.approx(x, abs=1e-9)
    plain = disk_maps([[Click(round(x), round(y))]], 48, 64)
    flipped = disk_maps([[Click(round(x), round(y)).mirrored(64)]], 48, 64)
    assert torch.equal(plain.flip(3), flipped)


@pytest.mark.parametrize("x, y", [(float("nan"), 1), (1, float("inf"))])
def test_a_click_needs_finite_coordinates(x, y):
    with pytest.raises(ValueError, match="finite"):
        Click(x, y)


@pytest.mark.parametrize("x, y", [(-1, 0), (0, -0.5), (64, 0), (0, 48), (1e308, 1)])
def test_a_click_outside_the_picture_is_refused_with_its_size(x, y):
    with pytest.raises(ValueError, match="64 x 48"):
        Click(x, y).check_inside(64, 48)


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64, np.int64, torch.tensor])
def test_coordinates_may_be_scalars_of_other_libraries(kind, recwarn):
    click = Click(kind(20), kind(30), np.bool_(False))
    assert click == Click(20, 30, False) and hash(click) == hash(Click(20, 30, False))
    assert type(click.x) in (int, float) and click.positive is False
    assert not recwarn.list


def test_infinite_scalars_of_numpy_are_refused_too():
    with pytest.raises(ValueError, match="finite"):
        Click(np.float32("inf"), 1)


def test_coordinates_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="coordinates of a click are numbers, not '230'"):
        Click("230", 1)


@pytest.mark.parametrize("sign", [-1, "0", "no", None, 2])
def test_a_sign_that_is_neither_true_nor_false_is_not_taken_for_a_positive_click(sign):
    with pytest.raises(ValueError, match=r"positive \(True or 1\)"):
        Click(10, 10, sign)


def test_labels_of_one_and_zero_are_signs():
    assert Click(10, 10, 1) == Click(10, 10) and Click(10, 10, 0) == Click(10, 10, False)
