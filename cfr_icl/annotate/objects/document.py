"""Objects, labels and settings of one picture, as immutable dataclasses."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.box import box_clicks, box_guess
from cfr_icl.cfr import MASK_THRESHOLD, CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.pictures.pages import View
from cfr_icl.rectangle import Rectangle
from cfr_icl.sentences import Refusal

COLOURS = (
    "#3b82f6",
    "#96ff96",
    "#f0005a",
    "#f59e0b",
    "#f0d2ff",
    "#695a96",
    "#b44b00",
    "#a5a5f0",
    "#c387a5",
    "#9600ff",
    "#00784b",
    "#c3f0c3",
)
"""Colours of new objects, in turn; distinct under each kind of colour blindness too.

The first ones are those that few things in photographs have.
"""

MAX_ID = 65_535
"""Largest number of an object: the largest value of a 16-bit label map."""

MAX_CLICKS = 500
"""The most clicks of an object."""

UNSURE = 0.8
"""Masks of lower certainty are marked for checking (benchmarks/follow.py measures the value)."""

MAX_LABELS = 1000
MAX_LABEL_LENGTH = 60


class ActionError(Refusal):
    """An action that cannot be applied now; the message is one sentence for the user."""


@dataclass(frozen=True)
class Timing:
    """Cost of an object's last prediction: forward passes, milliseconds, and the zoom window."""

    forwards: int
    milliseconds: float
    window: Rectangle | None
    """The zoom window; None for the whole picture."""
    passes: int | None = None
    """Number of passes of the last click; None if an older version saved the object."""
    changed: int | None = None
    """Pixels that the last pass added to the mask or removed; None if it was the coarse pass."""
    choices: int = 0
    """Masks that the network offers for the object's one click (`Session.choose`)."""


@dataclass(frozen=True)
class Label:
    """A class of objects."""

    name: str
    colour: str
    category_id: int | None = None
    """Number of the class in the COCO file that it came from."""
    supercategory: str | None = None


@dataclass(frozen=True)
class Attribute:
    """What may be said of an object, or of a picture (`attributes.py` has the values)."""

    name: str
    kind: str = "yes_no"
    """"yes_no", "choice", "number" or "text"."""
    choices: tuple[str, ...] = ()
    of_picture: bool = False


@dataclass(frozen=True)
class Instance:
    """One object of a picture: clicks, strokes and switches, and the mask composed from them."""

    id: int
    label: str
    colour: str
    network_mask: Mask
    """The network's mask, before neighbours, strokes and switches change it."""
    mask: Mask
    clicks: tuple[Click, ...] = ()
    neighbour_clicks: tuple[Click, ...] = ()
    """Negative clicks on neighbours that the first mask covered; the network gets them from click 2 on."""
    box: Rectangle | None = None
    """The box that started the object; `clicks` start with the clicks of the box."""
    initial_mask: Mask | None = None
    """Previous mask of the first click; replaces the ellipse of the box."""
    chosen_pass: int | None = None
    """Index of the inner pass that the person chose, from 0; the next click starts from its mask."""
    choice: int | None = None
    """Index of the chosen mask among the network's choices for the first click."""
    painted: Mask | None = None
    erased: Mask | None = None
    keep_largest: bool = False
    fill_holes: bool = False
    overlap: bool = False
    """Whether the mask may contain pixels of all other objects."""
    overlaps: tuple[int, ...] = ()
    """Ids of objects with which it shares pixels, both ways, such as the whole of which it is a part."""
    threshold: float = MASK_THRESHOLD
    visible: bool = True
    locked: bool = False
    left_out: int = 0
    """Number of pixels that were removed from the mask because other objects have them."""
    timing: Timing | None = None
    cfr: CascadeForward | None = None
    """CFR settings of the network mask; None if the network predicted nothing."""
    foreign: Mapping[str, Any] | None = None
    """The object's attributes, and further values in the file that it was loaded from, such as ids."""
    certainty: float | None = None
    """Certainty (`session/certainty.py`), 0 to 1, of a mask that was followed from another picture or made by
    a batch; None once a person has made, changed or checked the mask."""

    @property
    def clicks_of_box(self) -> int:
        """How many of the first clicks stand for the box and were not placed by the person."""
        return len(box_clicks(self.box, self.size)) if self.box else 0

    @property
    def network_clicks(self) -> tuple[Click, ...]:
        """The clicks for the network: a box's batched, those of neighbours batched with the second click.

        The first click is predicted without the neighbours' clicks: they make the first mask worse and later
        ones better. Neighbours keep their pixels in either case.
        """
        drawn = self.clicks_of_box
        if drawn:
            return (*(replace(click, batched=True) for click in self.clicks[:drawn]), *self.clicks[drawn:])
        if not self.neighbour_clicks or len(self.clicks) < 2:
            return self.clicks
        together = [replace(click, batched=True) for click in (*self.neighbour_clicks, self.clicks[1])]
        return (self.clicks[0], *together, *self.clicks[2:])

    @property
    def previous_mask(self) -> np.ndarray | None:
        """Previous mask of the first click, (H, W) of bools or probabilities; None for an empty one."""
        if self.initial_mask:
            return self.initial_mask.pixels
        return box_guess(self.box, self.size) if self.box else None

    @property
    def prediction(self) -> str:
        """Digest of all that the prediction of this object depends on, except the network."""
        start = self.initial_mask and self.initial_mask.version
        parts = (self.id, self.network_clicks, start, self.box, self.choice, self.cfr)
        return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()

    @property
    def is_predictable(self) -> bool:
        """Whether a network can predict it: from a positive click, or any that corrects a box or a mask."""
        begun = self.initial_mask is not None or self.box is not None
        return any(click.positive or begun for click in self.clicks)

    @property
    def masks(self) -> tuple[Mask, ...]:
        """All masks that the object holds."""
        masks = (self.network_mask, self.mask, self.initial_mask, self.painted, self.erased)
        return tuple(mask for mask in masks if mask is not None)

    @property
    def unsure(self) -> bool:
        """Whether the mask is marked for checking."""
        return self.certainty is not None and self.certainty < UNSURE

    @property
    def size(self) -> tuple[int, int]:
        return self.mask.height, self.mask.width

    def check_unlocked(self) -> None:
        """Raise ActionError if the object is locked."""
        if self.locked:
            raise ActionError("Object {id} is locked; unlock it to change it.", id=self.id)


