"""Describe the folder and a page's place in it, as changes only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfr_icl.ui.place import FolderPlace


class FolderReply:
    """Builds the part of a reply about the folder; omits values that the page already has."""

    def __init__(self) -> None:
        self._sent: dict[str, Any] = {}
        """All values as of the last description."""

    def describe(self, place: FolderPlace, received: bool) -> dict[str, Any]:
        """The place as `replies.FolderState`.

        Args:
            received: whether the page received the last description; if so, only changes are described.
        """
        known, self._sent = self._sent if received else {}, _values(place)
        never = object()  # a change to None is sent too
        described = {name: value for name, value in self._sent.items() if known.get(name, never) != value}
        labels = _changed(known.get("labels", {}), self._sent["labels"])
        saved = _changed(known.get("saved", {}), self._sent["saved"])
        for name, changes in (("labels", labels), ("saved", list(saved))):
            described.pop(name, None)
            if changes:
                described[name] = changes
        if place.own:
            described["own"] = True
        return {"index": place.index, **described}


def _values(place: FolderPlace) -> dict[str, Any]:
    """All values of a place that are sent when they change."""
    pictures, change = place.folder.pictures, place.last_change
    names = tuple(pictures.names)
    return {
        "names": names,
        "states": tuple(pictures.states[name] for name in names),
        "labels": {name: list(labels) for name, labels in dict(pictures.labels_of).items()},
        "certainties": dict(pictures.certainty_of),
        "reviews": dict(pictures.review_of),
        "people": dict(pictures.people_of),
        "taken": place.taken,
        "pace": place.log.pace,
        "visits": place.log.latest(),
        "change": change.outcome if change else None,
        "saved": dict(place.folder.work.revisions) if place.own else {},
    }


def _changed(known: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a table that the page does not have yet."""
    return {name: value for name, value in current.items() if known.get(name) != value}
