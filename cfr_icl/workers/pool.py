"""Ask workers for predictions: the order in which a page asks them, and the replacement of a lost one."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cfr_icl.extras import extra
from cfr_icl.prediction import Prediction, PredictionError
from cfr_icl.remote import RemoteSegmenter
from cfr_icl.sentences import Refusal
from cfr_icl.workers.wire import (
    NETWORK,
    PICTURE,
    PredictionRequest,
    picture_digest,
    prediction_from_bytes,
    request_to_bytes,
)

log = logging.getLogger(__name__)

TOKEN = "CFR_ICL_WORKER_TOKEN"
"""Environment variable of the secret that pages and workers share."""

CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 60.0
"""Time limits for connecting to a worker and for its answer."""

REST_SECONDS = 5.0
"""For this time a lost worker is asked after all others."""


class WorkersError(Refusal):
    """No worker answers, or with another network than before; the message is one sentence for the person."""


class _NoAnswer(Exception):
    """A worker gave no answer that can be used.

    Attributes:
        again: whether it may answer when it is asked again.
        changed: whether it has another network than before.
    """

    def __init__(self, again: bool = False, changed: bool = False) -> None:
        super().__init__()
        self.again, self.changed = again, changed


class WorkerPool:
    """One or more workers with the same weights; may be used by several threads.

    Requests about one picture go to one worker, which caches its features, and to the next when that is lost.

    Args:
        addresses: such as http://10.0.0.5:7870.
        token: what the workers ask for; None for nothing.
    """

    def __init__(self, addresses: Sequence[str], token: str | None = None) -> None:
        with extra("worker", "--workers"):
            import httpx
        self.addresses = [address.rstrip("/") for address in dict.fromkeys(addresses)]
        self._lost: dict[str, float] = {}
        self._network: str | None = None
        self._errors = httpx.TransportError
        self._silences = httpx.ConnectError, httpx.TimeoutException
        self._client = httpx.Client(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            trust_env=False,
        )

    def check(self) -> dict[str, Any] | None:
        """Compare the workers; return their common description, None where none answers.

        Raises:
            ValueError: when one refuses, or their weights differ.
        """
        answers: dict[str, dict[str, Any]] = {}
        for address in self.addresses:
            try:
                response = self._client.get(f"{address}/about")
            except self._errors as error:
                log.warning("The worker %s does not answer: %s", address, error)
                continue
            if response.status_code == 403:
                raise ValueError(f"The worker {address} asks for another CFR_ICL_WORKER_TOKEN.")
            if response.status_code != 200 or NETWORK not in response.headers:
                log.warning("There is no worker at %s; it answers with %s.", address, response.status_code)
                continue
            answers[address] = response.json()
            self._network = response.headers[NETWORK]
        first, *others = answers.items() or [("", None)]
        for address, about in others:
            if about != first[1]:
                raise ValueError(
                    f"The workers {first[0]} and {address} have different weights, settings or engines."
                )
        return first[1]

    def predictor(self) -> WorkerPredictor:
        """A predictor of one's own that asks the workers."""
        return WorkerPredictor(self)

    def send(self, request: PredictionRequest, pixels: np.ndarray) -> bytes:
        """Send a request, with its pixels if the worker lacks them; return the answer.

        A worker that breaks off is asked again after the others: Ray Serve may have replaced a lost replica
        behind its address by then.

        Raises:
            WorkersError: when no worker answers, or only some with another network than before.
            Refusal: when the request cannot be answered.
            PredictionError: when the network's output is not finite.
        """
        order = deque(self._order(request.picture))
        asked_again: set[str] = set()
        changed = False
        while order:
            address = order.popleft()
            try:
                return self._ask(address, request, pixels)
            except _NoAnswer as reason:
                changed = changed or reason.changed
                self._lost[address] = time.monotonic()
                if reason.again and address not in asked_again:
                    asked_again.add(address)
                    order.append(address)
        if changed:
            raise WorkersError(
                "The workers' network is another one than before; the page must be started again."
            )
        raise WorkersError("No network worker answers; your work is kept. Try again in a moment.")

    def _ask(self, address: str, request: PredictionRequest, pixels: np.ndarray) -> bytes:
        """The answer of one worker; raises _NoAnswer where it gives none that can be used, else as `send`."""
        try:
            response = self._post(address, request.picture, request_to_bytes(request))
            if response.status_code == 404:
                whole = request_to_bytes(replace(request, pixels=pixels))
                response = self._post(address, request.picture, whole)
        except self._errors as error:
            log.warning("The worker %s is lost: %s", address, error)
            raise _NoAnswer(again=not isinstance(error, self._silences)) from error
        status, network = response.status_code, response.headers.get(NETWORK)
        if status in (400, 422):
            raise (PredictionError if status == 422 else ValueError)(response.json()["error"])
        if status != 200:
            log.warning("The worker %s answers with status %s.", address, status)
            raise _NoAnswer(again=status >= 500)
        self._network = self._network or network
        if network != self._network:
            log.warning("The worker %s has another network than before.", address)
            raise _NoAnswer(changed=True)
        return response.content

    def _post(self, address: str, picture: str, content: bytes) -> Any:
        return self._client.post(f"{address}/predict", content=content, headers={PICTURE: picture})

    def _order(self, picture: str) -> list[str]:
        """The workers in the order in which a request about a picture goes to them."""

        def preference(address: str) -> tuple[bool, bytes]:
            lost = time.monotonic() - self._lost.get(address, -REST_SECONDS) < REST_SECONDS
            return lost, hashlib.sha256(f"{address} {picture}".encode()).digest()

        return sorted(self.addresses, key=preference)


class WorkerPredictor(RemoteSegmenter):
    """A `Predictor` whose network is that of the workers; `predict` raises WorkersError when none answers."""

    def __init__(self, pool: WorkerPool) -> None:
        super().__init__(self._request_prediction)
        self._pool = pool

    def set_image(self, picture: np.ndarray) -> None:
        super().set_image(picture)
        self._digest = picture_digest(picture)

    def prepare(self) -> None:
        """Let the picture's worker encode it; where none answers, the first click says so."""
        if self._picture is None:
            raise RuntimeError("Set a picture with set_image before preparing its predictions.")
        try:
            self._pool.send(PredictionRequest(self._digest, ahead=True), self._picture)
        except WorkersError as error:
            log.warning("A picture is not encoded ahead: %s", error)

    def _request_prediction(self, picture: np.ndarray, *cues: Any) -> Prediction:
        return prediction_from_bytes(self._pool.send(PredictionRequest(self._digest, *cues), picture))
