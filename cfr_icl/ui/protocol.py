"""The protocol of browser and server: all actions with their fields and ranges, and all replies.

The browser sends parcels, `{"actions": [Action, ...], "known": Known}`. Actions are numbered from 1 in their
page, and each is applied once and in order. The server returns one `Reply` for each parcel, with the number
of the last applied action and all changes that the browser does not show yet. All names are snake_case.

Positions are (x, y) in pixels of the picture. What a browser sends is untrusted: `read_action` checks
types and ranges, and refuses an action in one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypedDict

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from typing_extensions import NotRequired

from cfr_icl.annotate.document import MAX_LABEL_LENGTH, MAX_LABELS, ActionError
from cfr_icl.sentences import Sentence

MAX_BRUSH = 4000
"""Widest brush, in pixels of the picture."""

MAX_POINTS = 20_000
"""Most points of a brush stroke, a lasso or a piece of an outline."""

MAX_DETAIL = 20.0
"""Largest tolerance of polygons: their distance from the mask in pixels."""

LARGEST = 2**31

MUST_BE_NUMBER = "{name!r} must be a number, not {value!r:.40}."
FAR_OUTSIDE = 100_000
"""No point of a stroke has a coordinate of this size or more."""


# ---- types of fields


def _within(least: float, most: float, template: str, /, **values: Any):
    """A validator that refuses numbers outside a range, with a sentence that may name the `value`."""

    def check(value: Any) -> Any:
        if type(value) in (int, float) and not least <= value <= most:
            raise ActionError(template, value=value, **values)
        return value

    return BeforeValidator(check)


def _number(value: Any, info: ValidationInfo) -> Any:
    if type(value) not in (int, float) or value != value:
        raise ActionError(MUST_BE_NUMBER, name=info.field_name, value=value)
    if abs(value) > LARGEST:
        raise ActionError("{name!r} is too large.", name=info.field_name)
    return value


def _cleaned(longest: int):
    def clean(value: str) -> str:
        return "".join(c for c in value[: 10 * longest] if c >= " " and c != "\x7f")[:longest]

    return AfterValidator(clean)


def _colour(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ActionError("A colour is written #rrggbb, not {value!r:.40}.", value=value)
    return value.lower() if isinstance(value, str) else value


def _label_name(value: str) -> str:
    name = "".join(c for c in value if c.isprintable()).strip()
    if len(name) > MAX_LABEL_LENGTH:
        raise ActionError("A label has at most {most} characters.", most=MAX_LABEL_LENGTH)
    return name


def _points(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_POINTS:
        raise ActionError("A stroke has 1 to {most} points.", most=MAX_POINTS)
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            raise ActionError("A point of a stroke is [x, y].")
        if not all(type(side) in (int, float) and abs(side) < FAR_OUTSIDE for side in point):
            raise ActionError("A point of a stroke lies far outside the picture.")
    return value


def _labels(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LABELS:
        raise ActionError("A list of labels has 1 to {most} entries.", most=MAX_LABELS)
    if not all(isinstance(entry, str | Mapping) for entry in value):
        raise ActionError("Each label is a name, or a name with a colour.")
    return [{"name": entry} if isinstance(entry, str) else entry for entry in value]


Flag = bool
Number = Annotated[int | float, BeforeValidator(_number)]
Whole = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Id = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Fraction = Annotated[
    float, _within(1e-9, 1 - 1e-9, "{name!r} must lie between 0 and 1, not {value!r:.40}.", name="threshold")
]
Text = Annotated[str, _cleaned(200)]
Name = Annotated[str, _cleaned(1000)]
"""A file's name, without control characters."""
Path = Annotated[str, _cleaned(4096)]
"""Path of an uploaded file on the server, as returned by the upload."""
Token = Annotated[str, _cleaned(200)]
Colour = Annotated[str, BeforeValidator(_colour)]
LabelName = Annotated[str, AfterValidator(_label_name)]
Detail = Annotated[
    float,
    _within(
        0,
        MAX_DETAIL,
        "The detail of polygons goes from 0 to {most:g} pixels, not {value!r:.40}.",
        most=MAX_DETAIL,
    ),
]
Diameter = Annotated[
    int, _within(1, MAX_BRUSH, "The brush is 1 to {most} pixels wide, not {value!r:.40}.", most=MAX_BRUSH)
]


