"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
from dataclasses import Field, fields, replace
from typing import Any

from cfr_icl import CascadeForward, Segmenter, load_model
from cfr_icl.cli.values import count_up_to, data_source, number_up_to, shard, whole_numbers
from cfr_icl.data.registry import DATASETS
from cfr_icl.pictures.decoding import LARGEST_LIMIT, MAX_MEGAPIXELS
from cfr_icl.scale.cluster import Actors
from cfr_icl.scale.shards import Shard

WEIGHTS = "embedded, a folder, a .safetensors file or hf://owner/name"


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add --weights; None stands for `default_weights`."""
    parser.add_argument("--weights", help=f"{WEIGHTS} (default: CFR_ICL_WEIGHTS if set, else embedded)")


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        default="auto",
        help="cpu, cuda, mps, or auto for a GPU where there is one (default: auto)",
    )


def default_weights() -> str:
    """The source of weights for commands without --weights."""
    return os.environ.get("CFR_ICL_WEIGHTS") or "embedded"


_OLDER_FLAGS: dict[str, dict[str, Any]] = {
    "--every-click": {"dest": "cf_clicks", "action": "store_const", "const": None},
    "--settled": {"dest": "min_change_ratio", "type": float},
    "--no-close-up": {"dest": "close_ups", "action": "store_false"},
}
"""Flags of version 0.1, which recorded commands name; not shown in the help."""


def add_cfr(parser: argparse.ArgumentParser, *, several_steps: bool = False) -> None:
    """A flag for each field of CascadeForward, derived from its metadata, and flags for the zoom-in.

    Args:
        several_steps: let --steps be a list such as 0,1,4, for a setting each.
    """
    group = parser.add_argument_group("Cascade-Forward Refinement")
    for entry in fields(CascadeForward):
        if entry.name == "steps" and several_steps:
            group.add_argument(
                "--steps",
                type=whole_numbers,
                default=[4],
                help="CFR steps, a setting each: 0,1,4 (default: 4)",
            )
        else:
            _add_setting(group, entry)
    for flag, options in _OLDER_FLAGS.items():
        group.add_argument(flag, default=argparse.SUPPRESS, help=argparse.SUPPRESS, **options)
    group.add_argument(
        "--published",
        action="store_true",
        help="published values of the zoom-in and of all CFR settings without a flag of their own",
    )
    group.add_argument(
        "--no-widen",
        action="store_true",
        help="leave the zoom window where it is when an object runs over its edge, as published",
    )


def _add_setting(group: argparse._ArgumentGroup, entry: Field) -> None:
    """Add the flag of one field; if the flag is not given, the options have no attribute of that name."""
    flag, values = "--" + entry.name.replace("_", "-"), entry.metadata
    published = "" if values["published"] == entry.default else f"; published: {_shown(values['published'])}"
    help = f"{values['help']} (default: {_shown(entry.default)}{published})"
    if values["kind"] is bool:
        action = argparse.BooleanOptionalAction
        group.add_argument(flag, action=action, default=argparse.SUPPRESS, help=help)
        return

    def number(text: str) -> float | None:
        if text == "all" and entry.default is None:
            return None
        try:
            return values["kind"](text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"it is a number, not {text!r}") from None

    group.add_argument(flag, type=number, default=argparse.SUPPRESS, metavar="N", help=help)


def _shown(value: object) -> str:
    """A value as typed on the command line; None, which means no limit, is "all"."""
    if value is None:
        return "all"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def cfr_setting(options: argparse.Namespace, steps: int | None = None) -> CascadeForward:
    """The CFR setting of a command line; `steps` takes the place of --steps."""
    given = {
        entry.name: getattr(options, entry.name)
        for entry in fields(CascadeForward)
        if hasattr(options, entry.name)
    }
    if steps is not None:
        given["steps"] = steps
    start = CascadeForward.published() if options.published else CascadeForward.default()
    return replace(start, **given)


def widens(options: argparse.Namespace) -> bool:
    """Whether the zoom window may follow an object over its edge, if the model's zoom-in has this."""
    return not (options.no_widen or options.published)


