"""Workers as replicas of Ray Serve: it spreads them over a cluster, and replaces lost ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cfr_icl.extras import extra
from cfr_icl.scale.cluster import (
    Actors,
    ClusterError,
    actors_that_fit,
    cluster_sentence,
    connected,
    use_cores,
)

APPLICATION = "cfr-icl"
"""The name of the workers in Ray Serve."""

ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
"""Chooses a replica by a hash of `wire.PICTURE`, so that a picture has one replica from the first request on.
Experimental in Ray, from 2.56 on; tried with 2.60. `serve.multiplexed` would replace it: it knows a picture's
replica only some time after the first request, and several of them if two people open the same picture."""

WAITING = 1000
"""Requests at a replica, with those that wait there; a full one hands on to the next."""

HEALTH_SECONDS = 2.0
"""Between two looks at a replica; a lost one is replaced after one or two."""

STARTS = 3
"""Attempts to start a replica before its error is told."""


@contextmanager
def running(make_worker: Callable[[], Any], replicas: Actors, host: str, port: int) -> Iterator[None]:
    """Run workers on a cluster, from the moment that all of them answer; end them afterwards.

    Every node with a replica listens on the port, and the head; each answers for all replicas.

    Args:
        make_worker: makes a worker as an ASGI application, in the process of each replica.
        replicas: how many, and the cores and GPUs of each.
        host: the address to listen on, on each node.

    Raises:
        MissingExtraError: without Ray.
        ClusterError: when the cluster cannot be reached or is too small, when Ray Serve runs there for
            others, and when a replica cannot start.
    """
    with extra("cluster", "--engine ray"):
        from ray import serve
        from ray.serve.config import HTTPOptions, ProxyLocation
        from ray.serve.exceptions import RayServeException
    logging.getLogger("ray.serve").setLevel(logging.WARNING)

    def make() -> Any:
        use_cores(replicas)
        return make_worker()

    deployment = serve.deployment(
        name="worker",
        num_replicas=replicas.most or 1,
        ray_actor_options={"num_cpus": replicas.cpus, "num_gpus": replicas.gpus},
        max_ongoing_requests=WAITING,
        health_check_period_s=HEALTH_SECONDS,
        max_constructor_retry_count=STARTS,
        request_router_config={"request_router_class": ROUTER},
    )
    worker = deployment(serve.ingress(make)())
    with connected():
        _check_room(replicas)
        _end_earlier()
        serve.start(proxy_location=ProxyLocation.EveryNode, http_options=HTTPOptions(host=host, port=port))
        try:
            serve.run(worker.bind(), name=APPLICATION)
        except (RuntimeError, RayServeException) as error:
            serve.shutdown()
            raise ClusterError(cluster_sentence(error)) from error
        try:
            yield
        finally:
            serve.shutdown()


def _check_room(replicas: Actors) -> None:
    """Raise ClusterError if the nodes cannot hold all replicas; Ray Serve would wait for more nodes."""
    room = actors_that_fit(replicas)
    if room < (replicas.most or 1):
        raise ClusterError(f"The cluster has room for {room} replicas of this size, not for {replicas.most}.")


def _end_earlier() -> None:
    """End workers that an earlier, killed process left on the cluster.

    Raises:
        ClusterError: when Ray Serve runs something else, as it has one address for all.
    """
    from ray import serve

    others = sorted(serve.status().applications.keys() - {APPLICATION})
    if others:
        raise ClusterError(
            f"Ray Serve runs {', '.join(others)} on this cluster already; `serve shutdown` would end it."
        )
    if serve.status().proxies:
        serve.shutdown()
