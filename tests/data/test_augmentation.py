from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from cfr_icl.data.augmentation import Augmentation, TrainingExamples, collate
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
        truth = np.zeros((150, 200), np.uint8)
        cv2.circle(truth, (40 + 6 * index, 30 + 5 * index), 25, 1, -1)
        image[truth == 1] = (200, 0, 0)
        return Sample(str(index), image, [truth.astype(np.int8)])


def examples(augmentation: Augmentation, suem: SUEM | None = None, seed: int = 0) -> TrainingExamples:
    return TrainingExamples([Disks()], [1.0], augmentation, suem, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_picture_truth_and_clicks_stay_together(kind):
    stream = examples(KINDS[kind])
    for index in range(40):
        example = stream[index]
        truth = example.truth[0].numpy()
        assert example.image.shape == (3, 96, 96) and truth.shape == (96, 96)
        image = example.image.numpy().astype(int)
        red = image[0] > image[2] + 60
        assert np.count_nonzero(red != (truth == 1)) < 0.12 * np.count_nonzero(truth == 1)
        for click in example.clicks:
            assert (truth[click.y, click.x] == 1) == click.positive
        assert example.clicks[0].positive


@pytest.mark.parametrize("size", [96, 448])
@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_lies_where_the_picture_shows_it(kind, size):
    augmentation, rng = replace(KINDS[kind], size=size), np.random.default_rng(0)
    places = np.indices((size, size), dtype=float)
    apart = []
    for sample in list(map(Disks().__getitem__, range(20))) * 3:
        image, truth = augmentation.cut(sample.image, sample.truths[0], rng)
        red = image[..., 0] / 200.0
        if red.any() and (truth == 1).any():
            apart.append([(p * red).sum() / red.sum() - p[truth == 1].mean() for p in places])
    assert np.abs(np.mean(apart, axis=0)).max() < 0.15  # pixels of the training picture


def test_a_window_around_a_part_cuts_the_object_off():
    def cut(partial: float) -> float:
        augmentation = Augmentation(size=96, zoomed=1.0, partial=partial, min_side=10, zoom=(1.2, 1.6))
        truths = [examples(augmentation)[i].truth[0].numpy() == 1 for i in range(40)]
        return np.mean([t[[0, -1]].any() or t[:, [0, -1]].any() for t in truths])

    assert cut(0.0) < 0.5 < cut(1.0)


def test_an_example_depends_on_its_number_and_the_seed_alone():
    one, two = examples(KINDS["zoom window"], SUEM()), examples(KINDS["zoom window"], SUEM())
    one[3]
    for index in (5, 0, 5):
        a, b = one[index], two[index]
        assert torch.equal(a.image, b.image) and torch.equal(a.truth, b.truth) and a.clicks == b.clicks
    other = examples(KINDS["zoom window"], SUEM(), seed=1)[5]
    assert not torch.equal(other.image, one[5].image)


def test_a_batch_holds_its_examples():
    stream = examples(KINDS["whole picture"])
    batch = collate([stream[i] for i in range(4)])
    assert batch.image.shape == (4, 3, 96, 96) and batch.truth.shape == (4, 1, 96, 96)
    assert batch.clicks[2] == stream[2].clicks


def test_first_clicks_are_one_from_the_error_or_up_to_the_limit():
    truth = Disks()[4].truths[0]
    rng = np.random.default_rng(0)
    alone = Augmentation(first_from_error=1.0)
    assert all(len(alone.first_clicks(truth, rng)) == 1 for _ in range(20))
    many = Augmentation(first_from_error=0.0, max_clicks=24, click_decay=0.95)
    counts = [len(many.first_clicks(truth, rng)) for _ in range(200)]
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
    truths = FolderDataset(tmp_path)[0].truths
    assert [np.count_nonzero(t == 1) for t in truths] == [32, 20]
    assert all((t[15:] == -1).all() for t in truths)
    parts = FolderDataset(tmp_path, components=True)[0].truths
    assert [np.count_nonzero(t == 1) for t in parts] == [16, 16, 20]
    assert len(FolderDataset(tmp_path, components=True, min_pixels=17)[0].truths) == 1


def test_a_folder_that_lacks_something_says_what(tmp_path):
    with pytest.raises(FileNotFoundError, match="images"):
        FolderDataset(tmp_path)
    save(tmp_path, "a", np.ones((5, 5), np.uint8))
    save(tmp_path, "b", np.ones((5, 5), np.uint8))
    (tmp_path / "masks" / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 of 2 pictures, the first a"):
        FolderDataset(tmp_path)
