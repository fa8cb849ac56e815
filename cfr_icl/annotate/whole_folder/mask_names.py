"""Which files of masks belong to which pictures of a folder, by their names.

`masksOf` in ui/static/mask_files.js has the same rules for one picture, so that a page sends only the files
of an archive that it needs; both pass tests/mask_names.json.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

ENDINGS = tuple(f"{mark}{noun}" for mark in "_-" for noun in ("mask", "masks", "label", "labels"))
"""What the name of a mask may have after that of its picture."""

INFORMATION = {".json": 4, ".txt": 3, ".jpg": 1, ".jpeg": 1, ".xml": 0}
"""How much a file tells of its objects, by its suffix: labels, classes, masks alone (2, all other suffixes),
blurred masks, boxes."""

CLASS_LISTS = ("data.yaml", "classes.txt")
"""Files of YOLO data sets that name the classes."""

LISTS = (*CLASS_LISTS, "train.txt", "val.txt", "test.txt", "trainval.txt", "obj.txt")
"""Files of YOLO data sets that list classes or pictures."""

PATH, PATH_WITH_ENDING, END_OF_PATH, NAME = range(4)
"""How a file fits a picture, best first: by its whole path, by this with one of ENDINGS, by the end of its
path, which is that of the picture, or by its name alone."""


_OBJECT = re.compile(r"_(\d+)(?:_(?!\d+(?:_|$))(.+))?$")
"""What the name of an object's mask has after that of its picture: a number, and a label if it has one."""


class ObjectMask(NamedTuple):
    """A mask of one object, by its name."""

    path: str
    number: int
    label: str
    """Empty where the name has none."""


class _Fit(NamedTuple):
    how: int
    path: str


class PictureNames:
    """The pictures of a folder by their paths without suffix, and by their names alone."""

    def __init__(self, names: Iterable[str]) -> None:
        self._of_path: dict[str, list[str]] = defaultdict(list)
        self._of_name: dict[str, list[str]] = defaultdict(list)
        for name in names:
            stem = PurePosixPath(name).with_suffix("")
            self._of_path[str(stem)].append(name)
            self._of_name[stem.name].append(name)

    def find(self, path: str) -> tuple[int, str] | None:
        """How a file fits best, and the picture; None where it fits none, or several equally well."""
        for how, pictures in self._fits(PurePosixPath(path).with_suffix("")):
            if pictures:
                return (how, pictures[0]) if len(pictures) == 1 else None
        return None

    def find_object(self, path: str) -> tuple[str, ObjectMask] | None:
        """The picture and the object of a file such as `cat_1_ear.png`; None where none or several fit."""
        place = PurePosixPath(path)
        if any(pictures for _, pictures in self._fits(place.with_suffix(""))):  # a mask of all of a picture
            return None
        stem, found = place.stem, []
        for match in re.finditer(r"_(?=\d)", stem):
            entry = _OBJECT.fullmatch(stem, match.start())
            picture = entry and self.find(str(place.with_name(stem[: match.start()] + place.suffix)))
            if entry and picture:
                found.append((picture[1], ObjectMask(path, int(entry[1][:9]), entry[2] or "")))
        return found[0] if len(found) == 1 else None

    def _fits(self, stem: PurePosixPath) -> Iterator[tuple[int, Sequence[str]]]:
        ending = next((each for each in ENDINGS if stem.name.endswith(each) and stem.name != each), "")
        stems = [stem, stem.with_name(stem.name.removesuffix(ending))] if ending else [stem]
        for how, each in zip((PATH, PATH_WITH_ENDING), stems, strict=False):
            yield how, self._of_path.get(str(each), ())
        for each in stems:
            for start in range(1, len(each.parts) - 1):
                yield END_OF_PATH, self._of_path.get("/".join(each.parts[start:]), ())
        for each in stems:
            yield NAME, self._of_name.get(each.name, ())


def is_list(path: str, of_picture: bool) -> bool:
    """Whether a file lists classes or pictures; one of such a name in a folder may be of a picture."""
    place = PurePosixPath(path)
    return place.name.lower() in LISTS and (not of_picture or len(place.parts) == 1)


def information(path: str) -> int:
    """How much a file probably tells of its objects."""
    return INFORMATION.get(PurePosixPath(path).suffix.lower(), 2)


def files_of_pictures(
    names: Iterable[str], paths: Iterable[str], tells: Callable[[str], int]
) -> tuple[dict[str, str], list[str]]:
    """Choose one file for each picture: the best fit, and among equal fits the file with most information.

    Choose none where equally good files lie in several folders: they may belong to different pictures.

    Args:
        names, paths: of the pictures, and of the files below the person's folder.
        tells: how much the file of a path tells of its objects.

    Returns:
        The paths by the names of the pictures, and the paths of files that belong to no picture.
    """
    pictures = PictureNames(names)
    fits: dict[str, list[_Fit]] = defaultdict(list)
    unknown = []
    for path in paths:
        if found := pictures.find(path):
            how, name = found
            fits[name].append(_Fit(how, path))
        else:
            unknown.append(path)
    chosen = {}
    for name, of_picture in fits.items():
        best = min(fit.how for fit in of_picture)
        likely = [fit.path for fit in of_picture if fit.how == best]
        unknown += [fit.path for fit in of_picture if fit.how > max(best, PATH_WITH_ENDING)]
        most = max(map(tells, likely))
        telling = [path for path in likely if tells(path) == most]
        if len({PurePosixPath(path).parent for path in telling}) == 1:
            chosen[name] = min(telling, key=lambda path: len(PurePosixPath(path).stem))
        else:
            unknown += likely
    return chosen, unknown


def masks_of_objects(
    names: Iterable[str], paths: Iterable[str]
) -> tuple[dict[str, list[ObjectMask]], list[str]]:
    """Find the masks of single objects, which are named as `cat_1_ear.png` for the picture `cat.jpg`.

    Choose none where those of a picture lie in several folders, or where they may be of another picture:
    `cat_2.png` beside `cat_2_1_ear.png`.

    Returns:
        The masks of each picture, by its name, in the order of their numbers; and the other paths.
    """
    pictures = PictureNames(names)
    paths = list(paths)
    found: dict[str, list[ObjectMask]] = defaultdict(list)
    others = []
    stems = [str(PurePosixPath(path).with_suffix("")) for path in paths]
    of_others = {match[1] for stem in stems if (match := re.match(r"(.+_\d+)_\d+(?:_|$)", stem))}
    for path, stem in zip(paths, stems, strict=True):
        each = None if stem in of_others else pictures.find_object(path)
        if each:
            found[each[0]].append(each[1])
        else:
            others.append(path)
    for name, masks in [*found.items()]:
        if len({PurePosixPath(mask.path).parent for mask in masks}) > 1:
            others += [mask.path for mask in found.pop(name)]
        else:
            masks.sort(key=lambda mask: (mask.number, mask.path))
    return found, others
