"""Count the clicks that a model needs: the same as `cfr-icl evaluate`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["evaluate", *sys.argv[1:]]))
