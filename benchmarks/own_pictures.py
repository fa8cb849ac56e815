"""Prepare folders for measuring `cfr-icl learn`: pictures to learn from, and others to count clicks on.

python -m benchmarks.own_pictures --data SHARED --out FOLDER [--domains cables facade ...]

SHARED holds DOMAIN/train/images and DOMAIN/train/masks. FOLDER/DOMAIN/20, /50 (and /20-spoilt) are for
`cfr-icl learn`, FOLDER/DOMAIN/test for `cfr-icl evaluate`. Pictures are taken in the order of the CRC-32 of
their names: first 20 for the test, the next 20 or 50 to learn from.
"""

import argparse
import shutil
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cfr_icl.data.folder import IGNORE, FolderDataset
from cfr_icl.data.samples import Sample

COMPONENTS = {"streets"}
"""Domains whose label maps hold classes: each connected part is an object."""
LEAVES_OUT = "_whole"
"""End of the names of pictures that are left out because they show the same as others."""
MIN_PIXELS = 400
TEST_PICTURES, TEST_OBJECTS = 20, 2
SIZES = (20, 50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--domains", nargs="+", default=["cables", "facade", "carparts", "streets"])
    options = parser.parse_args()
    for domain in options.domains:
        dataset = FolderDataset(
            options.data / domain / "train", components=domain in COMPONENTS, min_pixels=MIN_PIXELS
        )
        order = sorted(range(len(dataset)), key=lambda n: zlib.crc32(dataset.names[n].encode()))
        order = [n for n in order if not dataset.names[n].endswith(LEAVES_OUT) and dataset[n].gt_masks]
        test, learn = order[:TEST_PICTURES], order[TEST_PICTURES:]
        for number in test:
            write(options.out / domain / "test", dataset, number, TEST_OBJECTS)
        for size in SIZES:
            for number in learn[:size]:
                write(options.out / domain / str(size), dataset, number)
        for number in learn[: SIZES[0]]:
            write(options.out / domain / f"{SIZES[0]}-spoilt", dataset, number, spoil=True)


def write(
    folder: Path, dataset: FolderDataset, number: int, most: int | None = None, spoil: bool = False
) -> None:
    """Copy a picture, and write the label map of its objects, or of up to `most` of them by chance."""
    sample, picture = dataset[number], dataset.pictures[number]
    rng = np.random.default_rng(zlib.crc32(sample.name.encode()))
    objects = rng.permutation(len(sample.gt_masks))[: most or 254]
    labels = label_map(sample, objects)
    if spoil:
        labels = spoilt(labels, rng)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(picture, folder / "images" / picture.name)
    Image.fromarray(labels).save(folder / "masks" / f"{sample.name}.png")


def label_map(sample: Sample, objects: np.ndarray) -> np.ndarray:
    """0 background, 255 ignored, the objects from 1; uint8 (H, W)."""
    labels = np.zeros(sample.image.shape[:2], np.uint8)
    for value, number in enumerate(objects, 1):
        labels[sample.gt_masks[number] == 1] = value
    ignored = np.zeros(labels.shape, bool)
    for gt_mask in sample.gt_masks:
        ignored |= gt_mask == -1
    labels[ignored & (labels == 0)] = IGNORE
    return labels


def spoilt(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A label map with a tenth of its objects spoilt: moved, one pixel, all of the picture, or another's."""
    labels = labels.copy()
    for value in np.unique(labels[(labels != 0) & (labels != IGNORE)]):
        if rng.random() >= 0.1:
            continue
        region = labels == value
        kind = rng.integers(4)
        labels[region] = 0
        if kind == 0:  # beside the object
            shift = tuple(int(s) // 4 * int(rng.choice([-1, 1])) for s in labels.shape)
            labels[np.roll(region, shift, (0, 1)) & (labels == 0)] = value
        elif kind == 1:  # one pixel
            labels[tuple(np.argwhere(region)[0])] = value
        elif kind == 2:  # all that is left
            labels[labels == 0] = value
        else:  # a blot
            spot = np.zeros(labels.shape, np.uint8)
            centre = tuple(int(rng.integers(side)) for side in labels.shape[::-1])
            cv2.circle(spot, centre, int(np.sqrt(region.sum() / np.pi)) + 2, 1, -1)
            labels[(spot == 1) & (labels == 0)] = value
    return labels


if __name__ == "__main__":
    main()
