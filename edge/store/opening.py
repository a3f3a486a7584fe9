"""Opening what is on the disk: do the ledger and the segments belong to each other?"""

import logging
from dataclasses import dataclass
from pathlib import Path

from edge.model.clock import Clock
from edge.store.database import (
    CHECKPOINT_BYTES,
    Damaged,
    Database,
    free_bytes,
    require_sqlite,
    size_of,
)
from edge.store.ledger import Ledger, set_aside
from edge.store.place import Place
from edge.store.reserve import Reserve
from edge.store.segments import Segments

SEGMENT_BYTES = 64 * 2**20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the files are, and how SQLite is to write them."""

    path: Path
    limit_bytes: int
    synchronous: str = "FULL"
    """Only a proof that this matters sets it otherwise."""
    vfs: str | None = None
    """SQLite's road to the disk; None is its own."""

    def room_bytes(self) -> int:
        """What the limit allows, or the disk where that is less."""
        used = sum(size_of(file) for file in self.path.rglob("*") if file.is_file())
        return min(self.limit_bytes, used + free_bytes(self.path))

    @property
    def ledger(self) -> Path:
        """The file that holds the store's identity, its cursors and the outbox."""
        return self.path / "ria.db"


@dataclass(frozen=True, slots=True)
class Files:
    """The ledger and the segments of one epoch."""

    ledger: Ledger
    segments: Segments
    reserve: Reserve
    why_new: str
    """Why an epoch had to begin; empty where the old one goes on, or where there was none."""

    def close(self) -> None:
        """Let go of all of them."""
        self.segments.close()
        self.ledger.close()


class Opener:
    """Opens connections whose logs are no longer than the room allows."""

    def __init__(self, disk: Disk) -> None:
        room_bytes = disk.room_bytes()
        self._disk = disk
        self.checkpoint_bytes = min(CHECKPOINT_BYTES, room_bytes // 32)
        self.segment_bytes = min(SEGMENT_BYTES, room_bytes // 16)

    def segment(self, file: Path, create: bool) -> Database:
        """A connection to a segment."""
        return self._database(file, create=create, shrinks=False)

    def ledger(self, file: Path) -> Database:
        """A connection to the ledger, which gives pages back when messages go."""
        return self._database(file, create=True, shrinks=True)

    def _database(self, file: Path, *, create: bool, shrinks: bool) -> Database:
        return Database(
            file,
            create=create,
            shrinks=shrinks,
            checkpoint_bytes=self.checkpoint_bytes,
            synchronous=self._disk.synchronous,
            vfs=self._disk.vfs,
        )


def open_files(disk: Disk, clock: Clock) -> Files:
    """Go on where the last process stopped.

    A ledger that is lost, damaged, or older than the segments beside it cannot say which rows are
    counted in messages already sent. Then an epoch begins after the last row: what lies before
    stays readable and is not counted again.

    Raises:
        ConfigError: SQLite is too old, or a newer version of Ria wrote the ledger.
        StoreFailed: the disk does not give the files.
    """
    require_sqlite()
    opener = Opener(disk)
    reserve = Reserve(disk.path / "reserve", 2 * opener.checkpoint_bytes)
    ledger, why_new = _ledger(disk, opener)
    try:
        segments = Segments(
            disk.path / "segments",
            opener.segment,
            clock=clock,
            segment_bytes=opener.segment_bytes,
            least_number=max(ledger.replay_after.segment, ledger.raw_after.segment),
        )
        last, epoch, revision = segments.adopt_last()
        if _is_older(ledger, last, epoch, revision):
            ledger.close()
            set_aside(disk.ledger)
            ledger, why_new = _ledger(disk, opener)
            why_new = why_new or "ria.db was older than the segments beside it"
        segments.epoch = ledger.epoch
        if ledger.is_new:
            ledger.commit(replay_after=last, raw_after=last)
            if segments.numbers:
                why_new = why_new or "ria.db was missing"
    except BaseException:
        ledger.close()
        raise
    return Files(ledger, segments, reserve, why_new)


def _ledger(disk: Disk, opener: Opener) -> tuple[Ledger, str]:
    try:
        return Ledger(disk.ledger, opener.ledger), ""
    except Damaged:
        _log.exception("store ledger set aside")
        set_aside(disk.ledger)
        return Ledger(disk.ledger, opener.ledger), "ria.db did not read"


def _is_older(ledger: Ledger, last: Place, epoch: str, revision: int) -> bool:
    if ledger.is_new or last <= ledger.replay_after or not epoch:
        return False
    return epoch != ledger.epoch or revision > ledger.revision
