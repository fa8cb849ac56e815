from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from cfr_icl.data.augmentation import Augmentation
from cfr_icl.data.examples import TrainingExamples, collate
from cfr_icl.data.folder import FolderDataset
from cfr_icl.data.samples import Sample
from cfr_icl.suem import SUEM

KINDS = {
    "published crop": Augmentation(size=96),
    "whole picture": Augmentation(size=96, whole=1.0),
    "zoom window": Augmentation(size=96, zoomed=1.0),
    "window around a part": Augmentation(size=96, zoomed=1.0, partial=1.0, min_side=10),
}


class Disks:
    """Red disks on blue, so that picture and truth can be compared pixel by pixel."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> Sample:
        image = np.zeros((150, 200, 3), np.uint8)
        image[..., 2] = 200
        gt_mask = np.zeros((150, 200), np.uint8)
        cv2.circle(gt_mask, (40 + 6 * index, 30 + 5 * index), 25, 1, -1)
        image[gt_mask == 1] = (200, 0, 0)
        return Sample(str(index), image, [gt_mask.astype(np.int8)])


def examples(augmentation: Augmentation, suem: SUEM | None = None, seed: int = 0) -> TrainingExamples:
    return TrainingExamples([Disks()], [1.0], augmentation, suem, seed)


def test_data_sets_without_an_object_that_is_large_enough_are_refused(monkeypatch):
    monkeypatch.setattr("cfr_icl.data.samples.MOST_USELESS", 100)
    with pytest.raises(ValueError, match="None of 100 random pictures has an object that is large enough"):
        examples(Augmentation(size=96, min_pixels=5000))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_picture_ground_truth_and_clicks_stay_in_register(kind):
    stream = examples(KINDS[kind])
    for index in range(40):
        example = stream[index]
        gt_mask = example.gt_mask[0].numpy()
        assert example.image.shape == (3, 96, 96) and gt_mask.shape == (96, 96)
        image = example.image.numpy().astype(int)
        red = image[0] > image[2] + 60
        assert np.count_nonzero(red != (gt_mask == 1)) < 0.12 * np.count_nonzero(gt_mask == 1)
        for click in example.clicks[0]:
            assert (gt_mask[click.y, click.x] == 1) == click.positive
        assert example.clicks[0][0].positive


@pytest.mark.parametrize("size", [96, 448])
@pytest.mark.parametrize("kind", KINDS)
def test_a_resized_ground_truth_stays_in_register_with_the_picture(kind, size):
    augmentation, rng = replace(KINDS[kind], size=size), np.random.default_rng(0)
    places = np.indices((size, size), dtype=float)
    apart = []
    for sample in list(map(Disks().__getitem__, range(20))) * 3:
        image, gt_mask = augmentation.cut(sample.image, sample.gt_masks[0], rng)
        red = image[..., 0] / 200.0
        if red.any() and (gt_mask == 1).any():
            apart.append([(p * red).sum() / red.sum() - p[gt_mask == 1].mean() for p in places])
    assert np.abs(np.mean(apart, axis=0)).max() < 0.15  # pixels of the training picture


def test_a_window_around_a_part_cuts_the_object_off():
    def cut(partial: float) -> float:
        augmentation = Augmentation(size=96, zoomed=1.0, partial=partial, min_side=10, zoom=(1.2, 1.6))
        gt_masks = [examples(augmentation)[i].gt_mask[0].numpy() == 1 for i in range(40)]
        return np.mean([t[[0, -1]].any() or t[:, [0, -1]].any() for t in gt_masks])

    assert cut(0.0) < 0.5 < cut(1.0)


def test_an_example_depends_on_its_number_and_the_seed_alone():
    one, two = examples(KINDS["zoom window"], SUEM()), examples(KINDS["zoom window"], SUEM())
    one[3]
    for index in (5, 0, 5):
        a, b = one[index], two[index]
        assert torch.equal(a.image, b.image) and torch.equal(a.gt_mask, b.gt_mask) and a.clicks == b.clicks
    other = examples(KINDS["zoom window"], SUEM(), seed=1)[5]
    assert not torch.equal(other.image, one[5].image)


def test_a_batch_holds_its_examples():
    stream = examples(KINDS["whole picture"])
    batch = collate([stream[i] for i in range(4)])
    assert batch.image.shape == (4, 3, 96, 96) and batch.gt_mask.shape == (4, 1, 96, 96)
    assert batch.clicks[2] == stream[2].clicks[0] and batch.picture_indices.tolist() == [0, 1, 2, 3]


class Nested:
    """A red disk in a green one on blue, and a speck: a part, its whole, and what is too small."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Sample:
        image = np.full((150, 200, 3), (0, 0, 200), np.uint8)
        whole, part, speck = (np.zeros((150, 200), np.uint8) for _ in range(3))
        cv2.circle(whole, (100, 75), 60, 1, -1)
        cv2.circle(part, (100, 75), 30, 1, -1)
        speck[5:9, 5:9] = 1
        image[whole == 1], image[part == 1], image[speck == 1] = (0, 200, 0), (200, 0, 0), 255
        return Sample(str(index), image, [t.astype(np.int8) for t in (whole, part, speck)])


