"""SAM's family against the library transformers: tiny networks, the same pictures, clicks, boxes, masks."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cfr_icl import CascadeForward, Click, Segmenter, load_model
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.cfr import THRESHOLD_LOGIT
from cfr_icl.inner_distance import deepest_pixel
from cfr_icl.models.promptable import padded
from cfr_icl.rectangle import Rectangle
from tests.models import tiny_sam

LANDSCAPE, PORTRAIT = (90, 140), (140, 90)
NO_CFR = CascadeForward(steps=0)
CLICKS = [Click(60, 45), Click(20, 20, False), Click(70, 60)]
BOX = Rectangle(20, 15, 81, 71)


def picture(size: tuple[int, int]) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    rows, columns = (np.arange(side) * 9 // side for side in size)
    return noise[rows[:, None], columns]


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> dict[tuple[str, int], Path]:
    return {}


@pytest.fixture
def folder(folders, tmp_path_factory):
    def make(kind: str, grid: int = 16) -> Path:
        if (kind, grid) not in folders:
            folders[kind, grid] = tiny_sam.save(tmp_path_factory.mktemp(kind) / str(grid), kind, grid)
        return folders[kind, grid]

    return make


def segmenter(folder: Path, size=LANDSCAPE, **options) -> Segmenter:
    made = Segmenter(load_model(str(folder), device="cpu", **options))
    made.set_image(picture(size))
    return made


class Reference:
    """The library's own model and processor on one picture."""

    def __init__(self, kind: str, folder: Path, grid: int = 16, size=LANDSCAPE) -> None:
        import transformers

        prefix = {"sam": "Sam", "sam2": "Sam2", "edgetam": "EdgeTam", "sam3_tracker": "Sam3Tracker"}[kind]
        self.model = getattr(transformers, f"{prefix}Model").from_pretrained(folder).eval()
        processor = {"sam": "Sam", "sam3_tracker": "Sam3Tracker"}.get(kind, "Sam2")
        self.processor = getattr(transformers, f"{processor}Processor")(tiny_sam.processor(kind, grid))
        self.picture = picture(size)
        self.pads = kind == "sam"

    def inputs(self, clicks=(), box=None):
        """The model's inputs, as the processor makes them."""
        given = {}
        if clicks:
            points = [[[c.x, c.y] for c in clicks]]
            labels = [[int(c.positive) for c in clicks]]
            # SAM's processor adds the prompt's dimension itself
            given = {"input_points": points, "input_labels": labels}
            if not self.pads:
                given = {name: [value] for name, value in given.items()}
        if box:
            given["input_boxes"] = [[[box.left, box.top, box.right - 1, box.bottom - 1]]]
        return self.processor(images=self.picture, return_tensors="pt", **given)

    @torch.inference_mode()
    def answer(self, clicks=(), box=None, mask=None):
        """Masks (n, H, W), their logits, the small logits (n, h, w) and predicted IoUs (n,)."""
        inputs = self.inputs(clicks, box)
        sizes = {"original_sizes": inputs.pop("original_sizes")}
        if self.pads:
            sizes["reshaped_input_sizes"] = inputs.pop("reshaped_input_sizes")
        several = len(clicks) == 1 and box is None and mask is None
        extra = {} if mask is None else {"input_masks": mask[None, None]}
        given = self.model(**inputs, **extra, multimask_output=several)
        small, scores = given.pred_masks[0], given.iou_scores[0, 0]
        masks = self.processor.post_process_masks([small.clone()], **sizes)[0][0]
        large = self.processor.post_process_masks([small.clone()], **sizes, binarize=False)[0][0]
        return masks.numpy(), large, small[0], scores


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-4)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_the_mask_of_a_first_click_is_that_of_transformers(folder, kind, size):
    reference = Reference(kind, folder(kind), size=size)
    prediction = segmenter(folder(kind), size).predict(CLICKS[:1], cfr=NO_CFR)
    masks, large, _, scores = reference.answer(CLICKS[:1])
    best = int(scores.argmax())
    assert masks[best].any() and not masks[best].all()
    assert np.array_equal(prediction.mask, masks[best])
    assert close(torch.logit(torch.from_numpy(prediction.probabilities)) - THRESHOLD_LOGIT, large[best])
    assert prediction.choice == best and len(prediction.choices) == 3
    for choice, mask, score in zip(prediction.choices, masks, scores, strict=True):
        assert np.array_equal(choice.mask, mask)
        assert choice.predicted_iou == pytest.approx(float(score.clamp(0, 1)), abs=1e-5)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_later_clicks_feed_the_logits_back_as_with_transformers(folder, kind, size):
    reference = Reference(kind, folder(kind), size=size)
    ours = segmenter(folder(kind), size)
    _, _, small, scores = reference.answer(CLICKS[:1])
    fed_back = small[int(scores.argmax())]
    for count in (2, 3):
        masks, large, small, _ = reference.answer(CLICKS[:count], mask=fed_back.clamp(-32, 32))
        fed_back = small[0]
        prediction = ours.predict(CLICKS[:count], cfr=NO_CFR)
        assert np.array_equal(prediction.mask, masks[0]) and prediction.choices == ()
        assert close(prediction.passes[0].probabilities.window_logits(), large[0])


