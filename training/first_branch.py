"""Train a branch of a compact network for first clicks and boxes: what `cfr-icl first-branch` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["first-branch", *sys.argv[1:]]))
