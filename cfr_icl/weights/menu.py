"""The models that a page offers; each is loaded when it is first chosen."""

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
        self._sources: dict[str, str] = {}
        """Sources of models that are offered under another name."""
        self._locks = {source: Lock() for source in sources}  # one lock each, so that models load in parallel

    def offer(self, name: str, source: str) -> None:
        """Add a model under another name than its source; one of this name is loaded anew at its next use."""
        self._sources[name] = source
        self._locks.setdefault(name, Lock())
        self._models[name] = None

    def withdraw(self, name: str) -> None:
        """Remove a model from the menu, if it is there."""
        self._models.pop(name, None)

    def __getitem__(self, source: str) -> InteractiveModel:
        with self._locks[source]:
            model = self._models[source] or self._load(self._sources.get(source, source))
            self._models[source] = model
        return model

    def __contains__(self, source: object) -> bool:
        return source in self._models

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)
