"""Start the annotator: python app.py"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

try:  # on a Space with a lent GPU, where it must come before torch
    import spaces
except ImportError:
    spaces = None

EXAMPLES = Path(__file__).parent / "examples"


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Click on an object in a picture, get its exact mask.")
    parser.add_argument(
        "--host",
        default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),  # which a Space sets
        help="address to listen on (default: this machine only)",
    )
    parser.add_argument("--port", type=int, help="port (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="also open a public address through Gradio")
    parser.add_argument(
        "--weights",
        nargs="+",
        metavar="SOURCE",
        default=[os.environ.get("CFR_ICL_WEIGHTS", "embedded")],
        help="embedded, a folder, a .safetensors file or hf://owner/name; several make a menu on the page, "
        "the first is loaded at the start (default: what CFR_ICL_WEIGHTS names, else embedded)",
    )
    parser.add_argument("--steps", type=int, default=4, help="CFR steps at the start, 0 to 10 (default: 4)")
    parser.add_argument(
        "--max-megapixels", type=float, default=50, help="largest picture taken (default: 50)"
    )
    parser.add_argument("--images", type=Path, metavar="DIR", help="work through the pictures of a folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the work on a folder is saved")
    parser.add_argument("--auth", metavar="NAME:PASSWORD", help="ask for this name and password")
    parser.add_argument(
        "--mcp", action="store_true", help="offer the endpoint as an MCP tool (needs gradio[mcp])"
    )
    options = parser.parse_args(arguments)
    if not 0 <= options.steps <= 10:
        parser.error(f"--steps goes from 0 to 10, not {options.steps}")
    if not 0 < options.max_megapixels <= 178:  # above it Pillow takes a picture for an attack
        parser.error(f"--max-megapixels goes up to 178, not {options.max_megapixels:g}")
    if bool(options.images) != bool(options.out):
        parser.error("--images and --out belong together")
    if options.auth and ":" not in options.auth:
        parser.error("--auth is NAME:PASSWORD")
    return options


def main() -> None:
    options = parse_options()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from cfr_icl.annotate.folder import Folder
    from cfr_icl.annotate.remote import remote_predict
    from cfr_icl.ui.blocks import build, launch
    from cfr_icl.ui.page import Settings
    from cfr_icl.weights.menu import ModelMenu

    try:
        folder = Folder(options.images, options.out, options.max_megapixels) if options.images else None
        if folder:
            folder.claim()
        menu = ModelMenu(options.weights)
        first = options.weights[0]
        settings = Settings(
            steps=options.steps,
            examples=sorted(path for path in EXAMPLES.glob("*.*") if path.suffix in (".jpg", ".png")),
            max_megapixels=options.max_megapixels,
            folder=folder,
            menu={} if spaces else menu,
            remote=remote_predict(menu[first], spaces.GPU) if spaces else None,
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    blocks = build(settings)
    launch(
        blocks,
        options.host,
        options.port,
        share=options.share,
        auth=tuple(options.auth.split(":", 1)) if options.auth else None,
        mcp_server=options.mcp,
        prevent_thread_lock=True,
    )
    try:
        settings.thread.submit(menu.__getitem__, first).result()  # while the browser builds the page
    except (ValueError, OSError) as error:
        blocks.close()
        sys.exit(f"error: {error}")
    blocks.block_thread()


if __name__ == "__main__":
    main()
