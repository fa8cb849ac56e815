"""Workers on loopback."""

import socket
import threading
import time

import pytest
import uvicorn

from cfr_icl.segmenter import Segmenter
from cfr_icl.workers.serving import Worker, application
from tests.stand_in import ColourModel


class Serving:
    """A worker on loopback."""

    def __init__(
        self, make=lambda: Segmenter(ColourModel()), weights="colour", token=None, port=0, together=1
    ):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.worker = Worker(make)
        self.asked = []
        answer = self.worker.answer
        self.worker.answer = lambda asked: (self.asked.append(asked), answer(asked))[1]
        app = application(self.worker, {"weights": weights}, token, together)
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def die(self):
        self.server.should_exit = self.server.force_exit = True
        self.thread.join()
        self.socket.close()


@pytest.fixture
def start():
    servers = []

    def start(*arguments, **options):
        servers.append(Serving(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.die()
