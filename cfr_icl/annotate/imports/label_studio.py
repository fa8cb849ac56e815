"""Label Studio's own JSON: brushes, polygons, rectangles and ellipses of one picture among its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from cfr_icl.annotate.imports.json_values import check_size
from cfr_icl.annotate.imports.loaded import MAX_OBJECTS, LoadedMasks, LoadedObject, MaskFileError, counted
from cfr_icl.annotate.imports.named_pictures import place_among
from cfr_icl.annotate.imports.shapes import check_affordable, ellipse, filled_areas, turned
from cfr_icl.annotate.objects.document import label_name
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.objects.packed_mask import unpacked
from cfr_icl.pictures.image_files import is_picture_name

TOOL = "Label Studio"

MOST_PACKED = 8_000_000
"""The most bytes of a packed mask that are read."""

MOST_STEPS = 2_000_000
"""The most runs of all packed masks of a picture that are read, some seconds of computing."""

PIXELS_OF_STEP = 1000
"""Pixels of a mask that take as long as a run."""

Task = Mapping[str, Any]


def tasks_of(data: Any) -> list[Task] | None:
    """The tasks in JSON of Label Studio, a list or a single one; None for any other JSON."""
    tasks = data if isinstance(data, list) else [data]
    is_its = bool(tasks) and all(
        isinstance(task, Mapping)
        and isinstance(task.get("data"), Mapping)
        and ("annotations" in task or "predictions" in task)
        for task in tasks
    )
    return tasks if is_its else None


def picture_of(task: Task) -> str:
    """The name or address of a task's picture; empty where it has none."""
    values = [value for value in task["data"].values() if isinstance(value, str)]
    places = [_place(value) for value in values]
    return next((place for place in places if is_picture_name(place)), places[0] if places else "")


def load_label_studio(tasks: Sequence[Task], picture: str, size: tuple[int, int]) -> LoadedMasks:
    """Read the objects of a picture; of several annotations the first that has any, else a prediction.

    Args:
        picture, size: name, and (height, width), as in `load_coco`.

    Raises:
        MaskFileError: when there is no such picture, it has another size there, or no object can be used.
    """
    entries, others = _entries(_task_of(tasks, picture))
    shapes, left_out = _shapes(_regions(entries, size), size)
    objects = []
    for region, shape in shapes:
        mask = filled_areas([shape], size) if isinstance(shape, np.ndarray) else shape
        score = region.shape.get("score")
        foreign = {"score": score} if _is_share(score) else None
        if mask.area:
            objects.append(LoadedObject(mask, region.label, foreign=foreign))
        else:
            left_out += 1
    if not objects:
        raise MaskFileError("The {tool} file has {count} objects that can be read.", tool=TOOL, count=0)
    sentences = counted(
        ("Shapes that are damaged or have no area are left out: {count}.", left_out),
        ("Further annotations of the picture in the file are left out: {count}.", others),
    )
    return LoadedMasks(objects, sentences=sentences)


def _task_of(tasks: Sequence[Task], picture: str) -> Task:
    """The task of a picture; raises MaskFileError without one."""
    return tasks[place_among(map(picture_of, tasks), picture, TOOL)]


class _Region(NamedTuple):
    label: str | None
    shape: Mapping[str, Any]
    """The entry that has its shape."""


def _regions(entries: Sequence[Any], size: tuple[int, int]) -> list[_Region]:
    """The objects among the entries of an annotation; raises MaskFileError for more than MAX_OBJECTS."""
    labels: dict[str, str | None] = {}
    shapes: dict[str, Mapping[str, Any]] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("value"), Mapping):
            continue
        check_size(entry.get("original_height"), entry.get("original_width"), size, TOOL)
        key = str(entry.get("id", number))  # shape and label may be two entries of one id
        labels[key] = labels.get(key) or _label(entry)
        if _is_shape(entry["value"]):
            shapes.setdefault(key, entry)
    if len(shapes) > MAX_OBJECTS:
        raise MaskFileError(
            "The {tool} file has more than {most} objects in this picture.", tool=TOOL, most=MAX_OBJECTS
        )
    return [_Region(labels[key], shapes[key]) for key in labels if key in shapes]


def _shapes(
    regions: Sequence[_Region], size: tuple[int, int]
) -> tuple[list[tuple[_Region, Mask | np.ndarray]], int]:
    """The regions with their masks or corners, and the number of damaged ones."""
    shapes: list[tuple[_Region, Mask | np.ndarray]] = []
    damaged = 0
    unpacking = Unpacking(size)
    for region in regions:
        try:
            shapes.append((region, _shape(region.shape, size, unpacking)))
        except MaskFileError:
            raise
        except Exception:  # anything may stand in place of a shape
            damaged += 1
    check_affordable((shape for _, shape in shapes), size, TOOL)
    return shapes, damaged


