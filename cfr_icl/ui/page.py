"""One open page of the browser: its session, its place in the folder, its files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cfr_icl.annotate import exports, store
from cfr_icl.annotate.document import ActionError, Document
from cfr_icl.annotate.exports.picture import AnnotatedPicture
from cfr_icl.annotate.exports.png import cutout_png, mask_png
from cfr_icl.annotate.imports import MaskFileError, read_objects
from cfr_icl.annotate.inspect import inside
from cfr_icl.annotate.pictures import VIEW, PictureError, Remarks, browser_copy, open_picture
from cfr_icl.annotate.polygons import polygons
from cfr_icl.annotate.session import Session
from cfr_icl.annotate.store import StoreError
from cfr_icl.cfr import CascadeForward
from cfr_icl.sentences import Sentence
from cfr_icl.ui import protocol as do
from cfr_icl.ui.apply import apply
from cfr_icl.ui.files import PageFiles, served
from cfr_icl.ui.messages import translated
from cfr_icl.ui.session_reply import describe, restored

if TYPE_CHECKING:
    from cfr_icl.ui.server import Server

log = logging.getLogger(__name__)

REFUSALS = (ActionError, PictureError, StoreError, MaskFileError)
"""What an action raises when it cannot be done; the message is for the person."""

TURN = 1.0
"""Seconds after which a page with many waiting actions is replied; the browser sends the rest again."""

MOVED = Sentence("The work of this page goes on in another tab.")
WRONG = Sentence("Something went wrong inside the tool; the last action was not applied.")
OTHER_PICTURE = Sentence("The action belonged to another picture and was not applied.")


class Page:
    """Applies a browser's actions in order and each once, and tells what changed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.settings = server.settings
        self.token = ""
        self.last_used = 0.0
        self.turn = asyncio.Lock()
        """Held while a parcel is answered."""
        self.closed = self.resting = False
        self.files = PageFiles(server.uploads)
        self.session = Session(server.predictor(), CascadeForward(steps=self.settings.steps))
        self.applied = 0
        self.picture: dict[str, Any] | None = None
        self.index: int | None = None
        self.model = next(iter(self.settings.menu), None)
        self._saved: Document | None = None
        self._shown: Document | None = None
        """What the last reply made the page show, if it arrived."""
        self._folder_shown: dict[str, tuple[str, ...]] = {}
        self._replies = 0
        self._revision = 0
        self._once: dict[str, Any] = {}
        """Parts of the next reply alone."""
        self._messages: list[Sentence] = []
        """For the person; they wait for the next reply."""

    @property
    def shown(self) -> str | None:
        """Token of the picture that is open."""
        return self.picture and self.picture["token"]

    @property
    def pixels(self) -> int:
        """Pixels of the picture that is held."""
        return 0 if self.session.picture is None else self.session.picture.size // 3

    def answer(self, data: Any, known: do.Known) -> dict[str, Any]:
        """Apply a parcel of actions, whatever it is, and reply; refusals become messages.

        After TURN seconds the actions that are left wait for the next parcel.
        """
        self.resting = False
        if known.page not in (None, self.token):
            return {"page": self.token, "moved": True, "messages": [translated(MOVED, known.language)]}
        actions = data.get("actions") if isinstance(data, Mapping) else None
        end = time.monotonic() + TURN
        for number, action in enumerate(actions if isinstance(actions, list) else ()):
            if number and time.monotonic() >= end:
                break
            try:
                self.apply(action)
            except REFUSALS as refusal:
                self._tell(refusal.args[0])
            except Exception:
                log.exception("An action failed: %.200r", action)
                self._tell(WRONG)
        return self.reply(known)

    def apply(self, data: Any) -> None:
        """Apply one action unless it was applied before, and save; raises one of REFUSALS."""
        number = do.read_number(data)
        if number <= self.applied:
            return
        self.applied = number
        action = do.read_action(data)
        if action.needs_picture and "picture" in action.model_fields_set and action.picture != self.shown:
            raise ActionError(OTHER_PICTURE)
        match action:
            case do.SessionAction():
                apply(self.session, action)
            case do.Hello():
                self._hello()
            case do.Open(path=path, name=name):
                self._open_upload(path, name)
            case do.Import(path=path):
                self._import_upload(path)
            case do.Example(index=index):
                self._open_example(index)
            case do.Goto():
                self._goto(action)
            case do.Restore():
                self._restore(action)
            case do.Download(what=what):
                self._download(what)
            case do.Export():
                self._export(action)
            case do.Polygons(detail=detail):
                self._preview_polygons(detail)
            case do.Inspect():
                self._once["inside"] = inside(self.session)
            case do.Model(name=name):
                self._switch_model(name)
        self._save()
        while self.session.notices:
            self._tell(self.session.notices.pop(0))

    def reply(self, known: do.Known) -> dict[str, Any]:
        """What the browser does not have yet, as `protocol.Reply`."""
        same_picture = self.picture is not None and known.picture == self.picture["token"]
        same_page = known.page == self.token and known.reply == self._replies
        heard = same_picture and known.reply == self._replies
        self._replies += 1
        reply = {
            "page": self.token,
            "reply": self._replies,
            "applied": self.applied,
            "session": {
                "picture": self.shown,
                **describe(self.session, self._shown if heard else None, restorable=self.index is None),
            },
        }
        self._shown = self.session.document
        if self.picture and not same_picture:
            reply["picture"] = self.picture
        if self.model is not None:
            reply["model"] = self.model
        reply.update(self._once)
        self._once = {}
        if self.settings.folder:
            reply["folder"] = self._folder_state(same_page)
        if self._messages:
            reply["messages"] = [translated(message, known.language) for message in self._messages]
            self._messages = []
        return reply

    def _folder_state(self, heard: bool) -> dict[str, Any]:
        """The folder as `protocol.FolderState`, after a page that showed the last reply only what changed."""
        folder = self.settings.folder
        state: dict[str, Any] = {"index": self.index}
        lists = {"names": tuple(folder.names), "states": tuple(folder.states[name] for name in folder.names)}
        for name, now in lists.items():
            if not heard or self._folder_shown.get(name) != now:
                state[name] = now
        self._folder_shown = lists
        return state

    def start_anew(self) -> None:
        """Go on in a tab that was loaded anew and counts its actions from 1."""
        self.applied = 0
        self.tell_resumed(True)

    def tell_resumed(self, resumed: bool, forgotten: str | None = None) -> None:
        """Tell a tab that was loaded anew whether its work goes on; else why not, as `Reply.forgotten`."""
        self._once["resumed"] = resumed
        if forgotten:
            self._once["forgotten"] = forgotten

    def rest(self) -> None:
        """Give back what can be computed anew, while nobody uses the page."""
        self.resting = True
        if self.session.picture is not None:
            self.session.segmenter.set_image(self.session.picture)

    def close(self) -> None:
        """Remove the page's files."""
        self.closed = True
        self.files.remove()

    def _tell(self, message: str) -> None:
        if message not in self._messages:
            self._messages.append(message)

    def _switch_model(self, name: str) -> None:
        predictor = self.server.predictor(name)
        predictor.load()
        self.session.use(predictor)
        self.model = name

    # ---- pictures

    def _hello(self) -> None:
        folder = self.settings.folder
        if folder and self.index is None:
            name = folder.names[folder.first_open()]
            while True:  # pictures that cannot be opened are told and passed over
                try:
                    self._go(folder.names.index(name))
                    return
                except (PictureError, StoreError) as refusal:
                    self._tell(refusal.args[0])
                following = folder.next(name)
                if following is None:
                    return
                name = following

    def _open_upload(self, path: str, name: str) -> None:
        file = self.files.uploaded(path)
        if self.settings.folder:
            raise ActionError("This page works through a folder; add pictures to the folder instead.")
        self._show(file, name)

    def _import_upload(self, path: str) -> None:
        file = self.files.uploaded(path)
        session = self.session
        content = file.read_bytes()[:200] if file.suffix.lower() == ".json" else b""
        if b'"cfr_icl_session"' in content:
            session.restore(store.load(file, session.size))
        else:
            session.add_masks(read_objects(file, session.name, session.size))

    def _open_example(self, index: int) -> None:
        file = self._example(index)
        self._show(self.files.copied(file), file.name)

    def _example(self, index: int) -> Path:
        examples = self.settings.examples
        if self.settings.folder or index not in range(len(examples)):
            raise ActionError("There is no such example.")
        return examples[index]

    def _restore(self, action: do.Restore) -> None:
        if self.picture is not None or self.settings.folder:
            raise ActionError("This page has its work already.")
        if action.example is not None:
            path = self.files.copied(self._example(action.example))
        else:
            path = self.files.uploaded(action.path or "")
        opened = open_picture(path, self.settings.max_megapixels)
        document = None if action.session is None else restored(action.session, opened.pixels.shape[:2])
        self._start(opened.pixels, opened.remarks, path, action.name, document)

    def _show(self, path: Path, name: str) -> None:
        opened = open_picture(path, self.settings.max_megapixels)
        self._start(opened.pixels, opened.remarks, path, name)

    def _start(
        self,
        picture: np.ndarray,
        remarks: Remarks,
        path: Path,
        name: str,
        document: Document | None = None,
        key: Hashable | None = None,
    ) -> None:
        folder = self.files.new_folder()
        view = document.view if document else VIEW
        shown = browser_copy(path, picture, folder, view)
        self.session.open(picture, name, document, key)
        height, width = picture.shape[:2]
        self.picture = {
            "token": folder.name,
            "file": served(shown, name),
            "name": name,
            "width": width,
            "height": height,
            **asdict(remarks),
        }

    # ---- the folder

    def _goto(self, action: do.Goto) -> None:
        self._save()  # what could not be saved is not left behind
        names = self.settings.folder.names if self.settings.folder else []
        index = names.index(action.name) if action.name in names else action.index
        if index not in range(len(names)):
            raise ActionError("There is no such picture in the folder.")
        self._go(index)

    def _go(self, index: int) -> None:
        """Open a picture of the folder; raises PictureError or StoreError with its name."""
        folder = self.settings.folder
        name = folder.names[index]
        opened = folder.open(name)
        document = opened.document
        if document is None and self.index is None:
            document = folder.latest()
        self._start(
            opened.picture, opened.remarks, self.files.copied(opened.path), name, document, opened.key
        )
        for message in opened.sentences:
            self._tell(message)
        self.index = index
        self._saved = self.session.document
        self._revision = opened.revision
        following = folder.next(name)
        if following:
            folder.read_ahead(following)

    def _save(self) -> None:
        document = self.session.document
        if self.index is not None and document is not self._saved:
            folder = self.settings.folder
            name = folder.names[self.index]
            before, self._saved = self._saved, document
            try:
                self._revision = folder.save(name, document, self.session.size, self._revision)
            except OSError as error:
                self._saved = before
                raise StoreError(
                    f"The work on {name} cannot be saved ({error.strerror}); it goes on here, every action "
                    "tries again, and the session can be exported."
                ) from error

    # ---- files going out

    def _download(self, what: str) -> None:
        session = self.session
        size = session.size
        if what == "mask":
            self._serve(mask_png(session.mask), "_mask.png")
        elif what == "cutout":
            self._serve(cutout_png(session.picture, session.mask), "_cutout.png")
        elif what == "session":
            saved = store.to_json(session.document, session.name, size)
            self._serve(store.encode(saved), ".session.json")
        else:
            raise ActionError("There is no download {what!r}.", what=what)

    def _export(self, action: do.Export) -> None:
        session, folder, format = self.session, self.settings.folder, action.format
        if action.whole_folder and folder:
            work = folder.saved_work()
            pictures, left_out = work.pictures, list(work.left_out)
            classes = folder.number_classes(pictures)
        else:
            picture = session.picture
            pictures = [AnnotatedPicture(session.name, session.size, session.document, lambda: picture)]
            left_out = []
            classes = session.number_classes(pictures)
        if format not in (*exports.FORMATS, exports.EVERYTHING):
            raise ActionError("There is no format {format!r}.", format=format)
        files = exports.export(format, pictures, action.detail, classes, left_out)
        if not files:
            raise ActionError("There is no object to export.")
        for message in (*left_out, *exports.export_warnings(format, pictures)):
            self._tell(message)
        if len(files) == 1:
            ((name, content),) = files.items()
            self._serve(content, f"_{format}{Path(name).suffix}")
        else:
            self._serve(exports.zipped(files), f"_{format}.zip")

    def _preview_polygons(self, detail: float) -> None:
        self._once["polygons"] = [
            [round(value, 1) for value in ring.reshape(-1).tolist()]
            for instance in self.session.document.instances
            if instance.visible
            for ring in polygons(instance.mask.pixels, detail)
        ]

    def _serve(self, content: bytes, ending: str) -> None:
        self._once["download"] = self.files.download(content, self.session.name, ending)