def new_segmenter(options: argparse.Namespace) -> Segmenter:
    """A segmenter with the weights and the zoom-in of a command line."""
    model = load_model(options.weights)
    zoom = model.config.zoom
    zoom = zoom.published() if options.published else replace(zoom, widen=zoom.widen and widens(options))
    return Segmenter(model, zoom=zoom)


def add_megapixels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-megapixels",
        type=number_up_to(LARGEST_LIMIT),
        default=MAX_MEGAPIXELS,
        metavar="N",
        help=f"size of the largest picture that is read, in megapixels (default: {MAX_MEGAPIXELS:g})",
    )


def add_shard(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        type=shard,
        default=Shard(),
        metavar="I/N",
        help="do one of N shares of the pictures, I from 1 to N; `cfr-icl join` joins the results "
        "(default: all pictures)",
    )


MOST_TOGETHER = 256
"""Windows that a network computes together; a GPU is full with fewer."""


def add_together(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --together, for networks that compute several windows in about the time of one."""
    parser.add_argument(
        "--together",
        type=count_up_to(MOST_TOGETHER),
        default=1,
        metavar="N",
        help=f"{what}, and join their windows: for GPUs (default: 1)",
    )


MOST_ACTORS = 10_000
"""Processes on a cluster."""


def add_engine(
    parser: argparse.ArgumentParser,
    use: str = "predict",
    name: str = "actor",
    count: str = "most workers with ray (default: no limit)",
) -> None:
    """Add --engine and the options of a cluster's processes.

    Args:
        use: what a cluster does.
        name: of such a process, in the options --actors, --actor-cpus and --actor-gpus.
        count: help for the number of processes.
    """
    add = parser.add_argument_group("A cluster").add_argument
    add(
        "--engine",
        choices=["process", "ray"],
        default="process",
        help=f"ray: {use} on the cluster of RAY_ADDRESS, or on the cores of this machine (extra cluster); "
        "process: without a cluster (default)",
    )
    add(f"--{name}s", dest="actors", type=count_up_to(MOST_ACTORS), metavar="N", help=count)
    add(
        f"--{name}-cpus",
        dest="actor_cpus",
        type=number_up_to(1000),
        default=1.0,
        metavar="N",
        help="cores of each (default: 1)",
    )
    add(
        f"--{name}-gpus",
        dest="actor_gpus",
        type=number_up_to(1000, or_zero=True),
        default=0.0,
        metavar="N",
        help="GPUs of each, 0.25 for four on one (default: 0)",
    )


def cluster_actors(options: argparse.Namespace) -> Actors:
    """The processes on a cluster that a command line asks for."""
    return Actors(
        most=options.actors,
        cpus=options.actor_cpus,
        gpus=options.actor_gpus,
        together=getattr(options, "together", 1),
    )


def absolute_weights(options: argparse.Namespace) -> str:
    """The weights of a command line as processes with another working folder find them."""
    source = options.weights or default_weights()
    return os.path.abspath(source) if os.path.exists(source) else source


MOST_PICTURES = 1_000_000_000
"""The most pictures that --limit may name."""


def add_pictures(parser: argparse.ArgumentParser, min_area: float) -> None:
    """Add --data, --half, --limit and --min-area: data sets, and a choice of their pictures and objects.

    Args:
        min_area: default of the smallest share of the picture that an object fills, 0 to 1.
    """
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        required=True,
        type=data_source,
        metavar="NAME=PATH",
        help=f"NAME is one of {', '.join(DATASETS)}; NAME:SPLIT=PATH for a split other than validation",
    )
    add(
        "--half",
        choices=["even", "odd"],
        help="only pictures whose name, without its extension, has an even or odd CRC-32",
    )
    add(
        "--limit",
        type=count_up_to(MOST_PICTURES),
        help="at most N pictures of each data set, spread evenly",
        metavar="N",
    )
    add(
        "--min-area",
        type=number_up_to(1, or_zero=True),
        default=min_area,
        help=f"leave out objects below this share of the picture (default: {min_area:g})",
    )
