"""A page's place in a folder of pictures: the picture that is open there, its lease, and saving its work."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from cfr_icl.annotate.folder.folder import Folder, Opened
from cfr_icl.annotate.objects.document import ActionError, Document
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.session.session import Session
from cfr_icl.annotate.whole_folder.taking_back import FolderChange
from cfr_icl.ui.visit_log import VisitLog

CHANGED_ELSEWHERE = (
    "{name} was changed elsewhere since it was opened here. That work is shown now; the last action was not "
    "applied."
)


class FolderPlace:
    """Saves a session's work on a picture of the folder after each action.

    Args:
        clock: gives the time in seconds, for the time at work.

    Attributes:
        own: whether the folder is the page's own, made of files that it was sent.
        name: the picture that is open; None before the first.
        log: the visits of this picture.
        holder: names the browser's tab, as in `Leases.take`.
        last_change: the last change of the whole folder, until it is taken back.
    """

    def __init__(
        self,
        folder: Folder,
        session: Session,
        clock: Callable[[], float] = time.monotonic,
        own: bool = False,
    ) -> None:
        self.folder = folder
        self.session = session
        self.own = own
        self.name: str | None = None
        self.log = VisitLog(clock)
        self.holder = secrets.token_hex(8)
        self.last_change: FolderChange | None = None
        self._saved: Document | None = None
        self._revision = 0
        self._shown_by = 0
        """Number of the reply that shows the newest work that was taken over; 0 for none."""

    @property
    def index(self) -> int | None:
        """Index of the picture in the list, from 0."""
        names = self.folder.pictures.names
        return names.index(self.name) if self.name in names else None

    @property
    def outdated(self) -> bool:
        """Whether the work on the current picture was saved elsewhere since it was opened."""
        return self.name is not None and self.folder.work.revision(self.name) != self._revision

    def find(self, name: str) -> str:
        """The name, if the folder has a picture of it; raises ActionError."""
        if name not in self.folder.pictures.states:
            raise ActionError("There is no such picture in the folder.")
        return name

    def introduce(self, who: str, tab: str) -> None:
        """Set the name of the person who works here, and of their browser's tab; both may be empty."""
        renamed, self.log.who = who != self.log.who, who
        self.holder = tab or self.holder
        if renamed and self.log.has_changes:
            self.log.sign()
            if self.session.document is not self._saved:
                return  # the next action saves the name with the work, and tells where it cannot
            with suppress(StoreError):  # somebody else has the picture by now, or the next action tells
                self.take()
                self.save(anew=True)

    @property
    def taken(self) -> dict[str, str]:
        """Names of others, by the pictures that they work on."""
        return {} if self.own else self.folder.work.leases.others(self.holder)

    def take(self) -> None:
        """Take the picture for as long as it is worked on; raises StoreError when somebody else has it."""
        if self.name is not None and not self.own:
            self.folder.work.leases.take(self.name, self.holder, self.log.who)

    def give_back(self) -> None:
        """Let others work on the picture."""
        self._give_back(self.name)

    def _give_back(self, name: str | None) -> None:
        if name is not None and not self.own:
            self.folder.work.leases.give_back(name, self.holder)

    def arrive(self, opened: Opened) -> None:
        """Set the current picture, which the session has opened, and give the one before back."""
        # First all that belongs together: work is saved under the name.
        before, self.name = self.name, opened.name
        self._saved = self.session.document
        self._revision, self._shown_by = opened.revision, 0
        self.log.open(opened.visits, self.session.document)
        if before != opened.name:
            self._give_back(before)
        self.read_ahead()

    def catch_up(self, shown_by: int) -> bool:
        """Take the work over that was saved elsewhere on the current picture; return whether there was some.

        Changes that could not be saved here stay, and so does work on another view of the picture.

        Args:
            shown_by: number of the reply that shows the work.
        """
        if self.name is None or not self.outdated or self._is_worked_on:
            return False
        try:
            work = self.folder.work.load(self.name)
        except (StoreError, OSError):  # the next action that is saved tells of the conflict
            return False
        if work.size != self.session.size or work.document.view != self.session.document.view:
            return False
        self.session.reopen(replace(work.document, active=None))  # theirs is no selection made here
        self._saved, self._revision, self._shown_by = self.session.document, work.revision, shown_by
        self.log.open(work.visits, self.session.document)
        return True

    def check_seen(self, reply: int) -> None:
        """Raise StoreError unless reply number `reply` shows the newest work that was taken over."""
        if reply < self._shown_by:
            raise StoreError(CHANGED_ELSEWHERE, name=self.name)

    @property
    def _is_worked_on(self) -> bool:
        """Whether there is more to save than another selection."""
        document, saved = self.session.document, self._saved
        if saved is None or document.instances is not saved.instances:
            return document is not saved
        return replace(document, active=saved.active) != saved

    def read_ahead(self) -> None:
        """Decode the next picture that is to be done, or else the next, and name it to the predictor."""
        name = self.name
        if name is None:
            return
        following = self.folder.pictures.next_to_do(name) or self.folder.pictures.next(name)
        if following is None:
            return

        def expect(pixels: np.ndarray) -> None:
            if self.name == name:
                self.session.predictor.expect(pixels)

        self.folder.read_ahead(following, expect)

    def save(self, anew: bool = False, selection: bool = True) -> None:
        """Save the session's document if it changed; raises StoreError on failure; the next call retries.

        Args:
            anew: save it also unchanged.
            selection: another selection counts as a change.
        """
        document = self.session.document
        self.log.count_time()
        changed = document is not self._saved if selection else self._is_worked_on
        if self.name is None or not (changed or anew):
            return
        self.log.note_change(self._saved, document)
        before, self._saved = self._saved, document
        try:
            self._revision = self.folder.save(
                self.name, document, self.session.size, self._revision, self.log.visits
            )
        except OSError as error:
            self._saved = before
            raise StoreError(
                "The work on {name} cannot be saved ({reason}); it goes on here, every action "
                "tries again, and the session can be exported.",
                name=self.name,
                reason=error.strerror,
            ) from error
