"""Fill the pictures of a folder with the masks of annotation files, or of a file for each picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.imports import load_masks
from cfr_icl.annotate.imports.additions import with_loaded
from cfr_icl.annotate.imports.loaded import LoadedMasks, counted, joined, with_label
from cfr_icl.annotate.imports.voc import ClassMaps, class_maps, with_classes
from cfr_icl.annotate.objects.document import ACCEPTED, Document, Instance
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.classes import class_name, names_by_number
from cfr_icl.annotate.saved.visits import Visit, now
from cfr_icl.annotate.whole_folder.annotation_files import Load, listed_objects
from cfr_icl.annotate.whole_folder.mask_names import (
    CLASS_LISTS,
    INFORMATION,
    ObjectMask,
    PictureNames,
    files_of_pictures,
    information,
    is_list,
    masks_of_objects,
)
from cfr_icl.annotate.whole_folder.taking_back import PictureChange
from cfr_icl.pictures.decoding import picture_size
from cfr_icl.sentences import Refusal, Sentence, sentence_of

FILLED = "filled"
"""Outcome of a visit that filled a folder with masks of files."""

MOST_MESSAGES = 3
"""The most messages about single pictures; further ones are left out."""


class Source:
    """Masks in files, for the pictures of a folder.

    Args:
        files: by their paths below the person's folder: files of COCO, Label Studio or CVAT with many
            pictures, or files that are named as their pictures, such as masks, label maps, labelme and YOLO
            files, for which `data.yaml` or `classes.txt` names the classes, or masks of single objects, such
            as `cat_1_ear.png`. The pictures themselves may be among them.

    Attributes:
        pictures: names of the pictures for which there are masks.
        unknown: how many files, or pictures of the files of COCO, Label Studio or CVAT, belong to no picture.

    Raises:
        MaskFileError: when a single JSON or XML file is not readable.
    """

    def __init__(self, folder: Folder, files: Mapping[str, Path]) -> None:
        self._folder = folder
        self._all = files
        self._files: Mapping[str, str] = {}
        """Paths by the names of the pictures."""
        self._objects: Mapping[str, Sequence[ObjectMask]] = {}
        """Masks of single objects, of pictures without another file."""
        self._class_maps = ClassMaps()
        self._names_of_numbers: list[str] = []
        names = folder.pictures.names
        listed = listed_objects(names, files)
        self._listed: Mapping[str, Load] = listed.of_picture if listed else {}
        if listed and (self._listed or len(files) == 1):
            self.unknown = listed.unknown
        else:
            self._find_files(files)
        with_masks = {*self._listed, *self._files, *self._objects}
        self.pictures: Sequence[str] = [name for name in names if name in with_masks]

    @property
    def sentences(self) -> Sequence[Sentence]:
        """Messages for the user about the names of the classes."""
        if not self._class_maps.of_objects or self._class_maps.lists:
            return ()
        if names := self._names_of_classes.names[1:]:
            return [
                Sentence(
                    "The maps of classes come without labels.txt; their numbers are those of the folder's "
                    "labels: 1 is {name}.",
                    name=names[0],
                )
            ]
        return [
            Sentence(
                "The maps of classes come without labels.txt; the labels are called by their numbers, such "
                "as {name}.",
                name=class_name(1),
            )
        ]

    def load(self, name: str, size: tuple[int, int]) -> LoadedMasks:
        """The objects for a picture of this (height, width); raises MaskFileError."""
        if name in self._listed:
            return self._listed[name](size)
        if name in self._files:
            path = self._files[name]
            loaded = self._load(path, name, size)
            class_map = self._class_maps.of_objects.get(path)
            if class_map is None:
                return loaded
            return with_classes(loaded, self._all[class_map], self._names_of_classes, size)
        return joined(
            [with_label(self._load(mask.path, name, size), mask.label) for mask in self._objects[name]]
        )

    def _load(self, path: str, name: str, size: tuple[int, int]) -> LoadedMasks:
        return load_masks(self._all[path], name, size, None, self._names_of_numbers or self._labels)

    @property
    def _labels(self) -> list[str]:
        return [label.name for label in self._folder.work.classes.labels]

    @property
    def _names_of_classes(self) -> ClassMaps:
        """The maps of classes; without a list of their own their numbers are those of the folder's labels."""
        if self._class_maps.lists or not self._labels:
            return self._class_maps
        return replace(self._class_maps, names=("background", *self._labels))

    def _find_files(self, files: Mapping[str, Path]) -> None:
        self._class_maps = class_maps(files)
        maps = self._class_maps.of_objects
        passed = {*maps.values(), *self._class_maps.lists} - {*maps}
        names = self._folder.pictures.names
        pictures = PictureNames(names)
        paths = []
        for path, file in files.items():
            if path in passed:
                continue
            fit = pictures.find(path)
            if is_list(path, of_picture=fit is not None):
                if PurePosixPath(path).name.lower() in CLASS_LISTS:
                    self._names_of_numbers = names_by_number(file) or self._names_of_numbers
            elif not fit or not self._is_picture(fit[1], file):
                paths.append(path)
        self._files, unknown = files_of_pictures(names, paths, self._tells)
        objects, unknown = masks_of_objects(names, unknown)
        self._objects = {name: masks for name, masks in objects.items() if name not in self._files}
        self.unknown = len(unknown)

    def _is_picture(self, name: str, file: Path) -> bool:
        """Whether a file is the picture itself, as it lies in many data sets beside its masks."""
        stamp = self._folder.files.stamp(name)
        try:
            if stamp is None or file.stat().st_size != stamp[1]:
                return False
            return self._folder.files.digest(name, stamp) == store.file_digest(file)
        except OSError:
            return False

    def _tells(self, path: str) -> int:
        """`information`; masks with a map of classes tell as much as a file of classes."""
        return INFORMATION[".txt"] if path in self._class_maps.of_objects else information(path)