# ---- actions


class Action(BaseModel):
    """The base of all actions. `picture` is the token of the picture on the screen; None before the first."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
    direct: ClassVar[bool] = False
    """Whether the reply has no files or progress, so that it can bypass Gradio's events."""
    needs_picture: ClassVar[bool] = False
    """Whether the action is refused if `picture` is not the open picture."""

    kind: str
    number: Annotated[int, Field(ge=0, le=LARGEST)]
    picture: Token | None = None


class SessionAction(Action):
    """An action on the objects and settings of the picture that it names."""

    direct: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True


class Prepare(SessionAction):
    """Encode the picture in advance, for the first click."""

    kind: Literal["prepare"]


class Click(SessionAction):
    """Add a click to the active object, or start an object with it."""

    kind: Literal["click"]
    x: Number
    y: Number
    positive: Flag


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
    points: Annotated[list[list[int | float]], BeforeValidator(_points)]
    diameter: Diameter
    add: Flag


class Lasso(SessionAction):
    """Add what a closed line along points [[x, y], ...] surrounds, or take it away.

    Here and in `Reshape` pixel (0, 0) reaches from 0 to 1 on both axes.
    """

    kind: Literal["lasso"]
    points: Annotated[list[list[int | float]], BeforeValidator(_points)]
    add: Flag


class Reshape(SessionAction):
    """Turn over what lies between the active object's outline and a new one: to the object, or from it."""

    kind: Literal["reshape"]
    points: Annotated[list[list[int | float]], BeforeValidator(_points)]


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


class Select(SessionAction):
    kind: Literal["select"]
    id: Id


class Delete(SessionAction):
    kind: Literal["delete"]
    id: Id


class Duplicate(SessionAction):
    kind: Literal["duplicate"]
    id: Id


class Edit(SessionAction):
    """Change fields of an object; fields that are not sent do not change."""

    kind: Literal["edit"]
    id: Id
    colour: Colour | None = None
    threshold: Fraction | None = None
    visible: Flag | None = None
    locked: Flag | None = None
    overlap: Flag | None = None
    keep_largest: Flag | None = None
    fill_holes: Flag | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        return {
            name: getattr(self, name)
            for name in self.model_fields_set - Action.model_fields.keys() - {"id"}
            if getattr(self, name) is not None
        }


class Label(SessionAction):
    """Label an object: `id`, or the active one, or, without both, future objects."""

    kind: Literal["label"]
    name: LabelName
    id: Id | None = None
    active: Flag = False


