"""One open page of the browser: its session, its place in the folder, its files."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Hashable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfr_icl.annotate import store
from cfr_icl.annotate.document import ActionError, Document
from cfr_icl.annotate.follow import take_over
from cfr_icl.annotate.imports import MaskFileError, load_masks
from cfr_icl.annotate.inspect import inside
from cfr_icl.annotate.pictures import VIEW, OpenedPicture, PictureError, View, browser_copy, open_picture
from cfr_icl.annotate.polygons import polygons
from cfr_icl.annotate.session import Session
from cfr_icl.annotate.store import StoreError
from cfr_icl.cfr import CascadeForward
from cfr_icl.sentences import Sentence
from cfr_icl.ui.apply import apply
from cfr_icl.ui.exporting import MadeFile, export_of, one_file
from cfr_icl.ui.files import PageFiles, served
from cfr_icl.ui.jobs import Job
from cfr_icl.ui.messages import translated
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import Known, read_action, read_number
from cfr_icl.ui.protocol import page_actions as do
from cfr_icl.ui.protocol.action import Action, SessionAction
from cfr_icl.ui.protocol.replies import Learning
from cfr_icl.ui.protocol.session_actions import Click
from cfr_icl.ui.session_reply import describe, offered, restored, view_of
from cfr_icl.workers.pool import WorkersError

if TYPE_CHECKING:
    from cfr_icl.ui.server import Server

log = logging.getLogger(__name__)

REFUSALS = (ActionError, PictureError, StoreError, MaskFileError, WorkersError)
"""Exceptions of actions that cannot be applied; their message is shown to the user."""

TURN = 1.0
"""Seconds after which a reply is sent even if actions are left; the browser sends these again."""

MOVED = Sentence("The work of this page goes on in another tab.")
WRONG = Sentence("Something went wrong inside the tool; the last action was not applied.")
OTHER_PICTURE = Sentence("The action belonged to another picture and was not applied.")


class Page:
    """Applies a browser's actions, in order and each once, and replies with the changes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.settings = server.settings
        self.token = ""
        self.last_used = 0.0
        self.turn = asyncio.Lock()
        """Held while a parcel is applied."""
        self.closed = self.resting = False
        self.files = PageFiles(server.uploads)
        self.session = Session(
            server.predictor(), CascadeForward(steps=self.settings.steps), self.settings.labels
        )
        self.applied = 0
        self.picture: dict[str, Any] | None = None
        folder = self.settings.folder
        self.place = FolderPlace(folder, self.session) if folder else None
        self.model = next(iter(self.settings.menu), None)
        self._key: Hashable | None = None
        self._source: Path | None = None
        """File of the picture, a copy of the page's own."""
        self._shown: Document | None = None
        """The document of the last reply."""
        self._replies = 0
        self._job: Job[MadeFile] | None = None
        self._told_cost: dict[str, Any] | None = None
        self._told_learning: Learning | None = None
        self._once: dict[str, Any] = {}
        """Entries of the next reply only."""
        self._messages: list[Sentence] = []
        """Messages for the user, sent with the next reply."""

    @property
    def shown(self) -> str | None:
        """Token of the picture that is open."""
        return self.picture and self.picture["token"]

    @property
    def pixels(self) -> int:
        """Pixels of the picture that is held."""
        return 0 if self.session.picture is None else self.session.picture.size // 3

    def answer(self, data: Any, known: Known) -> dict[str, Any]:
        """Apply a parcel of actions (untrusted) and reply; refusals become messages.

        After TURN seconds, remaining actions wait for the next parcel.
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
                self._tell(_sentence_of(refusal))
            except Exception:
                log.exception("An action failed: %.200r", action)
                self._tell(WRONG)
        return self.reply(known)

    def apply(self, data: Any) -> None:
        """Apply one action unless it was applied before, and save; raises one of REFUSALS."""
        number = read_number(data)
        if number <= self.applied:
            return
        self.applied = number
        action = read_action(data)
        if action.needs_picture and "picture" in action.model_fields_set and action.picture != self.shown:
            raise ActionError(OTHER_PICTURE)
        match action:
            case SessionAction():
                apply(self.session, action)
                if isinstance(action, Click) and self.session.suggests_box:
                    self._once["suggestion"] = "box"
            case do.Hello():
                self._hello()
            case do.Open(path=path, name=name):
                self._open_upload(path, name)
            case do.Import():
                self._import_upload(action)
            case do.Example(index=index):
                self._open_example(index)
            case do.Goto():
                self._goto(action)
            case do.TakeOver(follow=follow):
                self._take_over(follow)
            case do.View():
                self._change_view(action)
            case do.Restore():
                self._restore(action)
            case do.Download(what=what):
                self._serve(one_file(self.session, what))
            case do.Export():
                self._start_export(action)
            case do.CancelJob():
                self._cancel_job()
            case do.Polygons(detail=detail):
                self._preview_polygons(detail)
            case do.Inspect():
                self._once["inside"] = inside(self.session)
            case do.Choices():
                self._once["choices"] = offered(self.session)
            case do.Model(name=name):
                self._switch_model(name)
            case do.Learn() | do.StopLearning() | do.ForgetLearnt():
                self._learn(action)
        if self.place:
            self.place.save()
        while self.session.notices:
            self._tell(self.session.notices.pop(0))

    def reply(self, known: Known) -> dict[str, Any]:
        """A `replies.Reply` with everything that the browser does not have yet."""
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
                **describe(self.session, self._shown if heard else None, restorable=self.place is None),
            },
        }
        self._shown = self.session.document
        if self.picture and not same_picture:
            reply["picture"] = self.picture
        if self.model is not None:
            reply["model"] = self.model
        if getattr(self.session.segmenter, "takes_coordinates", False):
            reply["takes_coordinates"] = True
        cost = getattr(self.session.segmenter, "cost", None)
        if cost and (cost != self._told_cost or not same_page):
            reply["model_cost"] = self._told_cost = cost
        if self._job:
            self._take_job(reply)
        reply.update(self._once)
        self._once = {}
        if self.place:
            reply["folder"] = self.place.state(same_page)
        if self.server.learning:
            learning = self.server.learning.describe(known.language)
            if not (same_page and learning == self._told_learning):
                reply["learning"] = self._told_learning = learning
        if self._messages:
            reply["messages"] = [translated(message, known.language) for message in self._messages]
            self._messages = []
        return reply

    def start_anew(self) -> None:
        """Continue in a reloaded tab, which numbers its actions from 1 again."""
        self.applied = 0
        self.tell_resumed(True)

    def tell_resumed(self, resumed: bool, forgotten: str | None = None) -> None:
        """Report to a reloaded tab whether its work continues, or the reason why not (`Reply.forgotten`)."""
        self._once["resumed"] = resumed
        if forgotten:
            self._once["forgotten"] = forgotten

    def rest(self) -> None:
        """Free memory that can be recomputed, while the page is unused."""
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

    def _learn(self, action: Action) -> None:
        learning = self.server.learning
        if learning is None:
            raise ActionError("There is no folder of pictures to learn from.")
        learning.act(action)
        if self.model not in self.settings.menu:
            self._switch_model(next(iter(self.settings.menu)))

    # ---- pictures

    def _hello(self) -> None:
        if self.place and self.place.name is None:
            self.place.folder.refresh()
            names = self.place.folder.names
            self._go(names[self.place.folder.first_open()], step=1)

    def _open_upload(self, path: str, name: str) -> None:
        file = self.files.uploaded(path)
        if self.settings.folder:
            raise ActionError("This page works through a folder; add pictures to the folder instead.")
        self._show(file, name)

    def _import_upload(self, action: do.Import) -> None:
        file = self.files.uploaded(action.path)
        session = self.session
        content = file.read_bytes()[:200] if file.suffix.lower() == ".json" else b""
        if b'"cfr_icl_session"' in content:
            session.restore(store.load(file, session.size))
            return
        listed = self.place.folder.labels if self.place else []
        classes = [label.name for label in listed or session.document.labels]
        loaded = load_masks(file, session.name, session.size, action.reading, classes)
        session.add_loaded(loaded, again=action.replace)
        self._once["loaded"] = {
            "path": action.path,
            "reading": loaded.reading,
            "readings": list(loaded.readings),
            "objects": len(loaded.objects),
        }

    def _open_example(self, index: int) -> None:
        file = self._example(index)
        self._show(self.files.copied(file), file.name)

    def _example(self, index: int) -> Path:
        examples = self.settings.examples
        if self.settings.folder or index not in range(len(examples)):
            raise ActionError("There is no such example.")
        return examples[index]

    def _restore(self, action: do.Restore) -> None:
        if self.picture is not None or self.place:
            raise ActionError("This page has its work already.")
        if action.example is not None:
            path = self.files.copied(self._example(action.example))
        else:
            path = self.files.uploaded(action.path or "")
        session = action.session
        view = VIEW if session is None else view_of(session)
        opened = open_picture(path, self.settings.max_megapixels, view)
        document = None if session is None else restored(session, opened.pixels.shape[:2])
        self._start(opened, path, action.name, document)

    def _show(self, path: Path, name: str) -> None:
        self._start(open_picture(path, self.settings.max_megapixels), path, name)

    def _change_view(self, action: do.View) -> None:
        if self._source is None:
            raise ActionError("Open a picture first.")
        document, remarks = self.session.document, self.picture
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
            raise ActionError(_sentence_of(error)) from error
        opened = open_picture(self._source, self.settings.max_megapixels, view)
        self._start(opened, self._source, self.session.name, replace(document, view=view), self._key)

    def _start(
        self,
        opened: OpenedPicture,
        path: Path,
        name: str,
        document: Document | None = None,
        key: Hashable | None = None,
    ) -> None:
        """Show a picture and begin or go on with its work; `key` names the file as in `Session.open`."""
        folder = self.files.new_folder()
        shown = browser_copy(path, opened.pixels, folder, document.view if document else VIEW)
        self._key = path if key is None else key
        self.session.open(opened.pixels, name, document, self._key)
        self._source = path
        height, width = opened.pixels.shape[:2]
        self.picture = {
            "token": folder.name,
            "file": served(shown, name),
            "name": name,
            "width": width,
            "height": height,
            **asdict(opened.remarks),
        }

    # ---- the folder

    def _goto(self, action: do.Goto) -> None:
        if self.place is None:
            raise ActionError("There is no such picture in the folder.")
        self.place.save()  # what could not be saved is not left behind
        folder = self.place.folder
        name = action.name
        if name is None and action.index in range(len(folder.names)):
            name = folder.names[action.index]
        folder.refresh()
        self._go(self.place.find(name or ""), action.step, action.to_do)

    def _go(self, name: str, step: int | None = None, to_do: bool = False) -> None:
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
                    following = folder.next_to_do(name, step) if to_do else folder.next(name, step)
                if following is None:
                    raise
                self._tell(_sentence_of(refusal))
                name = following
        document = opened.document
        if document is None and self.place.name is None:
            document = folder.latest()
        pixels = OpenedPicture(opened.picture, opened.remarks)
        self._start(pixels, self.files.copied(opened.path), name, document, opened.key)
        self.place.arrive(opened)
        for message in opened.sentences:
            self._tell(message)

    def _take_over(self, follow: bool) -> None:
        """Add the objects of the picture before in the list."""
        place = self.place
        before = place and place.name and place.folder.next(place.name, -1)
        if not before:
            raise ActionError("There is no previous picture.")
        opened = place.folder.open(before)
        if opened.document is None or not opened.document.instances:
            raise ActionError("The previous picture, {name}, has no objects.", name=before)
        take_over(self.session, opened.document, opened.picture, follow)

    # ---- downloads

    def _start_export(self, action: do.Export) -> None:
        folder = self.settings.folder
        make = export_of(self.session, folder, action)
        if not (action.whole_folder and folder):
            self._serve(make(lambda done, total: None))
            return
        self._cancel_job()
        self._job = Job("export", self.server.jobs, make)

    def _take_job(self, reply: dict[str, Any]) -> None:
        """Put the result of the job into a reply, or that it runs."""
        if not self._job.done:
            reply["job"] = {"kind": self._job.kind, "done": self._job.steps, "total": self._job.total}
            return
        job, self._job = self._job, None
        try:
            self._serve(job.result())
        except REFUSALS as refusal:
            self._tell(_sentence_of(refusal))
        except Exception:
            log.exception("A job failed: %s", job.kind)
            self._tell(WRONG)

    def _cancel_job(self) -> None:
        if self._job:
            self._job.cancel()
            self._job = None

    def _preview_polygons(self, detail: float) -> None:
        self._once["polygons"] = [
            [round(value, 1) for value in ring.reshape(-1).tolist()]
            for instance in self.session.document.instances
            if instance.visible
            for ring in polygons(instance.mask.pixels, detail)
        ]

    def _serve(self, file: MadeFile) -> None:
        for message in file.messages:
            self._tell(message)
        self._once["download"] = self.files.download(file.content, file.stem, file.ending)


def _sentence_of(error: Exception) -> str:
    """The message of an error, with its template if it has one."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
