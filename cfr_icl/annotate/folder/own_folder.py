"""A folder made of the pictures that a page was sent, within bounds; names and contents are untrusted."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from cfr_icl.annotate.folder.belongings import Belongings
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.objects.document import Label
from cfr_icl.annotate.pictures.listing import NAMED, NO_FOLDERS, first_names, shown_name
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.session_files import SESSION_SUFFIX
from cfr_icl.pictures.decoding import MAX_MEGAPIXELS, PictureError, picture_size, remarks
from cfr_icl.pictures.image_files import is_picture_name
from cfr_icl.sentences import Refusal, Sentence, sentence_of

MOST_PICTURES = 1000
"""Pictures of one folder at most."""

MOST_BYTES = 2_000_000_000
"""Bytes of the pictures of one folder, and of the saved work that came with them, at most."""

SPARE_BYTES = 1_000_000_000
"""Bytes of the disk that stay free."""

DEEPEST = 8
"""Folders in one another at most; of a deeper path the last ones are kept."""

LONGEST_PART = 200
"""Bytes of the name of a file or a folder; longer ones are cut."""


class OwnFolder:
    """Takes uploaded files into a folder of its own; a few messages name the files that were left out.

    Args:
        root: an empty folder, which is removed by its owner.
        max_megapixels: largest picture that is taken.
        labels: the list of classes that the folder begins with.
    """

    def __init__(
        self, root: Path, max_megapixels: float = MAX_MEGAPIXELS, labels: Sequence[Label] = ()
    ) -> None:
        self._images, self._work, self._later = root / "pictures", root / "work", root / "later"
        self._images.mkdir(parents=True)
        self._max_megapixels, self._labels = max_megapixels, labels
        self.folder: Folder | None = None
        """None before the first picture."""
        self.bytes = 0
        """Bytes of the pictures, and of the saved work that came with them."""
        self._waiting: list[tuple[Path, str]] = []
        """Saved work whose picture may still come, each with its name."""
        self._named: dict[str, str] = {}
        """Names in the folder of files that came in together, by their own names."""
        self._count = self._repeated = self._restored = 0
        self._renamed: list[str] = []
        self._refused: list[Sentence] = []
        self._too_many: list[str] = []
        self._disk_full = False

    def add(self, files: Iterable[tuple[Path, str]], more: bool = False) -> dict[Path, str]:
        """Move files into the folder: pictures, and session files of pictures that are there.

        Saved work goes to the picture that comes with it, also where that gets another name.

        Args:
            files: each file, once, with its path below a person's folder, untrusted.
            more: whether others of the same folder follow; saved work without a picture waits for them.

        Returns:
            The names in the folder of the pictures among them, by file; those left out are missing.
        """
        named: dict[Path, str] = {}
        works = [] if more else self._take_waiting()
        for file, path in files:
            is_work = path.lower().endswith(SESSION_SUFFIX)
            name = safe_path(path[: -len(SESSION_SUFFIX)] if is_work else path)
            if name and is_work:
                works.append((file, name))
            elif name:
                picture_name = self._add_picture(file, name)
                self._named[name] = picture_name or ""
                if picture_name:
                    named[file] = picture_name
        if self.folder:
            self.folder.refresh(now=True)
        elif self._count:
            self.folder = Folder(self._images, self._work, self._max_megapixels)
            self.folder.work.classes.set(self._labels)
        belongings = Belongings(self.folder, self._named) if self.folder and works else None
        for file, name in works:
            self._add_work(file, name, belongings, more)
        if not more:
            self._named = {}
            shutil.rmtree(self._later, ignore_errors=True)
        return named

    def take_messages(self, restored: bool = False) -> list[Sentence]:
        """Messages for the user about the files since the last call.

        Args:
            restored: the files were in such a folder before; only what is lost or has changed is told.
        """
        sentences = self._refused[:NAMED]
        if len(self._refused) > NAMED:
            more = len(self._refused) - NAMED
            sentences.append(Sentence("Other files that cannot be taken in: {number}.", number=more))
        if self._repeated and not restored:
            sentences.append(
                Sentence("Files that are here already were left out: {number}.", number=self._repeated)
            )
        if self._renamed:
            sentences.append(
                Sentence(
                    "Files of one name with different contents got a number: {names}.",
                    names=first_names(self._renamed),
                )
            )
        if self._too_many:
            sentences.append(
                Sentence(
                    "A page holds {count} pictures and {megabytes} MB at most; left out: {names}.",
                    count=MOST_PICTURES,
                    megabytes=MOST_BYTES // 1_000_000,
                    names=first_names(self._too_many),
                )
            )
        if self._disk_full:
            sentences.append(Sentence("The server's disk is full; some pictures were left out."))
        if self._restored and not restored:
            sentences.append(
                Sentence("Saved work was taken in for pictures: {number}.", number=self._restored)
            )
        self._repeated = self._restored = 0
        self._disk_full = False
        self._refused, self._renamed, self._too_many = [], [], []
        return sentences

    def _add_picture(self, file: Path, name: str) -> str | None:
        """Take in a picture; its name in the folder, None where it is left out."""
        size = file.stat().st_size
        try:
            self._check(file, name)
        except PictureError as error:
            self._refused.append(Sentence("{name}: {error}", name=name, error=error))
            return None
        target, is_copy = self._target(file, name)
        picture_name = target.relative_to(self._images).as_posix()
        if is_copy:
            self._repeated += 1
            return picture_name
        if self._count >= MOST_PICTURES:
            self._too_many.append(name)
        elif self._has_room(size, name):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
            self._count += 1
            self.bytes += size
            if picture_name != name:
                self._renamed.append(picture_name)
            return picture_name
        return None

    def _has_room(self, size: int, name: str) -> bool:
        """Whether a file of this many bytes can be kept; if not, that is to be told."""
        if self.bytes + size > MOST_BYTES:
            self._too_many.append(name)
        elif shutil.disk_usage(self._images).free - size < SPARE_BYTES:
            self._disk_full = True
        else:
            return True
        return False

    def _check(self, file: Path, name: str) -> None:
        """Raise PictureError for a file that cannot be opened, judged by its beginning."""
        if not file.stat().st_size:
            raise PictureError("The file is empty.")
        if not is_picture_name(name):
            raise PictureError("This is no picture that can be read.")
        remarks(file, self._max_megapixels)

    def _target(self, file: Path, name: str) -> tuple[Path, bool]:
        """A path for a file, and whether the same file is there already."""
        target = self._images / name
        for parent in target.parents:  # a picture may have the name of somebody's folder
            if parent.is_file():
                target = self._images / f"{name.replace('/', '_')}"
        stem, ending = os.path.splitext(target)
        number = 1
        while target.exists():
            if target.is_file() and filecmp.cmp(file, target, shallow=False):
                return target, True
            number += 1
            numbered = f"~{number}{ending}"
            target = Path(stem + numbered)
            target = target.with_name(_cut(target.name, numbered))
        return target, False

    def _take_waiting(self) -> list[tuple[Path, str]]:
        waiting, self._waiting = self._waiting, []
        self.bytes -= sum(file.stat().st_size for file, _ in waiting)
        return waiting

    def _wait(self, file: Path, work_name: str) -> bool:
        """Keep saved work until its picture may be there; whether there is room for it."""
        size = file.stat().st_size
        if len(self._waiting) >= MOST_PICTURES or self.bytes + size > MOST_BYTES:
            return False
        self._later.mkdir(exist_ok=True)
        waiting_file = self._later / str(len(self._waiting))
        shutil.move(file, waiting_file)
        self.bytes += size
        self._waiting.append((waiting_file, work_name))
        return True

    def _place_of(self, file: Path, work_name: str, belongings: Belongings | None) -> tuple[Folder, str]:
        """The folder and the name of the picture of saved work; raises StoreError where there is none."""
        name = belongings.picture(work_name, store.read_json(file)) if belongings else None
        if self.folder is None or name is None:
            raise store.StoreError("There is no picture of this name.")
        return self.folder, name

    def _add_work(self, file: Path, work_name: str, belongings: Belongings | None, more: bool) -> None:
        """Take in saved work of a picture that has none yet, if it is valid and belongs to the picture."""
        try:
            try:
                folder, name = self._place_of(file, work_name, belongings)
            except store.StoreError:
                if more and self._wait(file, work_name):
                    return
                raise
            if name in folder.pictures.labels_of:
                self._repeated += 1
                return
            if not self._has_room(file.stat().st_size, work_name + SESSION_SUFFIX):
                return
            size, document, visits = store.load_work(file)
            current_size = picture_size(folder.files.path(name), document.view)
            if size != current_size:
                document = store.load(file, current_size)  # raises the reason
            folder.save(name, document, size, folder.work.revisions[name], visits)
            self.bytes += folder.work.sessions.path(name).stat().st_size
            self._restored += 1
        except (Refusal, OSError) as error:
            file_name = work_name + SESSION_SUFFIX
            self._refused.append(Sentence("{name}: {error}", name=file_name, error=sentence_of(error)))


def safe_path(text: str) -> str:
    """A path below a folder, with slashes, as valid text; "" for files of operating systems.

    Args:
        text: a path as a browser tells it, untrusted.
    """
    text = "".join(letter for letter in shown_name(text).replace("\\", "/") if letter.isprintable())
    if os.name == "nt":
        text = "".join("_" if letter in '<>:"|?*' else letter for letter in text)
    parts = [part.strip() for part in text.split("/")]
    parts = [part for part in parts if part.strip(".")]
    if not parts or any(part.startswith(".") or part in NO_FOLDERS for part in parts):
        return ""
    return "/".join(_cut(part, os.path.splitext(part)[1][-20:]) for part in parts[-DEEPEST:])


def _cut(part: str, ending: str) -> str:
    """A name that ends so, shortened before its ending to LONGEST_PART bytes."""
    if len(part.encode()) <= LONGEST_PART:
        return part
    stem = part[: -len(ending)] if ending else part
    return stem.encode()[: LONGEST_PART - len(ending.encode())].decode("utf-8", "ignore") + ending
