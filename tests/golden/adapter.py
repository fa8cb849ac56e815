"""Says the golden net's steps in the words of the code beside it; nothing else here knows that code."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from cfr_icl.annotate import exports
from cfr_icl.annotate.exports.png import cutout_png, mask_png
from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.imports import LoadedMasks, LoadedObject
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.objects.masks import Mask
from cfr_icl.annotate.saved import store
from cfr_icl.annotate.session.inspect import inside
from cfr_icl.annotate.session.session import Session
from cfr_icl.cfr import CascadeForward
from cfr_icl.clicks import Click
from cfr_icl.pictures.decoding import read_picture
from cfr_icl.robot import next_click
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.page import Page
from cfr_icl.ui.protocol import Known
from cfr_icl.ui.settings import Settings
from cfr_icl.ui.shared import Shared
from cfr_icl.weights.loading import EMBEDDED, load_model

__all__ = ["EMBEDDED"]

COMMAND = ("-m", "cfr_icl")


def model(weights: str):
    return load_model(weights, device="cpu", precision="float32")


def read(path: Path) -> np.ndarray:
    return read_picture(path)


def cascade(before: CascadeForward, values: dict) -> CascadeForward:
    """The setting with some values changed."""
    return replace(before, **values)


# ---- the segmenter alone


def segmenter(network, flip: bool, zoom: dict):
    return Segmenter(network, flip=flip, zoom=replace(network.config.zoom, **zoom))


def predict(segmenter, clicks, previous, cfr: dict):
    cfr = cascade(CascadeForward(), cfr)
    return segmenter.predict([Click(*click) for click in clicks], previous_mask=previous, cfr=cfr)


def robot(probabilities, truth, clicked) -> tuple[int, int, bool]:
    click = next_click(probabilities, truth, clicked)
    return click.x, click.y, click.positive


def prediction(answer) -> dict:
    """All that an answer says; maps as arrays."""
    return {
        "forwards": answer.forwards,
        "chosen": answer.chosen,
        "refined": [inner.refined for inner in answer.passes],
        "agreement": [inner.agreement for inner in answer.passes],
        "window": window(answer.window),
        "probabilities": answer.probabilities,
        "passes": list(answer.trace),
        "mask": answer.mask,
        "runs": [int(run) for run in answer.rle_above(0.3)],
    }


def window(window) -> list[int] | None:
    """Left, top, right, bottom."""
    if window is None:
        return None
    return [window.left, window.top, window.right, window.bottom]


# ---- sessions


def session(network) -> Session:
    return Session(Segmenter(network))


def do(session: Session, verb: str, *arguments) -> None:
    if verb == "prepare":
        session.predictor.prepare()
    elif verb in ("click", "not"):
        session.click(Click(*arguments, verb == "click"))
    elif verb in ("brush", "erase"):
        session.paint(*arguments, verb == "brush")
    elif verb == "edit":
        session.edit(arguments[0], **arguments[1])
    elif verb == "cfr":
        session.set_cascade(cascade(session.document.cfr, arguments[0]))
    elif verb == "keep":
        session.keep_pass(*arguments)
    elif verb == "label":
        session.set_label(*arguments)
    elif verb == "load":
        session.add_loaded(LoadedMasks([LoadedObject(Mask.of(mask)) for mask in arguments[0]]))
    else:  # box, undo, redo, finish, select, delete, duplicate
        getattr(session, verb)(*arguments)


def looked_inside(session: Session) -> list:
    """What Inspect shows, without its names."""
    shown = inside(session)
    passes = [[p["picture"], p["added"], p["removed"], p["close_up"]] for p in shown["passes"]]
    return [shown["probabilities"], shown["chosen_pass"], passes]


def answer_of_active(session: Session):
    """The answer to the active object's clicks; None without any."""
    instance = session.active
    return session.predict(instance) if instance and instance.clicks else None


def objects(session: Session) -> list[dict]:
    return [
        {
            "id": instance.id,
            "label": instance.label,
            "colour": instance.colour,
            "clicks": [[click.x, click.y, click.positive] for click in instance.clicks],
            "neighbours": [[click.x, click.y] for click in instance.neighbour_clicks],
            "left_out": instance.left_out,
            "kept": instance.chosen_pass,
            "forwards": instance.timing and instance.timing.forwards,
            "window": instance.timing and window(instance.timing.window),
            "size": [instance.mask.height, instance.mask.width],
            "network": instance.network_mask.counts,
            "counts": instance.mask.counts,
        }
        for instance in session.document.instances
    ]


def saved(session: Session) -> dict:
    """The session file's content."""
    return store.to_json(session.document, session.name, session.size)


def reopened(network, picture: np.ndarray, name: str, content: dict) -> Session:
    """A new session that goes on from a session file's content."""
    opened = session(network)
    opened.open(picture, name, store.from_json(content, picture.shape[:2]))
    return opened


def exported(session: Session) -> dict[str, bytes]:
    """The files of every format, and what the page serves beside them."""
    shown = AnnotatedPicture(session.name, session.size, session.document, lambda: session.picture)
    files = exports.export("everything", [shown], 1.5)
    files["mask.png"] = mask_png(session.mask)
    files["cutout.png"] = cutout_png(session.picture, session.mask)
    files["warnings.txt"] = "\n".join(exports.export_warnings("everything", [shown])).encode()
    return files


# ---- a page over a folder


class FolderPage:
    """Gives a page its actions, as the browser does."""

    def __init__(self, network, images: Path, work: Path, uploads: Path) -> None:
        self.folder = Folder(images, work)
        self.page = Page(Shared.of(Settings(model=network, folder=self.folder), uploads))
        self._number = 0
        self._act("hello")

    @property
    def session(self) -> Session:
        return self.page.session

    def do(self, verb: str, *arguments) -> bytes | None:
        """Do a step; returns the file that an export serves."""
        if verb == "done":
            self._act("done", done=True)
            open_ones = [
                i
                for i, name in enumerate(self.folder.pictures.names)
                if self.folder.pictures.states[name] != "done"
            ]
            if open_ones:
                self._act("goto", index=open_ones[0])
        elif verb == "goto":
            self._act("goto", index=arguments[0])
        elif verb == "export":
            self._act("export", format=arguments[0], whole_folder=True, detail=1)
            while "downloads" not in (reply := self.page.reply(Known())):
                time.sleep(0.05)
            return Path(reply["downloads"][0]["path"]).read_bytes()
        elif verb in ("click", "not"):
            self._act("click", x=arguments[0], y=arguments[1], positive=verb == "click")
        elif verb == "label":
            self._act("label", name=arguments[0])
        else:
            self._act(verb)
        return None

    def shown(self) -> list:
        """Where the page is and what it shows of the folder."""
        states = [self.folder.pictures.states[name] for name in self.folder.pictures.names]
        return [self.page.place.index, states, self.page.session.name]

    def _act(self, kind: str, **values) -> None:
        self._number += 1
        self.page.apply({"number": self._number, "kind": kind, **values})
