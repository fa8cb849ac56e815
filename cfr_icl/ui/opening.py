"""All ways to open a picture on a page."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cfr_icl.annotate.objects.document import SENT_BACK, ActionError, Document
from cfr_icl.annotate.pictures.browser_copy import browser_copy
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.session.session import Session
from cfr_icl.pictures.decoding import VIEW, OpenedPicture, PictureError, View, open_picture
from cfr_icl.sentences import Sentence, named, sentence_of
from cfr_icl.ui.files import PageFiles, served
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import page_actions as do
from cfr_icl.ui.session_reply import restored, view_of
from cfr_icl.ui.settings import Settings

ADD_TO_FOLDER = Sentence("This page works through a folder; add pictures to the folder instead.")


class Opening:
    """Opens uploads, examples and pictures of the folder in a session.

    Its methods raise ActionError, PictureError or StoreError; then the picture before stays open.

    Args:
        place: the page's position in its folder; None without one. A page's own folder sets it later.
    """

    def __init__(
        self,
        settings: Settings,
        session: Session,
        files: PageFiles,
        place: FolderPlace | None,
        outbox: Outbox,
    ) -> None:
        self._settings, self._session, self._files = settings, session, files
        self.place, self._outbox = place, outbox
        self.picture: dict[str, Any] | None = None
        """The open picture as `replies.Picture`; None before the first."""
        self._key: Hashable | None = None
        self.source: Path | None = None
        """File of the open picture, a copy of the page's own."""

    def hello(self) -> None:
        """Open the first picture of the folder that is not done, if none is open."""
        if self.place and self.place.name is None:
            self.place.folder.refresh()
            names = self.place.folder.pictures.names
            self._open_from(names[self.place.folder.pictures.first_open(self.place.taken)], step=1)

    def open_upload(self, path: str, name: str) -> None:
        """Open an uploaded picture under a name."""
        if self.place:
            raise ActionError(ADD_TO_FOLDER)
        (file,) = self._files.uploaded(path)
        with named(name):
            self._show(file, name)

    def open_example(self, index: int) -> None:
        """Open an example, numbered from 0."""
        file = self._example(index)
        self._show(self._files.copied(file), file.name)

    def restore(self, action: do.Restore) -> None:
        """Open a picture with the work that a browser sends back."""
        if self.picture is not None or self.place:
            raise ActionError("This page has its work already.")
        if action.example is not None:
            path = self._files.copied(self._example(action.example))
        else:
            (path,) = self._files.uploaded(action.path or "")
        session = action.session
        view = VIEW if session is None else view_of(session)
        opened = open_picture(path, self._settings.max_megapixels, view)
        document = None if session is None else restored(session, opened.pixels.shape[:2])
        self._start(opened, path, action.name, document)

    def change_view(self, action: do.View) -> None:
        """Show another page of the picture's file, or other percentiles, and keep the work."""
        if self.source is None or self.picture is None:
            raise ActionError("Open a picture first.")
        document, remarks = self._session.document, self.picture
        page = remarks["page"] if action.page is None else action.page
        if page != remarks["page"] and document.instances:
            raise ActionError("The objects belong to this page; delete them first, to go to another one.")
        try:
            view = View(
                page=page,
                low=remarks["low"] if action.low is None else action.low,
                high=remarks["high"] if action.high is None else action.high,
            )
        except ValueError as error:
            raise ActionError(sentence_of(error)) from error
        opened = open_picture(self.source, self._settings.max_megapixels, view)
        self._start(opened, self.source, self._session.name, replace(document, view=view), self._key)

    def goto(self, action: do.Goto) -> None:
        """Save the work and open a picture of the folder."""
        if self.place is None:
            raise ActionError("There is no such picture in the folder.")
        self.place.save()  # what could not be saved is not left behind
        folder = self.place.folder
        name = action.name
        if name is None and action.index is not None and 0 <= action.index < len(folder.pictures.names):
            name = folder.pictures.names[action.index]
        folder.refresh()
        self._open_from(self.place.find(name or ""), action.step, action.to_do)

    def open_of_folder(self, name: str) -> None:
        """Save the work and open a picture of the folder by its name."""
        self.place.save()
        self._open_from(name)

    def _open_from(self, name: str, step: int | None = None, to_do: bool = False) -> None:
        """Open a picture of the folder; with a step those that cannot be opened are told and passed over.

        With `to_do` done ones are passed over too, and the list goes around.
        """
        folder = self.place.folder
        while True:
            try:
                opened = folder.open(name)
                break
            except (PictureError, StoreError) as refusal:
                following = None
                if step:
                    following = (
                        folder.pictures.next_to_do(name, step) if to_do else folder.pictures.next(name, step)
                    )
                if following is None:
                    raise
                self._outbox.tell(refusal)
                name = following
        document = opened.document
        if document is None and self.place.name is None:
            document = folder.work.latest()
        pixels = OpenedPicture(opened.picture, opened.remarks)
        self._start(pixels, self._files.copied(opened.path), name, document, opened.key)
        self.place.arrive(opened)
        self._tell_state(name)
        for message in opened.sentences:
            self._outbox.tell(message)

    def _tell_state(self, name: str) -> None:
        """Say who has the picture, and why it was sent back."""
        if (who := self.place.taken.get(name)) is not None:
            if who:
                message = Sentence("{who} is working on {name}; it can be looked at.", who=who, name=name)
            else:
                message = Sentence("Somebody is working on {name}; it can be looked at.", name=name)
            self._outbox.tell(message)
        self._tell_review(name)

    def catch_up(self, shown_by: int) -> None:
        """Show work that was saved elsewhere on the picture of the folder, in reply number `shown_by`."""
        if self.place is not None and self.place.catch_up(shown_by):
            self._tell_review(self._session.name)

    def _tell_review(self, name: str) -> None:
        """Say why the open picture was sent back."""
        document = self._session.document
        if document.review == SENT_BACK:
            visits = reversed(self.place.log.visits)
            sender = next((visit.who for visit in visits if visit.outcome == SENT_BACK), "")
            values = {"name": name, "note": document.note or "–"}
            if sender:
                message = Sentence("{who} sent {name} back, with the note “{note}”.", who=sender, **values)
            else:
                message = Sentence("{name} was sent back, with the note “{note}”.", **values)
            self._outbox.tell(message)

    def _example(self, index: int) -> Path:
        examples = self._settings.examples
        if self.place or index not in range(len(examples)):
            raise ActionError("There is no such example.")
        return examples[index]

    def _show(self, path: Path, name: str) -> None:
        self._start(open_picture(path, self._settings.max_megapixels), path, name)

    def _start(
        self,
        opened: OpenedPicture,
        path: Path,
        name: str,
        document: Document | None = None,
        key: Hashable | None = None,
    ) -> None:
        """Show a picture and begin or go on with its work; `key` names the file as in `Session.open`."""
        folder = self._files.new_folder()
        shown = browser_copy(path, opened.pixels, folder, document.view if document else VIEW)
        self._key = path if key is None else key
        self._session.open(opened.pixels, name, document, self._key)
        self.source = path
        self._files.hold(path, folder)
        height, width = opened.pixels.shape[:2]
        self.picture = {
            "token": folder.name,
            "file": served(shown, name),
            "name": name,
            "width": width,
            "height": height,
            **asdict(opened.remarks),
        }
