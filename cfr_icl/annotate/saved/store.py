"""Session files: a document as JSON, written atomically; content is validated when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cfr_icl.annotate.objects.attributes import attributes_from_json, attributes_to_json
from cfr_icl.annotate.objects.checks import foreign_values, integer, label_text, one_of, typed
from cfr_icl.annotate.objects.document import ACCEPTED, MAX_ID, MAX_LABELS, SENT_BACK, Document
from cfr_icl.annotate.saved.object_json import (
    instance_from_json,
    instance_to_json,
    label_from_json,
    label_to_json,
    view_from_json,
)
from cfr_icl.annotate.saved.visits import MAX_TEXT, Visit, visits_from_json, visits_to_json
from cfr_icl.cfr import CascadeForward
from cfr_icl.files import write_atomically
from cfr_icl.pictures.image_files import MAX_SIDE
from cfr_icl.pictures.pages import View
from cfr_icl.sentences import Refusal

VERSION = 1
"""Version of the session file's layout."""

MAX_JSON_BYTES = 64_000_000
"""Larger files are not read: decoded, they would need some twenty times as much memory."""


class StoreError(Refusal):
    """A session file that cannot be used; the message is one sentence for the person."""


def to_json(
    document: Document,
    picture: str,
    size: tuple[int, int],
    file_bytes: int | None = None,
    visits: Sequence[Visit] = (),
    digest: str | None = None,
) -> dict[str, Any]:
    """A document with the name, the (height, width), the bytes and the digest of its picture's file."""
    return {
        "cfr_icl_session": VERSION,
        "picture": picture,
        "size": list(size),
        "done": document.done,
        "active": document.active,
        "next_id": document.next_id,
        "cfr": document.cfr.to_json(),
        "labels": [label_to_json(label) for label in document.labels],
        "label": document.label,
        "objects": [instance_to_json(instance, document.cfr) for instance in document.instances],
        **({} if document.view == View() else {"view": asdict(document.view)}),
        **({} if file_bytes is None else {"file_bytes": file_bytes}),
        **({} if digest is None else {"file_digest": digest}),
        **({} if document.foreign is None else {"foreign": document.foreign}),
        **({"attributes": attributes_to_json(document.attributes)} if document.attributes else {}),
        **({"review": document.review, "note": document.note} if document.review else {}),
        **({"visits": visits_to_json(visits)} if visits else {}),
    }


def from_json(data: Any, size: tuple[int, int]) -> Document:
    """The document in a session file of a picture of this (height, width).

    Raises:
        StoreError: when the file is no session file, damaged, or of another picture's size.
    """
    if not isinstance(data, Mapping) or data.get("cfr_icl_session") != VERSION:
        raise StoreError("This is not a session file of this version.")
    if data.get("size") != list(size):
        raise StoreError(
            "The session file belongs to a picture of {file_size} pixels; this one has {picture_size}.",
            file_size=_sized(data.get("size")),
            picture_size=_sized(list(size)),
        )
    try:
        cfr = CascadeForward.from_json(data["cfr"])
        instances = tuple(instance_from_json(entry, size, cfr) for entry in data["objects"])
        ids = [instance.id for instance in instances]
        next_id = integer(data["next_id"], 1, MAX_ID + 1)
        active = None if data["active"] is None else integer(data["active"], 1, MAX_ID)
        if len(set(ids)) < len(ids) or active not in (None, *ids) or max([0, *ids]) >= next_id:
            raise ValueError("ids")
        labels = tuple(label_from_json(entry) for entry in data["labels"])
        if len(labels) > MAX_LABELS:
            raise ValueError("labels")
        return Document(
            instances=instances,
            active=active,
            cfr=cfr,
            labels=labels,
            label=label_text(data["label"]),
            done=typed(data["done"], bool),
            review=one_of(data.get("review", ""), ("", ACCEPTED, SENT_BACK)),
            note=typed(data.get("note", ""), str)[:MAX_TEXT],
            next_id=next_id,
            view=view_from_json(data.get("view")),
            foreign=foreign_values(data.get("foreign")),
            attributes=attributes_from_json(data.get("attributes", [])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError("The session file is damaged.") from error


def encode(data: Mapping[str, Any]) -> bytes:
    """A session as the content of its file."""
    return json.dumps(data).encode("utf-8")


def save(
    path: Path,
    document: Document,
    picture: str,
    size: tuple[int, int],
    file_bytes: int | None = None,
    visits: Sequence[Visit] = (),
    digest: str | None = None,
) -> None:
    """Write a session file."""
    write_atomically(path, encode(to_json(document, picture, size, file_bytes, visits, digest)))


def file_digest(path: Path) -> str:
    """The digest of a picture's file, by which its saved work finds it; raises OSError."""
    content = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            content.update(part)
    return content.hexdigest()


def load(path: Path, size: tuple[int, int]) -> Document:
    """Read a session file; raises StoreError like `from_json`."""
    return from_json(read_json(path), size)


def load_work(path: Path) -> tuple[tuple[int, int], Document, tuple[Visit, ...]]:
    """The picture's (height, width), document and visits of a session file.

    Raises:
        StoreError: when it cannot be used; the message names it.
    """
    try:
        data = read_json(path)
        try:
            height, width = (integer(side, 1, MAX_SIDE) for side in data["size"])
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError("This is not a session file of this version.") from error
        return (height, width), from_json(data, (height, width)), visits_from_json(data.get("visits"))
    except StoreError as error:
        raise StoreError("{name}: {error}", name=path.name, error=error) from error


def read_json(path: Path, foreign: bool = False) -> Any:
    """Read an untrusted JSON file; raises StoreError when it is damaged or too large.

    Args:
        foreign: also accept byte order marks and NaN (as null), which other tools write.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise StoreError(
            "The file is too large; at most {megabytes} MB are read.",
            megabytes=MAX_JSON_BYTES // 1_000_000,
        )
    try:
        content = path.read_bytes()
        if foreign:
            encoding = json.detect_encoding(content)
            return json.loads(content.decode(encoding), parse_constant=lambda name: None)
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise StoreError("The JSON file is damaged.") from error


def _no_number(name: str) -> None:
    raise ValueError(name)


def _sized(size: Any) -> str:
    is_size = isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
    return f"{size[1]} x {size[0]}" if is_size and max(size) <= MAX_SIDE else "unknown size"
