"""The open pages by their tokens: when they rest, and when they are closed."""

from __future__ import annotations

import atexit
import secrets
import time
from collections.abc import Callable
from weakref import WeakMethod, WeakValueDictionary

from cfr_icl.ui.page import Page

RESTS_AFTER = 3600.0
"""Seconds without a request after which a page frees memory that can be recomputed."""

CLOSES_AFTER = 86_400.0
"""Seconds without a request after which a page is closed."""

TIDIED_AFTER = 60.0
"""Seconds after which unused pages are looked for again."""

RESTING_PIXELS = 400_000_000
"""Limit on the pixels of all resting pages' pictures; above it, the pages unused for longest are closed."""

RESTING_BYTES = 10_000_000_000
"""The same limit on the bytes of all resting pages' own folders."""


class OpenPages:
    """Pages by their tokens. A token gives access to the work; a closed page cannot be reopened.

    A page without requests for RESTS_AFTER frees memory, until its next request. After CLOSES_AFTER, or when
    resting pages hold more than RESTING_PIXELS or RESTING_BYTES, it is closed and its files are removed.
    These limits are checked when a page is requested (`tidy`).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.tabs: WeakValueDictionary[str, Page] = WeakValueDictionary()
        """Pages by the browser's tab, where a second request may come before the first is answered."""
        self._started = secrets.token_hex(4)
        """Prefix of all tokens of this process."""
        self._pages: dict[str, Page] = {}
        self._clock = clock
        self._tidied = clock()
        close_all = WeakMethod(self.close_all)
        atexit.register(lambda: (close := close_all()) and close())

    def __len__(self) -> int:
        return len(set(self._pages.values()))

    def add(self, page: Page, tab: str | None = None) -> None:
        """Give a page a new token; its earlier tokens stay valid."""
        page.token = f"{self._started}-{secrets.token_hex(16)}"
        page.last_used = self._clock()
        self._pages[page.token] = page
        if tab:
            self.tabs[tab] = page

    def find(self, token: str) -> Page | None:
        """The open page that has or had this token."""
        page = self._pages.get(token)
        if page is not None:
            page.last_used = self._clock()
        return page

    def resume(self, token: str | None) -> Page | None:
        """The page that a tab showed before it was reloaded, ready for a new token; or None.

        Only the page's newest token resumes it: after an older one, the work continued in another tab.
        """
        page = self._pages.get(token) if token else None
        if page is None or page.token != token:
            return None
        page.start_anew()
        return page

    def why_unknown(self, token: str | None) -> str:
        """Why a token is unknown: "closed", or "restarted" if it is from another process."""
        return "closed" if token and token.startswith(f"{self._started}-") else "restarted"

    def close(self, page: Page) -> None:
        """Remove a page and its files."""
        self._pages = {token: other for token, other in self._pages.items() if other is not page}
        page.close()

    def close_all(self) -> None:
        """Remove all pages and their files, at the end of the process."""
        for page in set(self._pages.values()):
            self.close(page)

    def tidy(self) -> None:
        """Free the memory of unused pages, and close those unused for very long."""
        now = self._clock()
        if now < self._tidied + TIDIED_AFTER:
            return
        self._tidied = now
        resting = held = 0
        for page in sorted(set(self._pages.values()), key=lambda page: page.last_used, reverse=True):
            unused = now - page.last_used
            if unused < RESTS_AFTER or page.turn.locked():
                continue
            resting += page.pixels
            held += page.held_bytes
            if unused >= CLOSES_AFTER or resting > RESTING_PIXELS or held > RESTING_BYTES:
                self.close(page)
            elif not page.resting:
                page.rest()
