"""Start the page from a clone or on a Hugging Face Space: the same as `cfr-icl app`."""

import contextlib
import sys

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  on a Space with a lent GPU, where it must come before torch

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["app", *sys.argv[1:]]))