def has_objects(task: Task) -> bool:
    """Whether a task has an annotation or a prediction that is not empty."""
    return bool(_entries(task)[0])


def _entries(task: Task) -> tuple[Sequence[Any], int]:
    """The entries of the annotation that is read, and how many others have some."""
    people, predictions = (_filled(task.get(kind)) for kind in ("annotations", "predictions"))
    return next(iter([*people, *predictions]), []), max(0, len(people) - 1)


def _filled(annotations: Any) -> list[Sequence[Any]]:
    """The entries of each annotation that has some and was not given up."""
    listed = annotations if isinstance(annotations, list) else []
    results = [
        each.get("result") for each in listed if isinstance(each, Mapping) and not each.get("was_cancelled")
    ]
    return [result for result in results if isinstance(result, list) and result]


def _place(text: str) -> str:
    """The path in an address; that of a local file is in its query."""
    try:
        address = urlsplit(text)
        local = parse_qs(address.query).get("d")
    except ValueError:
        return text
    if local:
        return local[0]
    return unquote(address.path) if address.scheme in ("http", "https", "s3", "gs") else text


def _label(entry: Mapping[str, Any]) -> str | None:
    """The first class of an entry, whose key is the kind of its labels."""
    value = entry["value"]
    for key in (str(entry.get("type")), "labels"):
        names = value.get(key)
        if key.endswith("labels") and isinstance(names, list) and names:
            return label_name(str(names[0])) or None
    return None


def _is_shape(value: Mapping[str, Any]) -> bool:
    return any(key in value for key in ("rle", "points", "width", "radiusX"))


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _shape(entry: Mapping[str, Any], size: tuple[int, int], unpacking: Unpacking) -> Mask | np.ndarray:
    """A shape's mask, or its corners (N, 2); raises any exception for a damaged one."""
    value, (height, width) = entry["value"], size
    if entry.get("image_rotation"):
        raise ValueError("rotation")
    if "rle" in value:
        return unpacking.mask(value["rle"])
    if "points" in value:
        points = np.array(value["points"], dtype=np.float64)
    elif "radiusX" in value:
        return _turned(value, ellipse([_number(value["radiusX"]), _number(value["radiusY"])]), size)
    else:
        sides = [_number(value["width"]), _number(value["height"])]
        return _turned(value, np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * sides, size)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not (np.abs(points) < 1e5).all():
        raise ValueError("points")
    return points * [width / 100, height / 100]


def _turned(value: Mapping[str, Any], offsets: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Corners in pixels of a shape whose corners lie so around its origin, in percent of the picture."""
    height, width = size
    origin = np.array([_number(value["x"]), _number(value["y"])])
    percent = np.array([width, height]) / 100
    corners = (origin + offsets) * percent
    return turned(corners, _number(value.get("rotation") or 0), origin * percent)


def _number(value: Any) -> float:
    """A number that shapes in percent may have; raises an exception for anything else."""
    number = float(value)
    if not abs(number) < 1e5:
        raise ValueError("number")
    return number


class Unpacking:
    """Reads the packed masks of a picture of (height, width), together within `MOST_STEPS`."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._steps = MOST_STEPS

    def mask(self, content: Any) -> Mask:
        """The mask in packed run lengths.

        Raises:
            ValueError: when they are damaged or of another size.
            MaskFileError: when all masks together take too long.
        """
        if not isinstance(content, list) or len(content) > MOST_PACKED:
            raise ValueError("rle")
        data = np.array(content, dtype=np.int64)
        if data.ndim != 1 or (data < 0).any() or (data > 255).any():
            raise ValueError("rle")
        height, width = self._size
        spans = []
        for start, end, values in unpacked(data.astype(np.uint8), self._size):
            self._take(1)
            if end > start and not (isinstance(values, int) and values == 0):
                spans.append((start, end, values))
        if not spans:
            return Mask.empty(height, width)
        top, bottom = spans[0][0] // width, (spans[-1][1] - 1) // width + 1
        self._take((bottom - top) * width // PIXELS_OF_STEP)
        part = np.zeros((bottom - top) * width, np.uint8)
        for start, end, values in spans:
            part[start - top * width : end - top * width] = values
        return Mask.placed(part.reshape(-1, width), 0, top, height, width)

    def _take(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise MaskFileError("The masks in the Label Studio file have too many details for this picture.")
