"""One open page of the browser: its session, its place in the folder, its files."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from cfr_icl.annotate import exports, store
from cfr_icl.annotate.document import ActionError, Document
from cfr_icl.annotate.exports.picture import AnnotatedPicture
from cfr_icl.annotate.exports.png import cutout_png, mask_png
from cfr_icl.annotate.folder import Folder
from cfr_icl.annotate.imports import MaskFileError, read_objects
from cfr_icl.annotate.inspect import inside
from cfr_icl.annotate.pictures import MAX_MEGAPIXELS, PictureError, browser_copy, read_picture, remarks
from cfr_icl.annotate.polygons import polygons
from cfr_icl.annotate.session import Session
from cfr_icl.annotate.store import StoreError
from cfr_icl.cfr import CascadeForward
from cfr_icl.predictor import Predictor
from cfr_icl.remote import Predict, RemoteSegmenter
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.actions import SESSION_ACTIONS, Data, flag, number, text, whole
from cfr_icl.ui.session_reply import describe

REFUSALS = (ActionError, PictureError, StoreError, MaskFileError)
"""What an action raises when it cannot be done; the message is for the person."""


FILES_KEPT = 16
"""Pictures and downloads of a page that stay on the server; older ones are removed."""


@dataclass(frozen=True)
class Settings:
    """What all pages share."""

    model: Any = None
    """The network; None for the first of the menu, which is then loaded when it is first needed."""
    steps: int = 4
    examples: Sequence[Path] = ()
    max_megapixels: float = MAX_MEGAPIXELS
    folder: Folder | None = None
    """The pictures to work through; None when everybody brings their own."""
    remote: Predict | None = None
    """How to answer where the GPU is lent for one call at a time."""
    menu: Mapping[str, Any] = field(default_factory=dict)
    """Networks that a page may switch to, by name, `model` first. Reading one may load it."""
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "network"))
    """Where all requests are answered, first come, first served, and networks loaded. It is one thread,
    because each that calls a network brings OpenMP threads of its own, which get in each other's way."""

    pages: WeakValueDictionary[str, Page] = field(default_factory=WeakValueDictionary)
    """Pages that are open, by their token: who knows it goes on with the work."""
    left: WeakValueDictionary[str, Page] = field(default_factory=WeakValueDictionary)
    """Pages that went on in another tab, by the token that they had before."""
    tabs: WeakValueDictionary[str | None, Page] = field(default_factory=WeakValueDictionary)
    """The same by the browser's tab, where a second request may come before the first is answered."""

    def new_segmenter(self) -> Predictor:
        """A segmenter of one's own over the shared network."""
        if self.remote:
            return RemoteSegmenter(self.remote)
        return Segmenter(self.model or self.chosen(next(iter(self.menu))))

    def chosen(self, name: str) -> Any:
        """A network of the menu; raises ActionError where it cannot be had."""
        if name not in self.menu:
            raise ActionError(f"There is no model {name!r:.80} in the menu.")
        try:
            return self.menu[name]
        except (ValueError, OSError) as error:
            raise ActionError(f"The model {name!r} cannot be used: {error}") from error


