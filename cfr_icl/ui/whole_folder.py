"""Changes of all pictures of a page's folder: masks of files for them, and a label's name and colour."""

from __future__ import annotations

import shutil
from pathlib import Path

from cfr_icl.annotate.folder.own_folder import safe_path
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.whole_folder.fill import FILLED, Source, fill, has_work
from cfr_icl.annotate.whole_folder.relabel import RELABELLED, Affected, LabelChange, count_affected, relabel
from cfr_icl.annotate.whole_folder.taking_back import FolderChange, PictureChange, TakenBack
from cfr_icl.sentences import Sentence
from cfr_icl.ui.files import PageFiles
from cfr_icl.ui.opening import Opening
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import page_actions as do


class WholeFolder:
    """Changes all pictures of a folder: tells the extent of a change, and makes it when the person agrees."""

    def __init__(self, files: PageFiles, opening: Opening, outbox: Outbox) -> None:
        self._files, self._opening, self._outbox = files, opening, outbox
        self._masks: Source | None = None
        """Files with masks that were offered."""

    @property
    def _place(self) -> FolderPlace:
        if self._opening.place is None:
            raise ActionError("This page works through no folder.")
        return self._opening.place

    def offer_masks(self, uploads: list[do.SentFile]) -> None:
        """Keep uploaded files with masks, and tell which pictures they belong to."""
        place = self._place
        place.save()
        kept = self._files.new_folder()
        files: dict[str, Path] = {}
        for number, upload in enumerate(uploads):
            if name := safe_path(upload.name):
                target = kept / f"{number}{Path(name).suffix}"
                file = self._files.arrived(upload.path)
                files[name] = Path(shutil.move(file, target))
                self._files.drop([file])
        self._masks = Source(place.folder, files)
        names = self._masks.pictures
        if not names:
            raise ActionError(
                "None of these files has masks for the pictures of this folder; a file is named as its "
                "picture, or a file of COCO, Label Studio or CVAT names it."
            )
        busy = sum(has_work(place.folder, name) for name in names)
        self._outbox.add(fill={"pictures": len(names), "with_work": busy, "unknown": self._masks.unknown})

    def fill(self, add: bool) -> None:
        """Load the offered masks; the open picture is opened anew, as it may have got some."""
        masks, self._masks = self._masks, None
        if self._opening.place is None or masks is None:
            raise ActionError("Choose the files with masks first.")
        place = self._place
        filled = fill(place.folder, masks, place.holder, place.log.who, add)
        _remember(place, FolderChange(FILLED, filled.by_picture))
        for sentence in filled.sentences:
            self._outbox.tell(sentence)
        if place.name is not None:
            self._opening.open_of_folder(place.name)

    def relabel(self, action: do.RelabelFolder) -> None:
        """Change a label, or, before the person is sure, count the objects that have it."""
        place = self._place
        if not action.new.strip():
            raise ActionError("A label needs a name.")
        place.save()
        change = LabelChange(action.name, action.new, action.colour)
        if not action.sure:
            affected = count_affected(place.folder, change, place.holder)
            self._outbox.add(
                relabel={
                    "pictures": affected.pictures,
                    "objects": affected.objects,
                    "left_out": affected.left_out,
                    "name": action.name,
                    "new": action.new,
                    "colour": action.colour,
                }
            )
            return
        affected = _relabel(place, change)
        self._outbox.tell(
            Sentence(
                "The label was changed; pictures: {pictures}, objects: {objects}.",
                pictures=affected.pictures,
                objects=affected.objects,
            )
        )
        if affected.sentence:
            self._outbox.tell(affected.sentence)

    def take_back(self) -> None:
        """Take the last of these changes back.

        What cannot be saved, or is taken by others, can be taken back later. Raises ActionError without a
        change, StoreError where the open picture's work cannot be saved.
        """
        place = self._place
        place.save()
        if place.last_change is None:
            raise ActionError("There is no change of the whole folder to take back.")
        for sentence in _take_back(place, place.last_change).sentences:
            self._outbox.tell(sentence)

    def rest(self) -> None:
        """Forget offered masks, whose files stay."""
        self._masks = None


def _relabel(place: FolderPlace, change: LabelChange) -> Affected:
    """Change a label in the whole folder; on the open picture, if it is free, as one step of undo."""
    session, classes = place.session, place.folder.work.classes
    free = place.name if place.name not in place.taken else None
    listed = tuple(classes.labels)
    affected = relabel(place.folder, change, place.holder, place.log.who, open_picture=free)
    relisted = tuple(classes.labels)
    try:
        if free is not None:
            before = session.document
            objects = change.renames(before)
            place.take()
            colour = next((label.colour for label in relisted if label.name == change.new), None)
            session.relabel(lambda document: change.in_document(document, colour))
            affected.by_picture[free] = PictureChange.between(before, session.document)
            place.save()
            affected.pictures += bool(objects)
            affected.objects += objects
    finally:  # the other pictures are changed already
        _remember(place, FolderChange(RELABELLED, affected.by_picture, (listed, relisted)))
    return affected


def _take_back(place: FolderPlace, change: FolderChange) -> TakenBack:
    """Take a change back; on the open picture, if it is free, as one step of undo."""
    free = place.name if place.name in change.by_picture and place.name not in place.taken else None
    back = stay = 0
    if free is not None:
        place.take()
        undone, back, stay = change.by_picture[free].undone(place.session.document)
        place.session.relabel(lambda document: undone)
        place.save()
    result = change.take_back(place.folder, place.holder, place.log.who, open_picture=free)
    result.count(back, stay)
    remaining = {name: change.by_picture[name] for name in result.left_out}
    place.last_change = FolderChange(change.outcome, remaining) if remaining else None
    return result


def _remember(place: FolderPlace, change: FolderChange) -> None:
    if change.by_picture:
        place.last_change = change
