"""Average the weights of several runs: the same as `cfr-icl average`."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["average", *sys.argv[1:]]))
