"""Describe a session for the page, as changes only, and restore a session from such descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cfr_icl.annotate.objects.attributes import attribute_values, attributes_to_json
from cfr_icl.annotate.objects.document import Document, Instance
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.objects.polygons import polygons
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.saved.object_json import KEYS, instance_to_json, timing_to_json, view_from_json
from cfr_icl.annotate.saved.store import StoreError
from cfr_icl.annotate.session.session import Session
from cfr_icl.pictures.decoding import View

SWITCHES = ("visible", "locked", "overlap", "keep_largest", "fill_holes", "threshold", "left_out", "choice")
"""Fields of an object with one name everywhere."""

_PLAIN = ("id", "label", "colour", "overlaps", *SWITCHES)
_NULLABLE = ("certainty", "chosen_pass", "timing")
"""Fields whose values in a description are those in a session file; the second ones may be None."""

_DESCRIBED = {KEYS.get(name, name) for name in (*_PLAIN, *_NULLABLE, "mask", "clicks", "neighbour_clicks")}
"""Keys of an object's entry in a session file that are restored from its description."""


def describe(session: Session, shown: Document | None = None, restorable: bool = False) -> dict[str, Any]:
    """The session as JSON, without the objects and masks that the page has already.

    Args:
        shown: the document that the page shows; None for a complete description. Otherwise only objects that
            differ from it are described, and the order of ids if it differs.
        restorable: include everything that `restored` needs.
    """
    document = session.document
    old = {instance.id: instance for instance in shown.instances} if shown else {}
    described: dict[str, Any] = {
        "objects": [
            _object(instance, old.get(instance.id), restorable)
            for instance in document.instances
            if old.get(instance.id) is not instance
        ],
        "active": document.active,
        "next_id": document.next_id,
        "cfr": document.cfr.to_json(),
        "label": document.label,
        "attributes": attribute_values(document.foreign),
        "done": document.done,
        **({"review": document.review, "note": document.note} if document.review else {}),
        "can_undo": session.can_undo,
        "can_redo": session.can_redo,
    }
    if shown is None or shown.labels is not document.labels:
        described["labels"] = [asdict(label) for label in document.labels]
    if shown is None or shown.attributes is not document.attributes:
        described["attribute_list"] = attributes_to_json(document.attributes)
    order = [instance.id for instance in document.instances]
    if shown is None or order != list(old):
        described["order"] = order
    if restorable:
        described["stored"] = _stored_of_document(document)
    return described


def offered(session: Session) -> dict[str, Any]:
    """The masks that the network offers for the active object's click, as `replies.OfferedMasks`.

    Raises:
        ActionError: where it offers none.
    """
    instance, prediction = session.choices()
    masks = [
        {
            "counts": Mask.of_runs(*session.size, choice.rle()).counts,
            "predicted_iou": round(choice.predicted_iou, 3),
        }
        for choice in prediction.choices
    ]
    return {
        "object": instance.id,
        "size": list(session.size),
        "masks": masks,
        "choice": prediction.choice,
    }


def outlines(document: Document, detail: float) -> list[list[float]]:
    """The visible objects as polygons, [x, y, x, y, ...] each; `detail` as in `polygons`."""
    return [
        [round(value, 1) for value in ring.reshape(-1).tolist()]
        for instance in document.instances
        if instance.visible
        for ring in polygons(instance.mask.pixels, detail)
    ]


def restored(data: Any, size: tuple[int, int]) -> Document:
    """Rebuild the document from the descriptions that a page received, for a picture of (height, width).

    Raises:
        StoreError: when it is damaged, or of another picture's size.
    """
    try:
        session = {
            **data.get("stored", {}),
            "cfr_icl_session": store.VERSION,
            **{name: data[name] for name in ("size", "done", "active", "next_id", "cfr", "label", "labels")},
            "objects": [_file_entry(described) for described in data["objects"]],
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError("The session file is damaged.") from error
    return store.from_json(session, size)


def view_of(data: Mapping[str, Any]) -> View:
    """The view of the picture in such descriptions; raises StoreError."""
    try:
        return view_from_json(data.get("stored", {}).get("view"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError("The session file is damaged.") from error


def _object(instance: Instance, old: Instance | None, restorable: bool) -> dict[str, Any]:
    mask = instance.mask
    described: dict[str, Any] = {
        "id": instance.id,
        "label": instance.label,
        "colour": instance.colour,
        "clicks": [[click.x, click.y, int(click.positive)] for click in instance.clicks],
        "neighbour_clicks": [[click.x, click.y, 0] for click in instance.neighbour_clicks],
        "drawn_box": list(instance.box) if instance.box else None,
        "clicks_of_box": instance.clicks_of_box,
        **{name: getattr(instance, name) for name in SWITCHES},
        "overlaps": list(instance.overlaps),
        "chosen_pass": instance.chosen_pass,
        "version": mask.version,
        "area": mask.area,
        "box": mask.box.xywh,
        "timing": timing_to_json(instance.timing) if instance.timing else None,
        "attributes": attribute_values(instance.foreign),
        "certainty": instance.certainty,
        "unsure": instance.unsure,
    }
    if old is None or old.mask != mask:
        described["size"] = [mask.height, mask.width]
        described["counts"] = mask.counts
    if restorable:
        stored, before = _stored(instance), _stored(old) if old else {}
        if changed := {name: value for name, value in stored.items() if before.get(name, before) != value}:
            described["stored"] = changed
    return described


def _stored(instance: Instance) -> dict[str, Any]:
    """The values of an object's entry in a session file that are not in its description.

    A network mask that equals the mask is None.
    """
    entry = instance_to_json(instance)
    if instance.network_mask == instance.mask:
        entry[KEYS["network_mask"]] = None
    return {name: value for name, value in entry.items() if name not in _DESCRIBED}


def _file_entry(described: Mapping[str, Any]) -> dict[str, Any]:
    """An object's entry in a session file, from its description."""
    stored = described.get("stored", {})
    clicks, neighbour_clicks = (
        [[x, y, bool(positive)] for x, y, positive in described[name]]
        for name in ("clicks", "neighbour_clicks")
    )
    return {
        **stored,
        **{name: described[name] for name in _PLAIN if name in described},
        **{KEYS.get(name, name): described.get(name) for name in _NULLABLE},
        "clicks": clicks,
        KEYS["neighbour_clicks"]: neighbour_clicks,
        "mask": described["counts"],
        KEYS["network_mask"]: stored.get(KEYS["network_mask"]) or described["counts"],
    }


def _stored_of_document(document: Document) -> dict[str, Any]:
    """The values of the document in a session file that are not in the description of a session."""
    values = Document(view=document.view, foreign=document.foreign, attributes=document.attributes)
    entry = store.to_json(values, "", (0, 0))
    return {name: entry[name] for name in ("view", "foreign", "attributes") if name in entry}
