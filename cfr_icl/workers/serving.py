"""A worker: one network that answers the clicks of many pages."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from cfr_icl.extras import extra
from cfr_icl.prediction import PredictionError
from cfr_icl.segmenter import Segmenter
from cfr_icl.workers.wire import (
    NETWORK,
    PredictionRequest,
    picture_digest,
    prediction_to_bytes,
    request_from_bytes,
)

log = logging.getLogger(__name__)

PICTURES, PIXELS = 64, 400_000_000
"""Most pictures that a worker keeps with their features and predictions, and most pixels of them all."""

LARGEST = 800_000_000
"""Bytes of a request: the largest picture that pages read, and a mask."""


@dataclass(frozen=True)
class _ServedPicture:
    """A picture with its segmenter; one request about it at a time."""

    segmenter: Segmenter
    pixels: int
    turn: threading.Lock = field(default_factory=threading.Lock)


class UnknownPictureError(ValueError):
    """The picture of a request is not known here, or not any more."""


class LargeRequestError(ValueError):
    """A request has more than LARGEST bytes."""


STATUSES = {
    PermissionError: 403,
    UnknownPictureError: 404,
    LargeRequestError: 413,
    ValueError: 400,
    PredictionError: 422,
}
"""HTTP statuses of requests that are refused; the most derived class of an error counts."""


class Worker:
    """Answers requests, those about one picture one after another; a prediction depends on its request alone.

    May be used by several threads if the network may.

    Args:
        make_segmenter: makes a segmenter over the one network, for each picture.
    """

    def __init__(self, make_segmenter: Callable[[], Segmenter]) -> None:
        self._make = make_segmenter
        self._pictures: OrderedDict[str, _ServedPicture] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, request: PredictionRequest) -> bytes:
        """The encoded prediction; empty after a picture was encoded ahead.

        Raises:
            UnknownPictureError: without the picture's pixels, where it is not kept.
            ValueError: for a request that cannot be answered.
            PredictionError: when the network's output is not finite.
        """
        served = self._picture_of(request)
        with served.turn:
            if request.ahead:
                served.segmenter.prepare()
                return b""
            prediction = served.segmenter.predict(
                request.clicks,
                previous_mask=request.previous_mask,
                box=request.box,
                choice=request.choice,
                cfr=request.cfr,
            )
        return prediction_to_bytes(prediction)

    def _picture_of(self, request: PredictionRequest) -> _ServedPicture:
        if request.pixels is not None and picture_digest(request.pixels) != request.picture:
            raise ValueError("The picture of the request is not the one that it names.")
        with self._lock:
            if request.picture not in self._pictures:
                if request.pixels is None:
                    raise UnknownPictureError("The picture is not known here.")
                segmenter = self._make()
                segmenter.set_image(request.pixels)
                pixels = request.pixels.shape[0] * request.pixels.shape[1]
                self._pictures[request.picture] = _ServedPicture(segmenter, pixels)
                while len(self._pictures) > PICTURES or (
                    len(self._pictures) > 1
                    and sum(served.pixels for served in self._pictures.values()) > PIXELS
                ):
                    self._pictures.popitem(last=False)
            self._pictures.move_to_end(request.picture)
            return self._pictures[request.picture]


def application(worker: Worker, about: dict[str, Any], token: str | None = None, together: int = 1) -> Any:
    """The worker behind HTTP, as an ASGI application.

    `GET /about` gives `about` as JSON; `POST /predict` answers a request of `wire`. Both answers have the
    header `wire.NETWORK`, a digest of `about`.

    Args:
        about: tells the weights; pages compare it between workers.
        token: who asks must bring it as bearer token; None for anybody.
        together: the most requests that are answered at the same time.
    """
    with extra("worker", "A worker"):
        from starlette.applications import Starlette
        from starlette.requests import Request
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route

    line = ThreadPoolExecutor(together, "answer")
    content_of_about = json.dumps(about, sort_keys=True).encode()
    network = {NETWORK: hashlib.sha256(content_of_about).hexdigest()[:16]}

    async def describe(request: Request) -> Response:
        _check_token(request.headers, token)
        return Response(content_of_about, media_type="application/json", headers=network)

    async def predict(request: Request) -> Response:
        _check_token(request.headers, token)
        content = await _read(request.stream())
        loop = asyncio.get_running_loop()
        asked = await loop.run_in_executor(None, request_from_bytes, content)
        try:
            return Response(await loop.run_in_executor(line, worker.answer, asked), headers=network)
        except tuple(STATUSES):
            raise
        except Exception:
            # Starlette's own 500 breaks the connection off, on which who asks may be asking again already
            log.exception("A request failed.")
            return JSONResponse({"error": "Something went wrong inside of the worker."}, 500)

    def refusal(status: int) -> Callable[[Request, Exception], Response]:
        return lambda _, error: JSONResponse({"error": str(error)}, status)

    return Starlette(
        routes=[Route("/about", describe), Route("/predict", predict, methods=["POST"])],
        exception_handlers={kind: refusal(status) for kind, status in STATUSES.items()},
    )


def _check_token(headers: Mapping[str, str], token: str | None) -> None:
    """Raise PermissionError for a request without the token."""
    given = headers.get("authorization", "")
    if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise PermissionError("The token is missing or wrong.")


async def _read(stream: AsyncIterator[bytes]) -> bytes:
    """The body of a request; raises LargeRequestError."""
    content = bytearray()
    async for chunk in stream:
        content += chunk
        if len(content) > LARGEST:
            raise LargeRequestError("The request is too large.")
    return bytes(content)


def serve(app: Any, host: str, port: int) -> None:
    """Serve until the process is ended; raises OSError for a port that is taken."""
    with extra("worker", "A worker"):
        import uvicorn
    uvicorn.run(app, host=host, port=port, log_level="warning", lifespan="off", timeout_graceful_shutdown=10)
