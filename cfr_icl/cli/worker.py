"""Run the network for pages in other processes or on other machines.

    cfr-icl worker --host 0.0.0.0 --port 7870
    cfr-icl app --workers http://gpu-1:7870 http://gpu-2:7870

All workers of a page must have the same weights. If the environment variable CFR_ICL_WORKER_TOKEN is set, a
worker serves only pages that have the same value. Never open a worker to the internet. On a machine with
several GPUs start one worker for each, with CUDA_VISIBLE_DEVICES.

With --engine ray, Ray Serve runs the workers on a cluster, behind one address, and replaces lost ones:

    RAY_ADDRESS=10.0.0.1:6379 cfr-icl worker --engine ray --replicas 8 --replica-gpus 1 --host 0.0.0.0
    cfr-icl app --workers http://10.0.0.1:7870
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from contextlib import suppress
from functools import partial
from typing import Any

from cfr_icl import Segmenter, load_model
from cfr_icl.cli.options import (
    absolute_weights,
    add_device,
    add_engine,
    add_together,
    add_weights,
    cluster_actors,
)
from cfr_icl.cli.values import MOST_PORTS, count_up_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_weights(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=count_up_to(MOST_PORTS), default=7870, help="port (default: 7870)")
    add_device(parser)
    add_together(parser, "answer up to N people at a time")
    parser.add_argument(
        "--precision",
        default="auto",
        help="float32, float16, bfloat16 or auto, the same on all workers (default: auto)",
    )
    add_engine(parser, "run replicas", "replica", "how many replicas with ray (default: 1)")


def run(options: argparse.Namespace) -> None:
    from cfr_icl.workers.pool import TOKEN
    from cfr_icl.workers.replicas import running
    from cfr_icl.workers.serving import serve

    options.weights = absolute_weights(options)
    make_worker = partial(new_worker, options, os.environ.get(TOKEN))
    listening = f"Listening on http://{options.host}:{options.port}"
    if options.engine == "ray":
        load_model(options.weights, "cpu", "float32")  # wrong weights are one sentence, before Ray starts
        with (
            suppress(KeyboardInterrupt),
            running(make_worker, cluster_actors(options), options.host, options.port),
        ):
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray set its own at its start
            print(listening, flush=True)
            threading.Event().wait()
    else:
        app = make_worker()
        print(listening, flush=True)
        serve(app, options.host, options.port)


def new_worker(options: argparse.Namespace, token: str | None) -> Any:
    """A worker with a network of its own, in the process that calls this, as an ASGI application."""
    from cfr_icl.models.digest import weights_digest
    from cfr_icl.workers.batching import BatchedNetwork
    from cfr_icl.workers.serving import Worker, application

    model = load_model(options.weights, options.device, options.precision)
    about = {
        "weights": weights_digest(model),
        "precision": str(model.precision),
        "config": model.config.to_dict(),
    }
    if options.together > 1:
        BatchedNetwork(model, options.together)
    return application(Worker(lambda: Segmenter(model)), about, token, options.together)
