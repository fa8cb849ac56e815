"""Run the network for pages in other processes or on other machines.

    cfr-icl worker --host 0.0.0.0 --port 7870
    cfr-icl app --workers http://gpu-1:7870 http://gpu-2:7870

All workers of a page must have the same weights. If the environment variable CFR_ICL_WORKER_TOKEN is set, a
worker serves only pages that have the same value. Never open a worker to the internet. On a machine with
several GPUs start one worker for each, with CUDA_VISIBLE_DEVICES.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from cfr_icl import Segmenter, load_model
from cfr_icl.cli.options import add_together, add_weights, default_weights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_weights(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=7870, help="port (default: 7870)")
    parser.add_argument("--device", default="auto", help="as for load_model, such as cpu or cuda")
    add_together(parser, "answer up to N people at a time")
    parser.add_argument("--precision", default="auto", help="as for load_model; the same on all workers")


def run(options: argparse.Namespace) -> None:
    from cfr_icl.models.digest import weights_digest
    from cfr_icl.workers.batching import BatchedNetwork
    from cfr_icl.workers.pool import TOKEN
    from cfr_icl.workers.serving import Worker, application, serve

    model = load_model(options.weights or default_weights(), options.device, options.precision)
    about = {
        "weights": weights_digest(model),
        "precision": str(model.precision),
        "zoom": asdict(model.config.zoom),
    }
    if options.together > 1:
        BatchedNetwork(model, options.together)
    app = application(Worker(lambda: Segmenter(model)), about, os.environ.get(TOKEN), options.together)
    print(f"Listening on http://{options.host}:{options.port}", flush=True)
    serve(app, options.host, options.port)
