"""Plan a batch: check the list, the pictures and the names of files before the first mask is written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

from cfr_icl.annotate.batch.click_lists import ClickListError, ObjectClicks, Problem, read_click_list
from cfr_icl.annotate.exports.names import free_name, safe_path, unique_stems
from cfr_icl.annotate.exports.writing import check_targets
from cfr_icl.annotate.objects.document import COLOURS, Document, Label
from cfr_icl.annotate.pictures.listing import folded_name, leads_inside, list_pictures, shown_name
from cfr_icl.annotate.saved.session_files import session_file
from cfr_icl.arguments import check_positive
from cfr_icl.pictures.decoding import PictureError, picture_size
from cfr_icl.scale.shards import Shard

MASKS, COCO, WORK = "masks", "coco", "work"
FORMATS = (MASKS, COCO, WORK)
"""Output formats: a PNG for each object, one COCO file, or a work folder that the page opens."""


@dataclass(frozen=True)
class PictureTask:
    """One picture with its objects, as a worker gets it."""

    picture_name: str
    """Path below the folder of pictures, with slashes."""
    objects: tuple[ObjectClicks, ...]
    files: tuple[str, ...]
    """Paths of its files below the target: one for each object, one for the picture, or none (COCO)."""
    digest: str
    """Digest of the picture's entries in the list and of its file size."""


@dataclass
class Batch:
    """The tasks of a batch and its output."""

    images: Path
    masks: Path
    """Folder of the masks to start from."""
    out: Path
    format: str
    tasks: list[PictureTask]
    labels: tuple[Label, ...]
    """All classes of the list, in its order."""
    names: Sequence[str] = ()
    """Files of all shards below `out`; no two are equal, on any system."""
    problems: list[Problem] = field(default_factory=list)
    """One for each row, object and picture that cannot be used."""
    unread: tuple[str, ...] = ()
    """The columns of the list that have no meaning in it."""


def plan(
    clicks: Path,
    images: Path,
    out: Path,
    *,
    format: str = MASKS,
    masks: Path | None = None,
    shard: Shard = Shard(),
) -> Batch:
    """Read a list, and check the rows and pictures of one shard, and all names of files.

    Args:
        clicks: the list (`click_lists.read_click_list`).
        images: folder of the pictures.
        out: folder for the output.
        format: the output format, one of FORMATS.
        masks: folder of the masks to start from; None for that of the list.
        shard: the share of the list's pictures to plan.

    Raises:
        ClickListError: when the file is no list.
        ValueError: when a file would replace a picture.
    """
    if not images.is_dir():
        raise ClickListError(f"There is no folder {str(images)!r} with pictures.")
    click_list = read_click_list(clicks, images)
    by_picture: dict[str, list[ObjectClicks]] = {}
    for entry in click_list.objects:
        by_picture.setdefault(entry.picture_name, []).append(entry)
    files = _files(format, by_picture)
    labels = dict.fromkeys(entry.label or Document.label for entry in click_list.objects)
    batch = Batch(
        images,
        masks or clicks.parent,
        out,
        format,
        [],
        tuple(Label(name, COLOURS[number % len(COLOURS)]) for number, name in enumerate(labels)),
        [file for of_picture in files.values() for file in of_picture],
        list(_of_shard(click_list.problems, shard)),
        click_list.unread,
    )
    for name in shard.of(list(by_picture)):
        _add_task(batch, clicks.name, name, by_picture[name], files[name])
    check_targets(out, batch.names, [images / name for name in by_picture])
    if format != WORK and out.resolve().is_relative_to(images.resolve()):
        check_targets(out, batch.names, list_pictures(images.resolve()).paths.values())
    return batch


def _of_shard(problems: Sequence[Problem], shard: Shard) -> Iterable[Problem]:
    """Keep the problems of one shard, of every count-th picture, so that each is reported once."""
    names = shard.of(list(dict.fromkeys(problem.picture_name for problem in problems)))
    return (problem for problem in problems if problem.picture_name in set(names))


def _add_task(
    batch: Batch, list_name: str, picture_name: str, objects: Sequence[ObjectClicks], files: tuple[str, ...]
) -> None:
    """Add a picture's task to the batch, and its unusable objects to the problems."""
    try:
        size = picture_size(batch.images / picture_name)
    except PictureError as error:
        batch.problems.append(
            Problem(picture_name, f"{objects[0].place} of {list_name}: {picture_name}: {error}")
        )
        return
    usable, numbers = [], []
    for number, entry in enumerate(objects):
        try:
            usable.append(_checked(entry, size, batch.masks))
            numbers.append(number)
        except ValueError as error:
            batch.problems.append(
                Problem(picture_name, f"{entry.place} of {list_name}: {picture_name}: {error}")
            )
    if usable:
        files = tuple(files[number] for number in numbers) if batch.format == MASKS else files
        file_bytes = (batch.images / picture_name).stat().st_size
        batch.tasks.append(PictureTask(picture_name, tuple(usable), files, _digest(usable, file_bytes)))


def _checked(entry: ObjectClicks, size: tuple[int, int], masks: Path) -> ObjectClicks:
    """The object with its box clipped to the picture; raises ValueError if it cannot be used."""
    height, width = size
    for click in entry.clicks:
        click.check_inside(width, height)
    box = entry.box and entry.box.inside(height, width)
    if box is not None:
        if box.width < 5 or box.height < 5:
            raise ValueError("The box must be at least 5 pixels a side, inside of the picture.")
    elif entry.mask is None:
        check_positive(entry.clicks)
    if entry.mask is not None:
        file = masks / entry.mask.replace("\\", "/")
        if not file.is_file() or not leads_inside(file, masks):
            raise ValueError(f"There is no mask {entry.mask!r:.200} in {masks}.")
    return replace(entry, box=box)


def _digest(objects: Sequence[ObjectClicks], file_bytes: int) -> str:
    """`PictureTask.digest`, the first 16 hexadecimal digits of a SHA-256."""
    content = json.dumps([file_bytes, *(astuple(replace(entry, place="")) for entry in objects)])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _files(format: str, by_picture: dict[str, list[ObjectClicks]]) -> dict[str, tuple[str, ...]]:
    """Files of each picture below the target."""
    if format == WORK:
        return {name: (session_file(shown_name(name)),) for name in by_picture}
    if format == COCO:
        return {name: () for name in by_picture}
    names = iter(mask_names([entry for objects in by_picture.values() for entry in objects]))
    return {name: tuple(next(names) for _ in objects) for name, objects in by_picture.items()}


def mask_names(objects: Sequence[ObjectClicks]) -> list[str]:
    """Name each mask "PICTURE_OBJECT.png"; where names clash, keep the ending of the picture's name too."""
    pictures = list(dict.fromkeys(entry.picture_name for entry in objects))
    stems = dict(zip(pictures, unique_stems([safe_path(name) for name in pictures]), strict=True))
    names = [f"{stems[entry.picture_name]}_{entry.object}.png" for entry in objects]
    counts = Counter(folded_name(name) for name in names)
    taken: set[str] = set()
    chosen = []
    for entry, name in zip(objects, names, strict=True):
        if counts[folded_name(name)] > 1:
            name = f"{safe_path(entry.picture_name)}_{entry.object}.png"
        chosen.append(free_name(name, lambda name: folded_name(name) in taken))
        taken.add(folded_name(chosen[-1]))
    return chosen
