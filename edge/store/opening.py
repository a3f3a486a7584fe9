"""Opening what is on the disk: do the ledger and the segments belong to each other?"""

import logging
from dataclasses import dataclass
from pathlib import Path

from edge.model.clock import Clock
from edge.store.database import CHECKPOINT_BYTES, Damaged, Database, require_sqlite
from edge.store.ledger import Ledger, set_aside
from edge.store.place import Place
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

    @property
    def ledger(self) -> Path:
        """The file that holds the store's identity, its cursors and the outbox."""
        return self.path / "ria.db"

    def segment(self, file: Path, create: bool) -> Database:
        """A connection to a segment."""
        return self._database(file, create=create, shrinks=False)

    def ledger_database(self, file: Path) -> Database:
        """A connection to the ledger, which gives pages back when messages go."""
        return self._database(file, create=True, shrinks=True)

    def _database(self, file: Path, *, create: bool, shrinks: bool) -> Database:
        return Database(
            file,
            create=create,
            shrinks=shrinks,
            checkpoint_bytes=min(CHECKPOINT_BYTES, self.limit_bytes // 32),
            synchronous=self.synchronous,
            vfs=self.vfs,
        )


@dataclass(frozen=True, slots=True)
class Files:
    """The ledger and the segments of one epoch."""

    ledger: Ledger
    segments: Segments
    why_new: str
    """Why an epoch had to begin; empty where the old one goes on, or where there was none."""

    def close(self) -> None:
        """Let go of all of them."""
        self.segments.close()
        self.ledger.close()


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
    ledger, why_new = _ledger(disk)
    try:
        segments = Segments(
            disk.path / "segments",
            disk.segment,
            clock=clock,
            segment_bytes=min(SEGMENT_BYTES, disk.limit_bytes // 16),
            least_number=max(ledger.replay_after.segment, ledger.raw_after.segment),
        )
        last, epoch, revision = segments.adopt_last()
        if _is_older(ledger, last, epoch, revision):
            ledger.close()
            set_aside(disk.ledger)
            ledger, why_new = _ledger(disk)
            why_new = why_new or "ria.db was older than the segments beside it"
        segments.epoch = ledger.epoch
        if ledger.is_new:
            ledger.commit(replay_after=last, raw_after=last)
            if segments.numbers:
                why_new = why_new or "ria.db was missing"
    except BaseException:
        ledger.close()
        raise
    return Files(ledger, segments, why_new)


def _ledger(disk: Disk) -> tuple[Ledger, str]:
    try:
        return Ledger(disk.ledger, disk.ledger_database), ""
    except Damaged:
        _log.exception("store ledger set aside")
        set_aside(disk.ledger)
        return Ledger(disk.ledger, disk.ledger_database), "ria.db did not read"


def _is_older(ledger: Ledger, last: Place, epoch: str, revision: int) -> bool:
    if ledger.is_new or last <= ledger.replay_after or not epoch:
        return False
    return epoch != ledger.epoch or revision > ledger.revision
