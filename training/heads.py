"""Train the heads of a compact network for first clicks and for boxes: what `cfr-icl heads` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["heads", *sys.argv[1:]]))
