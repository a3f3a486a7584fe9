"""`ria.db`: who this store is, how far the digest came, what waits for the operations centre."""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

from edge.errors import ConfigError, StoreFailed
from edge.model.message import Lane
from edge.store.database import Damaged, Database, DiskFull, stored_version, wal_of
from edge.store.place import BEFORE_ALL, Place

VERSION = 1
SCHEMA = """
CREATE TABLE store (
  only INTEGER PRIMARY KEY CHECK (only = 1), epoch TEXT NOT NULL,
  revision INTEGER NOT NULL,
  replay_segment INTEGER NOT NULL, replay_row INTEGER NOT NULL,
  raw_segment INTEGER NOT NULL, raw_row INTEGER NOT NULL);
CREATE TABLE device (
  device TEXT PRIMARY KEY, segment INTEGER NOT NULL, row INTEGER NOT NULL,
  state BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE lane (
  lane TEXT PRIMARY KEY, next_seq INTEGER NOT NULL,
  upto INTEGER NOT NULL, missing TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE progress (
  lane TEXT NOT NULL, at INTEGER NOT NULL, upto INTEGER NOT NULL,
  PRIMARY KEY (lane, at)) WITHOUT ROWID;
CREATE TABLE outbox (
  lane TEXT NOT NULL, seq INTEGER NOT NULL, created_at INTEGER NOT NULL,
  device TEXT NOT NULL, since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
  payload BLOB NOT NULL);
CREATE UNIQUE INDEX outbox_number ON outbox (lane, seq);
"""
_compressor = zstandard.ZstdCompressor(level=1)
_decompressor = zstandard.ZstdDecompressor()
_log = logging.getLogger(__name__)

