import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import cfr_icl
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.encoded_picture import WINDOWS_KEPT
from cfr_icl.evaluation import simulate
from cfr_icl.models.compact import CompactNet
from cfr_icl.models.map_model import MapModel
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.predictor import PREDICTIONS_KEPT
from cfr_icl.rectangle import Rectangle
from cfr_icl.segmenter import Segmenter
from cfr_icl.zoom.resample import crop_picture
from cfr_icl.zoom.window import Window
from cfr_icl.zoom.zoom_config import ZoomConfig

HEIGHT, WIDTH = 90, 120
SMALL = ZoomConfig(size=64, min_side=40)
clicks = st.builds(Click, st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.booleans(), st.booleans())


def sequences(most):
    """Up to so many clicks, of which the first is positive."""
    first = clicks.map(lambda click: replace(click, positive=True))
    return st.tuples(first, st.lists(clicks, max_size=most - 1)).map(lambda parts: [parts[0], *parts[1]])


@pytest.fixture(scope="module")
def model() -> CompactNet:
    torch.manual_seed(0)
    config = replace(default_config("compact"), close_up=None)
    return build_model(config).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def fresh(model, picture, **options) -> Segmenter:
    segmenter = Segmenter(model, **{"zoom": SMALL, **options})
    segmenter.set_image(picture)
    return segmenter


def steps(number, **settings) -> CascadeForward:
    return CascadeForward(steps=number, **settings)


relaxed = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(sequences(4))
def test_a_prediction_depends_on_the_clicks_and_not_on_earlier_calls(model, picture, sequence):
    wandering = fresh(model, picture)
    for count in range(1, len(sequence) + 1):
        wandering.predict(sequence[:count], cfr=steps(2))
    wandering.predict(sequence, cfr=steps(1))
    wandering.predict([Click(1, 1), *sequence], cfr=steps(2))
    again = wandering.predict(sequence, cfr=steps(2))
    once = fresh(model, picture).predict(sequence, cfr=steps(2))
    assert np.array_equal(again.probabilities, once.probabilities)
    assert again.forwards == once.forwards


@pytest.fixture
def forwards(model, monkeypatch) -> list:
    """Grows with every forward of the model."""
    forwards, decode = [], model.decode
    monkeypatch.setattr(model, "decode", lambda *inputs: forwards.append(1) or decode(*inputs))
    return forwards


def test_undoing_a_click_restores_the_prediction_without_a_forward(model, picture, forwards):
    segmenter = fresh(model, picture)
    first = segmenter.predict([Click(60, 45)])
    second = segmenter.predict([Click(60, 45), Click(10, 10, False)])
    assert len(forwards) == first.forwards + second.forwards
    forwards.clear()
    assert np.array_equal(segmenter.predict([Click(60, 45)]).probabilities, first.probabilities)
    assert not forwards


def test_memory_does_not_grow_with_every_click_and_undoing_many_restores_the_prediction(
    model, picture, forwards
):
    segmenter, cfr = fresh(model, picture), steps(1, adaptive=False)
    sequence = [Click(10 + 3 * number, 20 + number, number % 3 < 2) for number in range(3 * PREDICTIONS_KEPT)]
    answered, passes = [], []
    for number in range(1, len(sequence) + 1):
        prediction = segmenter.predict(sequence[:number], cfr=cfr)
        answered.append(prediction.probabilities)
        passes += [weakref.ref(each.probabilities.values) for each in prediction.passes]
    del prediction
    assert (
        sum(each() is not None for each in passes) <= 2 * PREDICTIONS_KEPT + len(sequence) // PREDICTIONS_KEPT
    )

    for number in (len(sequence) - PREDICTIONS_KEPT + 1, PREDICTIONS_KEPT + 3, 2):
        forwards.clear()
        assert np.array_equal(
            segmenter.predict(sequence[:number], cfr=cfr).probabilities, answered[number - 1]
        )
        assert len(forwards) <= 2 * PREDICTIONS_KEPT


