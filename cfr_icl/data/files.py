"""Read pictures and label maps; report missing files of a data set."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from cfr_icl.pictures.decoding import VIEW, decoded, on_white, shown_size
from cfr_icl.pictures.image_files import (
    LARGEST_LIMIT,
    PictureError,
    decoding,
    is_picture_name,
    open_image,
    picture_suffixes,
)


def require(root: Path, *parts: str) -> None:
    """Raise FileNotFoundError, naming the missing ones, unless all parts exist below `root`."""
    missing = [part for part in parts if not (root / part).exists()]
    if missing:
        raise FileNotFoundError(f"{root} lacks {' and '.join(missing)}; expected are {', '.join(parts)}.")


def require_files(folder: Path, names: Sequence[str]) -> None:
    """Raise FileNotFoundError, with their number, where files of a folder are missing."""
    require(folder.parent, folder.name)
    present = {entry.name for entry in os.scandir(folder)}
    missing = [name for name in names if name not in present]
    if missing:
        raise FileNotFoundError(
            f"{folder} lacks {len(missing)} of its {len(names)} files, the first {missing[0]}; "
            "it may be half-unpacked."
        )


def picture_files(folder: Path) -> list[Path]:
    """The folder's pictures in the order of their names; raises FileNotFoundError when it holds none."""
    require(folder.parent, folder.name)
    pictures = sorted(path for path in folder.iterdir() if is_picture_name(path.name))
    if not pictures:
        raise FileNotFoundError(f"{folder} holds no pictures ({', '.join(picture_suffixes())}).")
    return pictures


def matching_files(names: Sequence[str], folder: Path) -> list[Path]:
    """The folder's picture file for each name.

    Raises:
        FileNotFoundError: when some names have none.
        ValueError: when several pictures have one name.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(
                f"{count} pictures beside {folder} are named {name}, with different endings; each needs a "
                "name of its own."
            )
    files = {path.stem: path for path in picture_files(folder)}
    missing = [name for name in names if name not in files]
    if missing:
        raise FileNotFoundError(
            f"{folder} lacks the masks of {len(missing)} of {len(names)} pictures, the first {missing[0]}."
        )
    return [files[name] for name in names]


@contextmanager
def _opened(path: Path | BinaryIO) -> Iterator[Image.Image]:
    """Open a picture; errors of decoding it in the block name the file.

    Raises:
        ValueError: for a file that is no picture, or damaged.
        OSError: for one that cannot be read.
    """
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, EOFError, ValueError, Image.DecompressionBombError) as error:
        if (isinstance(error, OSError) and error.strerror) or not isinstance(path, Path):
            raise
        raise ValueError(f"{path} is no picture, or is damaged.") from error


def read_shown(path: Path | BinaryIO, annotated: tuple[int, int] | None = None) -> np.ndarray:
    """Read a picture, uint8 (H, W, 3), as annotation tools and the page show it.

    It is turned by its EXIF, transparent pixels are white, and more than 8 bits are scaled (`read_picture`).

    Args:
        annotated: (height, width) of its annotation; a picture that has this size only as it is stored is
            not turned. None where it is not known.

    Raises:
        ValueError: for a file that is no picture, or a damaged one.
    """
    try:
        with open_image(path, LARGEST_LIMIT, smallest=1) as image, decoding("picture"):
            is_as_stored = annotated == (image.height, image.width) != shown_size(image)
            return np.array(on_white(decoded(image, VIEW, turned=not is_as_stored)[0]))
    except PictureError as error:
        raise ValueError(f"{getattr(path, 'name', path)}: {error}") from error


def stored_size(path: Path) -> tuple[int, int]:
    """(height, width) of a picture as it is stored."""
    with _opened(path) as image:
        return image.height, image.width


def read_rgb(path: Path | BinaryIO, like: np.ndarray | None = None) -> np.ndarray:
    """Read a picture, uint8 (H, W, 3), without turning it by its EXIF: published annotations ignore that.

    Args:
        like: a picture of the size that it must have; None for any size.

    Raises:
        ValueError: for another size, and for a damaged file.
    """
    with _opened(path) as image:
        values = np.asarray(image.convert("RGB"))
    return _same_size(values, path, like)


def read_labels(path: Path, like: np.ndarray | None = None) -> np.ndarray:
    """Read a label map (H, W): the values of a grey picture, the indices of one with a palette.

    Args:
        like: as for `read_rgb`.

    Raises:
        ValueError: for another size, a damaged file, and for colours and JPEGs, which are no exact values.
    """
    with _opened(path) as image:
        labels, compressed = np.asarray(image), image.format == "JPEG"
    if labels.ndim != 2:
        raise ValueError(f"{path} has {labels.shape[2]} channels; a label map has one.")
    if compressed:
        raise ValueError(f"{path} is a JPEG, whose compression changes values; store label maps as PNG.")
    return _same_size(labels.astype(np.uint8) if labels.dtype == bool else labels, path, like)


def _same_size(values: np.ndarray, path: Path | BinaryIO, like: np.ndarray | None) -> np.ndarray:
    if like is not None and values.shape[:2] != like.shape[:2]:
        height, width = values.shape[:2]
        raise ValueError(
            f"{path} is {width} x {height} pixels, its picture {like.shape[1]} x {like.shape[0]}; "
            "they must be equal."
        )
    return values


def object_gt_mask(region: np.ndarray, ignored: np.ndarray | None = None) -> np.ndarray:
    """An object's ground truth, int8 (H, W), from bool maps: 1 in the region, -1 in the rest of `ignored`."""
    gt_mask = region.astype(np.int8)
    return gt_mask if ignored is None else gt_mask - (ignored & ~region)


def ignore_outline(gt_mask: np.ndarray, band: float) -> np.ndarray:
    """Ignore pixels of a ground truth, int8 (H, W), that are at most `band` pixels from the object's outline.

    If less than half of the object would be left, the ground truth is returned unchanged.
    """
    reach = int(band)
    offsets = np.arange(-reach, reach + 1)
    kernel = (np.hypot(offsets[:, None], offsets) <= band).astype(np.uint8)
    region = (gt_mask == 1).astype(np.uint8)
    inner = cv2.erode(region, kernel)
    if 2 * np.count_nonzero(inner) < np.count_nonzero(region):
        return gt_mask
    return np.where(cv2.dilate(region, kernel) > inner, np.int8(-1), gt_mask)


def label_gt_masks(labels: np.ndarray, ignored: int | None = None) -> list[np.ndarray]:
    """One ground truth, int8 (H, W), for each value of a label map (H, W) but 0 and `ignored`."""
    ignored_pixels = labels == ignored
    return [
        object_gt_mask(labels == value, ignored_pixels)
        for value in np.unique(labels)
        if value not in (0, ignored)
    ]
