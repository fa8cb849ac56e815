"""Start the annotator: python app.py"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

EXAMPLES = Path(__file__).parent / "examples"


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Click on an object in a picture, get its exact mask.")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, help="port (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="also open a public address through Gradio")
    parser.add_argument(
        "--weights",
        default=os.environ.get("CFR_ICL_WEIGHTS", "embedded"),
        help="embedded, a file or folder, or a Hugging Face repository (default: embedded)",
    )
    parser.add_argument("--steps", type=int, default=4, help="CFR steps at the start, 0 to 10 (default: 4)")
    parser.add_argument(
        "--max-megapixels", type=float, default=50, help="largest picture taken (default: 50)"
    )
    return parser.parse_args(arguments)


def main() -> None:
    options = parse_options()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from cfr_icl import load_model
    from cfr_icl.ui.blocks import App

    app = App(
        load_model(options.weights),
        steps=options.steps,
        examples=sorted(p for p in EXAMPLES.glob("*.*") if p.suffix in (".jpg", ".png")),
        max_megapixels=options.max_megapixels,
    )
    app.launch(options.host, options.port, options.share)


if __name__ == "__main__":
    main()
