"""Gather all saved work of a folder for an export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from cfr_icl.annotate.folder.picture_files import PictureFiles
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.pictures.listing import first_names, natural_key
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.session_files import SessionFiles, session_file
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.sentences import Refusal, Sentence, sentence_of


@dataclass(frozen=True)
class SavedWork:
    """All work in a folder, for export."""

    pictures: Sequence[AnnotatedPicture]
    left_out: Sequence[Sentence]
    """Messages about work that is left out."""


def saved_work(names: Sequence[str], files: PictureFiles, sessions: SessionFiles) -> SavedWork:
    """All pictures with objects or marked as done, in the order of their names, and what is left out."""
    pictures, left_out = [], []
    without_picture = sessions.find()
    for name in names:
        session = session_file(name)
        if session not in without_picture:
            continue
        without_picture.discard(session)
        try:
            picture = _annotated(name, files, sessions)
            if picture is not None:
                pictures.append(picture)
        except (StoreError, OSError) as error:
            left_out.append(
                Sentence("{name}: {error} It is not exported.", name=name, error=sentence_of(error))
            )
        except Refusal as error:
            left_out.append(error.sentence)
    orphans = sorted(_pictures_of(without_picture, sessions), key=natural_key)
    if orphans:
        left_out.append(
            Sentence(
                "Work without a picture of its name is not exported: {names}.", names=first_names(orphans)
            )
        )
    return SavedWork(pictures, left_out)


def _annotated(name: str, files: PictureFiles, sessions: SessionFiles) -> AnnotatedPicture | None:
    """A picture with its work; None if it has no object and is not done.

    Raises:
        StoreError, OSError: when the work cannot be read.
        Refusal: when the picture is not there any more or has another size than its work.
    """
    size, document, visits = store.load_work(sessions.path(name))
    if not document.instances and not document.done:
        return None
    if files.stamp(name) is None:
        raise Refusal("{name} is not there any more; its work is not exported.", name=name)
    now = files.size(name, document.view)
    if now not in (None, size):
        raise Refusal(
            "{name} is {width} x {height} pixels now, but its work was made on {old_width} x "
            "{old_height}; it is not exported.",
            name=name,
            width=now[1],
            height=now[0],
            old_width=size[1],
            old_height=size[0],
        )
    file = files.path(name).relative_to(files.images).as_posix()
    read = partial(files.read, name, document.view)
    return AnnotatedPicture(file, size, document, read, sum(visit.seconds for visit in visits))


def _pictures_of(sessions: Iterable[str], files: SessionFiles) -> list[str]:
    """Names of the pictures of session files that hold work; names of the files that are damaged."""
    names = []
    for session in sessions:
        try:
            data = store.read_json(files.out / session)
            if data["objects"] or data["done"]:
                names.append(str(data["picture"]))
        except (OSError, ValueError, KeyError, TypeError):
            names.append(session)
    return names
