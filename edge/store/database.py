"""SQLite as the store wants it; the only file that knows apsw."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from edge.errors import ConfigError, StoreFailed

LEAST_SQLITE = (3, 51, 3)
"""The first release without the WAL-reset fault, which could corrupt every WAL file before it
(sqlite.org/wal.html#walresetbug)."""

PAGE_BYTES = 4096
CHECKPOINT_BYTES = 3 * 2**20
"""Length of the WAL after which it is copied back."""

SqlValue = None | int | float | str | bytes


class DiskFull(StoreFailed):
    """There is no room for the write; what was written before stands."""


class Damaged(StoreFailed):
    """The file is not what SQLite wrote."""


def require_sqlite() -> None:
    """Refuse a SQLite that can corrupt its own WAL.

    Raises:
        ConfigError: the SQLite inside apsw is older than 3.51.3.
    """
    found = apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")) < LEAST_SQLITE:
        least = ".".join(str(part) for part in LEAST_SQLITE)
        raise ConfigError(
            f"SQLite {found} can corrupt its write-ahead log; the store needs at least {least}: "
            f"install apsw {least} or newer"
        )


class Database:
    """One file and the one connection that this machine has to it.

    The lock is exclusive, so SQLite itself keeps every second connection out, and the index of
    the WAL lives on the heap: nothing is memory-mapped.
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = False,
        shrinks: bool = False,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
        synchronous: str = "FULL",
        vfs: str | None = None,
    ) -> None:
        """Open `path`; `shrinks` lets a new file give pages back to the file system.

        Raises:
            Damaged: it is not a SQLite file.
            StoreFailed: it could not be opened.
        """
        self.path = path
        self._flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
        self._shrinks = shrinks
        self._checkpoint_bytes = checkpoint_bytes
        self._synchronous = synchronous
        self._vfs = vfs
        self.wal_pages = 0
        self.closed = False
        self._connection = self._open()

    def _open(self) -> apsw.Connection:
        with self._translated():
            connection = apsw.Connection(str(self.path), flags=self._flags, vfs=self._vfs)
            try:
                connection.set_busy_timeout(2000)
                for pragma in (
                    "locking_mode=EXCLUSIVE",
                    *(["auto_vacuum=INCREMENTAL"] if self._shrinks else []),
                    "journal_mode=WAL",
                    f"synchronous={self._synchronous}",
                    "wal_autocheckpoint=0",
                    f"journal_size_limit={self._checkpoint_bytes}",
                    "mmap_size=0",
                    "cell_size_check=ON",
                    "trusted_schema=OFF",
                    "foreign_keys=ON",
                    "cache_size=-512",
                ):
                    connection.execute(f"PRAGMA {pragma}")
            except apsw.Error:
                connection.close(True)
                raise
            connection.set_wal_hook(self._on_wal)
            return connection

    def _on_wal(self, _connection: apsw.Connection, _schema: str, pages: int) -> int:
        self.wal_pages = pages
        return apsw.SQLITE_OK

    def execute(self, sql: str, bindings: Sequence[SqlValue] = ()) -> list[tuple[SqlValue, ...]]:
        """All rows of one statement.

        Raises:
            DiskFull: no room.
            StoreFailed: the disk did not take it or give it.
        """
        with self._translated():
            return self._connection.execute(sql, bindings).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; done means that a power cut cannot take it back.

        Raises:
            StoreFailed: nothing of it may be relied on; do not try again on this connection.
        """
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            with self._translated():
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def unsynced(self) -> Iterator[None]:
        """Transactions that a power cut may take back, whole; for what will be told again."""
        self.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self.execute(f"PRAGMA synchronous={self._synchronous}")

    def checkpoint_when_due(self) -> None:
        """Copy the WAL back once it is long enough to be worth the writes."""
        if self.wal_pages * PAGE_BYTES >= self._checkpoint_bytes:
            self.checkpoint()

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Copy the WAL back into the file."""
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if truncate else apsw.SQLITE_CHECKPOINT_PASSIVE
        with self._translated():
            self._connection.wal_checkpoint(mode=mode)
        self.wal_pages = 0

    def reopen(self) -> None:
        """After a failed write: make what is seen and what is on the disk the same again.

        A failed fsync leaves pages that the kernel believes written. Copying the whole WAL back
        writes every one of them anew, into a file whose fsync then answers for them.
        """
        self.close()
        self._connection = self._open()
        self.closed = False
        self.checkpoint(truncate=True)

    def close(self) -> None:
        """Let go of the file, whatever state it is in."""
        self.closed = True
        try:
            self._connection.close(True)
        except apsw.Error:
            return

    def bytes_on_disk(self) -> int:
        """The file and its WAL."""
        return sum(size_of(path) for path in (self.path, wal_of(self.path)))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except apsw.FullError as error:
            raise DiskFull(f"{self.path}: the disk is full; give the store room") from error
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise Damaged(f"{self.path}: damaged ({error}); it is set aside") from error
        except apsw.Error as error:
            raise StoreFailed(f"{self.path}: {error}; look at the disk") from error


def wal_of(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of `path`."""
    return path.with_name(path.name + "-wal")


def size_of(path: Path) -> int:
    """Bytes in the file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def free_bytes(folder: Path) -> int:
    """What the file system still gives to us."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def stored_version(path: Path) -> int:
    """`user_version` as it stands in the file's header, read without SQLite touching the file.

    0 where there is no such file. The offset is in the SQLite file format, section 1.3 (bytes
    60-63, big-endian).
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return 0
    is_sqlite = len(header) == 100 and header.startswith(b"SQLite format 3\0")
    return int.from_bytes(header[60:64], "big") if is_sqlite else 0


def sync_folder(folder: Path) -> None:
    """Make the names in the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
