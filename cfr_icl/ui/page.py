"""One open page of the browser: applies its actions to its session and replies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from cfr_icl import clicks
from cfr_icl.annotate.objects.document import ActionError, Document
from cfr_icl.annotate.session.inspect import inside
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.sentences import Sentence
from cfr_icl.ui.apply import apply
from cfr_icl.ui.downloads import Downloads
from cfr_icl.ui.files import PageFiles
from cfr_icl.ui.folder_reply import FolderReply
from cfr_icl.ui.messages import translated
from cfr_icl.ui.model_in_use import ModelInUse
from cfr_icl.ui.object_sources import load_upload, take_over_previous
from cfr_icl.ui.opening import Opening
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.own_files import OwnFiles
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import Known, PreviewQuestion, read_action, read_number
from cfr_icl.ui.protocol import page_actions as do
from cfr_icl.ui.protocol.action import Action, SessionAction
from cfr_icl.ui.protocol.replies import Preview
from cfr_icl.ui.protocol.session_actions import Click, Review
from cfr_icl.ui.session_reply import describe, offered, outlines
from cfr_icl.ui.shared import Shared
from cfr_icl.ui.whole_folder import WholeFolder

TURN = 1.0
"""Seconds after which a reply is sent even if actions are left; the browser sends these again."""

MOVED = Sentence("The work of this page goes on in another tab; reload to go on here.")
MODEL_GONE = Sentence("The learnt model was thrown away; the first model of the menu is in use again.")
OTHER_PICTURE = Sentence("The action belonged to another picture and was not applied.")


class Page:
    """Applies a browser's actions, in order and each once, and replies with the changes."""

    def __init__(self, shared: Shared) -> None:
        self.settings = shared.settings
        self.token = ""
        """Names the page in requests; `OpenPages` sets it."""
        self.last_used = 0.0
        self.turn = asyncio.Lock()
        """Held while a parcel is applied."""
        self._previewing = Lock()
        self.closed = self.resting = False
        self.files = PageFiles(shared.uploads)
        cfr = CascadeForward(steps=self.settings.steps)
        self._model = ModelInUse(shared)
        self.session = Session(self._model.predictor, cfr, self.settings.labels, self.settings.attributes)
        self.applied = 0
        """Number of the last applied action."""
        self._outbox = Outbox()
        folder = self.settings.folder
        place = FolderPlace(folder, self.session) if folder else None
        self._opening = Opening(self.settings, self.session, self.files, place, self._outbox)
        self._own = OwnFiles(self.settings, self.session, self.files, self._opening, self._outbox)
        self._whole_folder = WholeFolder(self.files, self._opening, self._outbox)
        self._downloads = Downloads(self.files, self._outbox, shared.jobs)
        self._folder_reply = FolderReply()
        self._replied_document: Document | None = None
        """The document of the last reply."""
        self._replies = 0
        self._seen = 0
        """Number of the last reply that the person had seen when the parcel was made."""

    @property
    def picture(self) -> dict[str, Any] | None:
        """The open picture as `replies.Picture`; None before the first."""
        return self._opening.picture

    @property
    def picture_token(self) -> str | None:
        """Token of the picture that is open."""
        return None if self.picture is None else self.picture["token"]

    @property
    def place(self) -> FolderPlace | None:
        """The position in the folder; None without one."""
        return self._opening.place

    @property
    def left_folder(self) -> bool:
        """Whether the person gave the page's own folder back; the page is then to be closed."""
        return self._own.left

    @property
    def pixels(self) -> int:
        """Pixels of the picture that is held."""
        return self.session.picture.size // 3 if self.session.has_picture else 0

    @property
    def held_bytes(self) -> int:
        """Bytes of the files in the page's own folder."""
        return self._own.bytes

    def answer(self, data: Any, known: Known) -> dict[str, Any]:
        """Apply a parcel of actions (untrusted) and reply; refusals become messages.

        After TURN seconds, remaining actions wait for the next parcel.
        """
        self.resting = False
        if self.place:
            self.place.introduce(known.who, known.tab)
        if known.page not in (None, self.token):
            return {"page": self.token, "moved": True, "messages": [translated(MOVED, known.language)]}
        actions = data.get("actions") if isinstance(data, Mapping) else None
        if self.place:
            if not actions:
                self.place.folder.listen()
            self._opening.catch_up(shown_by=self._replies + 1)
            self._seen = self._replies if known.reply is None else known.reply
        with self._outbox.telling("The model of a page cannot be replaced"):
            if self._model.is_gone:  # another page threw it away
                self._switch_model(self._model.first)
                self._outbox.tell(MODEL_GONE)
        end = time.monotonic() + TURN
        for number, action in enumerate(actions if isinstance(actions, list) else ()):
            if number and time.monotonic() >= end:
                break
            with self._outbox.telling("An action failed: %.200r", action):
                self.apply(action)
        return self.reply(known)

    def apply(self, data: Any) -> None:
        """Apply one action unless it was applied before, and save; raises one of `outbox.REFUSALS`."""
        number = read_number(data)
        if number <= self.applied:
            return
        self.applied = number
        action = read_action(data)
        names_picture = action.needs_picture and "picture" in action.model_fields_set
        if names_picture and action.picture != self.picture_token:
            if action.by_itself:
                return
            raise ActionError(OTHER_PICTURE)
        if self.place and action.works:
            self.place.take()
            self.place.check_seen(self._seen if action.seen is None else min(action.seen, self._seen))
        self._dispatch(action)
        if self.place:
            self.place.save(selection=action.works)
            if isinstance(action, Review):
                self.place.give_back()  # another person may correct what the note names
        while self.session.notices:
            self._outbox.tell(self.session.notices.pop(0))

    def _dispatch(self, action: Action) -> None:
        """Pass an action on to the part of the page that applies it."""
        match action:
            case SessionAction():
                apply(self.session, action)
                if isinstance(action, Click):
                    self._suggest()
            case do.Hello():
                self._opening.hello()
            case do.Open(path=path, name=name):
                self._opening.open_upload(path, name)
            case do.AddFiles():
                self._own.add(action)
            case do.LeaveFolder():
                self._own.leave()
            case do.Import():
                load_upload(action, self.session, self.files, self.place, self._outbox, self._opening.source)
            case do.Example(index=index):
                self._opening.open_example(index)
            case do.Goto():
                self._opening.goto(action)
            case do.OfferMasks(files=files):
                self._whole_folder.offer_masks(files)
            case do.FillFolder(add=add):
                self._whole_folder.fill(add)
            case do.RelabelFolder():
                self._whole_folder.relabel(action)
            case do.TakeBackInFolder():
                self._whole_folder.take_back()
            case do.TakeOver(follow=follow):
                take_over_previous(self.session, self.place, follow)
            case do.View():
                self._opening.change_view(action)
            case do.Restore():
                self._opening.restore(action)
            case do.Model(name=name):
                self._switch_model(name)
            case do.Learn() | do.StopLearning() | do.ForgetLearnt():
                self._learn(action)
            case _:
                self._answer_question(action)

    def _suggest(self) -> None:
        """Add to the reply what may help after a click."""
        session = self.session
        kind = "overlap" if session.suggests_overlap else "box" if session.suggests_box else None
        if kind:
            self._outbox.add(suggestion={"kind": kind, "object": session.document.active})

    def _answer_question(self, action: Action) -> None:
        """Add to the reply what an action asks for that changes nothing."""
        folder = self.place.folder if self.place else None
        match action:
            case do.Download():
                self._downloads.serve_file(self.session, folder, self._opening.source, action)
            case do.Export():
                self._downloads.export(self.session, folder, action)
            case do.CancelJob():
                self._downloads.cancel()
            case do.Polygons(detail=detail):
                self._outbox.add(polygons=outlines(self.session.document, detail))
            case do.Inspect():
                self._outbox.add(inside=inside(self.session))
            case do.Choices():
                if self.session.has_choices:  # another click may have come first
                    self._outbox.add(choices=offered(self.session))

    def reply(self, known: Known) -> dict[str, Any]:
        """A `replies.Reply` with everything that the browser does not have yet."""
        same_picture = self.picture is not None and known.picture == self.picture["token"]
        same_page = known.page == self.token and known.reply == self._replies
        shown_document = self._replied_document if same_picture and known.reply == self._replies else None
        self._replies += 1
        reply = {
            "page": self.token,
            "reply": self._replies,
            "applied": self.applied,
            "session": {
                "picture": self.picture_token,
                **describe(self.session, shown_document, restorable=self.place is None),
            },
        }
        if self.left_folder:
            reply["left_folder"] = True
        self._replied_document = self.session.document
        if self.picture and not same_picture:
            reply["picture"] = self.picture
        reply.update(self._model.describe(known.language, same_page))
        if self.place:
            reply["folder"] = self._folder_reply.describe(self.place, same_page)
        reply.update(self._downloads.report())
        arrived = known.reply if known.page == self.token else None
        reply.update(self._outbox.take(known.language, self._replies, arrived))
        return reply

    def preview(self, question: PreviewQuestion) -> Preview | None:
        """What a click would roughly give; None if that cannot be told at once. Runs beside `turn`."""
        if question.picture != self.picture_token or not self._previewing.acquire(blocking=False):
            return None
        try:
            click = clicks.Click(question.x, question.y, question.positive)
            previewed = self.session.preview(click, question.may_overlap)
        finally:
            self._previewing.release()
        if previewed is None or question.picture != self.picture_token:
            return None
        mask = previewed.mask
        return {"size": [mask.height, mask.width], "counts": mask.counts, "colour": previewed.colour}

    def start_anew(self) -> None:
        """Continue in a reloaded tab, which numbers its actions from 1 again."""
        self.applied = 0
        self._outbox.forget_sent()
        self.tell_resumed(True)

    def tell_resumed(self, resumed: bool, forgotten: str | None = None) -> None:
        """Report to a reloaded tab whether its work continues, or the reason why not (`Reply.forgotten`)."""
        self._outbox.add(resumed=resumed)
        if forgotten:
            self._outbox.add(forgotten=forgotten)

    def rest(self) -> None:
        """Free memory that can be recomputed, while the page is unused."""
        self.resting = True
        self._whole_folder.rest()
        if self.session.has_picture:
            self.session.predictor.set_image(self.session.picture)  # also forgets the expected one
        self._own.rest()

    def close(self) -> None:
        """Remove the page's files."""
        self.closed = True
        self.session.predictor.expect(None)
        if self.place:
            self.place.give_back()
        self.files.remove()

    def _switch_model(self, name: str) -> None:
        self._model.switch(name, self.session)
        if self.place:
            self.place.read_ahead()

    def _learn(self, action: Action) -> None:
        self._model.learn(action)
        if self._model.is_gone:
            self._switch_model(self._model.first)
