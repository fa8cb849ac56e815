import itertools
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cfr_icl import CascadeForward, Segmenter
from cfr_icl.close_up import CloseUpConfig
from cfr_icl.evaluation import (
    Protocol,
    Result,
    boundary_iou,
    clicks_to_reach,
    evaluate_object,
    iou,
    setting_name,
    simulate,
    summarise,
)
from cfr_icl.evaluation.gallery import save_gallery, worst
from cfr_icl.evaluation.report import markdown_table, save_plots
from cfr_icl.zoom.zoom_config import ZoomConfig
from tests.stand_in import ColourModel

SHAPE = (12, 16)
gt_masks = arrays(np.int8, SHAPE, elements=st.sampled_from([-1, 0, 1]))
masks = arrays(bool, SHAPE)
PUBLISHED = Protocol()


@pytest.fixture
def scene():
    """A red and a blue square on grey; the red one is the object."""
    image = np.full((90, 120, 3), 128, np.uint8)
    image[20:60, 10:50] = (220, 30, 30)
    image[30:70, 70:110] = (30, 30, 220)
    gt_mask = np.zeros((90, 120), np.int8)
    gt_mask[20:60, 10:50] = 1
    return image, gt_mask


def result(ious, setting="CFR-0", data="set", picture="a", seconds=0.5):
    return Result(
        data=data,
        picture=picture,
        object_id=0,
        setting=setting,
        area=0.2,
        clicks=[[i, i, 1] for i in range(len(ious))],
        ious=ious,
        boundary_ious=[value / 2 for value in ious],
        forwards=[2] * len(ious),
        seconds=[seconds] * len(ious),
    )


@given(masks, gt_masks)
def test_iou_leaves_ignored_pixels_out(mask, gt_mask):
    counted = gt_mask != -1
    both, either = (mask & (gt_mask == 1)).sum(), ((mask & counted) | (gt_mask == 1)).sum()
    assert iou(mask, gt_mask) == (both / either if either else 1.0)
    assert iou(mask ^ (gt_mask == -1), gt_mask) == iou(mask, gt_mask)


@given(masks, gt_masks)
def test_boundary_iou_lies_between_0_and_1_and_is_1_for_the_ground_truth(mask, gt_mask):
    assert 0 <= boundary_iou(mask, gt_mask) <= 1
    assert boundary_iou(gt_mask == 1, gt_mask) == 1
    assert boundary_iou((gt_mask == 1) | (gt_mask == -1), gt_mask) == 1


def test_boundary_iou_is_the_iou_of_rings_two_percent_of_the_diagonal_wide():
    gt_mask = np.zeros((300, 400), np.int8)  # diagonal 500: rings of 10 pixels
    gt_mask[50:250, 100:300] = 1
    mask = np.zeros(gt_mask.shape, bool)
    mask[50:250, 105:305] = True
    ring, moved = np.zeros(gt_mask.shape, bool), np.zeros(gt_mask.shape, bool)
    ring[50:250, 100:300], moved[50:250, 105:305] = True, True
    ring[60:240, 110:290], moved[60:240, 115:295] = False, False
    assert boundary_iou(mask, gt_mask) == (ring & moved).sum() / (ring | moved).sum()
    assert boundary_iou(mask, gt_mask) < iou(mask, gt_mask)


def test_a_session_stops_at_the_target_and_reports_every_click(scene):
    reported = []
    session = simulate(
        Segmenter(ColourModel()),
        *scene,
        cfr=CascadeForward(steps=0),
        on_click=lambda click, _, value: reported.append((click, value)),
    )
    assert session.ious[-1] >= 0.95 and all(value < 0.95 for value in session.ious[:-1])
    assert reported == list(zip(session.clicks, session.ious, strict=True))
    assert len(session.boundary_ious) == len(session.seconds) == len(session.forwards) == len(session.clicks)
    assert session.probabilities.shape == scene[1].shape


def test_a_session_ends_when_the_clicks_run_out(scene):
    image, gt_mask = scene
    noise = np.random.default_rng(0).integers(0, 255, image.shape, dtype=np.uint8)
    session = simulate(Segmenter(ColourModel()), noise, gt_mask, max_clicks=4, cfr=CascadeForward(steps=0))
    assert len(session.clicks) == 4 and session.clicks[0].positive
    assert len({(c.x, c.y) for c in session.clicks}) == 4