NESTED = Augmentation(size=96, whole=1.0, objects=3, merge=0.0, colour=0.0, min_pixels=3)


def test_objects_of_a_picture_share_its_window():
    stream = TrainingExamples([Nested()], [1.0], NESTED, None)
    seen = set()
    for index in range(20):
        example = stream[index]
        red, green, _ = example.image.numpy() > 150
        for gt_mask, clicks in zip(example.gt_mask.numpy() == 1, example.clicks, strict=True):
            area = np.count_nonzero(gt_mask)
            shown = {"whole": red | green, "part": red & ~green, "speck": red & green}
            name = min(shown, key=lambda n: np.count_nonzero(shown[n] != gt_mask))
            assert np.count_nonzero(shown[name] != gt_mask) < 3 + 0.1 * area
            assert gt_mask[clicks[0].y, clicks[0].x]
            seen.add((name, len(example.gt_mask)))
    assert ("whole", 2) in seen and ("part", 2) in seen  # a speck counts only as the first of three
    assert ("speck", 3) in seen and ("speck", 2) not in seen


def test_an_occluder_takes_its_pixels_from_every_object_but_a_union_is_the_first():
    red = Disks()
    for mode in ("exclusion", "union"):
        none = dict.fromkeys(("simple", "exclusion", "union", "occlusion", "mixing"), 0.0)
        stream = TrainingExamples([Nested(), red], [1.0, 1.0], NESTED, SUEM(**{**none, mode: 1.0}))
        two = [e for e in map(stream.__getitem__, range(40)) if len(e.gt_mask) == 2]
        overlapping = [(e.gt_mask[0] == 1) & (e.gt_mask[1] == 1) for e in two]
        assert any(pixels.any() for pixels in overlapping)  # whole and part still share the part
        for example in two:
            image = example.image.numpy()
            blue = (image[2] > 150) & (image[0] < 100)
            assert np.count_nonzero(blue & (example.gt_mask[1].numpy() == 1)) < 40  # edges alone
            if mode == "exclusion":
                assert np.count_nonzero(blue & (example.gt_mask[0].numpy() == 1)) < 40


def test_merged_objects_keep_what_is_ignored_beside_both():
    first, second = np.array([[1, -1, -1, 0]], np.int8), np.array([[0, 1, -1, 0]], np.int8)
    stream = TrainingExamples([Disks()], [1.0], Augmentation(merge=1.0), None)
    sample = Sample("two", np.zeros((1, 4, 3), np.uint8), [second])
    merged = stream.merged(first, sample, np.random.default_rng(0))
    assert merged.tolist() == [[1, 1, -1, 0]]