@pytest.mark.parametrize("most, adaptive", [(0, False), (0, True), (3, False), (3, True)])
def test_a_prediction_holds_every_pass_and_their_number(model, picture, most, adaptive):
    cfr = steps(most, adaptive=adaptive)
    prediction = fresh(model, picture).predict([Click(60, 45)], cfr=cfr)
    assert prediction.forwards == len(prediction.trace)
    assert prediction.forwards <= most + 1 if adaptive else prediction.forwards == most + 1
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.shape == (HEIGHT, WIDTH)
    assert np.array_equal(prediction.trace[prediction.chosen], prediction.probabilities)
    assert np.array_equal(prediction.mask, prediction.probabilities > 0.49)


def test_the_last_change_counts_the_pixels_that_the_last_pass_changed(model, picture):
    for most in range(4):
        prediction = fresh(model, picture).predict([Click(60, 45)], cfr=steps(most, adaptive=False))
        masks = [prediction.mask_above(0.6, index) for index in range(most + 1)]
        expected = np.count_nonzero(masks[-1] ^ masks[-2]) if most else None
        assert prediction.last_change(0.6) == expected


def test_in_a_large_picture_the_last_change_is_estimated_from_the_networks_map(model, picture):
    segmenter = fresh(model, picture, zoom=replace(SMALL, exact_up_to=0))
    for most in range(1, 4):
        prediction = segmenter.predict([Click(60, 45)], cfr=steps(most, adaptive=False))
        masks = [prediction.mask_above(0.6, index) for index in range(most + 1)]
        exact = np.count_nonzero(masks[-1] ^ masks[-2])
        assert prediction.last_change(0.6) == pytest.approx(exact, rel=0.1, abs=20)


def test_each_call_has_its_own_cfr_setting(model, picture):
    segmenter, sequence, cfr = fresh(model, picture), [Click(60, 45), Click(20, 20)], steps(3, adaptive=False)
    coarse = segmenter.predict(sequence, cfr=steps(0))
    refined = segmenter.predict(sequence, cfr=cfr)
    expected = fresh(model, picture).predict(sequence, cfr=cfr)
    assert np.array_equal(refined.probabilities, expected.probabilities) and refined.forwards == 4
    assert segmenter.predict(sequence, cfr=steps(0)) is coarse and coarse.forwards == 1


def test_going_back_to_an_object_costs_no_forward(model, picture, forwards):
    segmenter = fresh(model, picture)
    first, second = [Click(60, 45), Click(10, 10, False)], [Click(100, 20)]
    there = segmenter.predict(first)
    segmenter.predict(second)
    forwards.clear()
    assert segmenter.predict(first) is there and not forwards


def test_no_clicks_give_the_previous_mask_back(model, picture):
    segmenter = fresh(model, picture)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:50, 30:70] = True
    assert not segmenter.predict([]).mask.any()
    assert np.array_equal(segmenter.predict([], previous_mask=mask).mask, mask)
    assert segmenter.predict([], previous_mask=mask).forwards == 0


def test_negative_clicks_alone_correct_a_mask_or_a_box_but_nothing_else(model, picture):
    segmenter, beside = fresh(model, picture), Click(40, 30, False)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:50, 30:70] = True
    with pytest.raises(ValueError, match="No click is positive: add one on the object"):
        segmenter.predict([beside])
    with pytest.raises(ValueError, match="No click is positive"):
        segmenter.preview(beside)
    assert segmenter.predict([beside], previous_mask=mask).passes
    assert segmenter.predict([beside], box=Rectangle(30, 20, 70, 50)).passes
    assert segmenter.predict([beside, Click(60, 45)]).passes


def test_the_network_starts_from_the_previous_mask(model, picture):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:50, 30:70] = True
    segmenter = fresh(model, picture)
    plain = segmenter.predict([Click(60, 45)], cfr=steps(0))
    corrected = segmenter.predict([Click(60, 45)], previous_mask=mask, cfr=steps(0))
    assert corrected.window.iou(plain.window) < 1
    assert not np.array_equal(plain.probabilities, corrected.probabilities)


