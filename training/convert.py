"""Convert a published checkpoint into a model folder: the same as `cfr-icl convert`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["convert", *sys.argv[1:]]))
