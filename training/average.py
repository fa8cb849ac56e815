"""Average the weights of several runs: what `cfr-icl average` does."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["average", *sys.argv[1:]]))
