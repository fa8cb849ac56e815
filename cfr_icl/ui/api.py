"""The network without the page: one stateless endpoint for programs and for MCP clients."""

import secrets
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.utils import get_upload_folder

from cfr_icl.annotate.exports.png import mask_png
from cfr_icl.annotate.imports import mask_pixels
from cfr_icl.arguments import check_positive, checked_box
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.pictures.decoding import read_picture
from cfr_icl.prediction import PredictionError
from cfr_icl.rectangle import Rectangle
from cfr_icl.sentences import Refusal, sentence_of
from cfr_icl.ui.server import Server
from cfr_icl.zoom.window import Window

T = TypeVar("T")
SEND_A_FILE = "Send the {argument} as an uploaded file."
MAX_CLICKS = 200
MASKS_KEPT = 200
"""Number of mask files that are kept on the server; older ones are deleted."""


def segment_endpoint(server: Server) -> Callable[..., gr.FileData]:
    """The function behind the endpoint `segment`."""
    settings, models = server.settings, server.shared.models
    masks: deque[Path] = deque()

    def segment(
        picture: gr.FileData,
        clicks: list[list[float]],
        steps: int = settings.steps,
        previous_mask: gr.FileData | None = None,
        box: list[float] | None = None,
    ) -> gr.FileData:
        """Segment one object of a picture from clicks, or from a box around it.

        Args:
            picture: the picture file
            clicks: points [x, y] on the object or [x, y, 0] beside it (-1 too), in pixels from the top left
            steps: CFR steps, 0 to 10: how often the mask is fed back after each click
            previous_mask: a black and white picture of equal size to start from
            box: [left, top, right, bottom] around the object, sides included; clicks may then be empty

        Returns:
            the mask as a PNG of the picture's size, 255 on the object and 0 elsewhere
        """
        try:
            pixels = _read(picture, "picture", lambda path: read_picture(path, settings.max_megapixels))
            whole = Window.of_size(*pixels.shape[:2])
            cues = {
                "previous_mask": None
                if previous_mask is None
                else _read(previous_mask, "previous_mask", lambda path: mask_pixels(path, whole.size)),
                "box": None if box is None else checked_box(_box(box), whole),
                "cfr": CascadeForward(steps=steps),
            }
            if box is not None and previous_mask is not None:
                raise Refusal("Give a box or a previous mask, not both.")
            checked = _clicks(clicks, least=1 if box is None else 0)
            for click in checked:
                click.check_inside(whole.width, whole.height)
            begun = box is not None or previous_mask is not None
            if not begun:
                check_positive(checked)
            predictor = models.predictor(looks_ahead=False)
            predictor.set_image(pixels)
            if models.in_this_process:
                for count in _turns(checked, begun=begun):
                    predictor.predict(checked[:count], **cues)  # others have their turns between two clicks
            path = _written(mask_png(predictor.predict(checked, **cues).mask), masks)
        except (Refusal, PredictionError) as error:
            raise gr.Error(sentence_of(error), print_exception=False) from error
        return gr.FileData(path=str(path), orig_name=path.name)

    return segment


def uploaded(file: Any, argument: str) -> Path:
    """The path of a file that a program uploaded; raises Refusal for anything else in its place.

    Args:
        argument: the name of the argument that the file is.
    """
    try:
        path = Path(gr.FileData(**file).path).resolve()
        is_uploaded = path.is_relative_to(Path(get_upload_folder()).resolve()) and path.is_file()
    except (TypeError, ValueError, OSError):  # anything may be sent in place of a file, any text as its path
        is_uploaded = False
    if not is_uploaded:
        raise Refusal(SEND_A_FILE, argument=argument.replace("_", " "))
    return path


def check_files(value: Any, argument: str) -> None:
    """Raise Refusal if an argument holds, anywhere in it, a file that was not uploaded."""
    if isinstance(value, dict):
        if "path" in value:
            uploaded(value, argument)
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            check_files(part, argument)


def _read(file: Any, argument: str, read: Callable[[Path], T]) -> T:
    """Read the file of an argument; errors name the argument, as two files may have one name."""
    path = uploaded(file, argument)
    try:
        return read(path)
    except Refusal as error:
        raise Refusal("{name}: {error}", name=argument, error=error.sentence) from error


def _written(png: bytes, masks: deque[Path]) -> Path:
    """Write a mask's file into a folder of its own, the newest of `masks`; the oldest ones go.

    Raises:
        Refusal: when it cannot be written, as where the disk is full.
    """
    folder = Path(get_upload_folder()) / f"segment-{secrets.token_hex(16)}"
    try:
        folder.mkdir(parents=True)
        masks.append(folder)
        if len(masks) > MASKS_KEPT:
            shutil.rmtree(masks.popleft(), ignore_errors=True)
        path = folder / "mask.png"
        path.write_bytes(png)
    except OSError as error:
        raise Refusal(sentence_of(error)) from error
    return path


def _turns(clicks: list[Click], *, begun: bool) -> range:
    """The numbers of first clicks that can be predicted before all of them: negative ones alone cannot.

    Args:
        begun: whether a box or a mask comes before the clicks.
    """
    first = next((number for number, click in enumerate(clicks, 1) if click.positive or begun), len(clicks))
    return range(first, len(clicks))


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _box(sides: list[float]) -> Rectangle:
    if not isinstance(sides, list) or len(sides) != 4 or not _are_numbers(sides):
        raise Refusal("A box is [left, top, right, bottom], not {sides!r:.60}.", sides=sides)
    return Rectangle.of_sides(*sides)


def _clicks(entries: list[list[float]], least: int) -> list[Click]:
    if not isinstance(entries, list) or not least <= len(entries) <= MAX_CLICKS:
        raise Refusal(
            "Give {least} to {most} clicks as a list of [x, y, positive].", least=least, most=MAX_CLICKS
        )
    clicks = []
    for entry in entries:
        if not isinstance(entry, list) or len(entry) not in (2, 3) or not _are_numbers(entry[:2]):
            raise Refusal("A click is [x, y] or [x, y, positive], not {entry!r:.60}.", entry=entry)
        sign = entry[2] if len(entry) == 3 else 1
        if sign not in (1, 0, -1):
            raise Refusal("A click is positive (1) or negative (0 or -1), not {sign!r:.20}.", sign=sign)
        clicks.append(Click(entry[0], entry[1], sign == 1))
    return clicks
