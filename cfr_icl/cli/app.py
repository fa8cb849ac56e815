"""Start the page: click on an object in a picture, get its exact mask.

cfr-icl app [--weights embedded weights/vit_h] [--images photos --work work]
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import cfr_icl
from cfr_icl import load_model
from cfr_icl.cfr import MAX_STEPS
from cfr_icl.cli.options import WEIGHTS, add_megapixels, default_weights
from cfr_icl.cli.values import MOST_PORTS, count_up_to
from cfr_icl.extras import MissingExtraError, extra
from cfr_icl.weights.engines import ENGINES

if TYPE_CHECKING:
    from cfr_icl.annotate.folder.folder import Folder
    from cfr_icl.annotate.objects.document import Label
    from cfr_icl.ui.server import Server
    from cfr_icl.workers.pool import WorkerPool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_networks(parser.add_argument_group("Networks").add_argument)
    _add_folder(parser.add_argument_group("A folder of pictures").add_argument)
    _add_address(parser.add_argument_group("The address, and who may use it").add_argument)
    add_megapixels(parser)


def _add_networks(add: Callable[..., object]) -> None:
    add(
        "--weights",
        nargs="+",
        metavar="SOURCE",
        default=[default_weights()],
        help=f"{WEIGHTS}; several make a menu on the page, the first is loaded at the start "
        "(default: CFR_ICL_WEIGHTS if set, else embedded)",
    )
    add(
        "--engine",
        choices=ENGINES,
        help="library that runs the embedded network on a CPU: torch, onnx (extra onnx), or auto for the "
        "fastest by measurement (default: CFR_ICL_ENGINE if set, else auto)",
    )
    add(
        "--steps",
        type=count_up_to(MAX_STEPS, least=0),
        default=4,
        metavar="N",
        help=f"CFR steps at the start, 0 to {MAX_STEPS} (default: 4)",
    )
    add(
        "--workers",
        nargs="+",
        metavar="URL",
        help="predict with these `cfr-icl worker`s, such as http://gpu-1:7870, in place of --weights "
        "(see docs/scale.md)",
    )


def _add_folder(add: Callable[..., object]) -> None:
    add("--images", type=Path, metavar="DIR", help="folder of pictures to label")
    add("--work", "--out", type=Path, metavar="DIR", help="folder for the saved work on --images")
    add(
        "--shared",
        action="store_true",
        help="allow other processes with --shared to use the same --work: replicas (see docs/scale.md)",
    )
    add(
        "--classes",
        type=Path,
        metavar="FILE",
        help="a list of classes, one name a line; their order gives their numbers in exports; a saved list "
        "may also define attributes",
    )


def _add_address(add: Callable[..., object]) -> None:
    add(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),  # set on a Space
        help="address to listen on (default: this machine only)",
    )
    add("--port", type=count_up_to(MOST_PORTS), help="port (default: the first free one from 7860)")
    add(
        "--root-path",
        default=os.environ.get("GRADIO_ROOT_PATH"),
        metavar="PATH",
        help="path under which a proxy serves the page, such as /app (see docs/proxy.md)",
    )
    add("--share", action="store_true", help="also open a public address through Gradio")
    add("--auth", type=_auth, metavar="NAME:PASSWORD", help="ask for this name and password")
    add("--mcp", action="store_true", help="also offer the page's HTTP endpoint as an MCP tool (extra mcp)")


def _auth(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError("give it as NAME:PASSWORD")
    return name, password


def run(options: argparse.Namespace) -> None:
    if bool(options.images) != bool(options.work):
        raise ValueError("--images and --work belong together.")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    gc.disable()  # looking for garbage among what is imported takes a sixth of the start
    with extra("app", "The page"):
        import gradio  # noqa: F401
    if options.mcp:
        with extra("mcp", "--mcp"):
            import mcp  # noqa: F401
    from cfr_icl.ui.blocks import build, launch

    server = _server(options)
    blocks = build(server)
    gc.freeze()  # what is there now stays: later collections need not look at it
    gc.enable()
    launch(
        blocks,
        options.host,
        options.port,
        share=options.share,
        auth=options.auth,
        mcp_server=options.mcp,
        root_path=options.root_path,
        prevent_thread_lock=True,
        quiet=not (options.share or options.mcp),  # else Gradio names those addresses too
    )
    if not (options.share or options.mcp):
        address = f"{blocks.protocol}://{blocks.server_name}:{blocks.server_port}"
        print(f"The page is at {address} (Ctrl+C stops it).", flush=True)
    try:
        server.shared.models.load_first()  # while the browser builds the page
    except (ValueError, OSError, MissingExtraError):
        blocks.close()
        raise
    # Stopped like by Ctrl+C: pages leave the disk, and give back what they hold of a shared folder.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    blocks.block_thread()
    gc.freeze()  # else the interpreter looks at all objects of PyTorch before it ends, for many seconds


def _server(options: argparse.Namespace) -> Server:
    from cfr_icl.annotate.saved.classes import read_attributes, read_classes
    from cfr_icl.remote import remote_predict
    from cfr_icl.ui.server import Server
    from cfr_icl.ui.settings import Settings
    from cfr_icl.weights.menu import ModelMenu

    spaces = _lender()
    workers = _workers(options)
    labels = read_classes(options.classes) if options.classes else []
    attributes = read_attributes(options.classes) if options.classes else ()
    folder = _folder(options, labels)
    menu = ModelMenu(options.weights, functools.partial(load_model, engine=options.engine))
    first = options.weights[0]
    return Server(
        Settings(
            steps=options.steps,
            examples=example_pictures(),
            max_megapixels=options.max_megapixels,
            labels=folder.work.classes.labels if folder else labels,
            attributes=attributes,
            folder=folder,
            menu={} if spaces or workers else menu,
            workers=workers,
            remote=remote_predict(menu[first], spaces.GPU) if spaces else None,
        )
    )


def _lender() -> ModuleType | None:
    """The package `spaces`, imported by app.py, where it lends a GPU for each call: on ZeroGPU.

    All other Spaces have the package too, but there its decorator lends nothing.
    """
    lends = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")  # as the package reads it
    return sys.modules.get("spaces") if lends else None


def _workers(options: argparse.Namespace) -> WorkerPool | None:
    """The processes of --workers, with a warning where none answers yet."""
    from cfr_icl.workers.pool import TOKEN, WorkerPool

    if not options.workers:
        return None
    workers = WorkerPool(options.workers, os.environ.get(TOKEN))
    if workers.check() is None:
        print(
            f"No worker answers yet at {', '.join(workers.addresses)}; clicks wait for one.", file=sys.stderr
        )
    return workers


def _folder(options: argparse.Namespace, labels: list[Label]) -> Folder | None:
    """The folder of --images, held by this process or shared with others."""
    from cfr_icl.annotate.folder.folder import Folder

    if not options.images:
        return None
    folder = Folder(options.images, options.work, options.max_megapixels)
    if options.shared:
        folder.work.share()
    else:
        folder.work.claim()
    if labels:
        folder.work.classes.set(labels)
    return folder


def example_pictures() -> list[Path]:
    """The pictures that the page offers: all of a clone's examples/, or the few that the wheel holds."""
    package = Path(cfr_icl.__file__).parent
    installed = package / "examples"
    folder = installed if installed.is_dir() else package.parent / "examples"
    return sorted(path for path in folder.glob("*.*") if path.suffix in (".jpg", ".png"))
