"""The state shared by all open pages: models, the network's line, and the pages by token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.extras import MissingExtraError
from cfr_icl.predictor import LookAheadPredictor
from cfr_icl.remote import RemoteSegmenter
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.cost import ModelCost
from cfr_icl.ui.exporting import session_texts
from cfr_icl.ui.files import remove_abandoned
from cfr_icl.ui.learning import learning_of
from cfr_icl.ui.network_line import NetworkLine
from cfr_icl.ui.open_pages import CLOSES_AFTER, OpenPages
from cfr_icl.ui.page import Page
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import Known, read_known, read_preview
from cfr_icl.ui.protocol.replies import Preview
from cfr_icl.ui.queued_predictor import QueuedPredictor
from cfr_icl.ui.settings import Settings
from cfr_icl.ui.thumbnails import small_pictures

log = logging.getLogger(__name__)

PAGES_AT_ONCE = 32
"""Pages served at the same time, each in a thread; they mostly wait for the network or for a file."""

JOBS = 2
"""Exports of whole folders that run at the same time."""

SESSIONS_AT_ONCE = 50
"""Session files that a browser is given at a time."""


class Server:
    """The app behind Gradio: passes parcels of actions to their pages and returns the replies.

    Args:
        uploads: the folder in which uploaded files are stored and from which they are served; None for
            Gradio's.
    """

    def __init__(self, settings: Settings, uploads: Path | None = None) -> None:
        self.settings = settings
        self.uploads = uploads or Path(get_upload_folder())
        remove_abandoned(self.uploads, 2 * CLOSES_AFTER)
        self.line = NetworkLine(PAGES_AT_ONCE if settings.workers else 1)
        self.pages = OpenPages()
        self._costs: dict[str | None, ModelCost] = {}
        self.jobs = ThreadPoolExecutor(JOBS, "job")
        self.learning = learning_of(settings)
        self._threads = ThreadPoolExecutor(PAGES_AT_ONCE, "page")

    def predictor(self, model: str | None = None) -> QueuedPredictor:
        """Make a predictor for one page over a shared network, which is loaded at its first use.

        Args:
            model: its name in the menu; None for the first.
        """
        settings = self.settings

        def make() -> LookAheadPredictor:
            if settings.workers:
                return settings.workers.predictor()
            if settings.remote:
                return RemoteSegmenter(settings.remote)
            return Segmenter(self.model(model) if model or settings.model is None else settings.model)

        source = next(iter(settings.menu), None) if model is None else model
        cost = self._costs.setdefault(source, ModelCost(source))
        return QueuedPredictor(self.line, make, cost)

    def model(self, name: str | None = None) -> Any:
        """A network of the menu, loaded if need be; None for the first.

        Raises:
            ActionError: for an unknown name, or a network that cannot be loaded.
        """
        menu = self.settings.menu
        name = next(iter(menu)) if name is None else name
        if name not in menu:
            raise ActionError("There is no model {name!r:.80} in the menu.", name=name)
        try:
            return menu[name]
        except (ValueError, OSError, MissingExtraError) as error:
            raise ActionError("The model {name!r} cannot be used: {error}", name=name, error=error) from error

    def small_pictures(self, data: Any) -> dict[str, str]:
        """Small pictures of the folder that a page works through, as data URLs by name.

        Args:
            data: {"page": token, "names": [...]}, untrusted.
        """
        place = self._place_of(data)
        return small_pictures(place.folder, data.get("names")) if place else {}

    def saved_work(self, data: Any) -> dict[str, str]:
        """Session files of a page's own folder, by name, for the browser to keep.

        Args:
            data: {"page": token, "names": [...]}, untrusted.
        """
        place = self._place_of(data)
        names = data.get("names") if place else None
        if place is None or not place.own or not isinstance(names, list):
            return {}
        asked = (name for name in names[:SESSIONS_AT_ONCE] if isinstance(name, str))
        return dict(session_texts(place.folder, asked))

    def _place_of(self, data: Any) -> FolderPlace | None:
        """The position of the page that is named by its token."""
        token = data.get("page") if isinstance(data, Mapping) else None
        page = self.pages.find(token) if isinstance(token, str) else None
        return page.place if page else None

    def load_first(self) -> None:
        """Load the network that pages begin with; raises as `load_model`."""
        if self.settings.model is None and self.settings.menu:
            self.settings.menu[next(iter(self.settings.menu))]

    def answer(self, data: Any, tab: str | None = None) -> dict[str, Any]:
        """Apply a parcel from a browser (untrusted) and return a `replies.Reply`.

        Args:
            data: {"actions": [...], "known": {...}}, untrusted.
            tab: names the browser's tab, where the caller knows it.
        """
        known = read_known(data)
        page = self._page(known, tab)
        return self._answer_and_close(page, data, known) if page else self._forgotten(known)

    async def answer_in_turn(self, data: Any, tab: str | None = None) -> dict[str, Any]:
        """Like `answer`, without blocking: the parcels of a page run one after another, pages in parallel."""
        known = read_known(data)
        page = self._page(known, tab)
        if page is None:
            return self._forgotten(known)

        async def take_turn() -> dict[str, Any]:
            async with page.turn:
                return await self.in_thread(self._answer_and_close, page, data, known)

        return await asyncio.shield(asyncio.ensure_future(take_turn()))  # also when the browser gave up

    @property
    def previews(self) -> bool:
        """Whether `preview` can answer: only a network of this process tells at once."""
        return not (self.settings.workers or self.settings.remote)

    def preview(self, data: Any) -> Preview | None:
        """What a click of a browser (untrusted) would roughly give; None if that cannot be told at once.

        It changes nothing, and no action waits for it longer than for one pass of the network.
        """
        question = read_preview(data)
        page = self.pages.find(question.page) if question else None
        return page.preview(question) if question and page and page.token == question.page else None

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in a thread, in the context of its request."""
        call = copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, function, *arguments)

    def _answer_and_close(self, page: Page, data: Any, known: Known) -> dict[str, Any]:
        reply = page.answer(data, known)
        if page.left_folder:
            self.pages.close(page)
        return reply

    def _page(self, known: Known, tab: str | None) -> Page | None:
        """The page of a browser, a new one if it has none; None when its page was closed."""
        self.pages.tidy()
        if known.page is not None:
            return self.pages.find(known.page)
        page = self.pages.tabs.get(tab) if tab else None
        if page is None or page.closed:
            page = self.pages.resume(known.resume)
            if page is None:
                page = Page(self)
                if known.resume is not None:
                    page.tell_resumed(False, self.pages.why_unknown(known.resume))
            self.pages.add(page, tab)
        return page

    def _forgotten(self, known: Known) -> dict[str, Any]:
        return {"page": None, "forgotten": self.pages.why_unknown(known.page)}
