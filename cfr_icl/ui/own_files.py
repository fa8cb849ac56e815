"""The folder of a page's own: files that its browser sends, and the names under which it has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cfr_icl.annotate.folder.own_folder import OwnFolder
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.session.session import Session
from cfr_icl.ui.files import PageFiles
from cfr_icl.ui.opening import ADD_TO_FOLDER, Opening
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import page_actions as do
from cfr_icl.ui.settings import Settings


class OwnFiles:
    """Takes uploads into a folder that the first of them makes, and opens its pictures."""

    def __init__(
        self, settings: Settings, session: Session, files: PageFiles, opening: Opening, outbox: Outbox
    ) -> None:
        self._settings, self._session, self._files = settings, session, files
        self._opening, self._outbox = opening, outbox
        self._folder: OwnFolder | None = None
        self.left = False
        """Whether the person gave the folder back; the page is then to be closed."""

    @property
    def bytes(self) -> int:
        """Bytes of the files in the folder."""
        return self._folder.bytes if self._folder else 0

    def add(self, action: do.AddFiles) -> None:
        """Take files in, and open the first picture that comes in."""
        if self._settings.folder:
            raise ActionError(ADD_TO_FOLDER)
        folder = self._folder = self._folder or OwnFolder(
            self._files.folder, self._settings.max_megapixels, self._session.document.labels
        )
        uploads = self._files_of(action.files)
        names = folder.add(((file, upload.name) for file, upload in uploads.items()), action.more)
        if names:
            self._outbox.extend("added_pictures", [[uploads[file].path, names[file]] for file in names])
        self._files.drop(uploads)
        if folder.folder and self._opening.place is None:
            self._opening.place = FolderPlace(folder.folder, self._session, own=True)
        place = self._opening.place
        try:
            if place and place.name is None:
                self._opening.hello()
            elif action.open and names:
                self._opening.open_of_folder([*names.values()][-1])
            elif place and place.name and place.outdated:  # its saved work was among them
                self._opening.open_of_folder(place.name)
        finally:
            if not action.more:
                for sentence in folder.take_messages(action.back):
                    self._outbox.tell(sentence)

    def leave(self) -> None:
        """Give the folder back, and with it the page."""
        if self._folder is None:
            raise ActionError("This page has no folder of its own.")
        self.left = True

    def rest(self) -> None:
        """Free the memory of a picture that was decoded in advance."""
        if self._folder and self._folder.folder:
            self._folder.folder.files.forget_ahead()

    def _files_of(self, uploads: Sequence[do.SentFile]) -> dict[Path, do.SentFile]:
        """The files of uploads; asks for those that are gone."""
        arrived: dict[Path, do.SentFile] = {}
        missing = []
        for upload in uploads:
            try:
                arrived[self._files.arrived(upload.path)] = upload
            except ActionError:
                missing.append(upload.path)
        if missing:
            self._outbox.extend("missing_uploads", missing)
        return arrived