def test_the_picture_is_encoded_once_a_window(model, picture, monkeypatch):
    encoded = []
    original = model.encode
    monkeypatch.setattr(model, "encode", lambda image: encoded.append(len(image)) or original(image))
    whole = ZoomConfig(size=64, min_side=1000)
    segmenter = fresh(model, picture, zoom=whole)
    segmenter.predict([Click(60, 45), Click(20, 20, False)], cfr=steps(4, adaptive=False))
    assert sum(encoded) == 2  # the picture and its mirror image


@pytest.mark.parametrize(
    ("agreements", "cfr", "batches"),
    [
        ([0.94, 0.94, 0.94], steps(2, adaptive=False), [2, 2, 2]),
        ([0.95], steps(2, adaptive=False), [2, 1, 1]),
        ([0.73, 0.95], steps(3, adaptive=False), [2, 2, 1, 1]),
        ([0.95, 0.95, 0.95], steps(2, adaptive=False, mirror_refinements=True), [2, 2, 2]),
        ([0.99, 0.99], CascadeForward.published(steps=1), [2, 2]),
    ],
)
def test_refinements_do_without_the_mirror_image_once_a_pass_agrees_with_it(
    model, picture, monkeypatch, agreements, cfr, batches
):
    left, seen = iter(agreements), []

    def decode(features, maps):
        """Logits of a square of 100 pixels, and of the part of it that the mirror image agrees with."""
        seen.append(len(maps))
        logits = torch.full((len(maps), 1, *maps.shape[2:]), -9.0)
        logits[0, 0, 10:20, 10:20] = 9
        if len(maps) == 2:
            places = 10 + np.stack(np.divmod(np.arange(round(100 * next(left))), 10))
            logits[1, 0, places[0], logits.shape[3] - 1 - places[1]] = 9
        return logits

    monkeypatch.setattr(model, "decode", decode)
    prediction = fresh(model, picture).predict([Click(60, 45)], cfr=cfr)
    assert seen == batches
    assert prediction.chosen == len(batches) - 1  # the last of those that agree equally
    later = [agreements[-1]] * (len(batches) - len(agreements))  # without one of their own
    assert [each.agreement for each in prediction.passes] == agreements + later


@pytest.mark.parametrize("flip", [True, False])
def test_with_its_mirror_image_a_mirrored_picture_gets_the_mirrored_mask(model, picture, flip):
    # a picture of the network's size, so that no pixel and no click is moved by resizing
    square, zoom = picture[:64, :64], ZoomConfig(size=64, min_side=64)
    click = Click(20, 45)
    here = fresh(model, square, zoom=zoom, flip=flip).predict([click], cfr=steps(0)).probabilities
    mirrored = fresh(model, square[:, ::-1], zoom=zoom, flip=flip)
    there = mirrored.predict([click.mirrored(64)], cfr=steps(0)).probabilities[:, ::-1]
    if flip:
        assert np.allclose(here, there, atol=1e-5)
    else:  # no network is symmetric by itself
        assert np.abs(here - there).max() > 1e-3


def test_a_prepared_picture_is_encoded_once_for_the_first_clicks_on_all_objects(model, picture, monkeypatch):
    encoded, features, encode = [], [], model.encode

    def remembered(image):
        found = encode(image)
        features.append(weakref.ref(found[0] if isinstance(found, (list, tuple)) else found))
        return found

    segmenter = fresh(model, picture)
    plain = fresh(model, picture).predict([Click(60, 45)], cfr=steps(0)).probabilities
    monkeypatch.setattr(model, "encode", remembered)
    recording = lambda *a: encoded.append(a[1]) or crop_picture(*a)  # noqa: E731
    monkeypatch.setattr("cfr_icl.models.base.crop_picture", recording)
    segmenter.prepare()
    assert encoded == [Window(0, 0, WIDTH, HEIGHT)]
    for number in range(3 * WINDOWS_KEPT):
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[20:50, 5 * number : 5 * number + 30] = True
        segmenter.predict([Click(5 * number, 30)], previous_mask=mask, cfr=steps(0))
        segmenter.predict([Click(60 - number, 45)], cfr=steps(0))
    assert np.array_equal(segmenter.predict([Click(60, 45)], cfr=steps(0)).probabilities, plain)
    assert encoded.count(Window(0, 0, WIDTH, HEIGHT)) == 1
    assert len(features) > WINDOWS_KEPT >= sum(each() is not None for each in features)


