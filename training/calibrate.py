"""Calibrate the probabilities of a model: the same as `cfr-icl calibrate`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["calibrate", *sys.argv[1:]]))
