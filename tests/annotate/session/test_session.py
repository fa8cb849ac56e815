"""The session without a screen: clicks, settings, undo and redo."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfr_icl.annotate.objects.compose import MAX_NEIGHBOUR_CLICKS, largest_part, without_holes
from cfr_icl.annotate.objects.document import ActionError, Label
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.session.inspect import inside
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.evaluation.metrics import iou
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import Segmenter
from tests.annotate.session.drawn_actions import ACTIONS, perform
from tests.loaded import add_masks
from tests.stand_in import ColourModel


def test_a_click_finds_the_square(session, picture):
    session.click(Click(30, 40))
    assert iou(session.mask, (picture == (220, 30, 30)).all(axis=2)) > 0.9
    assert session.active.timing.forwards >= 1


def test_masks_equal_the_segmenters_own(session, picture):
    clicks = [Click(30, 40), Click(90, 50, False), Click(20, 30)]
    for click in clicks:
        session.click(click)
    alone = Segmenter(ColourModel())
    alone.set_image(picture)
    assert np.array_equal(session.mask, alone.predict(clicks, cfr=CascadeForward(steps=2)).mask)


def test_settings_act_on_the_current_clicks(session):
    session.click(Click(30, 40))
    session.set_cascade(CascadeForward(steps=0))
    assert session.active.timing.forwards == 1
    session.set_cascade(CascadeForward(steps=5, adaptive=False))
    assert session.active.timing.forwards == 6


def test_the_first_click_must_be_on_the_object(session):
    with pytest.raises(ActionError, match="Start an object"):
        session.click(Click(30, 40, positive=False))
    session.paint([(60, 20), (60, 30)], 4, add=True)  # neither do strokes tell the network of the object
    with pytest.raises(ActionError, match="Start an object"):
        session.click(Click(30, 40, positive=False))
    assert session.preview(Click(30, 40, positive=False)) is None
    session.click(Click(30, 40))
    session.click(Click(60, 20, positive=False))
    assert len(session.active.clicks) == 2


def test_saved_objects_of_negative_clicks_alone_keep_their_masks(session):
    session.paint([(60, 20), (60, 30)], 4, add=True)
    drawn = replace(session.active, clicks=(Click(30, 40, positive=False),))  # as older versions allowed
    session.restore(session.document.with_instance(drawn))
    session.set_cascade(CascadeForward(steps=0))
    session.edit(drawn.id, threshold=0.7)
    session.switch_predictor(Segmenter(ColourModel()))
    assert np.array_equal(session.mask, drawn.mask.pixels)
    with pytest.raises(ActionError, match="Select an object with clicks"):
        inside(session)


def test_a_click_outside_is_refused_and_changes_nothing(session):
    with pytest.raises(ActionError, match="outside the picture"):
        session.click(Click(500, 40))
    assert not session.can_undo


def test_a_session_without_picture_asks_for_one():
    with pytest.raises(ActionError, match="Open a picture"):
        Session(Segmenter(ColourModel())).click(Click(1, 1))


def test_a_new_picture_forgets_the_old_objects(session, picture):
    session.click(Click(30, 40))
    session.open(picture[:50], "other.png")
    assert not session.document.instances and not session.can_undo


RED_SQUARE, BLUE_SQUARE = Click(30, 40), Click(90, 50)


def two_objects(session):
    session.click(RED_SQUARE)
    session.finish()
    session.click(BLUE_SQUARE)
    session.finish()
    return session.document.instances


def test_finishing_starts_the_next_object_and_selecting_goes_back(session):
    first, second = two_objects(session)
    assert first.id != second.id and first.colour != second.colour
    assert session.active is None
    session.select(first.id)
    session.click(Click(20, 30))
    assert len(session.document.find(first.id).clicks) == 2
    assert session.document.find(second.id) == second


def test_a_reopened_object_gets_the_masks_that_it_would_have_got(session, picture):
    first, _ = two_objects(session)
    session.select(first.id)
    session.click(Click(20, 30))
    alone = Segmenter(ColourModel())
    alone.set_image(picture)
    assert np.array_equal(
        session.mask, alone.predict([RED_SQUARE, Click(20, 30)], cfr=CascadeForward(steps=2)).mask
    )


def test_pixels_of_a_finished_neighbour_are_not_taken_unless_allowed(session):
    first, _ = two_objects(session)
    session.click(Click(25, 25))  # on the first object's own pixels
    third = session.active
    assert not (third.mask.pixels & first.mask.pixels).any()
    assert third.left_out > 0
    session.edit(third.id, overlap=True)
    assert session.active.mask.area > first.mask.area // 2 and session.active.left_out == 0


def test_overlapping_is_suggested_for_a_click_on_a_pixel_that_another_object_keeps(session):
    two_objects(session)
    assert not session.suggests_overlap
    session.click(Click(25, 25))
    assert session.suggests_overlap and session.notices == []  # the suggestion says it
    session.edit(session.active.id, overlap=True)
    assert not session.suggests_overlap
    session.undo()
    session.click(Click(100, 80, positive=False))
    assert not session.suggests_overlap


def test_a_swallowed_neighbour_gives_a_negative_click():
    picture = np.full((90, 120, 3), 128, np.uint8)
    session = Session(Segmenter(ColourModel()))
    session.open(picture, "grey.png")
    session.paint([(20, 20), (40, 20)], 10, add=True)
    session.finish()
    session.click(Click(80, 60))
    (click,) = session.active.neighbour_clicks
    assert not click.positive and session.document.instances[0].mask.pixels[int(click.y), int(click.x)]


def test_of_many_swallowed_neighbours_the_largest_give_clicks_that_are_batched_with_the_second_click(
    monkeypatch,
):
    model = ColourModel()
    session = Session(Segmenter(model), CascadeForward(steps=0))
    session.open(np.full((300, 120, 3), 128, np.uint8), "grey.png")
    for row in range(MAX_NEIGHBOUR_CLICKS + 4):
        session.paint([(20, 5 + 10 * row), (40 + 3 * row, 5 + 10 * row)], 6, add=True)
        session.finish()
    seen, decode = [], model.decode
    monkeypatch.setattr(
        model, "decode", lambda features, maps: seen.append(maps.clone()) or decode(features, maps)
    )
    session.click(Click(110, 10))
    assert len(session.active.neighbour_clicks) == MAX_NEIGHBOUR_CLICKS
    assert not any(maps[:, 2].any() for maps in seen)
    seen.clear()
    session.click(Click(110, 200, False))
    (maps,) = seen  # all at once
    window = session.predict(session.active).window
    for click in (*session.active.neighbour_clicks, Click(110, 200)):
        row = (click.y - window.top) * maps.shape[2] / window.height
        column = (click.x - window.left) * maps.shape[3] / window.width
        assert maps[0, 2, int(row), int(column)] == 1
    largest = reversed(session.document.instances[4 : 4 + MAX_NEIGHBOUR_CLICKS])
    for click, instance in zip(
        reversed(sorted(session.active.neighbour_clicks, key=lambda click: click.y)), largest, strict=True
    ):
        assert instance.mask.pixels[int(click.y), int(click.x)]


def test_strokes_are_applied_after_clicks(session):
    session.click(RED_SQUARE)
    session.paint([(60, 80), (110, 80)], 7, add=True)
    session.paint([(30, 0), (30, 89)], 3, add=False)
    assert session.mask[80, 61:109].all() and not session.mask[40, 30]
    session.click(Click(20, 30))
    assert session.mask[80, 61:109].all() and not session.mask[40, 30]
    session.paint([(30, 40)], 1, add=True)
    assert session.mask[40, 30]


def test_a_stroke_may_start_an_object_but_the_eraser_needs_one(session):
    with pytest.raises(ActionError, match="eraser"):
        session.paint([(5, 5)], 3, add=False)
    session.paint([(60, 80), (80, 80)], 5, add=True)
    assert session.active.mask.area > 80


def test_switches_clean_the_networks_mask_and_restore_it(session):
    session.click(RED_SQUARE)
    id = session.active.id
    plain = session.mask
    session.paint([(100, 80)], 9, add=True)
    session.paint([(25, 50)], 5, add=False)
    session.edit(id, keep_largest=True, fill_holes=True)
    session.edit(id, keep_largest=False, fill_holes=False)
    session.undo()
    session.undo()
    session.undo()
    session.undo()
    assert np.array_equal(session.mask, plain)


def test_largest_part_and_holes():
    ring = np.zeros((12, 12), bool)
    ring[1:8, 1:8] = True
    ring[3:6, 3:6] = False
    dot = ring.copy()
    dot[10, 10] = True
    assert np.array_equal(largest_part(dot), ring)
    assert without_holes(ring)[1:8, 1:8].all() and without_holes(ring).sum() == 49


def test_a_box_starts_an_object_with_its_centre_and_outside(session, picture):
    session.box(8, 18, 52, 62)
    assert [click.positive for click in session.active.clicks] == [True] + [False] * 4
    assert iou(session.mask, (picture == (220, 30, 30)).all(axis=2)) > 0.9
    with pytest.raises(ActionError, match="box"):
        session.box(5, 5, 6, 6)


def test_a_box_that_leaves_the_picture_is_cut_at_its_border(session):
    session.box(-9, 95, 200, -9)
    assert session.active.box == (0, 0, 120, 90)


def test_a_box_drawn_again_replaces_the_first_one_in_one_step(session):
    session.box(12, 22, 40, 50)
    first = session.active
    session.box(8, 18, 52, 62)
    assert [each.id for each in session.document.instances] == [first.id]
    assert session.active.box == Rectangle(8, 18, 53, 63) and session.active.mask.area
    session.undo()
    assert session.document.instances == (first,)
    session.paint([(30, 40)], 5, add=True)
    drawn = session.active
    with pytest.raises(ActionError, match="no object was made"):  # with a stroke it is not replaced
        session.box(8, 18, 52, 62)
    assert session.active is drawn


def test_a_box_beside_the_last_one_starts_another_object(session):
    session.box(8, 18, 52, 62)
    first = session.active
    session.box(42, 18, 110, 72)  # boxes of neighbours overlap
    assert session.document.find(first.id) == first and session.active.id != first.id


def test_pixels_of_finished_objects_stay_with_them_when_a_box_is_drawn_around(session):
    first, second = two_objects(session)
    session.finish()
    session.box(0, 0, 119, 89)
    assert session.document.find(first.id).mask == first.mask
    assert session.document.find(second.id).mask == second.mask
    assert not (session.mask & (first.mask.pixels | second.mask.pixels)).any()


def test_a_box_of_whose_object_others_have_all_pixels_makes_no_object(session):
    session.box(8, 18, 52, 62)
    session.finish()
    before = session.document
    with pytest.raises(ActionError, match="no object was made"):
        session.box(8, 18, 52, 62)
    assert session.document is before and session.notices == []


def test_a_stroke_wholly_on_other_objects_makes_no_object_and_says_so(session):
    session.box(8, 18, 52, 62)
    session.finish()
    before = session.document
    around = [(20, 30), (30, 30), (30, 40), (20, 40)]
    for draw in (
        lambda: session.paint([(25, 35), (30, 35)], 3, add=True),
        lambda: session.lasso(around, add=True),
    ):
        with pytest.raises(ActionError, match="no object was made"):
            draw()
    assert session.document is before and session.notices == []
    session.click(Click(110, 60))
    session.paint([(25, 35), (30, 35)], 3, add=True)  # of an object that has other pixels
    assert session.active.left_out and session.active.mask.area


def test_a_box_is_given_to_the_predictor_for_models_that_take_boxes(session, monkeypatch):
    given, predict = [], session.predictor.predict
    recording = lambda *a, **k: given.append(k["box"]) or predict(*a, **k)  # noqa: E731
    monkeypatch.setattr(session.predictor, "predict", recording)
    session.click(Click(30, 40))
    session.clear()
    session.box(20, 30, 70, 80)
    session.click(Click(40, 50))
    assert given[0] is None and set(given[1:]) == {Rectangle(20, 30, 71, 81)}


def test_a_box_is_predicted_at_once_and_clicks_refine_it(session):
    session.box(8, 18, 52, 62)
    assert session.active.timing.forwards <= 1 + session.document.cfr.steps
    boxed = session.active
    session.click(Click(2, 2, False))
    assert session.active.box == Rectangle(8, 18, 53, 63) and session.active.clicks == (
        *boxed.clicks,
        Click(2, 2, False),
    )
    session.undo()
    assert session.active is boxed


def test_labels_carry_their_colour(session):
    first, second = two_objects(session)
    session.set_label("cup", first.id)
    assert session.document.find(first.id).colour == first.colour
    session.set_label("cup", second.id)
    assert session.document.find(second.id).colour == first.colour
    session.click(Click(5, 5))
    assert session.active.label == "cup" and session.active.colour == first.colour
    session.set_label("wall", session.active.id)
    assert session.active.colour != first.colour


def test_a_copy_is_equal_and_a_locked_object_stays(session):
    first, _ = two_objects(session)
    session.duplicate(first.id)
    assert session.active.mask == first.mask and session.active.id != first.id
    session.edit(first.id, locked=True)
    for action in (lambda: session.delete(first.id), lambda: session.edit(first.id, colour="#000000")):
        with pytest.raises(ActionError, match="locked"):
            action()
    session.edit(first.id, locked=False)
    session.delete(first.id)
    with pytest.raises(ActionError, match="no object"):
        session.select(first.id)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, max_size=12))
def test_undo_all_is_the_start_and_redo_all_the_end(picture, actions):
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=2))
    session.open(picture, "squares.png")
    start = session.document
    perform(session, actions)
    end = session.document
    while session.can_undo:
        session.undo()
    assert session.document.instances == start.instances
    while session.can_redo:
        session.redo()
    assert session.document == end


def test_undo_and_redo_run_no_network(session, monkeypatch):
    session.click(RED_SQUARE)
    session.paint([(60, 80), (110, 80)], 7, add=True)
    session.edit(session.active.id, fill_holes=True, threshold=0.7)
    session.set_cascade(CascadeForward(steps=0))
    end = session.document
    monkeypatch.setattr(session.predictor, "predict", None)
    for _ in range(4):
        session.undo()
    assert not session.can_undo and not session.document.instances
    for _ in range(4):
        session.redo()
    assert session.document is end


def test_an_action_after_undo_ends_redo(session):
    session.click(Click(30, 40))
    session.click(Click(90, 50))
    session.undo()
    session.click(Click(20, 30))
    assert not session.can_redo
    assert [click.x for click in session.active.clicks] == [30, 20]


def test_a_kept_pass_is_what_the_next_click_starts_from(picture):
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=3, adaptive=False))
    session.open(picture, "squares.png")
    session.click(RED_SQUARE)
    trace = session.predict(session.active).trace
    session.keep_pass(1)
    kept = session.active.mask
    assert np.array_equal(kept.pixels, trace[1] > 0.49)
    session.click(Click(20, 30))
    assert session.active.initial_mask == kept and session.active.chosen_pass is None
    with pytest.raises(ActionError, match="no pass 9"):
        session.keep_pass(9)


def test_a_pass_is_not_looked_for_in_another_prediction_than_the_one_it_was_seen_in(picture):
    session = Session(Segmenter(ColourModel()), CascadeForward(steps=3, adaptive=False))
    session.open(picture, "squares.png")
    session.click(RED_SQUARE)
    seen = inside(session)["prediction"]
    session.keep_pass(1, seen)
    session.keep_pass(2, seen)  # the passes are still those
    assert session.active.chosen_pass == 2
    session.undo()
    session.undo()
    session.click(Click(20, 30))
    with pytest.raises(ActionError, match="earlier prediction"):
        session.keep_pass(1, seen)
    assert session.active.chosen_pass is None
    session.set_cascade(CascadeForward(steps=2, adaptive=False))
    with pytest.raises(ActionError, match="earlier prediction"):
        session.keep_pass(1, seen)
    session.keep_pass(1, inside(session)["prediction"])
    assert session.active.chosen_pass == 1


def test_inspect_lists_every_pass(session):
    with pytest.raises(ActionError, match="Select an object"):
        inside(session)
    session.click(RED_SQUARE)
    seen = inside(session)
    assert all(p["picture"].startswith("data:image/jpeg;base64,") for p in seen["passes"])
    assert len(seen["passes"]) == session.active.timing.forwards
    assert seen["passes"][0]["removed"] == 0
    assert seen["passes"][0]["added"] + sum(p["added"] - p["removed"] for p in seen["passes"][1:]) == (
        session.predict(session.active).mask.sum()
    )


def test_a_close_up_is_compared_with_the_pass_that_it_refined(picture, monkeypatch):
    model = ColourModel()
    agreements, decode = iter([0.2, 0.9, 0.3, 1.0]), model.decode

    def decode_agreeing(features, prompt_maps):
        """The mask of the mirror image lacks pixels."""
        logits = decode(features, prompt_maps)
        lacking = 1 - next(agreements)
        for mirrored in logits[1:]:
            pixels = mirrored.flatten()
            inside = torch.nonzero(pixels > 0).flatten()
            pixels[inside[: int(lacking * len(inside))]] = -0.1
        return logits

    monkeypatch.setattr(model, "decode", decode_agreeing)
    segmenter = Segmenter(model, close_up=CloseUpConfig(first_click=1))
    session = Session(segmenter, CascadeForward(steps=3, adaptive=False))
    session.open(picture, "squares.png")
    session.click(RED_SQUARE)
    found = session.predict(session.active)
    assert found.passes[3].refined == 1
    best, close = found.mask_above(0.49, 1), found.mask_above(0.49, 3)
    seen = inside(session)["passes"]
    assert [entry["close_up"] for entry in seen] == [False, False, False, True]
    assert seen[-1]["added"] == np.count_nonzero(close & ~best)
    assert seen[-1]["removed"] == np.count_nonzero(best & ~close)


def test_a_label_is_taken_off_the_list_unless_an_object_has_it(session):
    session.click(Click(30, 40))
    session.set_label("cpu", 1)
    session.set_label("cup", 1)
    with pytest.raises(ActionError, match="'cup'"):
        session.remove_label("cup")
    session.remove_label("cpu")
    assert [label.name for label in session.document.labels] == ["cup"] and session.document.label == "cup"
    session.delete(1)
    session.remove_label("cup")
    session.remove_label("unknown")
    assert session.document.labels == () and session.document.label == "object"
    session.undo()  # the object comes back, and with it its label
    assert [label.name for label in session.document.labels] == ["cup"]


def test_labels_keep_their_place_from_picture_to_picture(session, picture):
    session.set_label("cup")
    first = session.document
    session.open(picture, "second.png")
    session.set_label("spoon")
    session.open(picture, "first.png", first)
    assert [label.name for label in session.document.labels] == ["cup", "spoon"]
    assert session.document.label == "cup" and not session.can_undo
    session.open(picture, "third.png")
    assert [label.name for label in session.document.labels] == ["cup", "spoon"]
    other = replace(first, labels=(Label("plate", "#112233"),))
    session.open(picture, "other.png", other)
    assert [label.name for label in session.document.labels] == ["cup", "spoon", "plate"]


def test_renaming_a_label_changes_the_list_and_all_objects_and_can_be_undone(session):
    session.set_label("cpu")
    for x, y in ((80, 70), (10, 10)):
        session.click(Click(x, y))
        session.finish()
    session.set_label("plate", 2)
    session.rename_label("cpu", "cup")
    assert [each.label for each in session.document.instances] == ["cup", "plate"]
    assert "cup" in {label.name for label in session.document.labels}
    with pytest.raises(ActionError, match="already"):
        session.rename_label("cup", "plate")
    session.undo()
    assert [each.label for each in session.document.instances] == ["cpu", "plate"]
    session.redo()
    session.edit(1, locked=True)
    with pytest.raises(ActionError, match="locked"):
        session.rename_label("cup", "mug")


def test_a_preview_shows_the_object_that_a_click_would_give_and_changes_nothing(session, picture):
    assert session.preview(Click(60, 60)) is None  # not encoded yet
    session.predictor.prepare()
    before = session.document
    previewed = session.preview(Click(60, 60))
    assert session.document is before and not session.can_undo
    session.click(Click(60, 60))
    assert iou(previewed.mask.pixels, session.active.mask.pixels) > 0.9
    assert (previewed.colour, previewed.id) == (session.active.colour, session.active.id)
    assert session.preview(Click(70, 60)) is None  # the object has a click


def test_a_preview_is_none_where_a_click_would_be_refused_and_spares_neighbours(session):
    session.predictor.prepare()
    assert session.preview(Click(60, 60, positive=False)) is None
    assert session.preview(Click(10_000, 60)) is None
    session.click(Click(25, 25))
    session.finish()
    free = session.preview(Click(75, 60)).mask
    assert free.area and not free.intersection(session.document.instances[0].mask).area
    session.edit(1, locked=True)
    session.select(1)
    assert session.preview(Click(60, 60)) is None
    assert Session(session.predictor).preview(Click(60, 60)) is None  # without a picture


def test_a_preview_begins_with_the_mask_that_an_object_without_clicks_has(session):
    session.predictor.prepare()
    whole = Mask.of(np.ones(session.size, bool))
    add_masks(session, [("all", whole)])
    session.select(1)
    seen = []
    original = session.predictor.preview
    session.predictor.preview = lambda *arguments: seen.append(arguments) or original(*arguments)
    previewed = session.preview(Click(60, 60, positive=False))
    assert seen[0][1].all() and previewed.id == 1 and session.active.mask == whole