def test_a_preview_is_the_coarse_pass_and_encodes_and_changes_nothing(model, picture, monkeypatch):
    whole, click = ZoomConfig(size=64, min_side=200), Click(40, 30)
    coarse = fresh(model, picture, zoom=whole, flip=False).predict([click], cfr=steps(0)).passes[0]
    mask = fresh(model, picture).predict([click], cfr=steps(2)).mask
    segmenter, zoomed = fresh(model, picture, zoom=whole), fresh(model, picture)
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda image: pytest.fail("It was encoded."))
    assert segmenter.preview(click) is None
    monkeypatch.setattr(model, "encode", encode)
    for each in (segmenter, zoomed):
        each.prepare()
    monkeypatch.setattr(model, "encode", lambda image: pytest.fail("It was encoded."))
    previewed = segmenter.preview(click)
    assert previewed.forwards == len(previewed.passes) == 1
    assert torch.equal(previewed.passes[0].probabilities.values, coarse.probabilities.values)
    assert zoomed.preview(Click(10, 10), np.ones((HEIGHT, WIDTH), bool)) is not None
    small = np.zeros((HEIGHT, WIDTH), bool)
    small[60:70, 80:90] = True
    assert zoomed.preview(Click(85, 65), small) is None  # its window is not encoded
    monkeypatch.setattr(model, "encode", encode)
    assert np.array_equal(zoomed.predict([click], cfr=steps(2)).mask, mask)
    for outside in ([Click(WIDTH, 0)], [click, np.zeros((3, 3), bool)]):
        with pytest.raises(ValueError):
            segmenter.preview(*outside)


def test_an_expected_click_is_predicted_ahead_and_then_at_once(model, picture, monkeypatch):
    click, other = Click(40, 30), Click(90, 20)
    mask = fresh(model, picture).predict([click], cfr=steps(3)).probabilities
    segmenter = fresh(model, picture)
    segmenter.expect_click(click, cfr=steps(3))
    ahead = segmenter.look_ahead()
    next(ahead)
    segmenter.expect_click(other, cfr=steps(3))  # the pointer moved on
    assert list(ahead) == []
    segmenter.expect_click(click, cfr=steps(3))
    assert len(list(segmenter.look_ahead())) > 3
    monkeypatch.setattr(model, "encode", lambda image: pytest.fail("It was encoded."))
    monkeypatch.setattr(model, "rated_logits", lambda *_: pytest.fail("The network ran."))
    assert np.array_equal(segmenter.predict([click], cfr=steps(3)).probabilities, mask)
    monkeypatch.undo()
    segmenter.expect_click(click, cfr=steps(3))
    ahead = segmenter.look_ahead()
    next(ahead)
    segmenter.set_image(picture[::-1].copy())  # another picture has another mask there
    assert list(ahead) == []
    assert not np.array_equal(segmenter.predict([click], cfr=steps(3)).probabilities, mask)


