"""Actions on pictures, folders, files, models and learning; `ui/page.py` applies them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from cfr_icl.ui.protocol.action import Action
from cfr_icl.ui.protocol.fields import (
    Colour,
    Detail,
    Flag,
    LabelName,
    ModelName,
    Name,
    Number,
    Path,
    Received,
    Text,
    Whole,
)


class Hello(Action):
    """The first action of a page; opens the first picture of a folder that is not done."""

    kind: Literal["hello"]
    direct: ClassVar[bool] = False


class Introduce(Action):
    """Tell a new name of the person, which comes with each parcel (`Known.who`); nothing else is changed."""

    kind: Literal["introduce"]


class Open(Action):
    """Open an uploaded picture in place of the one that is named by `picture`."""

    kind: Literal["open"]
    needs_picture: ClassVar[bool] = True
    path: Path
    name: Name


class SentFile(Received):
    """An uploaded file with its path below the person's folder."""

    path: Path
    name: Name


class AddFiles(Action):
    """Add uploaded pictures, and saved work of them, to the page's own folder; the first one makes it."""

    kind: Literal["add_files"]
    files: list[SentFile]
    more: Flag = False
    """Other files follow; what was left out is told after the last."""
    open: Flag = False
    """Open the last picture of these."""
    back: Flag = False
    """They were in a folder that the server has lost; only what is not taken back is told."""


class LeaveFolder(Action):
    """Give the page's own folder back, and with it the page."""

    kind: Literal["leave_folder"]


class Import(Action):
    """Add the masks of uploaded files in one step of undo, or restore an uploaded session file."""

    kind: Literal["import"]
    works: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True
    path: Path
    name: Name = ""
    reading: Text | None = None
    """One of `Loaded.readings`; None for the likeliest."""
    replace: Flag = False
    """First remove the objects that were just loaded; used to read the same file in another way."""
    more: list[Path] = Field(default_factory=list)
    """Further files of the same picture, such as one for each object."""
    class_list: Path | None = None
    """An uploaded data.yaml or classes.txt, whose names are those of the numbers in the files."""


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
    works: ClassVar[bool] = True
    needs_picture: ClassVar[bool] = True
    follow: Flag


class RelabelFolder(Action):
    """Rename a label and change its colour in all pictures of the folder, after a first count."""

    kind: Literal["relabel_folder"]
    name: LabelName
    new: LabelName
    colour: Colour | None = None
    sure: Flag = False
    """Whether the person agreed; else the reply says how much would change."""


class TakeBackInFolder(Action):
    """Take the last change of the whole folder back: loaded masks, or a changed label."""

    kind: Literal["take_back_in_folder"]


class OfferMasks(Action):
    """Look which pictures of the folder uploaded files have masks for; nothing is changed."""

    kind: Literal["offer_masks"]
    files: list[SentFile]


class FillFolder(Action):
    """Load the masks of the files that were offered last."""

    kind: Literal["fill_folder"]
    add: Flag = False
    """Add to pictures that have work already; without it these stay as they are."""


class View(Action):
    """Show another page of the picture's file, or use other percentiles as black and white."""

    kind: Literal["view"]
    works: ClassVar[bool] = True
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
    needs_picture: ClassVar[bool] = True
    by_itself: ClassVar[bool] = True
    detail: Detail


class Inspect(Action):
    """Show the inner passes of the active object's last prediction."""

    kind: Literal["inspect"]
    needs_picture: ClassVar[bool] = True
    by_itself: ClassVar[bool] = True


class Choices(Action):
    """Show the masks that the network offers for the active object's one click."""

    kind: Literal["choices"]
    needs_picture: ClassVar[bool] = True
    by_itself: ClassVar[bool] = True


class Model(Action):
    """Switch the network; the active object is predicted again."""

    kind: Literal["model"]
    direct: ClassVar[bool] = False
    name: ModelName


class Learn(Action):
    """Learn from the finished pictures of the folder in the background, or go on with it."""

    kind: Literal["learn"]


class StopLearning(Action):
    """Stop learning; it can go on later."""

    kind: Literal["stop_learning"]


class ForgetLearnt(Action):
    """Throw away the learnt model and its run."""

    kind: Literal["forget_learnt"]
