"""The app behind Gradio: finds the page that a request is of, and answers it in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

from cfr_icl.ui.exporting import session_texts
from cfr_icl.ui.files import remove_abandoned
from cfr_icl.ui.open_pages import CLOSES_AFTER, OpenPages
from cfr_icl.ui.page import Page
from cfr_icl.ui.place import FolderPlace
from cfr_icl.ui.protocol import Known, read_known, read_preview
from cfr_icl.ui.protocol.replies import Preview
from cfr_icl.ui.settings import Settings
from cfr_icl.ui.shared import Shared
from cfr_icl.ui.thumbnails import small_pictures

PAGES_AT_ONCE = 32
"""Pages served at the same time, each in a thread; they mostly wait for the network or for a file."""

SESSIONS_AT_ONCE = 50
"""Session files that a browser is given at a time."""


class Server:
    """Passes parcels of actions to their pages and returns the replies.

    Args:
        uploads: the folder in which uploaded files are stored and from which they are served; None for
            Gradio's.
    """

    def __init__(self, settings: Settings, uploads: Path | None = None) -> None:
        self.shared = Shared.of(settings, uploads)
        self.settings = settings
        self.uploads = self.shared.uploads
        remove_abandoned(self.uploads, 2 * CLOSES_AFTER)
        self.pages = OpenPages()
        self._threads = ThreadPoolExecutor(PAGES_AT_ONCE, "page")

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

    async def leave(self, token: str) -> bool:
        """Let others work on the picture of a page whose tab is being closed; return whether there is one.

        A tab that is only reloaded has a new token by then, or takes the picture again with its next action.
        """
        page = self.pages.find(token)
        if page is None or page.token != token or page.place is None:
            return False
        async with page.turn:
            await self.in_thread(page.place.give_back)
        return True

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
                page = Page(self.shared)
                if known.resume is not None:
                    page.tell_resumed(False, self.pages.why_unknown(known.resume))
            self.pages.add(page, tab)
        return page

    def _forgotten(self, known: Known) -> dict[str, Any]:
        return {"page": None, "forgotten": self.pages.why_unknown(known.page)}
