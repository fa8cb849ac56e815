"""Actions on the objects and settings of a picture; `ui/apply.py` applies them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from cfr_icl.ui.protocol.action import Action, SessionAction
from cfr_icl.ui.protocol.fields import (
    Attributes,
    AttributeValue,
    Colour,
    Diameter,
    Flag,
    Fraction,
    Id,
    Ids,
    LabelList,
    LabelName,
    Note,
    Number,
    Points,
    Token,
    Whole,
)


class Prepare(SessionAction):
    """Encode the picture in advance, for the first click."""

    kind: Literal["prepare"]
    by_itself: ClassVar[bool] = True
    works: ClassVar[bool] = False


class Click(SessionAction):
    """Add a click to the active object, or start an object with it."""

    kind: Literal["click"]
    x: Number
    y: Number
    positive: Flag
    may_overlap: Flag = False
    """Whether an object that it starts on the pixels of others may overlap these."""


class Box(SessionAction):
    """Start an object with a box around it; corners are pixels of the box."""

    kind: Literal["box"]
    left: Whole
    top: Whole
    right: Whole
    bottom: Whole


class Paint(SessionAction):
    """A brush stroke along points [[x, y], ...], which adds or erases."""

    kind: Literal["paint"]
    points: Points
    diameter: Diameter
    add: Flag


class Lasso(SessionAction):
    """Add the area within a closed line along points [[x, y], ...] to the object, or remove it.

    Here and in `Reshape` pixel (0, 0) reaches from 0 to 1 on both axes.
    """

    kind: Literal["lasso"]
    points: Points
    add: Flag


class Reshape(SessionAction):
    """Replace the active object's outline: the area between both joins the object, or leaves it."""

    kind: Literal["reshape"]
    points: Points


class FillHole(SessionAction):
    """Fill the hole of the active object that holds pixel (x, y)."""

    kind: Literal["fill_hole"]
    x: Whole
    y: Whole


class Undo(SessionAction):
    kind: Literal["undo"]


class Redo(SessionAction):
    kind: Literal["redo"]


class Clear(SessionAction):
    """Delete the active object."""

    kind: Literal["clear"]


class Finish(SessionAction):
    """Deselect the active object; the next click starts another one."""

    kind: Literal["finish"]


class GoToUnsure(SessionAction):
    """Finish the active object and select the next unsure one; the first one follows the last."""

    kind: Literal["go_to_unsure"]


class Select(SessionAction):
    kind: Literal["select"]
    works: ClassVar[bool] = False
    id: Id


class Delete(SessionAction):
    kind: Literal["delete"]
    id: Id


class Duplicate(SessionAction):
    kind: Literal["duplicate"]
    id: Id


class Changes(SessionAction):
    """Fields of objects; fields that are not sent do not change."""

    colour: Colour | None = None
    visible: Flag | None = None
    locked: Flag | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        names = self.model_fields_set - Action.model_fields.keys() - {"id", "ids"}
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class Edit(Changes):
    """Change fields of an object."""

    kind: Literal["edit"]
    id: Id
    threshold: Fraction | None = None
    overlap: Flag | None = None
    keep_largest: Flag | None = None
    fill_holes: Flag | None = None


class OverlapClicked(SessionAction):
    """Let an object overlap those that it was clicked on."""

    kind: Literal["overlap_clicked"]
    id: Id


class DeleteObjects(SessionAction):
    """Delete several objects; this and the next four actions are one step of undo each."""

    kind: Literal["delete_objects"]
    ids: Ids


class LabelObjects(SessionAction):
    """Label several objects."""

    kind: Literal["label_objects"]
    ids: Ids
    name: LabelName


class EditObjects(Changes):
    """Change fields of several objects."""

    kind: Literal["edit_objects"]
    ids: Ids


class MergeObjects(SessionAction):
    """Make one object of several."""

    kind: Literal["merge_objects"]
    ids: Ids


class OrderObjects(SessionAction):
    """Move several objects in front of all others, or behind them."""

    kind: Literal["order_objects"]
    ids: Ids
    front: Flag


class Label(SessionAction):
    """Label an object: `id`, or the active one, or, without both, future objects."""

    kind: Literal["label"]
    name: LabelName
    id: Id | None = None
    active: Flag = False


class Attribute(SessionAction):
    """Set an attribute of objects, or of the picture without `ids`; a null value removes it."""

    kind: Literal["attribute"]
    name: LabelName
    value: AttributeValue | None = None
    ids: Ids | None = None


class Labels(SessionAction):
    """Replace the list of labels: names, or names with colours; and the definitions of attributes."""

    kind: Literal["labels"]
    labels: LabelList
    attributes: Attributes | None = None
    """As in the file of a list; None to leave them as they are."""


class RenameLabel(SessionAction):
    """Rename a label on the list and on all objects of the picture."""

    kind: Literal["rename_label"]
    name: LabelName
    new: LabelName


class RemoveLabel(SessionAction):
    kind: Literal["remove_label"]
    name: LabelName


class Done(SessionAction):
    """Mark the picture as done or not done."""

    kind: Literal["done"]
    done: Flag


class Review(SessionAction):
    """Accept the picture, or send it back with a note to those who work on it."""

    kind: Literal["review"]
    accepted: Flag
    note: Note = ""


class KeepPass(SessionAction):
    """Use an inner pass, numbered from 0, of the active object's last prediction as its mask."""

    kind: Literal["keep_pass"]
    index: Annotated[Whole, Field(alias="pass")]
    prediction: Token | None = None
    """The prediction that the passes are of, as in the reply's `inside`; refused when it is another one."""


class Choose(SessionAction):
    """Begin the active object with mask `index`, from 0, of the reply's `choices`."""

    kind: Literal["choose"]
    index: Whole
    object: Id | None = None
    """The object that the choices are of; the action is refused when another one is active."""


class ChooseOrLabel(SessionAction):
    """Choose mask `index` where the network offers masks for the active object's click, or else a label.

    `index` counts from 0; a label that is not on the list is passed over. Only when the actions before it
    are applied is it known whether there are masks and labels.
    """

    kind: Literal["choose_or_label"]
    index: Whole
    masks: Flag = True
    """Whether it may choose a mask."""
    ids: Ids | None = None
    """The objects to label; None for the active one, or, without it, future objects."""


class Cascade(SessionAction):
    """Change settings of Cascade-Forward Refinement: fields of `CascadeForward` by name."""

    kind: Literal["cascade"]
    cfr: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:  # the format of pages of older versions
        if isinstance(data, dict) and "cfr" not in data:
            return {**data, "cfr": {k: v for k, v in data.items() if k not in Action.model_fields}}
        return data
