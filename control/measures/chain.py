"""A log that shows where it was altered: each row carries a hash over itself and all before it.

Whoever can rewrite the whole file can also rewrite every hash; so the latest hash has to be told
to somebody else from time to time (I28).
"""

import hashlib
from collections.abc import Iterable

GENESIS = ""
"""What the first row is chained to."""


def link(previous: str, row: str) -> str:
    """The hash of a row after the row whose hash is `previous`: 32 hexadecimal digits.

    SHA-256 over both, cut to 128 bits.
    """
    return hashlib.sha256(f"{previous}\n{row}".encode()).hexdigest()[:32]


def first_break(rows: Iterable[tuple[str, str]], previous: str = GENESIS) -> int | None:
    """The place, from 0, of the first `(row, hash)` that does not follow from those before it."""
    for place, (row, claimed) in enumerate(rows):
        previous = link(previous, row)
        if claimed != previous:
            return place
    return None