def test_a_click_predicted_while_the_next_picture_is_set_does_not_answer_on_it(model, picture, monkeypatch):
    monkeypatch.setattr(type(model), "encodes_ahead", True)
    click, following = Click(40, 30), picture[::-1].copy()
    mask = fresh(model, following).predict([click], cfr=steps(3)).probabilities
    segmenter = fresh(model, picture)
    segmenter.expect(picture[:, ::-1].copy())  # it is compared with the picture that is set
    compare, compared = np.array_equal, []

    def meanwhile(*pictures):
        compared.append(pictures)
        segmenter.expect_click(click, cfr=steps(3))
        list(segmenter.look_ahead())
        return compare(*pictures)

    with monkeypatch.context() as patch:
        patch.setattr("cfr_icl.segmenter.np.array_equal", meanwhile)
        segmenter.set_image(following)
    assert compared and np.array_equal(segmenter.predict([click], cfr=steps(3)).probabilities, mask)


def test_a_click_expected_too_late_with_a_mask_of_the_picture_before_answers_for_the_current_one(
    model, picture
):
    """The page previews beside its other requests: the next picture may be set before it expects a click."""
    click, following = Click(40, 30), picture[::-1].copy()
    of_before = np.zeros((HEIGHT, WIDTH), bool)
    of_before[20:50, 20:60] = True
    for previous_mask in (None, of_before):
        cues = {"previous_mask": previous_mask, "cfr": steps(3)}
        mask = fresh(model, following).predict([click], **cues).probabilities
        segmenter = fresh(model, picture)
        segmenter.preview(click, previous_mask)
        segmenter.set_image(following)
        segmenter.expect_click(click, **cues)
        list(segmenter.look_ahead())
        assert np.array_equal(segmenter.predict([click], **cues).probabilities, mask)
        without = fresh(model, following).predict([click], cfr=steps(3)).probabilities
        assert np.array_equal(segmenter.predict([click], cfr=steps(3)).probabilities, without)


def test_a_click_of_a_picture_of_another_size_is_not_expected_and_work_ahead_goes_on(model, picture):
    segmenter = fresh(model, picture[:40, :50].copy())
    for click, previous_mask in ((Click(90, 20), None), (Click(10, 10), np.ones((HEIGHT, WIDTH), bool))):
        with pytest.raises(ValueError):
            segmenter.expect_click(click, previous_mask)
        list(segmenter.look_ahead())  # raises nothing


def test_a_click_expected_during_the_last_step_of_another_one_is_predicted_too(model, picture, monkeypatch):
    click, other = Click(40, 30), Click(90, 20)
    segmenter = fresh(model, picture)
    run_pass, calls = model.rated_logits, []

    def counted(*arguments):
        calls.append(arguments)
        if len(calls) == last:
            segmenter.expect_click(other, cfr=steps(3))
        return run_pass(*arguments)

    monkeypatch.setattr(model, "rated_logits", counted)
    last = 0
    segmenter.expect_click(click, cfr=steps(3))
    list(segmenter.look_ahead())
    last, calls[:] = len(calls), []
    segmenter.set_image(picture)
    segmenter.expect_click(click, cfr=steps(3))
    list(segmenter.look_ahead())
    list(segmenter.look_ahead())
    monkeypatch.setattr(model, "rated_logits", lambda *_: pytest.fail("The network ran."))
    segmenter.predict([other], cfr=steps(3))


@pytest.mark.parametrize("size", [64, 96])
def test_changing_a_returned_array_changes_no_later_prediction(model, size):
    picture = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    zoom = replace(SMALL, size=size)
    answers = []
    for spoil in (False, True):
        segmenter = Segmenter(model, zoom=zoom)
        segmenter.set_image(picture)
        first = segmenter.predict([Click(30, 30)])
        if spoil:
            first.probabilities[:] = 0
            first.mask[:] = False
        answers.append(segmenter.predict([Click(30, 30), Click(5, 5, False)]).probabilities)
    assert np.array_equal(*answers)