def test_every_setting_is_evaluated_as_if_alone(scene):
    segmenter = PUBLISHED.segmenter(ColourModel())
    refining = CascadeForward(
        steps=2, adaptive=False, best_pass=False, mirror_refinements=True, remove_specks=False
    )
    settings = [CascadeForward(steps=0), refining]
    identity = {"data": "d", "picture": "p", "object_id": 3}
    both = list(evaluate_object(segmenter, *scene, settings, PUBLISHED, **identity))
    assert [r.setting for r in both] == ["CFR-0", "CFR-2 every click"]
    assert [r.forwards[0] for r in both] == [1, 3]
    assert both[0].area == pytest.approx(1600 / 10800) and both[0].object_id == 3
    for setting, together in zip(settings, both, strict=True):
        (alone,) = evaluate_object(segmenter, *scene, [setting], PUBLISHED, **identity)
        assert (alone.clicks, alone.ious) == (together.clicks, together.ious)


def test_number_of_clicks_is_the_first_that_reaches_the_target():
    assert clicks_to_reach([0.5, 0.85, 0.84, 0.9], 0.85) == 2
    assert clicks_to_reach([0.9], 0.9) == 1
    assert clicks_to_reach([0.5] * 20, 0.85) == 20
    assert clicks_to_reach([0.5] * 3, 0.85, max_clicks=10) == 10


def test_metrics_follow_the_published_definitions():
    quick = result([0.7, 0.86, 0.96])
    never = result([0.6] * 20)
    last = result([0.6] * 19 + [0.97])
    metrics = summarise([quick, never, last], PUBLISHED)
    assert metrics.noc == pytest.approx({0.80: 42 / 3, 0.85: 42 / 3, 0.90: 43 / 3, 0.95: 43 / 3})
    assert metrics.nof == {0.90: 2, 0.95: 2}  # reached with the twentieth click counts, as published
    assert metrics.iou == pytest.approx({1: 1.9 / 3, 3: 2.16 / 3, 5: 2.16 / 3})
    assert metrics.boundary_iou[5] == pytest.approx(metrics.iou[5] / 2)
    assert (metrics.forwards_per_click, metrics.seconds_per_click) == (2, 0.5)
    assert metrics.objects == 3


def test_metrics_beyond_the_protocol_are_left_out():
    metrics = summarise([result([0.7, 0.9])], Protocol(max_clicks=4, target_iou=0.9))
    assert set(metrics.noc) == {0.80, 0.85, 0.90} and set(metrics.nof) == {0.90}
    assert set(metrics.iou) == {1, 3}


def test_metrics_need_a_result():
    with pytest.raises(ValueError, match="no results"):
        summarise([], PUBLISHED)


def test_davis_is_predicted_at_the_published_sizes():
    vit, hrnet = ColourModel(), ColourModel()
    vit.config = type(vit.config)("vit_b", {}, ZoomConfig(size=448))
    hrnet.config = type(hrnet.config)("hrnet32", {}, ZoomConfig(size=400, keep_aspect=True, skip_clicks=1))
    assert PUBLISHED.segmenter(vit, "davis").zoom.size == 672
    assert PUBLISHED.segmenter(hrnet, "davis").zoom == ZoomConfig(
        size=600, keep_aspect=True, skip_clicks=1, exact_up_to=None
    )
    assert PUBLISHED.segmenter(hrnet, "sbd").zoom == hrnet.config.zoom.published()
    assert Protocol(size=256).segmenter(vit, "davis").zoom.size == 256


def test_without_zoom_every_pass_sees_the_whole_picture(scene):
    windows = []
    segmenter = Protocol(zoom=False).segmenter(ColourModel())
    simulate(segmenter, *scene, on_click=lambda _, prediction, __: windows.append(prediction.window))
    assert {(w.height, w.width) for w in windows} == {(90, 120)}


def test_deviations_are_named_and_the_published_protocol_has_none():
    published = [CascadeForward(steps=0), CascadeForward.published(4)]
    assert PUBLISHED.deviations(published) == []
    with_close_ups = [replace(cfr, close_ups=True) for cfr in published]
    zoom, close_up = ZoomConfig(widen=True), CloseUpConfig(first_click=1)
    own = " ".join(Protocol(widen=True, exact=False).deviations(with_close_ups, zoom, close_up))
    assert "follows an object" in own and "From click 1 on" in own and "above 0.5 megapixels" in own
    assert PUBLISHED.deviations(published, zoom, close_up) == []
    earlier = [replace(cfr, min_change_pixels=5) for cfr in published]
    assert PUBLISHED.deviations(earlier) == ["The CFR setting min_change_pixels is 5; published: 20."]
    changed = Protocol(max_clicks=10, target_iou=0.9, flip=False, zoom=False, size=256)
    sentences = " ".join(changed.deviations([CascadeForward(steps=1)]))
    for word in ("every click", "mirror", "share", "10 clicks", "0.9", "flip", "Zoom-in", "256 px"):
        assert word in sentences