class LabelEntry(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
    name: LabelName
    colour: Colour | None = None


class Labels(SessionAction):
    """Replace the list of labels: names, or names with colours."""

    kind: Literal["labels"]
    labels: Annotated[list[LabelEntry], BeforeValidator(_labels)]


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


class KeepPass(SessionAction):
    """Use an inner pass, numbered from 0, of the active object's last prediction as its mask."""

    kind: Literal["keep_pass"]
    index: Annotated[Whole, Field(alias="pass")]


class Choose(SessionAction):
    """Begin the active object with mask `index`, from 0, of the reply's `choices`."""

    kind: Literal["choose"]
    index: Whole


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


class Hello(Action):
    """The first action of a page; opens the first picture of a folder that is not done."""

    kind: Literal["hello"]


class Open(Action):
    """Open an uploaded picture in place of the one that is named by `picture`."""

    kind: Literal["open"]
    needs_picture: ClassVar[bool] = True
    path: Path
    name: Name


class Import(Action):
    """Add the masks of an uploaded file, or restore an uploaded session file."""

    kind: Literal["import"]
    needs_picture: ClassVar[bool] = True
    path: Path
    name: Name = ""
    reading: Text | None = None
    """One of `Loaded.readings`; None for the likeliest."""
    replace: Flag = False
    """First remove the objects that were just loaded; used to read the same file in another way."""


class Example(Action):
    """Open an example, numbered from 0."""

    kind: Literal["example"]
    needs_picture: ClassVar[bool] = True
    index: Whole


class Goto(Action):
    """Open a picture of the folder, by its name in the list.

    With a step, 1 or -1, a picture that cannot be opened is passed over in that direction; with `to_do`
    pictures that are done are passed over too, and the first one follows the last.
    """

    kind: Literal["goto"]
    needs_picture: ClassVar[bool] = True
    name: Name | None = None
    index: Whole | None = None
    step: Literal[1, -1] | None = None
    to_do: bool = False


class TakeOver(Action):
    """Add the objects of the previous picture of the folder, as they lie there or followed to this one."""

    kind: Literal["take_over"]
    direct: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True
    follow: Flag


class View(Action):
    """Show another page of the picture's file, or use other percentiles as black and white."""

    kind: Literal["view"]
    needs_picture: ClassVar[bool] = True
    page: Whole | None = None
    low: Number | None = None
    high: Number | None = None


class Restore(Action):
    """Send work back to a server that has lost it; it is restored completely or not at all.

    Accepted by a page without a picture. `session` is the session state from earlier replies, with all
    described objects.
    """

    kind: Literal["restore"]
    name: Name
    path: Path | None = None
    """The uploaded picture; None for an example."""
    example: Whole | None = None
    session: dict[str, Any] | None = None


class Download(Action):
    """Make a file of the picture: the active object's mask or cut-out, or the session."""

    kind: Literal["download"]
    needs_picture: ClassVar[bool] = True
    what: Text


class Export(Action):
    """Make the files of an export format; for a whole folder, in the background."""

    kind: Literal["export"]
    needs_picture: ClassVar[bool] = True
    format: Text
    detail: Detail
    whole_folder: Flag
    split: Text | None = None
    """Shares of training, validation and test of a whole folder, such as "80,10,10"; None for one part."""


class CancelJob(Action):
    """Cancel the job that runs in the background."""

    kind: Literal["cancel_job"]


class Polygons(Action):
    """Show the polygons of an export with this tolerance."""

    kind: Literal["polygons"]
    direct: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True
    detail: Detail


class Inspect(Action):
    """Show the inner passes of the active object's last prediction."""

    kind: Literal["inspect"]
    direct: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True


class Choices(Action):
    """Show the masks that the network offers for the active object's one click."""

    kind: Literal["choices"]
    direct: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True


class Model(Action):
    """Switch the network; the active object is predicted again."""

    kind: Literal["model"]
    name: Annotated[str, _cleaned(4096)]


class Learn(Action):
    """Learn from the finished pictures of the folder in the background, or go on with it."""

    kind: Literal["learn"]


class StopLearning(Action):
    """Stop learning; it can go on later."""

    kind: Literal["stop_learning"]


class ForgetLearnt(Action):
    """Throw away the learnt model and its run."""

    kind: Literal["forget_learnt"]


ACTIONS: dict[str, type[Action]] = {
    action.model_fields["kind"].annotation.__args__[0]: action
    for action in (
        *(
            Prepare,
            Click,
            Box,
            Paint,
            Lasso,
            Reshape,
            FillHole,
            Undo,
            Redo,
            Clear,
            Finish,
            Select,
            Delete,
            Duplicate,
            Edit,
        ),
        *(Label, Labels, RenameLabel, RemoveLabel, Done, KeepPass, Choose, Cascade),
        *(
            Hello,
            Open,
            Import,
            Example,
            Goto,
            TakeOver,
            View,
            Restore,
            Download,
            Export,
            CancelJob,
            Polygons,
            Inspect,
            Choices,
            Model,
            Learn,
            StopLearning,
            ForgetLearnt,
        ),
    )
}
"""All actions by their kind."""

DIRECT = tuple(kind for kind, action in ACTIONS.items() if action.direct)


class Known(BaseModel):
    """The state that the browser already has; replies leave it out."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
    page: Token | None = None
    """Token of the page; None for a page that was just loaded in the browser."""
    resume: Token | None = None
    """Token of the page that this tab showed before it was reloaded."""
    picture: Token | None = None
    reply: int | None = None
    """Number of the last reply that was shown."""
    language: str = "en"


def read_known(data: Any) -> Known:
    """Read the state that a browser reports (untrusted); empty if it is not valid."""
    known = data.get("known") if isinstance(data, Mapping) else None
    try:
        return Known.model_validate(known)
    except ValidationError:
        return Known()


def read_number(data: Any) -> int:
    """The number of an action; raises ActionError when it has none."""
    number = data.get("number") if isinstance(data, Mapping) else None
    if type(number) is not int or not 0 <= number <= LARGEST:
        raise ActionError("An action must be an object with a number and a kind.")
    return number


def read_action(data: Mapping[str, Any]) -> Action:
    """Parse one action; raises ActionError for the first invalid field."""
    kind = data.get("kind")
    if not isinstance(kind, str):
        raise ActionError("{name!r} must be text, not {value!r:.40}.", name="kind", value=kind)
    if kind not in ACTIONS:
        raise ActionError("There is no action {kind!r:.40}.", kind=kind)
    try:
        return ACTIONS[kind].model_validate(data)
    except ValidationError as error:
        raise ActionError(_sentence(error, kind)) from None


_SENTENCES = {
    "float_type": MUST_BE_NUMBER,
    "finite_number": MUST_BE_NUMBER,
    "int_type": "{name!r} must be a whole number, not {value!r:.40}.",
    "int_from_float": "{name!r} must be a whole number, not {value!r:.40}.",
    "bool_type": "{name!r} must be true or false, not {value!r:.40}.",
    "string_type": "{name!r} must be text, not {value!r:.40}.",
    "greater_than_equal": "{name!r} is too large.",
    "less_than_equal": "{name!r} is too large.",
    "missing": "The action {kind} needs {name!r}.",
}


def _sentence(error: ValidationError, kind: str) -> Sentence:
    """A message of this package for Pydantic's first error."""
    first = min(error.errors(include_url=False), key=lambda found: found["type"] == "int_type")
    if first["type"] == "value_error":
        return first["ctx"]["error"].sentence
    template = _SENTENCES.get(first["type"], "{name!r} of the action {kind} cannot be used.")
    named = {"name": str(first["loc"][0]), "value": first["input"], "kind": kind}
    return Sentence(template, **{name: value for name, value in named.items() if f"{{{name}" in template})


# ---- replies


class File(TypedDict):
    """A file to fetch; Gradio adds its `url`."""

    path: str
    orig_name: str
    url: NotRequired[str]


class Picture(TypedDict):
    """The picture that is open."""

    token: str
    file: File
    name: str
    width: int
    height: int
    transparent: bool
    """The file has transparency; transparent pixels count as white."""
    first_frame: bool
    """The file has several frames or pages, of which one is shown."""
    pages: int
    page: int
    """The page that is shown, from 0."""
    deep: bool
    """The file has more than 8 bits a channel."""
    low: float
    high: float
    """Percentiles of the values that are shown as black and as white, where the picture is deep."""
    values: list[float] | None
    """The values at these percentiles."""


class Object(TypedDict):
    """One object, sent when it changed."""

    id: int
    label: str
    colour: str
    clicks: list[list[float]]
    """[x, y, 1 or 0] each: positive or negative."""
    neighbour_clicks: list[list[float]]
    visible: bool
    locked: bool
    overlap: bool
    keep_largest: bool
    fill_holes: bool
    threshold: float
    left_out: int
    """Number of pixels that were removed from the mask because other objects have them."""
    kept: int | None
    """Index of the inner pass that the person chose."""
    choice: int | None
    """Index of the mask that the person chose of those that the network offers for the first click."""
    version: str
    """Equal for equal masks of one picture."""
    area: int
    box: list[int]
    """Left, top, width and height of the smallest rectangle around the mask; zeros when it is empty."""
    answer: dict[str, Any] | None
    """The fields of `document.Timing`: what the last answer took, and the masks that it offers."""
    certainty: float | None
    """How sure it is that a mask is right that no person has looked at; None for other objects."""
    unsure: bool
    """Whether that is too little to go by."""
    size: NotRequired[list[int]]
    """Height and width; sent with the mask."""
    counts: NotRequired[str]
    """The mask as COCO run lengths, when it differs from the one that was sent before."""
    stored: NotRequired[dict[str, Any]]
    """Other values of the object in a session file, if they changed; not sent in folder mode."""


class SessionState(TypedDict):
    """Objects and settings of a picture."""

    picture: str | None
    """Token of the picture."""
    objects: list[Object]
    """The objects that the browser does not have in their present state."""
    order: NotRequired[list[int]]
    """Ids of all objects, lowest first; left out when it did not change."""
    active: int | None
    next_id: int
    cfr: dict[str, Any]
    labels: NotRequired[list[dict[str, Any]]]
    """The list of labels, each with name and colour; left out when it did not change."""
    label: str
    done: bool
    can_undo: bool
    can_redo: bool
    stored: NotRequired[dict[str, Any]]
    """Other values of a session file; not sent in folder mode."""


class FolderState(TypedDict):
    """The folder of pictures."""

    index: int | None
    """Index of the open picture; None without one."""
    states: NotRequired[list[str]]
    """"todo", "work", "done", "unreadable" or "gone" for each picture; sent when one changed."""
    names: NotRequired[list[str]]
    """Sent when the list changed."""
    labels: NotRequired[dict[str, list[str]]]
    """The labels of the objects of each picture where they changed, by its name."""
    certainties: NotRequired[dict[str, float]]
    """The least certainty of the objects to be looked at, of each picture that has some; sent on a change."""
    pace: NotRequired[list[int]]
    """Seconds at work and objects made since the page was opened; sent when they changed."""


class Loaded(TypedDict):
    """The reading of a file of masks."""

    path: str
    """The upload, for importing it again with another reading."""
    reading: str | None
    readings: list[str]
    """All possible readings of the file."""
    objects: int


class OfferedMask(TypedDict):
    """A mask that the network offers for a click."""

    counts: str
    """COCO run lengths."""
    score: float
    """IoU with the object as the network predicts it, 0 to 1."""


class OfferedMasks(TypedDict):
    """What the active object may begin with."""

    object: int
    size: list[int]
    """Height and width."""
    masks: list[OfferedMask]
    choice: int
    """Index of the mask that the object began with."""


class ModelCost(TypedDict):
    """What the model in use costs."""

    parameters: int | None
    """How many weights it has; None where they cannot be counted."""
    device: str
    """Where it runs, as PyTorch calls it."""
    licence: str | None
    """As the card of the weights tells it."""
    picture: float | None
    """Seconds to encode a picture before its first click: the median of the last ones on this machine."""
    click: float | None
    """The same for a prediction."""


class Job(TypedDict):
    """A background job; the browser asks again until a reply has its result."""

    kind: str
    done: int
    """Pictures that are finished."""
    total: int
    """All pictures; 0 while that is not known."""


class Learning(TypedDict):
    """Learning from the finished pictures of the folder."""

    finished: int
    """Pictures that are done."""
    needed: int
    """How many of them learning is offered from."""
    running: bool
    stage: str | None
    """As in `learning_state`; None where nothing was learnt yet."""
    progress: float
    seconds_left: float | None
    message: str | None
    """Why it failed, in the language of the page."""
    model: str | None
    """Name of the learnt model in the menu; None without one."""
    found: dict[str, Any] | None
    """The fields of `Comparison`."""


class Reply(TypedDict):
    """The reply to a parcel."""

    page: str | None
    """Token of the page; None if the server does not have the page of the parcel."""
    forgotten: NotRequired[Literal["restarted", "closed"]]
    """The reason: the server was restarted, or the page was unused for long. `restore` sends work back."""
    resumed: NotRequired[bool]
    """Whether the work of the page before the reload continues; sent if `Known.resume` was given."""
    moved: NotRequired[bool]
    """The work continues in another tab; this tab must stop."""
    reply: int
    """Number of this reply."""
    applied: int
    """Number of the last action that was applied or refused; the browser sends later ones again."""
    session: SessionState
    picture: NotRequired[Picture]
    """Sent if the browser shows another picture."""
    model: NotRequired[str]
    model_cost: NotRequired[ModelCost]
    """Sent when it changed, once the model is loaded."""
    takes_coordinates: NotRequired[bool]
    """Whether the model takes clicks as coordinates; left out if not, or if it is not loaded yet."""
    folder: NotRequired[FolderState]
    learning: NotRequired[Learning]
    """Sent when it changed."""
    polygons: NotRequired[list[list[float]]]
    """Rings x, y, x, y, ... of all visible objects."""
    inside: NotRequired[dict[str, Any]]
    """The inner passes of the active object's last prediction."""
    choices: NotRequired[OfferedMasks]
    suggestion: NotRequired[Literal["box"]]
    """The last clicks changed little; a box may do more."""
    download: NotRequired[File]
    loaded: NotRequired[Loaded]
    job: NotRequired[Job]
    messages: NotRequired[list[str]]
    """Messages for the user, in the language of the page."""