OpenLedger = Callable[[Path], Database]


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What the digest remembered of a device when it had seen every row up to `place`."""

    place: Place
    state: bytes


class Ledger:
    """The one connection to `ria.db`."""

    def __init__(self, path: Path, open_database: OpenLedger) -> None:
        """Open the file, or begin a new epoch where there is none.

        Raises:
            ConfigError: a newer version of Ria wrote it; it is left untouched.
            Damaged: it is not what was written; `set_aside` it and open again.
            StoreFailed: the disk does not give it.
        """
        self.path = path
        self._unsure: Callable[[], None] | None = None
        self._stood: Callable[[], None] | None = None
        self._require_known(stored_version(path))
        self.database = open_database(path)
        try:
            version = int(self.database.execute("PRAGMA user_version")[0][0] or 0)
            self._require_known(version)
            self.is_new = version == 0
            if self.is_new:
                self._create()
            self._load()
        except BaseException:
            self.database.close()
            raise

    def _require_known(self, version: int) -> None:
        if version > VERSION:
            raise ConfigError(
                f"{self.path} is of schema {version}, this version of Ria knows up to {VERSION}: "
                "install the newer version again, or give it another store.path"
            )

    def _create(self) -> None:
        # nothing was ever promised by a file that has no version yet
        if self.database.execute("SELECT 1 FROM sqlite_master"):
            raise Damaged(f"{self.path}: holds tables but no schema version")
        with self.database.transaction():
            for statement in SCHEMA.split(";\n"):
                self.database.execute(statement)
            self.database.execute(
                "INSERT INTO store VALUES (1, ?, 0, 0, 0, 0, 0)", (secrets.token_hex(8),)
            )
            for lane in Lane:
                self.database.execute("INSERT INTO lane VALUES (?, 1, 0, '[]')", (lane.value,))
            self.database.execute(f"PRAGMA user_version={VERSION}")
        # the version is looked for in the file itself, not in the WAL
        self.database.checkpoint(truncate=True)

    def _load(self) -> None:
        rows = self.database.execute(
            "SELECT epoch, revision, replay_segment, replay_row, raw_segment, raw_row FROM store"
        )
        if len(rows) != 1:
            raise Damaged(f"{self.path}: holds {len(rows)} identities where one belongs")
        epoch, revision, *places = rows[0]
        replay_segment, replay_row, raw_segment, raw_row = (int(part or 0) for part in places)
        self.epoch = str(epoch)
        self.revision = int(revision or 0)
        self.replay_after = Place(replay_segment, replay_row)
        self.raw_after = Place(raw_segment, raw_row)

    def devices(self) -> dict[str, DeviceState]:
        """What was stored of each device."""
        return {
            str(device): DeviceState(
                Place(int(segment or 0), int(row or 0)),
                _decompressor.decompress(state) if isinstance(state, bytes) and state else b"",
            )
            for device, segment, row, state in self.database.execute(
                "SELECT device, segment, row, state FROM device"
            )
        }

    def commit(
        self,
        change: Callable[[], None] = lambda: None,
        *,
        states: Mapping[str, DeviceState] | None = None,
        replay_after: Place | None = None,
        raw_after: Place | None = None,
    ) -> None:
        """What `change` writes, the devices' states and the cursors, in one transaction.

        Cursors only move forward. After a write that failed the file is opened anew, and the
        revision in it says whether the transaction is there; so `change` may be called twice, and
        the same one may be handed in again.

        Raises:
            DiskFull: no room; nothing was written.
            StoreFailed: the disk does not take it.
        """

        def write() -> None:
            replay = max(replay_after or BEFORE_ALL, self.replay_after)
            raw = max(raw_after or BEFORE_ALL, self.raw_after)
            with self.database.transaction():
                change()
                for device, kept in (states or {}).items():
                    self.database.execute(
                        "INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?)",
                        (device, *kept.place, _compressor.compress(kept.state)),
                    )
                self.database.execute(
                    "UPDATE store SET revision = ?, replay_segment = ?, replay_row = ?,"
                    " raw_segment = ?, raw_row = ?",
                    (self.revision + 1, *replay, *raw),
                )
            self.revision += 1
            self.replay_after, self.raw_after = replay, raw

        self._write_surely(change, write)
        self._checkpoint()

    def note(self, change: Callable[[], None]) -> None:
        """Write what a power cut may take back, because it will be told again.

        Raises:
            StoreFailed: the disk does not take it.
        """

        def write() -> None:
            with self.database.unsynced(), self.database.transaction():
                change()

        self._write_surely(change, write)
        self._checkpoint()

    def _write_surely(self, change: Callable[[], None], write: Callable[[], None]) -> None:
        for is_last in (False, True):
            self.require_open()
            if self._stood is change:
                self._stood = None
                return
            self._unsure = change
            try:
                write()
            except (DiskFull, Damaged):
                raise
            except StoreFailed:
                _log.exception("store ledger write failed, opening it anew")
                self.database.close()
                if is_last:
                    raise
            else:
                return

    def require_open(self) -> None:
        """Open the file again where a failed write closed it.

        Raises:
            StoreFailed: the disk still does not give it.
        """
        if not self.database.closed:
            return
        before = self.revision
        try:
            self.database.reopen()
            self._load()
        except StoreFailed:
            self.database.close()
            raise
        if self.revision != before:
            self._stood = self._unsure

    def _checkpoint(self) -> None:
        try:
            self.database.checkpoint_when_due()
        except DiskFull as error:  # what was committed stands in the WAL
            _log.warning("store ledger not checkpointed reason=%s", error)
        except StoreFailed:
            _log.exception("store ledger checkpoint failed")
            self.database.close()

    def close(self) -> None:
        """Let go of the file, its WAL copied back."""
        self.database.close()


def aside_of(path: Path) -> Path:
    """Where `set_aside` puts a ledger."""
    return path.with_name(path.name + ".set-aside")


def set_aside(path: Path) -> Path:
    """Move a ledger that cannot be trusted out of the way; one such is kept, the latest.

    Raises:
        StoreFailed: the folder does not allow it.
    """
    kept = aside_of(path)
    try:
        for source, target in ((wal_of(path), wal_of(kept)), (path, kept)):
            target.unlink(missing_ok=True)
            if source.exists():
                source.rename(target)
    except OSError as error:
        raise StoreFailed(f"{path}: {error.strerror}; look at the disk") from error
    return kept
