"""The list of classes that all pictures of a folder share, kept in a file of the work folder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.document import Label
from cfr_icl.annotate.objects.labels import merged
from cfr_icl.annotate.saved import classes
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.files import file_stamp

log = logging.getLogger(__name__)


class ClassList:
    """Classes in the order of their numbers in exports; new ones are appended, so that numbers stay.

    Args:
        out: the work folder.
        exclusive: makes a context in which no other thread or process changes the work folder.
    """

    def __init__(self, out: Path, exclusive: Callable[[], AbstractContextManager[Any]]) -> None:
        self._file = out / classes.FILE
        self._exclusive = exclusive
        self.shared = False
        """Whether other processes work on the folder too; each of them writes a change at once."""
        self._seen = file_stamp(self._file)
        self.labels: list[Label] = classes.classes_of_folder(out)

    def read(self) -> None:
        """Take the list as other processes left it; a label that is missing in the file was renamed.

        Exports from the command line append classes to it, also where this process works alone.
        """
        stamp = file_stamp(self._file)
        if stamp != self._seen:
            self._seen = stamp
            self.labels = classes.classes_of_folder(self._file.parent) or self.labels

    def change(self, change: Callable[[Sequence[Label]], list[Label]]) -> None:
        """Change the list, of all processes; the order must stay."""
        with self._exclusive():
            self.read()
            self.labels = change(self.labels)
            self._write()

    def set(self, labels: Iterable[Label]) -> None:
        """Set the order of the classes: these labels first, then the other ones.

        In a folder that processes share, they are appended, as the others count by the order so far.
        """
        if self.shared:
            self.change(lambda listed: merged(listed, labels))
        else:
            self.change(lambda listed: merged(labels, listed))

    def number(self, pictures: Sequence[AnnotatedPicture]) -> list[str]:
        """The names of all classes in the order of their numbers, which later exports keep.

        New classes are appended: those of the pictures' lists of labels, then those of their objects.
        """
        with self._exclusive():
            self.read()
            if len(classes.numbered(self.labels, pictures)) > len(self.labels):
                self.change(lambda labels: merged(classes.numbered(labels, pictures)))
            return [label.name for label in classes.numbered(self.labels, pictures)]

    def _write(self) -> None:
        """Write the list, but not over a file that cannot be read: somebody may have mistyped it."""
        try:
            if self._file.is_file():
                classes.read_classes(self._file)
            classes.write_classes(self._file, self.labels)
            self._seen = file_stamp(self._file)
        except StoreError as error:
            log.warning("The order of the classes is not saved: %s", error)
        except OSError as error:
            log.warning("The order of the classes cannot be saved: %s", error.strerror)
