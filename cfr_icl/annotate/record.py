"""Who worked on a picture, when and for how long: visits, as they are kept beside the saved work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

MAX_VISITS = 1000
"""Visits of a picture that are kept; the oldest ones go."""

MAX_TEXT = 500
"""Characters of a name or a note."""

LONGEST_PAUSE = 60.0
"""Seconds between two actions that count as work; a longer pause counts as none."""


@dataclass(frozen=True)
class Visit:
    """One stay at a picture during which something was changed."""

    began: str
    """Time of the first change, UTC, as ISO 8601."""
    seconds: float = 0.0
    """Time at work, without pauses of more than LONGEST_PAUSE."""
    objects: int = 0
    """How many objects more there were at its end; below 0 for fewer."""
    who: str = ""
    """Name of the person; empty where nobody said it."""


def now() -> str:
    """The time for `Visit.began`."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def visits_to_json(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """Visits for a session file, without fields that say nothing."""
    entries = [asdict(visit) for visit in visits[-MAX_VISITS:]]
    return [{name: value for name, value in entry.items() if value != ""} for entry in entries]


def visits_from_json(entries: Any) -> tuple[Visit, ...]:
    """Visits of a session file; what is no visit is left out, for no work depends on it."""
    if not isinstance(entries, list):
        return ()
    visits = []
    for entry in entries[-MAX_VISITS:]:
        if not isinstance(entry, Mapping):
            continue
        texts = {name: entry.get(name, "") for name in ("began", "who")}
        seconds, objects = entry.get("seconds", 0), entry.get("objects", 0)
        if (
            all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts.values())
            and type(objects) is int
            and type(seconds) in (int, float)
            and 0 <= seconds < 1e9
        ):
            visits.append(Visit(**texts, seconds=float(seconds), objects=objects))
    return tuple(visits)
