"""Where a row of scans lies."""

from typing import NamedTuple


class Place(NamedTuple):
    """A row of a segment. Places grow with time and are never used twice."""

    segment: int
    row: int


BEFORE_ALL = Place(0, 0)
