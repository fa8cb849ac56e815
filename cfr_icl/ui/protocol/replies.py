"""Replies of the server, as the browser reads them."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from typing_extensions import NotRequired


class File(TypedDict):
    """A file to fetch; Gradio adds its `url`."""

    path: str
    orig_name: str
    url: NotRequired[str]


class Download(File):
    """A file that a person asked for."""

    action: int
    """Number of the action that asked for it."""


class Suggestion(TypedDict):
    """What may help after a click."""

    kind: Literal["box", "overlap"]
    """Box: the last clicks changed little. Overlap: the click is on a pixel that another object keeps."""
    object: int
    """Id of the object that was clicked on."""


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
    drawn_box: list[int] | None
    """The box that started the object: left, top, right and bottom, the last two exclusive."""
    clicks_of_box: int
    """How many of the first clicks stand for this box."""
    visible: bool
    locked: bool
    overlap: bool
    overlaps: list[int]
    """Ids of objects with which it shares pixels."""
    keep_largest: bool
    fill_holes: bool
    threshold: float
    left_out: int
    """Number of pixels that were removed from the mask because other objects have them."""
    chosen_pass: int | None
    """Index of the inner pass that the person chose."""
    choice: int | None
    """Index of the chosen mask among the network's choices for the first click."""
    version: str
    """Equal for equal masks of one picture."""
    area: int
    box: list[int]
    """Left, top, width and height of the smallest rectangle around the mask; zeros when it is empty."""
    timing: dict[str, Any] | None
    """The fields of `document.Timing`: cost of the last prediction, and number of masks that it offers."""
    attributes: dict[str, bool | float | str]
    """Values by name."""
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
    """The objects that the browser does not have in their current state."""
    order: NotRequired[list[int]]
    """Ids of all objects, lowest first; left out when it did not change."""
    active: int | None
    next_id: int
    cfr: dict[str, Any]
    labels: NotRequired[list[dict[str, Any]]]
    """The list of labels, each with name and colour; left out when it did not change."""
    attribute_list: NotRequired[list[dict[str, Any]]]
    """Definitions of attributes, besides the usual ones; left out when they did not change."""
    attributes: dict[str, bool | float | str]
    """Values of the picture by name."""
    label: str
    done: bool
    review: NotRequired[str]
    """"accepted" or "sent_back"."""
    note: NotRequired[str]
    can_undo: bool
    can_redo: bool
    stored: NotRequired[dict[str, Any]]
    """Other values of a session file; not sent in folder mode."""


class FolderState(TypedDict):
    """The folder of pictures."""

    index: int | None
    """Index of the open picture; None without one."""
    own: NotRequired[bool]
    """True if it was made of files that this page sent, and is given back with the page."""
    saved: NotRequired[list[str]]
    """Pictures whose work was saved anew, in a folder of the page's own; the browser keeps copies."""
    states: NotRequired[list[str]]
    """"todo", "work", "done", "unreadable" or "gone" for each picture; sent when one changed."""
    names: NotRequired[list[str]]
    """Sent when the list changed."""
    labels: NotRequired[dict[str, list[str]]]
    """The labels of the objects of each picture where they changed, by its name."""
    certainties: NotRequired[dict[str, float]]
    """The least certainty of the objects to be looked at, of each picture that has some; sent on a change."""
    taken: NotRequired[dict[str, str]]
    """Names of others, by the pictures that they work on; sent when it changed."""
    reviews: NotRequired[dict[str, str]]
    """"accepted" or "sent_back", by picture; sent when it changed."""
    people: NotRequired[dict[str, tuple[str, ...]]]
    """Names of those who worked on each picture; sent when it changed."""
    visits: NotRequired[list[dict[str, Any]]]
    """The last visits of the open picture, latest first: who, began, minutes, objects, outcome, note."""
    change: NotRequired[str | None]
    """The last change of the whole folder, "filled" or "relabelled", while it can be taken back; sent when it
    changed."""
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


class Preview(TypedDict):
    """What a click would roughly give."""

    size: list[int]
    """Height and width."""
    counts: str
    """COCO run lengths."""
    colour: str
    """Colour of the object."""


class OfferedMask(TypedDict):
    """A mask that the network offers for a click."""

    counts: str
    """COCO run lengths."""
    predicted_iou: float
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
    of_kind: bool | None
    """Whether the picture is of the kind that the model learnt; None for other models, or if unknown."""


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
    stopping: bool
    """Whether it was told to stop and is still running."""
    elsewhere: bool
    """Whether another server runs it, which alone can stop it."""
    stage: str | None
    """As in `annotate/learning/state.py`; None where nothing was learnt yet."""
    begun: bool
    """Whether there is a run that the next one goes on from."""
    progress: float
    seconds_left: float | None
    message: str | None
    """Why it failed, in the language of the page."""
    model: str | None
    """Name of the learnt model in the menu; None without one."""
    newer: bool
    """Whether it learnt more since the page began to use it; the page predicts as before until it is chosen
    again."""
    comparison: dict[str, Any] | None
    """The fields of `Comparison`; None before learning has finished."""


class Reply(TypedDict):
    """The reply to a parcel."""

    page: str | None
    """Token of the page; None if the server does not have the page of the parcel."""
    forgotten: NotRequired[Literal["restarted", "closed"]]
    """The reason: the server was restarted, or the page was unused for long. `restore` sends work back."""
    resumed: NotRequired[bool]
    """Whether the work of the page before the reload continues; sent if `Known.resume` was given."""
    login: NotRequired[str]
    """The name of the login, where the app asks for one; sent with replies to Gradio's events."""
    moved: NotRequired[bool]
    """The work continues in another tab; this tab must stop."""
    left_folder: NotRequired[bool]
    """The page's own folder was given back, and the page is closed."""
    missing_uploads: NotRequired[list[str]]
    """Uploads of `add_files` that did not arrive; their files are to be sent again."""
    added_pictures: NotRequired[list[list[str]]]
    """[upload, name] for each picture that came into the page's own folder, with its name there, which may
    differ from the name that was sent."""
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
    relabel: NotRequired[dict[str, Any]]
    """A change of a label in the whole folder, and its extent: pictures, objects, left_out."""
    fill: NotRequired[dict[str, int]]
    """How many pictures of the folder there are masks for, how many of these have work, and how many files or
    images belong to none: pictures, with_work, unknown."""
    polygons: NotRequired[list[list[float]]]
    """Rings x, y, x, y, ... of all visible objects."""
    inside: NotRequired[dict[str, Any]]
    """The inner passes of the active object's last prediction."""
    choices: NotRequired[OfferedMasks]
    suggestion: NotRequired[Suggestion]
    downloads: NotRequired[list[Download]]
    loaded: NotRequired[Loaded]
    job: NotRequired[Job]
    messages: NotRequired[list[str]]
    """Messages for the user, in the language of the page."""
    earlier: NotRequired[list[dict[str, Any]]]
    """Fields that are sent once, of replies that may not have arrived, with the number of each as `reply`."""
