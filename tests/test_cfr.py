import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cfr_icl.cfr import MAX_STEPS, CascadeForward


def run(cfr, changes, click_number=1):
    """Passes of a network that changes exactly so many pixels of the mask in each pass."""
    mask = torch.zeros(100)
    remaining = iter([*changes, *[0] * 20])

    def forward(previous):
        answer = previous.clone()
        number = next(remaining)
        answer[:number] = 1 - answer[:number]
        return answer, answer

    return cfr.run(forward, mask, click_number)[0]


@given(st.integers(0, MAX_STEPS), st.lists(st.integers(0, 100), max_size=12))
def test_a_fixed_cascade_takes_one_pass_and_its_steps(steps, changes):
    assert len(run(CascadeForward(steps=steps, adaptive=False), changes)) == steps + 1


@given(st.integers(0, MAX_STEPS), st.lists(st.integers(0, 100), max_size=12), st.integers(0, 100))
def test_an_adaptive_cascade_ends_with_the_first_refinement_that_changes_little(steps, changes, little):
    cfr = CascadeForward(steps=steps, min_change_pixels=little, min_change_ratio=0)
    refinements = [*changes[1:], *[0] * MAX_STEPS][:steps]
    enough = [number for number, changed in enumerate(refinements, 1) if changed <= little]
    assert len(run(cfr, changes)) == 1 + (enough[0] if enough else steps)


@pytest.mark.parametrize("changed, passes", [(20, 2), (21, 5)])
def test_the_published_cascade_stops_when_at_most_twenty_pixels_change(changed, passes):
    cfr = CascadeForward(min_change_ratio=0)
    assert len(run(cfr, [100, changed, changed, changed, changed])) == passes


@pytest.mark.parametrize("first, passes", [(1960, 2), (1959, 5)])
def test_the_cascade_stops_when_at_most_two_percent_of_the_mask_change(first, passes):
    sizes = iter([first, 2000, 1900, 2000, 1900])

    def forward(previous):
        mask = (torch.arange(3000) < next(sizes)).float()
        return mask, mask

    assert len(CascadeForward().run(forward, torch.zeros(3000), 1)[0]) == passes


def test_without_steps_there_is_one_forward():
    assert len(run(CascadeForward(steps=0), [100])) == 1


@pytest.mark.parametrize(
    "cf_clicks, passes", [(None, [5, 5, 5]), (0, [1, 1, 1]), (1, [5, 1, 1]), (2, [5, 5, 1])]
)
def test_the_first_clicks_are_refined(cf_clicks, passes):
    cfr = CascadeForward(adaptive=False, cf_clicks=cf_clicks)
    assert [len(run(cfr, [], number)) for number in (1, 2, 7)] == passes


def test_the_published_settings_are_those_of_the_paper():
    published = CascadeForward.published(steps=3)
    assert published == CascadeForward(
        steps=3,
        adaptive=True,
        cf_clicks=1,
        min_change_pixels=20,
        min_change_ratio=0.0,
        best_pass=False,
        close_ups=False,
        mirror_refinements=True,
        remove_specks=False,
        pseudo_clicks=False,
        pseudo_boxes=False,
    )


def test_each_pass_starts_from_the_pass_before():
    seen = []

    def forward(previous):
        seen.append(previous.item())
        return previous + 0.1, previous

    passes, chosen = CascadeForward(steps=3, adaptive=False).run(forward, torch.tensor(0.0), 1)
    assert seen == pytest.approx([0, 0.1, 0.2, 0.3])
    assert len(passes) == 4 and chosen == 3


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5), st.booleans())
def test_the_chosen_pass_has_the_most_agreement_the_latest_of_equals_or_is_the_last_as_published(
    agreements, best_pass
):
    remaining = iter(agreements)
    cfr = CascadeForward(adaptive=False, best_pass=best_pass)
    passes, chosen = cfr.run(
        lambda previous: (previous, next(remaining)), torch.zeros(4), 1, rating=lambda value: value
    )
    assert passes == agreements
    if best_pass:
        assert passes[chosen] == max(agreements) and passes[chosen] not in passes[chosen + 1 :]
    else:
        assert chosen == 4


@pytest.mark.parametrize("steps", [-1, 11, 2.5, "4", None])
def test_steps_out_of_range_are_refused(steps):
    with pytest.raises(ValueError, match="0 to 10"):
        CascadeForward(steps=steps)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan"), "0.02", True])
def test_ratios_out_of_range_are_refused(ratio):
    with pytest.raises(ValueError, match="'min_change_ratio' must be a number from 0 to 1"):
        CascadeForward(min_change_ratio=ratio)


@given(
    st.builds(
        CascadeForward,
        steps=st.integers(0, MAX_STEPS),
        adaptive=st.booleans(),
        cf_clicks=st.none() | st.integers(0, 20),
        min_change_ratio=st.floats(0, 1),
        close_ups=st.booleans(),
    )
)
def test_settings_are_read_back_from_json(cfr):
    assert CascadeForward.from_json(json.loads(json.dumps(cfr.to_json()))) == cfr


def test_settings_of_older_versions_are_read():
    older = {"steps": 2, "every_click": False, "settled": 0, "close_up": False, "tolerance": 30}
    cfr = CascadeForward.from_json(older)
    assert (cfr.cf_clicks, cfr.min_change_ratio, cfr.close_ups, cfr.min_change_pixels) == (1, 0, False, 30)
    assert CascadeForward.from_json({"every_click": True}).cf_clicks is None


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "x",
        {"step": 1},
        {"steps": "1"},
        {"adaptive": 1},
        {"every_click": 1},
        {"cf_clicks": -1},
        {1: 2},
    ],
)
def test_other_json_is_refused_in_one_sentence(values):
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        CascadeForward.from_json(values)
