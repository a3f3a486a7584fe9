"""One file of scans: a row for each group commit."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from edge.errors import StoreFailed
from edge.model.clock import Instant
from edge.model.point import Columns
from edge.model.scan import Scan
from edge.store import block, described
from edge.store.database import Database
from edge.store.place import Place

SCHEMA = """
CREATE TABLE IF NOT EXISTS segment (epoch TEXT NOT NULL, begun_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS columns (number INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS block (
  row INTEGER PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL,
  scans INTEGER NOT NULL, cells INTEGER NOT NULL, revision INTEGER NOT NULL,
  crc INTEGER NOT NULL, body BLOB NOT NULL);
"""

Open = Callable[[Path, bool], Database]
"""`(path, create) -> Database`."""


class Row(NamedTuple):
    """What one group commit held; `scans` is None where the block does not read."""

    place: Place
    scans: list[Scan] | None


class Segment:
    """The one connection to one segment file."""

    def __init__(
        self, path: Path, open_database: Open, *, epoch: str, now: Instant, create: bool
    ) -> None:
        """Open the file; with `create`, begin it where there is none.

        Raises:
            StoreFailed: it cannot be written.
        """
        self.number = int(path.stem)
        self._numbers: dict[int, int] = {}
        self._columns: dict[int, Columns] = {}
        self._undescribed: list[int] = []
        self._most = 0
        self.database = open_database(path, create)
        try:
            self._begin(epoch, now)
        except StoreFailed:
            self.database.close()
            raise

    def _begin(self, epoch: str, now: Instant) -> None:
        if not self.database.execute("SELECT 1 FROM sqlite_master WHERE name = 'block'"):
            with self.database.transaction():
                for statement in SCHEMA.split(";"):
                    self.database.execute(statement)
        found = self.database.execute("SELECT epoch, begun_at FROM segment")
        if not found:
            with self.database.transaction():
                self.database.execute("INSERT INTO segment VALUES (?, ?)", (epoch, now))
            found = [(epoch, now)]
        self.epoch, begun_at = str(found[0][0]), int(found[0][1] or 0)
        self.begun_at = Instant(begun_at)
        for number, body in self.database.execute("SELECT number, body FROM columns"):
            self._most = max(self._most, _int(number))
            with suppress(ValueError):  # the blocks that need it will not read
                self._columns[_int(number)] = described.from_text(str(body))
        last = self.database.execute(
            "SELECT row, revision FROM block ORDER BY row DESC LIMIT 1"
        ) or [(0, 0)]
        self.last_row, self.last_revision = _int(last[0][0]), _int(last[0][1])

    def append(self, scans: Sequence[Scan], revision: int) -> Place:
        """One durable row of these scans; `revision` is the ledger's at this moment.

        Raises:
            StoreFailed: the row may or may not be on the disk; write it to another segment.
        """
        numbers = [self._number(scan.columns) for scan in scans]
        body = block.encode(scans, numbers)
        row = self.last_row + 1
        times = [scan.measured_at for scan in scans]
        with self.database.transaction():
            for number in self._undescribed:
                self.database.execute(
                    "INSERT INTO columns VALUES (?, ?)",
                    (number, described.to_text(self._columns[number])),
                )
            self.database.execute(
                "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row,
                    min(times),
                    max(times),
                    len(scans),
                    sum(map(block.cells_in, scans)),
                    revision,
                    zlib.crc32(body),
                    body,
                ),
            )
        self._undescribed.clear()
        self.last_row, self.last_revision = row, revision
        return Place(self.number, row)

    def _number(self, columns: Columns) -> int:
        # by identity: comparing a hundred points at every scan would cost more than storing them
        number = self._numbers.get(id(columns))
        if number is None:
            number = next((n for n, known in self._columns.items() if known == columns), None)
            if number is None:
                self._most = number = self._most + 1
                self._undescribed.append(number)
            # the dictionary holds the object, so its identity is not given to another one
            self._numbers = {i: n for i, n in self._numbers.items() if n != number}
            self._columns[number] = columns
            self._numbers[id(columns)] = number
        return number

    def rows(
        self,
        after: int,
        limit: int,
        *,
        since: int = -(2**63),
        until: int = 2**63 - 1,
        wanted: Callable[[Columns], bool] = lambda _: True,
    ) -> Iterator[Row]:
        """Up to `limit` rows beyond row `after` that touch `since <= measured_at < until`.

        Raises:
            StoreFailed: the file does not read on.
        """
        while limit > 0:
            found = self.database.execute(
                "SELECT row, crc, body FROM block"
                " WHERE row > ? AND until >= ? AND since < ? ORDER BY row LIMIT 1",
                (after, since, until),
            )
            if not found:
                return
            after, crc, body = _int(found[0][0]), _int(found[0][1]), found[0][2]
            limit -= 1
            try:
                scans = list(block.decode(_bytes(body), crc, self._columns.__getitem__, wanted))
            except (ValueError, KeyError, IndexError):
                yield Row(Place(self.number, after), None)
            else:
                yield Row(Place(self.number, after), scans)

    def span(self) -> tuple[int, int]:
        """`(first, last)` measured_at in the file; `(0, -1)` where there is none."""
        [(first, last)] = self.database.execute("SELECT min(since), max(until) FROM block")
        return (0, -1) if first is None else (_int(first), _int(last))

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise StoreFailed(f"a segment holds {value!r} where a whole number belongs")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise StoreFailed(f"a segment holds {value!r} where a block belongs")
    return value
