"""`python -m edge` is the same as `ria`."""

import os
import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    # one thread for linear algebra: the gateway has none to do, and each thread costs memory
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from edge.cli.main import run  # noqa: PLC0415  # nothing is loaded before it is asked for

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