class Page:
    """Applies a browser's actions in order and each once, and tells what changed.

    Args:
        uploads: the folder that Gradio puts uploaded files into and serves; a folder of the page's
            own, with an unguessable name, is made in it.
    """

    def __init__(self, settings: Settings, uploads: Path) -> None:
        self.settings = settings
        self.uploads = uploads.resolve()
        self.token = secrets.token_hex(16)
        self.tabs = 1
        self.files = self.uploads / f"page-{secrets.token_hex(16)}"
        self.files.mkdir(parents=True)
        self.session = Session(settings.new_segmenter(), CascadeForward(steps=settings.steps))
        self.applied = 0
        self.picture: dict[str, Any] | None = None
        self.index: int | None = None
        self.model = next(iter(settings.menu), None)
        self._saved: Document | None = None
        self._told: Document | None = None
        """What the last reply made the page show, if it arrived."""
        self._replies = 0
        self._revision = 0
        self._files: list[Path] = []
        self._once: dict[str, Any] = {}
        """Parts of the next reply alone."""
        self.notices: list[str] = []
        """Messages for the person that wait for the next reply."""
        self._actions = {
            "hello": self._hello,
            "open": self._open_upload,
            "import": self._import_upload,
            "example": self._open_example,
            "goto": self._goto,
            "download": self._make_download,
            "export": self._export,
            "polygons": self._preview_polygons,
            "inspect": self._inspect,
            "model": self._switch_model,
        }

    def apply(self, action: Any) -> None:
        """Apply one action unless it was applied before, and save; raises one of REFUSALS."""
        if not isinstance(action, Mapping):
            raise ActionError("An action must be an object with a number and a kind.")
        count = whole(action, "number")
        if count <= self.applied:
            return
        self.applied = count
        kind = text(action, "kind")
        if kind in SESSION_ACTIONS:
            SESSION_ACTIONS[kind](self.session, action)
        elif kind in self._actions:
            self._actions[kind](action)
        else:
            raise ActionError(f"There is no action {kind!r}.")
        self.notices += self.session.notices
        self.session.notices = []
        self._save()

    def reply(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """What the browser does not know yet, as JSON."""
        same_picture = self.picture is not None and known.get("picture") == self.picture["token"]
        heard = same_picture and known.get("reply") == self._replies
        self._replies += 1
        answer = {
            "page": self.token,
            "reply": self._replies,
            "applied": self.applied,
            "session": describe(self.session, self._told if heard else None),
        }
        self._told = self.session.document
        if self.picture and not same_picture:
            answer["picture"] = self.picture
        if self.model is not None:
            answer["model"] = self.model
        answer.update(self._once)
        self._once = {}
        folder = self.settings.folder
        if folder:
            answer["folder"] = {"index": self.index, "states": [folder.states[name] for name in folder.names]}
            if known.get("page") != self.token:
                answer["folder"]["names"] = folder.names
        return answer

    def resume(self) -> None:
        """Go on in a tab that was loaded anew; the tab before, if it is still there, is told to reload."""
        self.token = secrets.token_hex(16)
        self.tabs += 1
        self.applied = 0

    def close(self) -> None:
        """Remove the page's files when its last tab is gone."""
        self.tabs -= 1
        if self.tabs:
            return
        self.settings.pages.pop(self.token, None)
        while self._files:
            _remove(self._files.pop())
        shutil.rmtree(self.files, ignore_errors=True)

    def _switch_model(self, data: Data) -> None:
        name = text(data, "name", longest=4096)
        self.session.use(Segmenter(self.settings.chosen(name)))
        self.model = name

    # ---- pictures

    def _hello(self, data: Data) -> None:
        folder = self.settings.folder
        if folder and self.index is None:
            self._go(folder.first_open())

    def _open_upload(self, data: Data) -> None:
        path = self._uploaded(data)
        name = text(data, "name")
        if self.settings.folder:
            raise ActionError("This page works through a folder; add pictures to the folder instead.")
        self._show(path, name)

    def _import_upload(self, data: Data) -> None:
        path = self._uploaded(data)
        session = self.session
        content = path.read_bytes()[:200] if path.suffix.lower() == ".json" else b""
        if b'"cfr_icl_session"' in content:
            session.restore(store.load(path, session.size))
        else:
            session.add_masks(read_objects(path, session.name, session.size))

    def _uploaded(self, data: Data) -> Path:
        path = Path(text(data, "path", longest=4096)).resolve()
        if not path.is_relative_to(self.uploads) or not os.path.isfile(path):
            raise ActionError("The file did not arrive; open it once more.")
        self._keep(path)
        return path

    def _open_example(self, data: Data) -> None:
        examples, index = self.settings.examples, whole(data, "index")
        if self.settings.folder or index not in range(len(examples)):
            raise ActionError("There is no such example.")
        self._show(Path(shutil.copy(examples[index], self._new_folder())), examples[index].name)

    def _show(self, path: Path, name: str) -> None:
        self._start(read_picture(path, self.settings.max_megapixels), path, name)

    def _start(self, picture, path: Path, name: str, document: Document | None = None) -> None:
        folder = self._new_folder()
        shown = browser_copy(path, picture, folder)
        told = remarks(path, self.settings.max_megapixels)
        self.session.open(picture, name, document)
        height, width = picture.shape[:2]
        self.picture = {
            "token": folder.name,
            "file": _served(shown, name),
            "name": name,
            "width": width,
            "height": height,
            **asdict(told),
        }

    # ---- the folder

    def _goto(self, data: Data) -> None:
        self._save()  # what could not be saved is not left behind
        folder, index = self.settings.folder, whole(data, "index")
        if not folder or index not in range(len(folder.names)):
            raise ActionError("There is no such picture in the folder.")
        self._go(index)

    def _go(self, index: int) -> None:
        folder = self.settings.folder
        name = folder.names[index]
        revision = folder.revisions[name]
        try:
            picture = folder.read(name)
            document = folder.load(name, picture.shape[:2])
            if document is None and self.index is None:
                document = folder.latest()
        except (PictureError, StoreError, OSError) as error:
            raise ActionError(f"{name}: {error}") from error
        path = Path(shutil.copy(folder.path(name), self._new_folder()))
        self._start(picture, path, name, document)
        self.index = index
        self._saved = self.session.document
        self._revision = revision
        if index + 1 < len(folder.names):
            folder.read_ahead(folder.names[index + 1])

    def _save(self) -> None:
        document = self.session.document
        if self.index is not None and document is not self._saved:
            folder = self.settings.folder
            name = folder.names[self.index]
            before, self._saved = self._saved, document
            try:
                self._revision = folder.save(name, document, self.session.size, self._revision)
            except OSError as error:
                self._saved = before
                raise StoreError(
                    f"The work on {name} cannot be saved ({error.strerror}); it goes on here, every action "
                    "tries again, and the session can be exported."
                ) from error

    # ---- files going out

    def _make_download(self, data: Data) -> None:
        session = self.session
        what = text(data, "what")
        size = session.size
        if what == "mask":
            self._serve(mask_png(session.mask), "_mask.png")
        elif what == "cutout":
            self._serve(cutout_png(session.picture, session.mask), "_cutout.png")
        elif what == "session":
            saved = store.to_json(session.document, session.name, size)
            self._serve(store.encode(saved), ".session.json")
        else:
            raise ActionError(f"There is no download {what!r}.")

    def _export(self, data: Data) -> None:
        session, folder = self.session, self.settings.folder
        if flag(data, "whole_folder") and folder:
            pictures = folder.annotated()
        else:
            picture = session.picture
            pictures = [AnnotatedPicture(session.name, session.size, session.document, lambda: picture)]
        format = text(data, "format")
        if format not in (*exports.FORMATS, "everything"):
            raise ActionError(f"There is no format {format!r}.")
        files = exports.export(format, pictures, self._detail(data))
        if not files:
            raise ActionError("There is no object to export.")
        self.notices += exports.export_warnings(format, pictures)
        if len(files) == 1:
            ((name, content),) = files.items()
            self._serve(content, f"_{format}{Path(name).suffix}")
        else:
            self._serve(exports.zipped(files), f"_{format}.zip")

    def _preview_polygons(self, data: Data) -> None:
        detail = self._detail(data)
        self._once["polygons"] = [
            [round(value, 1) for value in ring.reshape(-1).tolist()]
            for instance in self.session.document.instances
            if instance.visible
            for ring in polygons(instance.mask.pixels, detail)
        ]

    def _inspect(self, data: Data) -> None:
        self._once["inside"] = inside(self.session)

    def _detail(self, data: Data) -> float:
        detail = number(data, "detail")
        if not 0 <= detail <= 20:
            raise ActionError(f"The detail of polygons goes from 0 to 20 pixels, not {detail}.")
        return detail

    def _serve(self, content: bytes, ending: str) -> None:
        stem = re.sub(r"[^\w.-]+", "_", Path(self.session.name).stem)[:80].strip(".") or "picture"
        path = self._new_folder() / f"{stem}{ending}"
        path.write_bytes(content)
        self._once["download"] = _served(path, path.name)

    def _new_folder(self) -> Path:
        folder = self.files / secrets.token_hex(8)
        folder.mkdir()
        self._keep(folder)
        return folder

    def _keep(self, path: Path) -> None:
        """Keep an uploaded file or a folder of the page's own until enough newer ones are there."""
        if path in self._files:
            self._files.remove(path)
        self._files.append(path)
        if len(self._files) > FILES_KEPT:
            _remove(self._files.pop(0))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # Gradio's folder for the file, unless another lies in it
            path.parent.rmdir()


def _served(path: Path, name: str) -> dict[str, Any]:
    """A file that Gradio is to serve; it adds the URL."""
    return {"path": str(path), "orig_name": name, "meta": {"_type": "gradio.FileData"}}