def test_bad_input_is_refused_in_one_sentence(model, picture):
    segmenter = Segmenter(model)
    with pytest.raises(RuntimeError, match="set_image"):
        segmenter.predict([Click(1, 1)])
    with pytest.raises(RuntimeError, match="set_image"):
        segmenter.prepare()
    with pytest.raises(ValueError, match="uint8"):
        segmenter.set_image(picture.astype(np.float32))
    segmenter.set_image(picture)
    with pytest.raises(ValueError, match="outside"):
        segmenter.predict([Click(WIDTH, 3)])
    with pytest.raises(ValueError, match=r"\(height, width, 3\)"):
        segmenter.set_image("picture.png")
    with pytest.raises(TypeError, match=r"Click\(x, y\)"):
        segmenter.predict([(5, 5)])
    with pytest.raises(ValueError, match="left < right"):
        segmenter.predict([], box=Rectangle(40, 20, 10, 60))
    with pytest.raises(ValueError, match="bools or probabilities, not uint8"):
        segmenter.predict([Click(5, 5)], previous_mask=np.full((HEIGHT, WIDTH), 255, np.uint8))
    with pytest.raises(ValueError, match="must be equal"):
        segmenter.predict([Click(1, 1)], previous_mask=np.zeros((3, 3), bool))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"box": (20, 10, 70, 60)}, TypeError, r"Rectangle\(left, top, right, bottom\)"),
        ({"box": Rectangle(200, 200, 300, 300)}, ValueError, "box .* outside the picture"),
        ({"box": Rectangle(20, 10, 70, 60), "previous_mask": "full"}, ValueError, "not both"),
        ({"previous_mask": 255.0}, ValueError, "from 0 to 1, not from 255 to 255"),
        ({"previous_mask": -1.0}, ValueError, "from 0 to 1"),
        ({"previous_mask": float("nan")}, ValueError, "from 0 to 1"),
        ({"choice": -1}, ValueError, "no choice -1"),
        ({"choice": 3}, ValueError, "offers 3 masks"),
        ({"choice": "1"}, TypeError, "index of a mask, from 0, not '1'"),
        ({"choice": 1.0}, TypeError, "not 1.0"),
        ({"cfr": 4}, TypeError, r"CascadeForward\(steps=4\)"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_not_ignored(
    model, picture, monkeypatch, arguments, error, words
):
    monkeypatch.setattr(model, "choices", 3)
    if "previous_mask" in arguments:
        value = arguments["previous_mask"]
        mask = np.ones((HEIGHT, WIDTH), bool) if value == "full" else np.full((HEIGHT, WIDTH), value)
        arguments = {**arguments, "previous_mask": mask}
    with pytest.raises(error, match=words):
        fresh(model, picture).predict([Click(30, 30)], **arguments)


def test_clicks_that_are_no_list_and_a_segmenter_without_a_network_are_refused(model, picture):
    with pytest.raises(TypeError, match=r"a list of Click\(x, y\)"):
        fresh(model, picture).predict(Click(30, 30))
    with pytest.raises(TypeError, match=r"load_model\('embedded'\)"):
        Segmenter("embedded")
    with pytest.raises(ValueError, match=r"\(0, 120, 3\)"):
        fresh(model, picture[:0])
    with pytest.raises(ValueError, match=r"read a file by cfr_icl.read_picture\(path\)"):
        fresh(model, "picture.png")
    with pytest.raises(ValueError, match="above 0 and below 1"):
        fresh(model, picture).predict([Click(30, 30)]).mask_above(1)


def test_a_box_is_cut_off_at_the_edges_of_the_picture(model, picture):
    segmenter = fresh(model, picture)
    beyond = segmenter.predict([], box=Rectangle(-40, 30, 400, 500))
    inside = segmenter.predict([], box=Rectangle(0, 30, WIDTH, HEIGHT))
    assert np.array_equal(beyond.probabilities, inside.probabilities) and beyond.passes


def test_a_previous_mask_may_be_any_array_of_its_values(model, picture):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:60, 20:60] = True
    expected = fresh(model, picture).predict([Click(30, 30)], previous_mask=mask)
    for same in (torch.from_numpy(mask), Image.fromarray(mask), mask.tolist()):
        prediction = fresh(model, picture).predict([Click(30, 30)], previous_mask=same)
        assert np.array_equal(prediction.probabilities, expected.probabilities)


