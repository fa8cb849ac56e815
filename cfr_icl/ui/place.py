"""A page's place in the folder that is worked through: which picture, what is saved, what is told."""

from __future__ import annotations

from typing import Any

from cfr_icl.annotate.document import ActionError, Document
from cfr_icl.annotate.folder import Folder, Opened
from cfr_icl.annotate.session import Session
from cfr_icl.annotate.store import StoreError


class FolderPlace:
    """Saves a session's work on a picture of the folder after each action."""

    def __init__(self, folder: Folder, session: Session) -> None:
        self.folder = folder
        self.session = session
        self.name: str | None = None
        """The picture that is open; None before the first."""
        self._saved: Document | None = None
        self._revision = 0
        self._told: dict[str, tuple[str, ...]] = {}

    @property
    def index(self) -> int | None:
        """Place of the picture in the list, from 0."""
        return self.folder.names.index(self.name) if self.name in self.folder.names else None

    def find(self, name: str) -> str:
        """The name, if the folder has a picture of it; raises ActionError."""
        if name not in self.folder.states:
            raise ActionError("There is no such picture in the folder.")
        return name

    def arrive(self, opened: Opened) -> None:
        """Be at a picture that the session has opened."""
        self.name = opened.name
        self._saved = self.session.document
        self._revision = opened.revision
        following = self.folder.next(opened.name)
        if following:
            self.folder.read_ahead(following)

    def save(self) -> None:
        """Save the session's document if it is not; raises StoreError when that fails, to be tried again."""
        document = self.session.document
        if self.name is None or document is self._saved:
            return
        before, self._saved = self._saved, document
        try:
            self._revision = self.folder.save(self.name, document, self.session.size, self._revision)
        except OSError as error:
            self._saved = before
            raise StoreError(
                "The work on {name} cannot be saved ({reason}); it goes on here, every action "
                "tries again, and the session can be exported.",
                name=self.name,
                reason=error.strerror,
            ) from error

    def state(self, heard: bool) -> dict[str, Any]:
        """The place as `protocol.FolderState`.

        Args:
            heard: whether the page shows what was told last, so that only changes are told.
        """
        states = self.folder.states
        names = tuple(self.folder.names)
        lists = {"names": names, "states": tuple(states[name] for name in names)}
        told, self._told = self._told if heard else {}, lists
        changed = {key: now for key, now in lists.items() if told.get(key) != now}
        return {"index": self.index, **changed}
