"""A worker: one network that answers the clicks of many pages."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from cfr_icl.extras import extra
from cfr_icl.models.base import PredictionError
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


STATUSES = {UnknownPictureError: 404, ValueError: 400, PredictionError: 422}
"""HTTP statuses of requests that cannot be answered; that of the first class an error belongs to counts."""


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

    def refused(status: int, error: object) -> Response:
        return JSONResponse({"error": str(error)}, status)

    def may_ask(request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return token is None or hmac.compare_digest(given.encode(), f"Bearer {token}".encode())

    async def describe(request: Request) -> Response:
        if not may_ask(request):
            return refused(403, "The token is missing or wrong.")
        return Response(content_of_about, media_type="application/json", headers=network)

    async def predict(request: Request) -> Response:
        if not may_ask(request):
            return refused(403, "The token is missing or wrong.")
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST:
                return refused(413, "The request is too large.")
        loop = asyncio.get_running_loop()
        try:
            request_made = await loop.run_in_executor(None, request_from_bytes, bytes(content))
            return Response(await loop.run_in_executor(line, worker.answer, request_made), headers=network)
        except tuple(STATUSES) as error:
            return refused(next(STATUSES[kind] for kind in STATUSES if isinstance(error, kind)), error)
        except Exception:
            log.exception("A request failed.")
            return refused(500, "Something went wrong inside of the worker.")

    return Starlette(routes=[Route("/about", describe), Route("/predict", predict, methods=["POST"])])


def serve(app: Any, host: str, port: int) -> None:
    """Serve until the process is ended; raises OSError for a port that is taken."""
    with extra("worker", "A worker"):
        import uvicorn
    uvicorn.run(app, host=host, port=port, log_level="warning", lifespan="off", timeout_graceful_shutdown=10)