def test_a_box_alone_stands_for_its_clicks_and_its_mask(model, picture):
    box, size = Rectangle(20, 10, 70, 60), (HEIGHT, WIDTH)
    segmenter = fresh(model, picture)
    for clicks in ([], [Click(30, 30), Click(60, 15, positive=False)]):
        corners = [replace(click, batched=True) for click in box_clicks(box, size)]
        expected = segmenter.predict([*corners, *clicks], previous_mask=box_guess(box, size), box=box)
        prediction = segmenter.predict(clicks, box=box)
        assert np.array_equal(prediction.probabilities, expected.probabilities) and prediction.passes


def test_an_rgb_image_of_pillow_is_a_picture_too(model, picture):
    expected = fresh(model, picture).predict([Click(30, 30)])
    prediction = fresh(model, Image.fromarray(picture)).predict([Click(30, 30)])
    assert np.array_equal(prediction.probabilities, expected.probabilities)


def test_a_picture_of_16_bits_is_told_how_to_be_read_without_becoming_white(model, tmp_path):
    """`convert("RGB")` of Pillow cuts all values off at 255."""
    values = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
    image = Image.fromarray(values)
    image.save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match=r"not uint16 \(90, 120\); cfr_icl.read_picture\(path\) reads"):
        fresh(model, image)
    picture = cfr_icl.read_picture(tmp_path / "deep.png")
    assert fresh(model, picture).predict([Click(30, 30)]).mask.shape == (HEIGHT, WIDTH)
    assert picture[0].max() < 10 and picture[-1].min() > 245


def test_damaged_weights_are_reported(picture):
    broken = build_model(default_config("compact")).eval()
    torch.nn.init.constant_(broken.head[0].bias, float("nan"))
    segmenter = fresh(broken, picture)
    with pytest.raises(RuntimeError, match="not finite"):
        segmenter.predict([Click(5, 5)])


@pytest.mark.parametrize("height, width", [(1, 1), (1, 300), (300, 1), (7, 500)])
def test_tiny_and_thin_pictures_are_predicted(model, height, width):
    segmenter = Segmenter(model, zoom=ZoomConfig(size=64))
    segmenter.set_image(np.full((height, width, 3), 128, np.uint8))
    prediction = segmenter.predict([Click(width - 1, height - 1), Click(0, 0, False)])
    assert np.isfinite(prediction.probabilities).all()


def test_a_simulated_session_holds_the_figures_of_every_click(model, picture):
    gt_mask = np.zeros((HEIGHT, WIDTH), np.int32)
    gt_mask[30:60, 40:80] = 1
    told = []
    session = simulate(
        Segmenter(model, zoom=SMALL),
        picture,
        gt_mask,
        max_clicks=3,
        cfr=steps(1),
        on_click=lambda click, prediction, iou: told.append((click, prediction.forwards, iou)),
    )
    assert told == list(zip(session.clicks, session.forwards, session.ious, strict=True))
    assert 1 <= len(told) <= 3 and session.probabilities.shape == gt_mask.shape
    assert session.clicks[0].positive


def test_the_inverse_temperature_moves_probabilities_away_from_the_threshold_and_keeps_the_mask(
    model, picture, monkeypatch
):
    plain = fresh(model, picture, flip=False).predict([Click(60, 45)], cfr=steps(0))
    monkeypatch.setattr(model, "config", replace(model.config, inverse_temperature=3.0))
    sharp = fresh(model, picture, flip=False).predict([Click(60, 45)], cfr=steps(0))
    assert np.array_equal(plain.mask, sharp.mask)
    assert np.all(abs(sharp.probabilities - 0.49) >= abs(plain.probabilities - 0.49) - 1e-6)
    assert not np.array_equal(sharp.probabilities, plain.probabilities)


