"""python -m cfr_icl COMMAND: the same as cfr-icl COMMAND."""

import sys

from cfr_icl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
