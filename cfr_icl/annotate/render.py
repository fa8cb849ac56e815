"""What the page needs to know of a session, as small as it can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cfr_icl.annotate.session import Instance, Session

INSTANCE_FIELDS = (
    "visible",
    "locked",
    "overlap",
    "keep_largest",
    "fill_holes",
    "threshold",
    "left_out",
    "kept",
)


def describe(session: Session, known: Mapping[str, str]) -> dict[str, Any]:
    """The session as JSON; masks are left out where the page has them already.

    Args:
        known: version of the mask that the page holds of each object, by the object's id.
    """
    document = session.document
    return {
        "objects": [_instance(instance, known.get(str(instance.id))) for instance in document.instances],
        "active": document.active,
        "cfr": asdict(document.cfr),
        "labels": [asdict(label) for label in document.labels],
        "label": document.label,
        "done": document.done,
        "canUndo": session.can_undo,
        "canRedo": session.can_redo,
    }


def _instance(instance: Instance, known: str | None) -> dict[str, Any]:
    mask = instance.mask
    described = {
        "id": instance.id,
        "label": instance.label,
        "colour": instance.colour,
        "clicks": [[click.x, click.y, int(click.positive)] for click in instance.clicks],
        "hints": [[click.x, click.y, 0] for click in instance.hints],
        **{name: getattr(instance, name) for name in INSTANCE_FIELDS},
        "version": mask.version,
        "area": mask.area,
        "box": mask.box,
        "answer": asdict(instance.answer) if instance.answer else None,
    }
    if known != mask.version:
        described["size"] = [mask.height, mask.width]
        described["counts"] = mask.counts
    return described
