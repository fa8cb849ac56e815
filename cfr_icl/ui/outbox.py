"""Messages and other entries that a page sends with its next reply, and again until they have arrived."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cfr_icl.annotate.imports import MaskFileError
from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.pictures.decoding import PictureError
from cfr_icl.sentences import Sentence, sentence_of
from cfr_icl.ui.messages import translated
from cfr_icl.workers.pool import WorkersError

log = logging.getLogger(__name__)

REFUSALS = (ActionError, PictureError, StoreError, MaskFileError, WorkersError)
"""Exceptions of actions that cannot be applied; their message is shown to the user."""

WRONG = Sentence("Something went wrong inside the tool; the last action was not applied.")


REPLIES_KEPT = 20
"""The most replies whose entries are sent again."""


class Outbox:
    """Collects entries of `replies.Reply` until the next reply takes them."""

    def __init__(self) -> None:
        self._entries: dict[str, Any] = {}
        self._messages: list[Sentence] = []
        self._sent: deque[tuple[int, dict[str, Any]]] = deque(maxlen=REPLIES_KEPT)
        """Numbers and entries of replies that may not have arrived."""

    def add(self, **entries: Any) -> None:
        """Add entries of the reply by their names."""
        self._entries.update(entries)

    def extend(self, name: str, values: list[Any]) -> None:
        """Add values to an entry that is a list."""
        self._entries.setdefault(name, []).extend(values)

    def tell(self, message: Sentence | Exception) -> None:
        """Add a message for the user, or that of an error; the same one only once."""
        text = sentence_of(message) if isinstance(message, Exception) else message
        if text not in self._messages:
            self._messages.append(text)

    @contextmanager
    def telling(self, failure: str, *arguments: Any) -> Iterator[None]:
        """Turn exceptions into messages; `failure`, with its arguments, is logged for unexpected ones."""
        try:
            yield
        except REFUSALS as refusal:
            self.tell(refusal)
        except Exception:
            log.exception(failure, *arguments)
            self.tell(WRONG)

    def take(self, language: str, number: int, arrived: int | None) -> dict[str, Any]:
        """All entries for reply `number`, with the messages in a language; the outbox is empty afterwards.

        Args:
            arrived: number of the last reply that the browser has; entries of later ones are `earlier`.
        """
        entries, self._entries = self._entries, {}
        messages, self._messages = self._messages, []
        if messages:
            entries["messages"] = [translated(message, language) for message in messages]
        while self._sent and arrived is not None and self._sent[0][0] <= arrived:
            self._sent.popleft()
        earlier = [{"reply": sent, **missed} for sent, missed in self._sent]
        if entries:
            self._sent.append((number, entries))
        return {**entries, "earlier": earlier} if earlier else entries

    def forget_sent(self) -> None:
        """Send nothing again: the tab that was to receive it is gone."""
        self._sent.clear()
