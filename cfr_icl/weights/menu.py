"""A menu of models; each is loaded when it is first chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock

from cfr_icl.models.base import InteractiveModel
from cfr_icl.weights.loading import load_model


class ModelMenu(Mapping[str, InteractiveModel]):
    """Models by their source; `menu[source]` calls `load_model` at the first access and raises its errors."""

    def __init__(self, sources: Sequence[str], load: Callable[[str], InteractiveModel] = load_model) -> None:
        self._models: dict[str, InteractiveModel | None] = dict.fromkeys(sources)
        self._load = load
        self._named: dict[str, str] = {}
        self._locks = {source: Lock() for source in sources}  # one lock each, so that models load in parallel

    def offer(self, name: str, source: str) -> None:
        """Add a model under another name than its source, or replace it by what the source holds now."""
        self._named[name] = source
        self._locks.setdefault(name, Lock())
        self._models[name] = None

    def withdraw(self, name: str) -> None:
        """Take a model that was offered out of the menu, if it is there."""
        self._models.pop(name, None)

    def __getitem__(self, source: str) -> InteractiveModel:
        with self._locks[source]:
            model = self._models[source] or self._load(self._named.get(source, source))
            self._models[source] = model
        return model

    def __contains__(self, source: object) -> bool:
        return source in self._models

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)
