"""What the ledger holds of one `(gateway, epoch, lane)`, in memory and in the same transaction.

The set of numbers is kept as ranges, so that a watermark costs nothing to say and a gap is a row.
"""

from dataclasses import dataclass, field

from cloud_sync.ioc.database import Database
from cloud_sync.ioc.rows import Tombstone, Value
from cloud_sync.ioc.thinned import Thinned
from cloud_sync.letters import Held
from cloud_sync.ranges import Range, Ranges

MISSING_AT_MOST = 1000
"""Ranges in one watermark; where there are more it speaks of a shorter stretch."""


@dataclass(slots=True)
class Stream:
    """One lane of one store; `save` writes what changed since the last one."""

    id: int
    received: Ranges = Ranges()  # noqa: RUF009  # immutable
    thinned: Thinned = field(default_factory=Thinned)
    _saved: Ranges = Ranges()  # noqa: RUF009
    _gaps: dict[Range, int] = field(default_factory=dict)
    """Open gaps, and since when."""

    @classmethod
    def load(cls, database: Database, stream_id: int) -> "Stream":
        """As the ledger has it."""
        received = Ranges.of(
            (whole(first), whole(last))
            for first, last in database.run(
                "SELECT first, last FROM received WHERE stream = ?", (stream_id,)
            )
        )
        thinned = Thinned()
        for first, last, replaced_by in database.run(
            "SELECT first, last, replaced_by FROM tombstone WHERE stream = ?", (stream_id,)
        ):
            by = None if replaced_by is None else whole(replaced_by)
            thinned.add(Ranges.of([(whole(first), whole(last))]), by)
        thinned.settle(received)
        gaps = database.run(
            "SELECT first, last, since_ms FROM gap WHERE stream = ? AND closed_ms IS NULL",
            (stream_id,),
        )
        return cls(
            stream_id,
            received,
            thinned,
            received,
            {(whole(first), whole(last)): whole(since) for first, last, since in gaps},
        )

    @property
    def held(self) -> Ranges:
        """Received, or covered by a tombstone: what the watermark speaks of."""
        return self.received | self.thinned.covered

    def receive(self, seq: int) -> Ranges:
        """This number is here; those whose rows thereby stop counting."""
        self.received |= Ranges(((seq, seq),))
        return self.thinned.settle(self.received) if self.thinned.concerns(seq) else Ranges()

    def cover(self, tombstone: Tombstone) -> Ranges:
        """These numbers need not come any more; those whose rows thereby stop counting."""
        self.thinned.add(Ranges.of(tombstone.spans), tombstone.replaced_by)
        return self.thinned.settle(self.received)

    def save(self, database: Database, now_ms: int) -> None:
        """Write what changed; inside the transaction of the messages that changed it."""
        before, after = set(self._saved), set(self.received)
        for first, _ in before - after:
            database.run("DELETE FROM received WHERE stream = ? AND first = ?", (self.id, first))
        for first, last in after - before:
            database.run("INSERT OR REPLACE INTO received VALUES (?, ?, ?)", (self.id, first, last))
        self._saved = self.received
        self._save_gaps(database, now_ms)

    def watermark(self) -> Held:
        """1..upto, less what is missing."""
        held = self.held
        missing = held.holes().spans
        if len(missing) <= MISSING_AT_MOST:
            return Held(upto=held.last, missing=missing)
        return Held(upto=missing[MISSING_AT_MOST][0] - 1, missing=missing[:MISSING_AT_MOST])

    def _save_gaps(self, database: Database, now_ms: int) -> None:
        missing = self.held.holes()
        open_now = set(missing)
        closed = [gap for gap in self._gaps if gap not in open_now]
        since = {gap: self._since(gap, now_ms) for gap in open_now}
        for first, last in closed:
            database.run(
                "UPDATE gap SET closed_ms = ?"
                " WHERE stream = ? AND first = ? AND last = ? AND closed_ms IS NULL",
                (now_ms, self.id, first, last),
            )
        for gap in open_now - set(self._gaps):
            database.run("INSERT INTO gap VALUES (?, ?, ?, ?, NULL)", (self.id, *gap, since[gap]))
        self._gaps = since

    def _since(self, gap: Range, now_ms: int) -> int:
        """What is left of an older gap is as old as that."""
        if gap in self._gaps:
            return self._gaps[gap]
        return min(
            (since for old, since in self._gaps.items() if old[0] <= gap[1] and gap[0] <= old[1]),
            default=now_ms,
        )


def whole(value: Value) -> int:
    """The integer that the schema says it is."""
    return int(value or 0)
