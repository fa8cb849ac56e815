"""Objects that do not come from clicks: those of an uploaded file, and those of the previous picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cfr_icl.annotate.folder.belongings import is_named_alike, is_of_another_file
from cfr_icl.annotate.imports import load_masks
from cfr_icl.annotate.imports.loaded import LoadedMasks, joined, with_label
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.classes import names_by_number
from cfr_icl.annotate.session.follow import take_over
from cfr_icl.annotate.session.session import Session
from cfr_icl.annotate.whole_folder.mask_names import PictureNames
from cfr_icl.sentences import Refusal, Sentence, of_file
from cfr_icl.ui.files import PageFiles
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import page_actions as do


def load_upload(
    action: do.Import,
    session: Session,
    files: PageFiles,
    place: FolderPlace | None,
    outbox: Outbox,
    source: Path | None = None,
) -> None:
    """Add the objects of uploaded files to the session, or replace its work by that of a session file.

    Args:
        source: the file of the open picture.
    """
    file, *further = files.uploaded(action.path, *action.more)
    content = file.read_bytes()[:200] if file.suffix.lower() == ".json" else b""
    if b'"cfr_icl_session"' in content:
        _restore(file, session, outbox, source)
        return
    listed = place.folder.work.classes.labels if place else []
    classes = names_by_number(files.uploaded(action.class_list)[0]) if action.class_list else []
    classes = classes or [label.name for label in listed or session.document.labels]
    loaded = _load(file, session, action.reading, classes)
    if further:
        loaded = _joined_objects(loaded, file, further, session, classes)
    session.add_loaded(loaded, replace_last=action.replace)
    outbox.add(
        loaded={
            "path": action.path,
            "reading": loaded.reading,
            "readings": list(loaded.readings),
            "objects": len(loaded.objects),
        }
    )


def _restore(file: Path, session: Session, outbox: Outbox, source: Path | None) -> None:
    """Replace the session's work by that of a session file, which must be of the open picture."""
    saved = store.read_json(file)
    document = store.from_json(saved, session.size)
    if source and is_of_another_file(saved, source):
        if not is_named_alike(name := str(saved.get("picture")), session.name):
            raise ActionError("This is the work on another picture, {name!r}.", name=name)
        outbox.tell(
            Sentence(
                "{name} was changed since its work was saved; look at its masks once more.",
                name=session.name,
            )
        )
    session.restore(document)


def _load(file: Path, session: Session, reading: str | None, classes: Sequence[str]) -> LoadedMasks:
    """The objects of a file for the open picture; raises ActionError, which names the file."""
    try:
        return load_masks(file, session.name, session.size, reading, classes)
    except Refusal as error:
        raise ActionError(of_file(file.name, error)) from error


def _joined_objects(
    first: LoadedMasks, file: Path, further: Sequence[Path], session: Session, classes: Sequence[str]
) -> LoadedMasks:
    """The objects of several files of one picture, with the labels in their names."""
    masks = [first, *(_load(each, session, None, classes) for each in further)]
    names = PictureNames([Path(session.name).name])
    objects = [names.find_object(each.name) for each in (file, *further)]  # cat_1_ear.png is an ear
    return joined(
        [with_label(each, mask[1].label) if mask else each for each, mask in zip(masks, objects, strict=True)]
    )


def take_over_previous(session: Session, place: FolderPlace | None, follow: bool) -> None:
    """Add the objects of the picture before in the list.

    Args:
        follow: find each object again in the current picture; else copy its mask.
    """
    before = place and place.name and place.folder.pictures.next(place.name, -1)
    if not place or not before:
        raise ActionError("There is no previous picture.")
    opened = place.folder.open(before)
    if opened.document is None or not opened.document.instances:
        raise ActionError("The previous picture, {name}, has no objects.", name=before)
    take_over(session, opened.document, opened.picture, follow)
