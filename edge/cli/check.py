"""`ria check`: every error of a site file, and what to do about each."""

import sys
from pathlib import Path


def check_site(path: Path) -> int:
    """Print each finding as `FILE:LINE: key: what; remedy`; 0 where there is none."""
    from edge.config.load import check, render  # noqa: PLC0415

    problems = check(path)
    if problems:
        print(render(problems, path), file=sys.stderr)
        return 1
    print(f"{path}: nothing to complain about")
    return 0
