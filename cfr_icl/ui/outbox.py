"""Messages and other entries that a page sends once, with its next reply."""

from __future__ import annotations

import logging
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


class Outbox:
    """Collects entries of `replies.Reply` until the next reply takes them."""

    def __init__(self) -> None:
        self._entries: dict[str, Any] = {}
        self._messages: list[Sentence] = []

    def add(self, **entries: Any) -> None:
        """Add entries of the reply by their names."""
        self._entries.update(entries)

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

    def take(self, language: str) -> dict[str, Any]:
        """All entries, with the messages in a language; the outbox is empty afterwards."""
        entries, self._entries = self._entries, {}
        messages, self._messages = self._messages, []
        if messages:
            entries["messages"] = [translated(message, language) for message in messages]
        return entries