def test_the_network_is_fed_uncalibrated_probabilities(model, picture, monkeypatch):
    clicks = [Click(60, 45), Click(10, 10, positive=False)]
    plain = fresh(model, picture).predict(clicks, cfr=steps(2))
    monkeypatch.setattr(model, "config", replace(model.config, inverse_temperature=3.0))
    sharp = fresh(model, picture).predict(clicks, cfr=steps(2))
    assert all(
        torch.equal(a.probabilities.values, b.probabilities.values)
        for a, b in zip(plain.passes, sharp.passes, strict=True)
    )


def closing_up(model, picture) -> Segmenter:
    return fresh(model, picture, close_up=CloseUpConfig(first_click=2))


def test_from_the_chosen_click_on_the_last_refinement_is_a_close_up_of_the_click(model, picture):
    segmenter, cfr = closing_up(model, picture), steps(2, adaptive=False, best_pass=False)
    clicks = [Click(60, 45), Click(30, 40, False)]
    first, second = (segmenter.predict(clicks[:count], cfr=cfr) for count in (1, 2))
    assert [inner.close_up for inner in first.passes] == [None] * 3
    assert [inner.close_up is None for inner in second.passes] == [True, True, False]
    assert second.forwards == 3 and second.chosen == 2
    assert second.passes[-1].agreement == 1  # not mirrored
    part, window = second.passes[-1].close_up, second.window
    assert part.top <= 40 < part.bottom and part.left <= 30 < part.right
    assert (part.height, part.width) == (round(window.height / 2), round(window.width / 2))
    changed = np.abs(second.probabilities - second.trace[1]) > 1e-4
    assert changed.any()
    changed[part.top : part.bottom, part.left : part.right] = False
    assert not changed.any()


@pytest.mark.parametrize("cfr", [steps(0), steps(3, cf_clicks=1)])
def test_a_click_that_is_not_refined_has_no_close_up(model, picture, cfr):
    prediction = closing_up(model, picture).predict([Click(60, 45), Click(30, 40, False)], cfr=cfr)
    assert prediction.forwards == 1


def test_close_ups_can_be_left_out(model, picture):
    cfr = steps(2, adaptive=False, close_ups=False)
    prediction = closing_up(model, picture).predict([Click(60, 45), Click(30, 40)], cfr=cfr)
    assert [inner.close_up for inner in prediction.passes] == [None] * 3


@relaxed
@given(sequences(3))
def test_with_close_ups_a_prediction_does_not_depend_on_earlier_calls(model, picture, sequence):
    wandering, once = (closing_up(model, picture) for _ in range(2))
    for count in range(1, len(sequence) + 1):
        wandering.predict(sequence[:count], cfr=steps(1))
    again = wandering.predict(sequence, cfr=steps(1))
    assert np.array_equal(again.probabilities, once.predict(sequence, cfr=steps(1)).probabilities)


class SeesMoreCloseUp(MapModel):
    """Takes for the object all that it sees of less than three quarters of a picture that grows lighter."""

    def encode(self, image):
        return image

    def decode(self, image, prompt_maps):
        close = image.amax((1, 2, 3)) - image.amin((1, 2, 3)) < 0.75
        return torch.where(close, 4.0, -4.0).view(-1, 1, 1, 1).expand(-1, 1, *image.shape[2:])


def test_the_detail_of_a_close_up_survives_the_next_click():
    model = SeesMoreCloseUp()
    model.config, model.anchor = default_config("compact"), torch.nn.Parameter(torch.zeros(1))
    lighter = np.broadcast_to(np.linspace(0, 255, WIDTH).astype(np.uint8)[:, None], (HEIGHT, WIDTH, 3))
    segmenter = closing_up(model.eval().requires_grad_(False), lighter)
    places = [(60, 45), (30, 25), (90, 65)]
    sequence = [Click(x, y) for x, y in places]
    first, second, third = (segmenter.predict(sequence[:number], cfr=steps(1)).mask for number in (1, 2, 3))
    assert [first[y, x] for x, y in places] == [False, False, False]
    assert [second[y, x] for x, y in places] == [False, True, False]
    assert [third[y, x] for x, y in places] == [False, True, True]
