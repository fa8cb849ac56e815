"""The Gradio app: one component, one event, one session per open page."""

from __future__ import annotations

import html
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from gradio_client.utils import is_http_url_like

from cfr_icl.ui.api import segment_endpoint
from cfr_icl.ui.canvas import canvas, translations
from cfr_icl.ui.messages import translated
from cfr_icl.ui.page import REFUSALS, Page, Settings

log = logging.getLogger(__name__)

MODEL_QUEUE = "model"
"""All calls of the network wait in one line."""

TURN = 1.0
"""Seconds after which a page with many waiting actions lets the others go first; it sends the rest again."""


def build(settings: Settings) -> gr.Blocks:
    """The app, ready to be launched."""
    with gr.Blocks(
        title="CFR-ICL: click to segment",
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(3600, 86400),
    ) as blocks:
        page = gr.State(delete_callback=_close)
        view = canvas(() if settings.folder else settings.examples, list(settings.menu))

        def act(page: Page | None, event: gr.EventData) -> tuple[Page, dict[str, Any]]:
            return answer(settings, page, event._data)

        def switch(
            page: Page | None,
            event: gr.EventData,
            progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008
        ) -> tuple[Page, dict[str, Any]]:
            return act(page, event)

        # the same twice: where a model may be downloaded, its progress is shown
        for listen, function, shown in ((view.act, act, "hidden"), (view.switch, switch, "full")):
            listen(
                function,
                [page],
                [page, view],
                trigger_mode="multiple",
                concurrency_id=MODEL_QUEUE,
                concurrency_limit=1,
                show_progress=shown,
                api_visibility="private",
            )
        gr.api(segment_endpoint(settings), api_name="segment", concurrency_id=MODEL_QUEUE)
    for component in blocks.blocks.values():
        _take_no_urls(component)
    return blocks


def _take_no_urls(component: Any) -> None:
    """Let a component refuse what Gradio would fetch for whoever names its address."""
    move = component.async_move_resource_to_block_cache

    async def move_file(path: str | Path | None) -> str | None:
        if path and is_http_url_like(str(path)):
            raise gr.Error("Hand the picture over as an uploaded file.", print_exception=False)
        return await move(path)

    component.async_move_resource_to_block_cache = move_file


def answer(settings: Settings, page: Page | None, data: Any) -> tuple[Page, dict[str, Any]]:
    """Apply what a browser sent, whatever it is, and reply; refusals become messages.

    After TURN seconds the actions that are left wait for the page's next turn.
    """
    data = data if isinstance(data, Mapping) else {}
    known = data.get("known")
    known = known if isinstance(known, Mapping) else {}
    actions = data.get("actions")
    page = page or _resumed(settings, known.get("resume")) or Page(settings, Path(get_upload_folder()))
    settings.pages[page.token] = page

    def warn(message: str) -> None:
        # Gradio takes messages for markup, and they hold names that anybody gave
        gr.Warning(html.escape(translated(message, str(known.get("language"))), quote=False), title="")

    if known.get("page") not in (None, page.token):
        warn("The server has forgotten this page's work; reload the page to go on.")
        actions = None
    end = time.monotonic() + TURN
    for number, action in enumerate(actions if isinstance(actions, list) else ()):
        if number and time.monotonic() >= end:
            break
        try:
            page.apply(action)
        except REFUSALS as refusal:
            warn(str(refusal))
        except Exception:
            log.exception("An action failed: %.200r", action)
            warn("Something went wrong inside the tool; the last action was not applied.")
    while page.notices:
        warn(page.notices.pop(0))
    return page, page.reply(known)


def _resumed(settings: Settings, token: Any) -> Page | None:
    """The page that a tab showed before it was loaded anew; None when the server has no such page."""
    page = settings.pages.pop(token, None) if isinstance(token, str) else None
    if page is not None:
        page.resume()
    return page


def launch(blocks: gr.Blocks, host: str = "127.0.0.1", port: int | None = None, **options: Any):
    """Serve the app; further options go to Gradio's launch."""
    return blocks.launch(
        server_name=host,
        server_port=port,
        footer_links=[],
        max_file_size="200mb",
        i18n=translations(),
        **options,
    )


def _close(page: Page | None) -> None:
    if page is not None:
        page.close()
