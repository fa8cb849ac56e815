"""The networks that all pages share: each is loaded at its first use, and all run in one line."""

from __future__ import annotations

from typing import Any

from cfr_icl.annotate.objects.document import ActionError
from cfr_icl.extras import MissingExtraError
from cfr_icl.predictor import LookAheadPredictor
from cfr_icl.remote import RemoteSegmenter
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.cost import ModelCost
from cfr_icl.ui.network_line import NetworkLine
from cfr_icl.ui.queued_predictor import QueuedPredictor
from cfr_icl.ui.settings import Settings

CALLS_OF_WORKERS = 32
"""Calls of `Settings.workers` at the same time, each in a thread that waits for another process."""


class Models:
    """Makes the predictors of pages, over the networks of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.line = NetworkLine(CALLS_OF_WORKERS if settings.workers else 1)
        self._costs: dict[str | None, ModelCost] = {}

    def predictor(self, name: str | None = None, *, looks_ahead: bool = True) -> QueuedPredictor:
        """Make a predictor for one page over a shared network, which is loaded at its first use.

        Args:
            name: the network's name in the menu; None for the first.
            looks_ahead: as for `QueuedPredictor`.
        """
        source = next(iter(self._settings.menu), None) if name is None else name
        cost = self._costs.setdefault(source, ModelCost(source))
        return QueuedPredictor(self.line, lambda: self._unqueued(name), cost, looks_ahead=looks_ahead)

    def network(self, name: str | None = None) -> Any:
        """A network of the menu, loaded if need be; None for the first.

        Raises:
            ActionError: for an unknown name, or a network that cannot be loaded.
        """
        menu = self._settings.menu
        name = next(iter(menu)) if name is None else name
        if name not in menu:
            raise ActionError("There is no model {name!r:.80} in the menu.", name=name)
        try:
            return menu[name]
        except (ValueError, OSError, MissingExtraError) as error:
            raise ActionError("The model {name!r} cannot be used: {error}", name=name, error=error) from error

    def load_first(self) -> None:
        """Load the network that pages begin with; raises as `load_model`."""
        if self._settings.model is None and self._settings.menu:
            self._settings.menu[next(iter(self._settings.menu))]

    @property
    def in_this_process(self) -> bool:
        """Whether networks run in this process. Only these show previews, as others answer too late."""
        return not (self._settings.workers or self._settings.remote)

    def _unqueued(self, name: str | None) -> LookAheadPredictor:
        settings = self._settings
        if settings.workers:
            return settings.workers.predictor()
        if settings.remote:
            return RemoteSegmenter(settings.remote)
        return Segmenter(self.network(name) if name or settings.model is None else settings.model)