@pytest.mark.parametrize("wrong", [{"max_clicks": 0}, {"target_iou": 0}, {"target_iou": 1.5}])
def test_an_impossible_protocol_is_refused(wrong):
    with pytest.raises(ValueError):
        Protocol(**wrong)


def test_names_of_settings():
    assert (
        setting_name(CascadeForward(steps=0))
        == setting_name(CascadeForward(steps=0, adaptive=False, cf_clicks=1))
        == "CFR-0"
    )
    always = CascadeForward(min_change_ratio=0, mirror_refinements=True, remove_specks=False)
    names = {
        setting_name(replace(always, adaptive=adaptive, cf_clicks=k, best_pass=best))
        for adaptive, k, best in itertools.product((False, True), (1, None), (False, True))
    }
    published = {"CFR-4", "A-CFR-4", "CFR-4 every click", "A-CFR-4 every click"}
    assert names == published | {f"{name}, best pass" for name in published}
    assert setting_name(CascadeForward()) == (
        "A-CFR-4 to 0.02 every click, best pass, mirror where needed, no specks"
    )
    assert setting_name(CascadeForward(close_ups=False)).endswith(
        "mirror where needed, no specks, no close-up"
    )


@pytest.mark.parametrize("start", [CascadeForward(), CascadeForward.published()])
def test_settings_that_differ_in_one_field_have_different_names(start):
    others = {"steps": 3, "cf_clicks": 2, "min_change_pixels": 5, "min_change_ratio": 0.1}
    changed = [
        replace(start, **{entry.name: others.get(entry.name, not getattr(start, entry.name))})
        for entry in fields(start)
        if entry.name != "close_ups" or start.cf_clicks is None  # close-ups follow the first click
    ]
    assert len({setting_name(cfr) for cfr in [start, *changed]}) == len(changed) + 1


def test_the_table_has_a_row_for_each_data_set_and_setting():
    metrics = summarise([result([0.7, 0.86, 0.96]), result([0.6] * 20)], PUBLISHED)
    header, rule, *rows = markdown_table({"berkeley": {"CFR-0": metrics, "CFR-1": metrics}}).splitlines()
    assert [cell.strip() for cell in header.split("|")[1:8]] == [
        "data", "setting", "objects", "NoC 80", "NoC 85", "NoC 90", "NoC 95",
    ]  # fmt: skip
    assert len(rows) == 2 and rows[1].startswith("| berkeley | CFR-1 | 2 | 11.00 |")
    assert "| 1 (50.0%) |" in rows[0] and "| 78.00 |" in rows[0]
    assert header.count("|") == rule.count("|") == rows[0].count("|")


def test_the_worst_sessions_have_the_most_clicks_and_of_equals_the_lowest_final_iou():
    easy, hard, harder = result([0.95]), result([0.5] * 19 + [0.8]), result([0.5] * 19 + [0.7])
    late = result([0.5] * 10 + [0.92])
    assert worst([easy, late, hard, harder], 3) == [harder, hard, late]


def test_plots_are_two_pictures_a_data_set(tmp_path):
    results = [result([0.5, 0.92], s, d) for s in ("CFR-0", "CFR-1") for d in ("one", "two")]
    paths = save_plots(results, tmp_path / "plots", PUBLISHED)
    assert sorted(p.name for p in paths) == ["one_clicks.png", "one_iou.png", "two_clicks.png", "two_iou.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in paths)


def test_the_gallery_is_one_self_contained_page(tmp_path, scene):
    image, gt_mask = scene
    case = result([0.5, 0.9], picture="<b>odd & name</b>")
    save_gallery([case], tmp_path / "out" / "gallery.html", lambda _: (image, gt_mask, gt_mask == 1), "Worst")
    page = (tmp_path / "out" / "gallery.html").read_text(encoding="utf-8")
    assert page.count("data:image/") == 3 and "http" not in page
    assert "&lt;b&gt;odd &amp; name" in page and "<b>" not in page
    assert "0.500 0.900" in page
