"""The ledger's file: one connection, every commit on the disk. Only this file knows APSW."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from cloud_sync.ioc.rows import Row, Value
from cloud_sync.ioc.tables import PRAGMAS, SCHEMA_VERSION, TABLES
from edge.errors import ConfigError, StoreFailed

BUSY_TIMEOUT_MS = 5000


class Database:
    """An open ledger. Not for several threads at once.

    Raises:
        StoreFailed: from every method, when the disk or SQLite refuses.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if read_only and not path.exists():
            raise ConfigError(f"there is no ledger at {path}; give the path that `ria ioc` writes")
        self._path = path
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        with self._translated("opening"):
            self._connection = apsw.Connection(
                str(path), flags=apsw.SQLITE_OPEN_READONLY if read_only else flags
            )
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            if not read_only:
                self._connection.execute(PRAGMAS)
                self._create()

    def close(self) -> None:
        """Close the file; nothing is lost."""
        with self._translated("closing"):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; on the disk when the block has ended."""
        with self._translated("committing to"), self._connection:
            yield

    def run(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """One statement, and what it answers."""
        with self._translated("using"):
            return list(self._connection.execute(sql, values))

    def stream(self, sql: str, values: Sequence[Value] = ()) -> Iterator[Row]:
        """The answer row by row, for what does not fit in memory."""
        with self._translated("reading"):
            yield from self._connection.execute(sql, values)

    def insert_many(self, sql: str, rows: Iterable[Row]) -> None:
        """The same statement for each row."""
        with self._translated("writing to"):
            self._connection.executemany(sql, rows)

    @property
    def last_row(self) -> int:
        """Row number of what was inserted last."""
        return self._connection.last_insert_rowid()

    @property
    def changed(self) -> int:
        """Rows that the last statement changed."""
        return self._connection.changes()

    def _create(self) -> None:
        (version,) = self.run("PRAGMA user_version")[0]
        if version == 0:
            with self.transaction():
                self._connection.execute(TABLES)
                self._connection.pragma("user_version", SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            raise ConfigError(
                f"ledger {self._path} has schema version {version!r}, this program knows "
                f"{SCHEMA_VERSION}; use the program that wrote it, or a new ledger"
            )

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise StoreFailed(
                f"{doing} the ledger {self._path}: {error}; see to its disk and its permissions"
            ) from error
