"""Masks for a list of clicks: everything is checked before the first mask is written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cfr_icl.annotate.click_lists import ClickListError, ObjectClicks, read_click_list, read_clicks
from cfr_icl.annotate.exports.picture import fitting, safe_path, unique_stems
from cfr_icl.annotate.exports.png import mask_png
from cfr_icl.annotate.exports.writing import check_targets, keep_names
from cfr_icl.annotate.listing import list_pictures
from cfr_icl.annotate.pictures import MAX_MEGAPIXELS, PictureError, picture_size, read_picture
from cfr_icl.clicks import Click
from cfr_icl.files import write_atomically

__all__ = ["Batch", "ClickListError", "ObjectClicks", "plan", "read_click_list", "read_clicks", "write_masks"]


@dataclass
class Batch:
    """What is to be written."""

    images: Path
    out: Path
    objects: Sequence[ObjectClicks]
    files: Sequence[str]
    """Name of each object's mask below `out`; no two are equal, on any system."""
    problems: list[str] = field(default_factory=list)
    """A sentence for each row and picture that cannot be used."""


def plan(clicks: Path, images: Path, out: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Batch:
    """Read a list of clicks, and check all rows, pictures and names of masks.

    Raises:
        ClickListError: when the file is no list of clicks.
        ValueError: when a mask would replace a picture.
    """
    if not images.is_dir():
        raise ClickListError(f"There is no folder {str(images)!r} with pictures.")
    click_list = read_click_list(clicks, images)
    problems = list(click_list.problems)
    sizes: dict[str, tuple[int, int] | None] = {}
    objects = []
    for entry in click_list.objects:
        if entry.picture not in sizes:
            try:
                sizes[entry.picture] = picture_size(images / entry.picture)
            except PictureError as error:
                sizes[entry.picture] = None
                problems.append(f"{entry.place} of {clicks.name}: {entry.picture}: {error}")
        size = sizes[entry.picture]
        if size is None:
            continue
        try:
            for click in entry.clicks:
                click.check_inside(size[1], size[0])
            if not any(click.positive for click in entry.clicks):
                raise ValueError("No click is positive.")
        except ValueError as error:
            problems.append(f"{entry.place} of {clicks.name}: {entry.picture}: {error}")
            continue
        objects.append(entry)
    files = mask_names(objects)
    check_targets(out, files, [(images / name) for name in sizes])
    if out.resolve().is_relative_to(images.resolve()):
        listing = list_pictures(images.resolve())
        check_targets(out, files, listing.paths.values())
    return Batch(images, out, objects, files, problems)


def mask_names(objects: Sequence[ObjectClicks]) -> list[str]:
    """Name the mask of each object after its picture and itself; where two would be equal, by whole names."""
    pictures = list(dict.fromkeys(entry.picture for entry in objects))
    stems = dict(zip(pictures, unique_stems([safe_path(name) for name in pictures]), strict=True))
    names = [f"{stems[entry.picture]}_{entry.object}.png" for entry in objects]
    counts = Counter(_folded(name) for name in names)
    taken: set[str] = set()
    chosen = []
    for entry, name in zip(objects, names, strict=True):
        if counts[_folded(name)] > 1:
            name = f"{safe_path(entry.picture)}_{entry.object}.png"
        stem, number = name[: -len(".png")], 2
        while _folded(name := fitting(name)) in taken:
            name, number = f"{stem}~{number}.png", number + 1
        taken.add(_folded(name))
        chosen.append(name)
    return chosen


def write_masks(
    batch: Batch,
    set_image: Callable[[np.ndarray], None],
    predict: Callable[[Sequence[Click]], np.ndarray],
    max_megapixels: float = MAX_MEGAPIXELS,
    strict: bool = False,
    wrote: Callable[[int, Path], None] = lambda number, path: None,
) -> list[str]:
    """Predict and write all masks of a batch.

    Args:
        predict: clicks on the picture that `set_image` got -> mask, bool (H, W).
        strict: raise ValueError at the first picture that cannot be used.
        wrote: called after each mask with its number and file.

    Returns:
        A sentence for each picture that could not be used.

    Raises:
        OSError: when a mask cannot be written.
    """
    problems: list[str] = []
    current, damaged = None, set()
    batch.out.mkdir(parents=True, exist_ok=True)
    keep_names(batch.out, batch.files, batch.images)
    for number, (entry, name) in enumerate(zip(batch.objects, batch.files, strict=True), start=1):
        if entry.picture in damaged:
            continue
        if current != entry.picture:
            try:
                set_image(read_picture(batch.images / entry.picture, max_megapixels))
                current = entry.picture
            except PictureError as error:
                sentence = f"{entry.picture}: {error}"
                if strict:
                    raise ValueError(sentence) from error
                problems.append(sentence)
                damaged.add(entry.picture)
                continue
        try:
            mask = predict(entry.clicks)
        except ValueError as error:  # the picture is another one than when it was checked
            sentence = f"{entry.picture}: {error}"
            if strict:
                raise ValueError(sentence) from error
            problems.append(sentence)
            continue
        path = batch.out / name
        write_atomically(path, mask_png(mask))
        wrote(number, path)
    return problems


def _folded(name: str) -> str:
    """A name as systems see it that tell neither capitals nor composed accents apart."""
    return unicodedata.normalize("NFC", name).casefold()
