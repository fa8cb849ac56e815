"""Files that leave the page: exports of a picture or of a whole folder, masks, cut-outs, sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cfr_icl.annotate import exports
from cfr_icl.annotate.exports import Progress
from cfr_icl.annotate.exports.archive import portable_names, zipped
from cfr_icl.annotate.exports.png import cutout_png, mask_png
from cfr_icl.annotate.exports.splits import Split, read_shares
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.pictures.listing import shown_name
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.session_files import session_file
from cfr_icl.annotate.session.session import Session
from cfr_icl.sentences import Refusal, Sentence
from cfr_icl.ui.protocol.page_actions import Export


@dataclass(frozen=True)
class MadeFile:
    """A file to download."""

    content: bytes
    stem: str
    """Name of the picture or folder, from which the file's name is made."""
    ending: str
    messages: Sequence[Sentence] = ()
    """Messages for the user."""


def single_file(session: Session, kind: str, source: Path | None = None) -> MadeFile:
    """The mask or cut-out of the active object, or of all, or the session; raises ActionError.

    Args:
        source: the picture's file, to which the session will belong.
    """
    size, stem = session.size, Path(session.name).stem
    of_all = "_all" if session.active is None and len(session.document.instances) > 1 else ""
    if kind == "mask":
        return MadeFile(mask_png(session.mask), stem, f"{of_all}_mask.png")
    if kind == "cutout":
        return MadeFile(cutout_png(session.picture, session.mask), stem, f"{of_all}_cutout.png")
    if kind == "session":
        length = digest = None
        with suppress(OSError):  # a page keeps a bounded number of files
            if source:
                length, digest = source.stat().st_size, store.file_digest(source)
        saved = store.to_json(session.document, session.name, size, length, digest=digest)
        return MadeFile(store.encode(saved), stem, ".session.json")
    raise ActionError("There is no download {what!r}.", what=kind)


def all_sessions(folder: Folder) -> MadeFile:
    """The session files of a folder in a zip archive; raises ActionError where there is none."""
    files = {session_file(name): text.encode() for name, text in session_texts(folder, folder.pictures.names)}
    if not files:
        raise ActionError("There is no object to export.")
    return MadeFile(zipped(files), folder.images.name, "_sessions.zip", _changed_names(files))


def session_texts(folder: Folder, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The contents of the session files of some pictures, by the names of the pictures."""
    for name in names:
        with suppress(OSError, Refusal, ValueError):
            if name in folder.pictures.labels_of:
                yield name, folder.work.sessions.path(name).read_text(encoding="utf-8")


def export_of(session: Session, folder: Folder | None, action: Export) -> Callable[[Progress], MadeFile]:
    """Return a function that makes the export from the current work; it takes a callback for its progress.

    Raises:
        ActionError: for an unknown format; the returned function raises it if there is no work.
    """
    if action.format not in (*exports.FORMATS, exports.EVERYTHING):
        raise ActionError("There is no format {format!r}.", format=action.format)
    if action.whole_folder and folder:
        try:
            split = Split(read_shares(action.split)) if action.split else None
        except Refusal as error:
            raise ActionError(error.sentence) from error
        return lambda progress: _export_folder(folder, action, progress, split)
    picture = session.picture
    pictures = [AnnotatedPicture(session.name, session.size, session.document, lambda: picture)]
    classes = folder.work.classes.number(pictures) if folder else session.number_classes(pictures)
    return lambda progress: _export(pictures, classes, [], Path(session.name).stem, action, progress)


def _export_folder(folder: Folder, action: Export, progress: Progress, split: Split | None) -> MadeFile:
    work = folder.saved_work()
    classes = folder.work.classes.number(work.pictures)
    keeps_names = action.format == exports.EVERYTHING or exports.FORMATS[action.format].stems
    stem, messages = folder.images.name, list(work.left_out)
    return _export(work.pictures, classes, messages, stem, action, progress, split, keeps_names)


def _export(
    pictures: Sequence[AnnotatedPicture],
    classes: Sequence[str],
    messages: list[Sentence],
    stem: str,
    action: Export,
    progress: Progress,
    split: Split | None = None,
    keeps_names: bool = False,
) -> MadeFile:
    """Make the file of an export.

    Args:
        keeps_names: put a single file into an archive too, as its name tells the picture.
    """
    files = exports.export(action.format, pictures, action.detail, classes, messages, progress, split=split)
    if not files:
        raise ActionError("There is no object to export.")
    messages += exports.export_warnings(action.format, pictures)
    if len(files) == 1 and not keeps_names:
        ((name, content),) = files.items()
        return MadeFile(content, stem, f"_{action.format}{Path(name).suffix}", messages)
    messages += _changed_names(files)
    return MadeFile(zipped(files), stem, f"_{action.format}.zip", messages)


def _changed_names(files: Iterable[str]) -> list[Sentence]:
    """A message about names that an archive holds in another form."""
    names = [(shown_name(name), portable) for name, portable in portable_names(files).items()]
    changed = [(name, portable) for name, portable in names if name != portable]
    if not changed:
        return []
    name, portable = changed[0]
    return [
        Sentence(
            "Windows cannot unpack some names, such as {name}; in the zip it is {portable}.",
            name=name,
            portable=portable,
        )
    ]