ACCEPTED, SENT_BACK = "accepted", "sent_back"
"""Results of a review of a picture."""


@dataclass(frozen=True)
class Document:
    """All objects and settings of a picture at one moment."""

    instances: tuple[Instance, ...] = ()
    active: int | None = None
    """Id of the active object, to which clicks are added; None when the next click starts a new one."""
    cfr: CascadeForward = field(default_factory=CascadeForward)
    labels: tuple[Label, ...] = ()
    label: str = "object"
    """Label of the next new object."""
    done: bool = False
    """Whether the picture is marked as done."""
    review: str = ""
    """ACCEPTED, SENT_BACK, or empty; a picture that is done and not accepted is to be checked."""
    note: str = ""
    """Why the picture was sent back."""
    next_id: int = 1
    view: View = field(default_factory=View)
    """Page and contrast with which the picture's file is shown."""
    foreign: Mapping[str, Any] | None = None
    """The picture's attributes, and further values in the file that objects were loaded from, such as ids."""
    attributes: tuple[Attribute, ...] = ()
    """Definitions of attributes that a list of labels adds to the usual ones."""

    def find(self, id: int) -> Instance:
        """The object with this id; raises ActionError when there is none."""
        for instance in self.instances:
            if instance.id == id:
                return instance
        raise ActionError("There is no object {id}.", id=id)

    def others(self, id: int) -> tuple[Instance, ...]:
        """All objects but this one."""
        return tuple(instance for instance in self.instances if instance.id != id)

    def with_instance(self, instance: Instance) -> Document:
        """The document with this object in place of the one with its id, or after all others."""
        if any(old.id == instance.id for old in self.instances):
            instances = tuple(instance if old.id == instance.id else old for old in self.instances)
        else:
            instances = (*self.instances, instance)
        return replace(self, instances=instances)

    @property
    def selected(self) -> Instance | None:
        """The active object."""
        return None if self.active is None else self.find(self.active)

    def selected_or_new(self, size: tuple[int, int]) -> tuple[Document, Instance]:
        """The document and its active object, or those of `new_instance` if no object is active.

        Raises:
            ActionError: if the active object is locked.
        """
        instance = self.selected
        if instance is None:
            return self.new_instance(size)
        instance.check_unlocked()
        return self, instance

    def new_instance(self, size: tuple[int, int]) -> tuple[Document, Instance]:
        """An object without pixels, not yet in `instances`, and the document in which it is active.

        Args:
            size: height and width of the picture.

        Raises:
            ActionError: after MAX_ID objects.
        """
        number = self.next_id
        if number > MAX_ID:
            raise ActionError("A picture holds at most {max_id} objects.", max_id=MAX_ID)
        colours = {label.name: label.colour for label in self.labels}
        colour = colours.get(self.label, COLOURS[(number - 1) % len(COLOURS)])
        empty = Mask.empty(*size)
        instance = Instance(number, self.label, colour, empty, empty)
        return replace(self, active=number, next_id=number + 1), instance


def label_name(text: str) -> str:
    """Clean a label of a foreign file: one line of at most MAX_LABEL_LENGTH characters; may become empty.

    Spaces of all scripts and joiners stay; line breaks become spaces, other control characters go.
    """
    characters = []
    for character in text[: 10 * MAX_LABEL_LENGTH]:
        category = unicodedata.category(character)
        if character in "\t\n\r\v\f" or category in ("Zl", "Zp"):
            characters.append(" ")
        elif category not in ("Cc", "Cs", "Cn", "Co"):
            characters.append(character)
    return "".join(characters).strip()[:MAX_LABEL_LENGTH].strip()
