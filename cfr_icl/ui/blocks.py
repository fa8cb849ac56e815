"""The Gradio app: one component, one session per open page."""

from __future__ import annotations

import asyncio
import functools
import html
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from gradio_client.utils import is_http_url_like

from cfr_icl.ui.actions import SESSION_ACTIONS
from cfr_icl.ui.api import segment_endpoint
from cfr_icl.ui.canvas import canvas, translations
from cfr_icl.ui.messages import translated
from cfr_icl.ui.page import REFUSALS, Page, Settings

log = logging.getLogger(__name__)

MOVED = "The work of this page goes on in another tab."

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

        def apply(data: Any) -> dict[str, Any]:
            return answer_directly(settings, data)

        view = canvas(
            () if settings.folder else settings.examples,
            list(settings.menu),
            _in_thread(settings.thread)(apply),
            () if settings.remote else tuple(SESSION_ACTIONS),
        )

        def act(page: Page | None, event: gr.EventData, request: gr.Request) -> tuple[Page, dict[str, Any]]:
            return answer(settings, page, event._data, request.session_hash)

        def switch(
            page: Page | None,
            event: gr.EventData,
            request: gr.Request,
            progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008
        ) -> tuple[Page, dict[str, Any]]:
            return act(page, event, request)

        # Gradio's queue costs a second connection for every click; it is needed where a model's
        # download is to be seen, and where the GPU is lent
        for listen, function, queued in (
            (view.act, act, settings.remote is not None),
            (view.switch, switch, True),
        ):
            listen(
                _in_thread(settings.thread)(function),
                [page],
                [page, view],
                trigger_mode="multiple",
                queue=queued,
                show_progress="full" if function is switch else "hidden",
                api_visibility="private",
            )
        gr.api(_in_thread(settings.thread)(segment_endpoint(settings)), api_name="segment")
    for component in blocks.blocks.values():
        _take_no_urls(component)
    return blocks


def _in_thread(thread: Executor) -> Callable[[Callable], Callable]:
    """Have a function called in a thread of ours when it is its turn, in the context of its request."""

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        async def waiting(*arguments: Any) -> Any:
            called = functools.partial(copy_context().run, function, *arguments)
            return await asyncio.get_running_loop().run_in_executor(thread, called)

        return waiting

    return decorate


def _take_no_urls(component: Any) -> None:
    """Let a component refuse what Gradio would fetch for whoever names its address."""
    move = component.async_move_resource_to_block_cache

    async def move_file(path: str | Path | None) -> str | None:
        if path and is_http_url_like(str(path)):
            raise gr.Error("Hand the picture over as an uploaded file.", print_exception=False)
        return await move(path)

    component.async_move_resource_to_block_cache = move_file


def answer(
    settings: Settings, page: Page | None, data: Any, tab: str | None = None
) -> tuple[Page, dict[str, Any]]:
    """Apply what a browser sent, whatever it is, and reply; refusals become messages.

    After TURN seconds the actions that are left wait for the page's next turn.

    Args:
        page: as Gradio knew it before the request waited in line.
        tab: Gradio's secret name for where the request comes from.
    """
    known = _known(data)
    actions = data.get("actions") if isinstance(data, Mapping) else None
    page = page or settings.tabs.get(tab) or _resumed(settings, known.get("resume"))
    forgotten = page is None and known.get("page") is not None
    page = page or Page(settings, Path(get_upload_folder()))
    settings.pages[page.token] = page
    if tab:
        settings.tabs[tab] = page
    if known.get("page") not in (None, page.token):
        actions = None
        if not forgotten:
            page.notices.append(MOVED)
    end = time.monotonic() + TURN
    for number, action in enumerate(actions if isinstance(actions, list) else ()):
        if number and time.monotonic() >= end:
            break
        try:
            page.apply(action)
        except REFUSALS as refusal:
            page.notices.append(str(refusal))
        except Exception:
            log.exception("An action failed: %.200r", action)
            page.notices.append("Something went wrong inside the tool; the last action was not applied.")
    reply = page.reply(known)
    if forgotten:
        reply["forgotten"] = True
    if page.notices:
        language = str(known.get("language"))
        reply["messages"] = [_shown(message, language) for message in page.notices]
        page.notices = []
    return page, reply


def answer_directly(settings: Settings, data: Any) -> dict[str, Any]:
    """The same for a page that is open, past Gradio's events, which take longer than a small reply.

    Gradio adds nothing to the reply, such as the addresses of files.
    """
    token = _known(data).get("page")
    page = settings.pages.get(token) or settings.left.get(token) if isinstance(token, str) else None
    return answer(settings, page, data)[1] if page else {"page": None, "forgotten": True}


def _known(data: Any) -> Mapping[str, Any]:
    """What a browser says that it knows already."""
    known = data.get("known") if isinstance(data, Mapping) else None
    return known if isinstance(known, Mapping) else {}


def _shown(message: str, language: str) -> str:
    """A message as the page hands it to Gradio, which takes it for markup; it may hold any name."""
    return html.escape(translated(message, language), quote=False)


def _resumed(settings: Settings, token: Any) -> Page | None:
    """The page that a tab showed before it was loaded anew; None when the server has no such page."""
    page = settings.pages.pop(token, None) if isinstance(token, str) else None
    if page is not None:
        settings.left[token] = page
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
