"""The Gradio app: one component, one event, one session per open page."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from cfr_icl.annotate.export import cutout_png, mask_png
from cfr_icl.annotate.pictures import MAX_MEGAPIXELS, PictureError, browser_copy, read_picture
from cfr_icl.annotate.render import describe
from cfr_icl.annotate.session import ActionError, Session
from cfr_icl.segmenter import Segmenter
from cfr_icl.ui.actions import SESSION_ACTIONS, number, text
from cfr_icl.ui.canvas import canvas

log = logging.getLogger(__name__)

SESSION_SECONDS = 3600
"""How long a closed page's session is kept."""

MODEL_QUEUE = "model"
"""All calls of the network wait in one line."""


@dataclass
class Page:
    """One open page: its session and its files, which nobody else sees."""

    session: Session
    folder: Path
    applied: int = 0
    """Number of the last action that was applied."""
    picture: dict[str, Any] | None = None
    download: dict[str, Any] | None = None

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class App:
    """What all pages share."""

    model: Any
    steps: int = 4
    examples: Sequence[Path] = ()
    max_megapixels: float = MAX_MEGAPIXELS

    def __post_init__(self) -> None:
        self.page_actions = {"open": self.open_upload, "example": self.open_example, "download": download}

    def blocks(self) -> gr.Blocks:
        """The page, ready to be launched."""
        with gr.Blocks(
            title="CFR-ICL: click to segment",
            fill_width=True,
            analytics_enabled=False,
            delete_cache=(3600, 86400),
        ) as blocks:
            page = gr.State(time_to_live=SESSION_SECONDS, delete_callback=_close)
            view = canvas(self.examples)
            view.act(
                self.act,
                [page],
                [page, view],
                trigger_mode="multiple",
                concurrency_id=MODEL_QUEUE,
                concurrency_limit=1,
                show_progress="hidden",
                api_visibility="private",
            )
        return blocks

    def launch(
        self,
        host: str = "127.0.0.1",
        port: int | None = None,
        share: bool = False,
        blocks: gr.Blocks | None = None,
        **options: Any,
    ):
        """Serve the page, or `blocks` made before; further options go to Gradio's launch."""
        return (blocks or self.blocks()).launch(
            server_name=host,
            server_port=port,
            share=share,
            footer_links=[],
            max_file_size="200mb",
            **options,
        )

    def act(self, page: Page | None, event: gr.EventData) -> tuple[Page, dict[str, Any]]:
        """Apply what the browser sent, in order and each once, and answer with what changed."""
        page = page or self.new_page()
        data = event._data if isinstance(event._data, Mapping) else {}
        actions = data.get("actions")
        page.download = None
        for action in actions if isinstance(actions, list) else ():
            try:
                self.apply(page, action)
            except (ActionError, PictureError) as error:
                gr.Warning(str(error), title="")
            except Exception:
                log.exception("An action failed: %.200r", action)
                gr.Warning("Something went wrong inside the tool; the last action was not applied.", title="")
        known = data.get("known")
        return page, self.reply(page, known if isinstance(known, Mapping) else {})

    def new_page(self) -> Page:
        folder = Path(get_upload_folder()) / f"page-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        return Page(Session(Segmenter(self.model, steps=self.steps)), folder)

    def apply(self, page: Page, action: Any) -> None:
        """Apply one action unless it was applied before; raises ActionError or PictureError."""
        if not isinstance(action, Mapping):
            raise ActionError("An action must be an object with a number and a kind.")
        count = number(action, "number")
        if count <= page.applied:
            return
        page.applied = int(count)
        kind = text(action, "kind")
        if kind in SESSION_ACTIONS:
            SESSION_ACTIONS[kind](page.session, action)
        elif kind in self.page_actions:
            self.page_actions[kind](page, action)
        elif kind != "hello":
            raise ActionError(f"There is no action {kind!r}.")

    def reply(self, page: Page, known: Mapping[str, Any]) -> dict[str, Any]:
        masks = known.get("masks")
        same_picture = page.picture is not None and known.get("picture") == page.picture["token"]
        answer = {
            "applied": page.applied,
            "session": describe(page.session, masks if same_picture and isinstance(masks, Mapping) else {}),
        }
        if page.picture and not same_picture:
            answer["picture"] = page.picture
        if page.download:
            answer["download"] = page.download
        return answer

    def open_upload(self, page: Page, data: Mapping[str, Any]) -> None:
        path = Path(text(data, "path", longest=4096)).resolve()
        if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
            raise ActionError("The picture did not arrive; open it once more.")
        self._open(page, path, text(data, "name"))

    def open_example(self, page: Page, data: Mapping[str, Any]) -> None:
        index = number(data, "index")
        if index not in range(len(self.examples)):
            raise ActionError("There is no such example.")
        source = self.examples[int(index)]
        self._open(page, Path(shutil.copy(source, page.folder)), source.name)

    def _open(self, page: Page, path: Path, name: str) -> None:
        picture = read_picture(path, self.max_megapixels)
        page.session.open(picture, name)
        height, width = picture.shape[:2]
        folder = page.folder / secrets.token_hex(8)
        folder.mkdir()
        shown = browser_copy(path, picture, folder)
        page.picture = {
            "token": folder.name,
            "file": _file(shown, name),
            "name": name,
            "width": width,
            "height": height,
        }


def download(page: Page, data: Mapping[str, Any]) -> None:
    """Write the asked-for file; its address goes out with the reply."""
    session = page.session
    session.size  # noqa: B018  raises without a picture
    what = text(data, "what")
    stem = re.sub(r"[^\w.-]+", "_", Path(session.name).stem)[:80].strip(".") or "picture"
    if what == "mask":
        content, name = mask_png(session.mask), f"{stem}_mask.png"
    elif what == "cutout":
        content, name = cutout_png(session.picture, session.mask), f"{stem}_cutout.png"
    else:
        raise ActionError(f"There is no download {what!r}.")
    folder = page.folder / secrets.token_hex(8)
    folder.mkdir()
    path = folder / name
    path.write_bytes(content)
    page.download = _file(path, name)


def _file(path: Path, name: str) -> dict[str, Any]:
    """A file that Gradio is to serve; it adds the URL."""
    return {"path": str(path), "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def _close(page: Page | None) -> None:
    if page is not None:
        page.close()
