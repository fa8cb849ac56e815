"""A person's own pictures with the masks of their objects, ready to learn from: small, checked, in memory."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from cfr_icl.annotate.learning.finished import FinishedPictures, is_work_folder
from cfr_icl.data.coco import CocoFileDataset
from cfr_icl.data.files import label_gt_masks, picture_files, read_labels, read_shown, stored_size
from cfr_icl.data.folder import IGNORE
from cfr_icl.data.samples import Dataset, Sample
from cfr_icl.learning.bad_labels import why_bad
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS
from cfr_icl.sentences import Refusal, Sentence, sentence_of

LARGEST = 2_000_000
"""Pixels of a picture that are learnt from; larger ones are reduced."""
MOST_PICTURES = 400
"""Pictures that are learnt from, spread evenly where there are more."""
CACHED_BYTES = 600_000_000


class LearnError(Refusal):
    """Nothing can be learnt; the message is one sentence for the person."""


class OwnPictures:
    """A copy of a data set's objects, which later changes of the data set do not reach.

    Masks are read once and kept as run lengths; bad ones (cfr_icl/learning/bad_labels.py) are left out.

    Attributes:
        names: names of the pictures that have objects.
        dropped: number of labels that were left out, by reason.
        sentences: messages for the user about everything else that was left out.

    Args:
        dataset: where pictures and objects come from.
        progress: called with the number of pictures that were read so far, and of all pictures.
    """

    def __init__(
        self, dataset: Dataset, progress: Callable[[int, int], None] = lambda done, count: None
    ) -> None:
        self._dataset = dataset
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._cached = 0
        self._masks: list[tuple[list[dict], dict | None]] = []
        self._indices: list[int] = []
        self.names: list[str] = []
        self.dropped: Counter[str] = Counter()
        self.sentences: list[Sentence] = list(getattr(dataset, "left_out", ()))
        count = len(dataset)
        chosen = np.linspace(0, count - 1, min(count, MOST_PICTURES)).round().astype(int)
        for done, index in enumerate(chosen):
            progress(done, len(chosen))
            self._add(int(index))

    def _add(self, index: int) -> None:
        name = self._dataset.names[index]
        try:
            sample = self._dataset[index]
        except (OSError, ValueError) as error:
            self.sentences.append(
                Sentence("{name} is not learnt from: {error}", name=name, error=sentence_of(error))
            )
            return
        size = _reduced_size(*sample.image.shape[:2])
        good: list[np.ndarray] = []
        for gt_mask in sample.gt_masks:
            small = _resized(gt_mask, size, cv2.INTER_NEAREST_EXACT)
            reason = why_bad(small, good)
            if reason:
                self.dropped[reason] += 1
            else:
                good.append(small)
        if not good:
            return
        self._remember(len(self.names), _resized(sample.image, size, cv2.INTER_AREA))
        ignored = np.logical_or.reduce([gt_mask == -1 for gt_mask in good])
        masks = [_encoded(gt_mask == 1) for gt_mask in good]
        self._masks.append((masks, _encoded(ignored) if ignored.any() else None))
        self._indices.append(index)
        self.names.append(name)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """A picture and its objects, which are decoded when they are asked for.

        Raises:
            OSError, ValueError: when the picture is not there any more, or another one.
        """
        masks, ignored = self._masks[index]
        return Sample(self.names[index], self._picture(index), _GroundTruths(masks, ignored))

    def objects(self, index: int) -> int:
        """Number of objects of a picture."""
        return len(self._masks[index][0])

    def _picture(self, index: int) -> np.ndarray:
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        height, width = self._masks[index][0][0]["size"]
        image = self._dataset[self._indices[index]].image
        if _reduced_size(*image.shape[:2]) != (height, width):
            raise LearnError("{name} has another size than its work.", name=self.names[index])
        image = _resized(image, (height, width), cv2.INTER_AREA)
        self._remember(index, image)
        return image

    def _remember(self, index: int, image: np.ndarray) -> None:
        self._cache[index] = image
        self._cached += image.nbytes
        while self._cached > CACHED_BYTES and len(self._cache) > 1:
            self._cached -= self._cache.popitem(last=False)[1].nbytes


class _GroundTruths(Sequence):
    """Ground truths int8 (H, W), decoded one by one."""

    def __init__(self, masks: Sequence[dict], ignored: dict | None) -> None:
        self._masks, self._ignored = masks, ignored

    def __len__(self) -> int:
        return len(self._masks)

    def __getitem__(self, index):
        if index not in range(-len(self), len(self)):
            raise IndexError(index)
        region = coco_mask.decode(self._masks[index]).astype(np.int8)
        if self._ignored is None:
            return region
        return region - ((coco_mask.decode(self._ignored) == 1) & (region == 0)).astype(np.int8)


class Part:
    """Some pictures of a data set; one that cannot be read any more is a sample without objects."""

    def __init__(self, pictures: OwnPictures, indices: Sequence[int]) -> None:
        self.pictures, self.indices = pictures, indices
        self.names: Sequence[str] = [pictures.names[index] for index in indices]
        self._gone: set[int] = set()

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        """A picture and its objects; raises LearnError when no picture can be read any more."""
        try:
            return self.pictures[self.indices[index]]
        except (OSError, ValueError) as error:
            self._gone.add(index)
            if len(self._gone) == len(self):
                raise LearnError("The pictures that are learnt from are not there any more.") from error
            return Sample(self.names[index], np.zeros((1, 1, 3), np.uint8), ())


class _Finished:
    """The finished pictures of a work folder as a data set."""

    def __init__(self, images: Path, work: Path, max_megapixels: float) -> None:
        self._finished = FinishedPictures(images, work, max_megapixels)
        self.names: Sequence[str] = self._finished.names
        self.left_out = self._finished.left_out

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        image, masks = self._finished.read(index)
        return Sample(self.names[index], image, [mask.astype(np.int8) for mask in masks])


class _LabelMaps:
    """The pictures of a folder that have a label map of their name in another one."""

    def __init__(self, images: Path, masks: Path) -> None:
        maps = {path.stem: path for path in picture_files(masks)}
        self._files = [(path, maps[path.stem]) for path in picture_files(images) if path.stem in maps]
        self.names: Sequence[str] = [path.stem for path, _ in self._files]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        picture, labels = self._files[index]
        image = read_shown(picture, stored_size(labels))
        return Sample(self.names[index], image, label_gt_masks(read_labels(labels, like=image), IGNORE))


def open_own_pictures(images: Path, work: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Dataset:
    """The pictures with objects that a command line names.

    Args:
        images: the folder of the pictures.
        work: a work folder of this tool, of which finished pictures are used; a folder of label maps with the
            pictures' names (0 background, 255 ignored, every other value an object); or a COCO file.
        max_megapixels: size of the largest picture that is read from a work folder.

    Raises:
        ValueError, OSError: when there is none of these.
    """
    if work.is_file():
        return CocoFileDataset(images, str(work.resolve()))
    if not work.is_dir():
        raise LearnError("There is no folder or file {work!r} with finished objects.", work=str(work))
    if not images.is_dir():
        raise LearnError("There is no folder {images!r} with pictures.", images=str(images))
    return _Finished(images, work, max_megapixels) if is_work_folder(work) else _LabelMaps(images, work)


def _reduced_size(height: int, width: int) -> tuple[int, int]:
    factor = min(1.0, (LARGEST / (height * width)) ** 0.5)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _resized(image: np.ndarray, size: tuple[int, int], interpolation: int) -> np.ndarray:
    if image.shape[:2] == size:
        return image
    return cv2.resize(image, (size[1], size[0]), interpolation=interpolation)


def _encoded(region: np.ndarray) -> dict:
    return coco_mask.encode(np.asfortranarray(region.astype(np.uint8)))