@dataclass
class Filled:
    """The result of filling a folder."""

    pictures: int = 0
    objects: int = 0
    unchanged: int = 0
    """Pictures that have work already, which stayed as it is."""
    problems: list[Sentence] = field(default_factory=list)
    """Messages about pictures that were left out."""
    notes: Sequence[Sentence] = ()
    """Messages about the files."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many objects of annotation files were left out or changed, by the message with this {count}."""
    remarks: dict[Sentence, str] = field(default_factory=dict)
    """Other messages about annotation files, each with the first picture for which it was given."""
    by_picture: dict[str, PictureChange] = field(default_factory=dict)
    """What became of each picture, to take it back."""

    def note(self, name: str, loaded: LoadedMasks) -> None:
        """Keep the messages about a picture's annotation file; how masks are read needs no message each."""
        for sentence in () if loaded.reading else loaded.sentences:
            if sentence.values.keys() == {"count"}:
                self.left_out[sentence.template] += sentence.values["count"]
            else:
                self.remarks.setdefault(sentence, name)

    @property
    def sentences(self) -> list[Sentence]:
        """Messages for the user about the result."""
        sentences: list[Sentence] = [
            Sentence(
                "Masks were loaded; pictures: {pictures}, objects: {objects}.",
                pictures=self.pictures,
                objects=self.objects,
            )
        ]
        if self.unchanged:
            sentences.append(
                Sentence("Pictures that have work already stayed as they are: {kept}.", kept=self.unchanged)
            )
        sentences += self.notes if self.pictures else ()
        sentences += counted(*self.left_out.items())
        sentences += [
            Sentence("{name}: {error}", name=name, error=remark)
            for remark, name in [*self.remarks.items()][:MOST_MESSAGES]
        ]
        sentences += self.problems[:MOST_MESSAGES]
        if len(self.problems) > MOST_MESSAGES:
            sentences.append(
                Sentence("Other pictures were left out: {number}.", number=len(self.problems) - MOST_MESSAGES)
            )
        return sentences


def has_work(folder: Folder, name: str) -> bool:
    """Whether a picture has objects or a state that a person gave it."""
    return (
        bool(folder.pictures.labels_of.get(name))
        or folder.pictures.states[name] == "done"
        or name in folder.pictures.review_of
    )


def fill(folder: Folder, source: Source, holder: str, who: str = "", add: bool = False) -> Filled:
    """Load the masks into the pictures, one after another, each saved atomically.

    Scores of a detector become the certainty of the objects, by which pictures are offered least sure first.

    Args:
        holder, who: of the person, as in `Leases.take`.
        add: add to pictures that have work already; without it these stay as they are.
    """
    filled = Filled(notes=source.sentences)
    for name in source.pictures:
        if has_work(folder, name) and not add:
            filled.unchanged += 1
            continue
        try:
            with folder.work.leases.held(name, holder, who):
                change, loaded = _fill_picture(folder, source, name, who)
                filled.by_picture[name] = change
                filled.note(name, loaded)
                filled.objects += len(change.added)
                filled.pictures += 1
        except (Refusal, OSError) as error:
            filled.problems.append(Sentence("{name}: {error}", name=name, error=sentence_of(error)))
    return filled


def _fill_picture(folder: Folder, source: Source, name: str, who: str) -> tuple[PictureChange, LoadedMasks]:
    """Add the masks of the files to a picture; return what changed, and what was read."""
    if name in folder.pictures.labels_of:
        work = folder.work.load(name)
        size, document, visits, revision = work.size, work.document, work.visits, work.revision
    else:
        size, revision = picture_size(folder.files.path(name)), folder.work.revisions[name]
        document, visits = Document(labels=tuple(folder.work.classes.labels)), ()
    before = len(document.instances)
    loaded = source.load(name, size)
    changed = with_loaded(document, loaded, size)
    added = tuple(_with_certainty(instance) for instance in changed.instances[before:])
    changed = replace(changed, instances=(*changed.instances[:before], *added))
    if changed.review == ACCEPTED:  # of other masks
        changed = replace(changed, review="")
    visit = Visit(now(), objects=len(added), who=who, outcome=FILLED)
    folder.save(name, changed, size, revision, (*visits, visit))
    return PictureChange.between(document, changed), loaded


def _with_certainty(instance: Instance) -> Instance:
    """The object with a detector's score as its certainty."""
    score = (instance.foreign or {}).get("score")
    if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1:
        return replace(instance, certainty=float(score))
    return instance