def test_a_batch_holds_the_picture_number_of_each_object():
    stream = TrainingExamples([Nested(), Disks()], [1.0, 1.0], NESTED, None)
    drawn = [stream[i] for i in range(12)]
    batch = collate(drawn)
    assert len(batch.image) == 12 < len(batch.gt_mask) == len(batch.clicks) == len(batch.picture_indices)
    counts = np.bincount(batch.picture_indices, minlength=12)
    assert counts.tolist() == [len(e.gt_mask) for e in drawn]
    third = int(counts[:3].sum())
    assert torch.equal(batch.gt_mask[third, 0], drawn[3].gt_mask[0])
    assert batch.clicks[third] == drawn[3].clicks[0]


def test_first_clicks_are_one_from_the_error_or_up_to_the_limit():
    gt_mask = Disks()[4].gt_masks[0]
    rng = np.random.default_rng(0)
    alone = Augmentation(first_from_error=1.0)
    assert all(len(alone.first_clicks(gt_mask, rng)) == 1 for _ in range(20))
    many = Augmentation(first_from_error=0.0, max_clicks=24, click_decay=0.95)
    counts = [len(many.first_clicks(gt_mask, rng)) for _ in range(200)]
    assert max(counts) == 24 and min(counts) >= 1


def save(folder, name, labels):
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True)
    Image.fromarray(np.full((*labels.shape, 3), 90, np.uint8)).save(folder / "images" / f"{name}.jpg")
    Image.fromarray(labels).save(folder / "masks" / f"{name}.png")


def test_a_folder_gives_an_object_for_each_value_and_ignores_255(tmp_path):
    labels = np.zeros((20, 30), np.uint8)
    labels[2:6, 2:6], labels[10:14, 2:6], labels[2:6, 20:25], labels[15:, :] = 1, 1, 7, 255
    save(tmp_path, "a", labels)
    gt_masks = FolderDataset(tmp_path)[0].gt_masks
    assert [np.count_nonzero(t == 1) for t in gt_masks] == [32, 20]
    assert all((t[15:] == -1).all() for t in gt_masks)
    parts = FolderDataset(tmp_path, components=True)[0].gt_masks
    assert [np.count_nonzero(t == 1) for t in parts] == [16, 16, 20]
    assert len(FolderDataset(tmp_path, components=True, min_pixels=17)[0].gt_masks) == 1


def test_a_folder_gives_all_values_together_as_one_more_object(tmp_path):
    labels = np.zeros((20, 30), np.uint8)
    labels[2:6, 2:6], labels[10:14, 2:6], labels[15:] = 1, 7, 255
    save(tmp_path, "a", labels)
    gt_masks = FolderDataset(tmp_path, whole=True)[0].gt_masks
    assert [np.count_nonzero(t == 1) for t in gt_masks] == [16, 16, 32]
    assert (gt_masks[2][15:] == -1).all()


def test_outlines_drawn_by_hand_are_ignored_but_not_on_thin_objects(tmp_path):
    labels = np.zeros((20, 30), np.uint8)
    labels[4:14, 4:14], labels[:, 20:22] = 1, 2
    save(tmp_path, "a", labels)
    square, line = FolderDataset(tmp_path, band=1.5)[0].gt_masks
    expected = np.zeros((20, 30), np.int8)
    expected[3:15, 3:15], expected[5:13, 5:13] = -1, 1
    assert np.array_equal(square, expected)
    assert np.array_equal(line, labels == 2)


def test_the_missing_part_of_a_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="images"):
        FolderDataset(tmp_path)
    save(tmp_path, "a", np.ones((5, 5), np.uint8))
    save(tmp_path, "b", np.ones((5, 5), np.uint8))
    (tmp_path / "masks" / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 of 2 pictures, the first a"):
        FolderDataset(tmp_path)
