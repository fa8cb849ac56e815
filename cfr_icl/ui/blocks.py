"""The Gradio app: one component, whose events and calls go to the server."""

from __future__ import annotations

import functools
import inspect
import traceback
from pathlib import Path
from types import CodeType
from typing import Any

import gradio as gr
from fastapi import Request
from fastapi.responses import JSONResponse
from gradio_client.utils import construct_args, is_http_url_like

from cfr_icl.sentences import Refusal
from cfr_icl.ui.api import check_files, segment_endpoint
from cfr_icl.ui.canvas import canvas, translations
from cfr_icl.ui.learning import LEARNT
from cfr_icl.ui.protocol import DIRECT
from cfr_icl.ui.protocol.replies import Preview
from cfr_icl.ui.server import Server

KEEP_FILES = (3600, 7 * 86400)
"""Seconds between Gradio's clean-ups of uploads and downloads, and the age in seconds at which they go."""


class PageBlocks(gr.Blocks):
    """Blocks that tell programs in a sentence why their request is refused, where Gradio's own say `null`.

    Tried on Gradio 6.31, which checks the number of inputs and the paths of files before it calls a function.
    """

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **named: Any) -> list[Any]:
        """The arguments of an event; those that a request leaves out have their defaults."""
        missing = block_fn.inputs[len(inputs) :]
        inputs = [*inputs, *(component.value for component in missing)]
        names = inspect.signature(block_fn.fn).parameters if inputs else ()
        for argument, value in zip(names, inputs, strict=False):
            try:
                check_files(value, argument)
            except Refusal as error:
                raise gr.Error(error.sentence, print_exception=False) from error
        return await super().preprocess_data(block_fn, inputs, *rest, **named)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    """Answer a request with wrong names, for which Gradio raises TypeError or KeyError, by a sentence.

    Other errors of these types are not the caller's mistake, and raised again.
    """
    if error.args == (f"/{request.path_params.get('api_name')}",) and isinstance(error, KeyError):
        return JSONResponse({"detail": f"There is no endpoint {error}."}, 404)
    if isinstance(error, TypeError) and _place(error) is construct_args.__code__:
        sentence, _, _ = str(error).partition(" Please ")  # the rest names a link of Gradio
        return JSONResponse({"detail": sentence}, 422)
    raise error


def _place(error: Exception) -> CodeType | None:
    """The code of the function that raised an error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return frames[-1].f_code if frames else None


REFUSALS: dict[type[Exception], Any] = {TypeError: _refuse, KeyError: _refuse}


def build(server: Server) -> gr.Blocks:
    """The app, ready to be launched."""
    with PageBlocks(
        title="CFR-ICL: click to segment",
        fill_width=True,
        analytics_enabled=False,
        delete_cache=KEEP_FILES,
    ) as blocks:
        annotator(server)
        segment = segment_endpoint(server)

        @functools.wraps(segment)
        async def segment_in_thread(*arguments: Any) -> gr.FileData:
            return await server.in_thread(segment, *arguments)

        gr.api(segment_in_thread, api_name="segment")
    for component in blocks.blocks.values():
        _take_no_urls(component)
    return blocks


def annotator(server: Server, *, height: str | None = None, tells_changes: bool = False) -> gr.HTML:
    """The page as a component of the Blocks that are being built.

    Args:
        height: CSS height; None for the height of the window.
        tells_changes: whether the event "change" tells which objects changed.
    """
    settings = server.settings

    async def apply(data: Any) -> dict[str, Any]:
        # bypasses Gradio's events, whose overhead exceeds a small reply; Gradio adds no URLs to the reply
        return await server.answer_in_turn(data)

    async def thumbnails(data: Any) -> dict[str, str]:
        # beside the page's turn, so that no click waits for them
        return await server.in_thread(server.small_pictures, data)

    async def saved_work(data: Any) -> dict[str, str]:
        return await server.in_thread(server.saved_work, data)

    async def preview(data: Any) -> Preview | None:
        return await server.in_thread(server.preview, data)

    async def leave(page: str) -> bool:
        # called while the tab is closed, when Gradio's own calls no longer arrive
        return await server.leave(page)

    gr.api(leave, api_name="leave", api_visibility="private", queue=False)
    view = canvas(
        () if settings.folder else settings.examples,
        [name for name in settings.menu if name != LEARNT],  # replies tell whether it is there
        [apply, thumbnails, saved_work, preview],
        () if settings.remote else DIRECT,
        previews=server.shared.models.in_this_process,
        height=height,
        tells_changes=tells_changes,
    )
    _take_no_urls(view)
    _listen(view, server)
    return view


def _listen(view: gr.HTML, server: Server) -> None:
    """Answer the events that bring actions which cannot come by `apply`, or which wait for a model."""

    async def act(event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        reply = await server.answer_in_turn(event._data, request.session_hash)
        return {**reply, "login": request.username} if request.username else reply

    async def switch(
        event: gr.EventData,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(track_tqdm=True),  # noqa: B008
    ) -> dict[str, Any]:
        return await act(event, request)

    # Gradio's queue costs a second connection for every click; it is needed where a model's
    # download is to be seen, and where the GPU is lent
    for listen, function, queued in (
        (view.act, act, server.settings.remote is not None),
        (view.switch, switch, True),
    ):
        listen(
            function,
            None,
            view,
            trigger_mode="multiple",
            concurrency_limit=None,
            queue=queued,
            show_progress="full" if function is switch else "hidden",
            api_visibility="private",
        )


def launch(blocks: gr.Blocks, host: str = "127.0.0.1", port: int | None = None, **options: Any):
    """Serve the app; further options go to Gradio's launch, also in place of those that are set here."""
    app = options.pop("app_kwargs", None) or {}
    handlers = {**REFUSALS, **(app.get("exception_handlers") or {})}
    ours = {"footer_links": [], "max_file_size": "200mb", "i18n": translations()}
    return blocks.launch(
        server_name=host,
        server_port=port,
        app_kwargs={**app, "exception_handlers": handlers},
        **{**ours, **options},
    )


def _take_no_urls(component: Any) -> None:
    """Make a component refuse URLs, which Gradio would fetch for any client."""
    move = component.async_move_resource_to_block_cache

    async def move_file(path: str | Path | None) -> str | None:
        if path and is_http_url_like(str(path)):
            raise gr.Error("Send the picture as an uploaded file.", print_exception=False)
        return await move(path)

    component.async_move_resource_to_block_cache = move_file