@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_a_box_is_sent_as_a_box_alone_and_with_clicks(folder, kind):
    reference, ours = Reference(kind, folder(kind)), segmenter(folder(kind))
    stand_ins, guess = box_clicks(BOX, LANDSCAPE), box_guess(BOX, LANDSCAPE)
    stand_ins = [Click(c.x, c.y, c.positive, batched=True) for c in stand_ins]
    masks, _, small, _ = reference.answer(box=BOX)
    prediction = ours.predict(stand_ins, previous_mask=guess, box=BOX, cfr=NO_CFR)
    assert np.array_equal(prediction.mask, masks[0])
    masks, *_ = reference.answer(CLICKS[:1], box=BOX, mask=small[0].clamp(-32, 32))
    prediction = ours.predict([*stand_ins, CLICKS[0]], previous_mask=guess, box=BOX, cfr=NO_CFR)
    assert np.array_equal(prediction.mask, masks[0])


@pytest.mark.parametrize("kind, grid, side", [("sam", 64, 256), ("sam2", 64, 256), ("sam3_tracker", 72, 288)])
def test_the_published_sizes_give_maps_of_their_size(folder, kind, grid, side):
    reference = Reference(kind, folder(kind, grid), grid)
    prediction = segmenter(folder(kind, grid)).predict(CLICKS[:1], cfr=NO_CFR)
    masks, _, small, scores = reference.answer(CLICKS[:1])
    assert small.shape[1:] == prediction.passes[0].probabilities.logits.shape == (side, side)
    assert np.array_equal(prediction.mask, masks[int(scores.argmax())])


@pytest.mark.parametrize("kind", tiny_sam.KINDS)
def test_half_precision_equals_transformers_under_autocast(folder, kind):
    reference = Reference(kind, folder(kind))
    ours = segmenter(folder(kind), precision="bfloat16")
    inputs = reference.inputs(CLICKS[:1])
    prompt = {name: inputs[name] for name in ("input_points", "input_labels")}
    with torch.inference_mode():
        features = reference.model.get_image_embeddings(inputs["pixel_values"])
        reference.model.get_image_embeddings = lambda *_: features
        with torch.autocast("cpu", torch.bfloat16):
            given = reference.model(image_embeddings=features, **prompt)
    prediction = ours.predict(CLICKS[:1], cfr=NO_CFR)
    logits = given.pred_masks[0, 0].float()
    assert close(prediction.passes[0].probabilities.logits, logits[prediction.choice])


def test_a_refinement_feeds_the_logits_back_with_an_inner_click_or_a_box(folder):
    reference, ours = Reference("sam2", folder("sam2")), segmenter(folder("sam2"))
    model = ours.model
    first = ours.predict(CLICKS[:1], cfr=NO_CFR)
    low = first.passes[0].probabilities.logits
    column, row = deepest_pixel(low.numpy() > 0)
    side = low.shape[0]
    inner = Click((column + 0.5) * LANDSCAPE[1] / side - 0.5, (row + 0.5) * LANDSCAPE[0] / side - 0.5)
    options = {"steps": 1, "adaptive": False, "best_pass": False}
    for pseudo, clicks in [(False, CLICKS[:1]), (True, [CLICKS[0], inner])]:
        masks, *_ = reference.answer(clicks, mask=low.clamp(-32, 32))
        prediction = ours.predict(CLICKS[:1], cfr=CascadeForward(**options, pseudo_clicks=pseudo))
        assert np.array_equal(prediction.mask, masks[0]), pseudo
    asked = []
    predict_masks = model.predict_masks
    model.predict_masks = lambda features, marks, *rest: (
        asked.append(marks) or predict_masks(features, marks, *rest)
    )
    ours.predict(CLICKS[:1], cfr=CascadeForward(**options, pseudo_clicks=False, pseudo_boxes=True))
    rows, columns = np.flatnonzero((low > 0).any(1)), np.flatnonzero((low > 0).any(0))
    left, top, right, bottom = asked[-1].box
    assert left <= columns[0] * LANDSCAPE[1] / side + 1e-6 and top <= rows[0] * LANDSCAPE[0] / side + 1e-6
    assert right >= columns[-1] * LANDSCAPE[1] / side and bottom >= rows[-1] * LANDSCAPE[0] / side
    assert len(asked[-1].points) == 1


