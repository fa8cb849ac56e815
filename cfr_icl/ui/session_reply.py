"""What the page needs to know of a session, as small as it can be."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cfr_icl.annotate.document import Document, Instance
from cfr_icl.annotate.session import Session
from cfr_icl.annotate.store import timing_to_json

INSTANCE_FIELDS = (
    "visible",
    "locked",
    "overlap",
    "keep_largest",
    "fill_holes",
    "threshold",
    "left_out",
)


def describe(session: Session, told: Document | None = None) -> dict[str, Any]:
    """The session as JSON, without the objects and masks that the page has already.

    Args:
        told: the document that the page shows; None when it is to hear everything. Else only
            objects that differ from it are described, and the order of all ids where that differs.
    """
    document = session.document
    old = {instance.id: instance for instance in told.instances} if told else {}
    described = {
        "objects": [
            _instance(instance, old.get(instance.id))
            for instance in document.instances
            if old.get(instance.id) is not instance
        ],
        "active": document.active,
        "cfr": document.cfr.to_json(),
        "labels": [asdict(label) for label in document.labels],
        "label": document.label,
        "done": document.done,
        "canUndo": session.can_undo,
        "canRedo": session.can_redo,
    }
    order = [instance.id for instance in document.instances]
    if told is None or order != list(old):
        described["order"] = order
    return described


def _instance(instance: Instance, old: Instance | None) -> dict[str, Any]:
    mask = instance.mask
    described = {
        "id": instance.id,
        "label": instance.label,
        "colour": instance.colour,
        "clicks": [[click.x, click.y, int(click.positive)] for click in instance.clicks],
        "hints": [[click.x, click.y, 0] for click in instance.neighbour_clicks],
        **{name: getattr(instance, name) for name in INSTANCE_FIELDS},
        "kept": instance.chosen_pass,
        "version": mask.version,
        "area": mask.area,
        "box": mask.box,
        "answer": timing_to_json(instance.timing) if instance.timing else None,
    }
    if old is None or old.mask != mask:
        described["size"] = [mask.height, mask.width]
        described["counts"] = mask.counts
    return described
