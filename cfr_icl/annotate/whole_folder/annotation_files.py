"""Files of COCO, Label Studio and CVAT among others: which pictures of a folder they have objects of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from cfr_icl.annotate.imports.coco import load_coco
from cfr_icl.annotate.imports.coco_images import CocoImages, id_text
from cfr_icl.annotate.imports.cvat import cvat_images, load_cvat_image
from cfr_icl.annotate.imports.label_studio import Task, has_objects, load_label_studio, picture_of, tasks_of
from cfr_icl.annotate.imports.loaded import LoadedMasks, MaskFileError
from cfr_icl.annotate.imports.named_pictures import NamedPictures
from cfr_icl.annotate.saved import store

Load = Callable[[tuple[int, int]], LoadedMasks]
"""Reads the objects of one picture of this (height, width); raises MaskFileError."""


@dataclass(frozen=True)
class Listed:
    """The objects in one file, or in several.

    Attributes:
        of_picture: reads the objects of each picture, by the names in the folder.
        unknown: pictures of the file that belong to none of the folder, or not surely.
        listed: base names of all pictures of the file.
    """

    of_picture: Mapping[str, Load]
    unknown: int
    listed: frozenset[str] = frozenset()


def listed_objects(names: Sequence[str], files: Mapping[str, Path]) -> Listed | None:
    """Find the pictures of a folder in all files of COCO, Label Studio and CVAT; None without such files.

    Beside other files, COCO files without masks, such as those of captions, are left out. Of files with the
    same pictures, as of one set in several formats, the first counts. A picture that further files have too
    is taken from the file in its own folder, or else left out as unknown.

    Args:
        names: of the folder's pictures.
        files: by their paths below the person's folder.

    Raises:
        MaskFileError: when a single JSON or XML file is not readable.
    """
    alone = len(files) == 1
    by_path: dict[str, Listed] = {}
    for path, file in files.items():
        suffix, each = file.suffix.lower(), None
        if suffix == ".json":
            each = _listed(names, _content(file, alone), alone)
        elif suffix == ".xml":
            each = _of_cvat(names, file, alone)
        if each and all(each.listed != other.listed for other in by_path.values()):
            by_path[path] = each
    if not by_path:
        return None
    places: dict[str, list[str]] = defaultdict(list)
    for path, each in by_path.items():
        for name in each.of_picture:
            places[name].append(path)
    of_picture: dict[str, Load] = {}
    unsure = 0
    for name, paths in places.items():
        folders = PurePosixPath(name).parents[:-1]
        beside = [path for path in paths if PurePosixPath(path).parent in folders] or paths
        if len(beside) == 1:
            of_picture[name] = by_path[beside[0]].of_picture[name]
        else:
            unsure += len(beside)
    return Listed(of_picture, unsure + sum(each.unknown for each in by_path.values()))


def _content(path: Path, alone: bool) -> Any:
    """The content of a JSON file; of one among others None where it is no list of pictures or damaged."""
    try:
        if not alone and not any(key in path.read_bytes() for key in (b'"annotations"', b'"predictions"')):
            return None  # labelme's have no such key, and may be many and large
        return store.read_json(path, foreign=True)
    except store.StoreError as error:
        if not alone:
            return None
        raise MaskFileError("{error}", error=error) from error


def _listed(names: Sequence[str], data: Any, alone: bool) -> Listed | None:
    """The pictures in the content of a file; None where it has no list of pictures."""
    tasks = tasks_of(data)
    if tasks is not None:
        return _of_tasks(names, tasks)
    if not isinstance(data, Mapping):
        return None
    if not all(isinstance(data.get(key), list) for key in ("images", "annotations")):
        return None
    entries = [entry for entry in data["annotations"] if isinstance(entry, Mapping)]
    if not alone and not any(entry.get("segmentation") for entry in entries):
        return None
    return _of_images(names, data, entries)


def _of_images(names: Sequence[str], data: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Listed:
    images = [image for image in data["images"] if isinstance(image, Mapping)]
    of_image: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in entries:
        of_image[id_text(entry.get("image_id"))].append(entry)
    by_name = CocoImages(images, single_fits=False)
    of_picture: dict[str, Load] = {}
    used: set[str] = set()
    for name in names:
        try:
            image = by_name.find(name)
        except MaskFileError:
            continue
        try:
            ids = by_name.ids(image)
        except MaskFileError as error:
            of_picture[name] = partial(_refuse, error)
            used.add(id_text(image.get("id")))
            continue
        if annotations := [
            {**entry, "image_id": image.get("id")} for each in sorted(ids) for entry in of_image.get(each, ())
        ]:
            used |= ids
            alone = {**data, "images": [image], "annotations": annotations}
            of_picture[name] = partial(load_coco, alone, name)
    names_there = _base_names(image.get("file_name") for image in images)
    return Listed(of_picture, len(of_image.keys() - used), names_there)


def _refuse(error: MaskFileError, size: tuple[int, int]) -> LoadedMasks:
    raise error


def _of_tasks(names: Sequence[str], tasks: Sequence[Task]) -> Listed:
    tasks = [task for task in tasks if has_objects(task)]
    places = [picture_of(task) for task in tasks]
    number_of = _numbers_by_name(names, places)
    return Listed(
        {name: partial(load_label_studio, [tasks[number]], name) for name, number in number_of.items()},
        len(tasks) - len(set(number_of.values())),
        _base_names(places),
    )


def _of_cvat(names: Sequence[str], path: Path, alone: bool) -> Listed | None:
    """The pictures in a file of CVAT; of one among others None where it is none or damaged."""
    try:
        images = [image for image in cvat_images(path) if image.has_objects]
    except MaskFileError:
        if alone:
            raise
        return None
    places = [image.name for image in images]
    number_of = _numbers_by_name(names, places)
    return Listed(
        {name: partial(load_cvat_image, images[number]) for name, number in number_of.items()},
        len(images) - len(set(number_of.values())),
        _base_names(places),
    )


def _numbers_by_name(names: Sequence[str], places: Sequence[str]) -> dict[str, int]:
    """The number of the path that belongs to each picture, by its name; none where several may."""
    pictures = NamedPictures(places, single_fits=False)
    numbers_of = {name: pictures.find(name) for name in names}
    return {name: numbers[0] for name, numbers in numbers_of.items() if len(numbers) == 1}


def _base_names(names: Any) -> frozenset[str]:
    return frozenset(PurePosixPath(str(name)).name for name in names)
