"""Visits: by whom, when and for how long a picture was worked on; stored with the saved work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

MAX_VISITS = 1000
"""Most visits of a picture that are stored; the oldest are dropped."""

MAX_TEXT = 500
"""Characters of a name or a note."""

LONGEST_PAUSE = 60.0
"""Longest time in seconds between two actions that counts as work."""

_KEYS = {"outcome": "did"}
"""Fields with other keys in the file, so that files of older versions stay readable."""


@dataclass(frozen=True)
class Visit:
    """One stay at a picture during which something was changed."""

    began: str
    """Time of the first change, UTC, as ISO 8601."""
    seconds: float = 0.0
    """Time at work, without pauses of more than LONGEST_PAUSE."""
    objects: int = 0
    """Number of objects at its end less that at its beginning."""
    who: str = ""
    """Name of the person; empty if unknown."""
    outcome: str = ""
    """What the picture became: "done", "open" again, "accepted" or "sent_back"; or which change of the whole
    folder was made to it. Empty for neither."""
    note: str = ""
    """Why it was sent back."""


def now() -> str:
    """The time for `Visit.began`."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def visits_to_json(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """Encode visits for a session file, without empty fields."""
    entries = [asdict(visit) for visit in visits[-MAX_VISITS:]]
    return [
        {_KEYS.get(name, name): value for name, value in entry.items() if value != ""} for entry in entries
    ]


def visits_from_json(entries: Any) -> tuple[Visit, ...]:
    """Read the visits of a session file; invalid entries are left out, because no mask depends on them."""
    if not isinstance(entries, list):
        return ()
    visits = []
    for entry in entries[-MAX_VISITS:]:
        if not isinstance(entry, Mapping):
            continue
        texts = {name: entry.get(_KEYS.get(name, name), "") for name in ("began", "who", "outcome", "note")}
        seconds, objects = entry.get("seconds", 0), entry.get("objects", 0)
        if (
            all(isinstance(text, str) and len(text) <= MAX_TEXT for text in texts.values())
            and type(objects) is int
            and type(seconds) in (int, float)
            and 0 <= seconds < 1e9
        ):
            visits.append(Visit(**texts, seconds=float(seconds), objects=objects))
    return tuple(visits)