def test_an_initial_mask_is_sent_as_logits_with_its_box_and_an_inner_click(folder):
    ours = segmenter(folder("sam"), PORTRAIT)
    asked = []
    predict_masks = ours.model.predict_masks
    ours.model.predict_masks = lambda features, marks, *rest: (
        asked.append(marks) or predict_masks(features, marks, *rest)
    )
    mask = np.zeros(PORTRAIT, bool)
    mask[40:80, 20:60] = True
    ours.predict([Click(70, 60)], previous_mask=mask, cfr=NO_CFR)
    marks = asked[0]
    assert marks.labels == [1, 1] and mask[round(marks.points[1][1]), round(marks.points[1][0])]
    left, top, right, bottom = marks.box
    assert abs(left - 20) < 2 and abs(top - 40) < 3 and abs(bottom - 79) < 3 and right == 70
    # padded at the right: nothing is there, and the square lies where it was drawn
    assert marks.mask.shape == (64, 64) and (marks.mask > 0).sum() == pytest.approx(
        64 * 64 * 1600 / 140**2, rel=0.2
    )
    assert not (marks.mask[:, 42:] > 0).any()


def test_an_empty_initial_mask_is_not_sent(folder):
    ours = segmenter(folder("sam"))
    empty = ours.predict(CLICKS[:1], previous_mask=np.zeros(LANDSCAPE, bool), cfr=NO_CFR)
    assert np.array_equal(empty.mask, ours.predict(CLICKS[:1], cfr=NO_CFR).mask)


def test_the_next_click_starts_from_the_chosen_one_of_several_masks(folder):
    ours, reference = segmenter(folder("sam2")), Reference("sam2", folder("sam2"))
    first = ours.predict(CLICKS[:1])
    masks, _, small, _ = reference.answer(CLICKS[:1])
    for index in range(3):
        taken = ours.predict(CLICKS[:1], choice=index)
        assert np.array_equal(taken.mask, masks[index]) and taken.choice == index and taken.forwards == 1
        expected, *_ = reference.answer(CLICKS[:2], mask=small[index].clamp(-32, 32))
        assert np.array_equal(ours.predict(CLICKS[:2], choice=index, cfr=NO_CFR).mask, expected[0])
    assert np.array_equal(ours.predict(CLICKS[:1]).mask, first.mask)


def test_the_picture_is_encoded_once_whatever_is_clicked(folder, monkeypatch):
    ours = segmenter(folder("sam"))
    calls = []
    encode = ours.model.encode
    monkeypatch.setattr(ours.model, "encode", lambda image: calls.append(1) or encode(image))
    ours.prepare()
    for count in (1, 2, 3):
        ours.predict(CLICKS[:count])
    ours.predict([Click(5, 5)])
    assert len(calls) == 1


def test_a_large_picture_has_the_same_run_lengths_as_its_mask(folder):
    ours = segmenter(folder("sam"), (700, 900))
    prediction = ours.predict([Click(450, 350)])
    runs = prediction.rle_above(0.49)
    assert runs.sum() == 700 * 900
    decoded = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(900, 700).T
    assert np.array_equal(decoded, prediction.mask)


def test_padding_is_as_in_the_published_processor():
    processor = tiny_sam.processor("sam")
    for size in [(90, 140), (140, 90), (257, 1000), (3, 999), (64, 64)]:
        given = processor(images=np.zeros((*size, 3), np.uint8), input_data_format="channels_last")
        assert padded(size, 256, (256, 256)).unpadded == tuple(given["reshaped_input_sizes"][0])


@pytest.mark.parametrize("kind", ["sam", "sam2"])
def test_a_preview_is_the_first_pass_of_the_click(folder, kind):
    previewing, clicking = segmenter(folder(kind)), segmenter(folder(kind))
    assert previewing.preview(CLICKS[0]) is None
    previewing.prepare()
    mask = previewing.preview(CLICKS[0]).mask
    assert np.array_equal(mask, clicking.predict(CLICKS[:1], cfr=NO_CFR).mask)
