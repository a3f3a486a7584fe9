"""Feeding the digest, so that each row counts once whatever happens in between.

A row is on disk before the digest sees it. What the digest then makes of it, the device's state
and the place up to which that state has seen are written in one transaction; after a crash the
older state is given back and the rows beyond its place are fed again.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.errors import StoreFailed
from edge.model.clock import Clock, Instant
from edge.model.event import Event, EventKind
from edge.model.message import Lane
from edge.model.scan import Scan
from edge.model.summary import RawCells, Summary
from edge.ports import Digest, Letter
from edge.store.desk import Change, Desk
from edge.store.ledger import DeviceState, Ledger
from edge.store.messages import Messages, span_of
from edge.store.place import BEFORE_ALL, Place
from edge.store.segment import Row
from edge.store.segments import Segments

Cut = Callable[[Sequence[Scan]], list[RawCells]]
"""Pure: the raw cells of these scans, in messages of a good size."""

OVERDUE_ROWS = 120
"""Rows after which a device's state is written with whatever is written next."""
LONGEST_REPLAY_ROWS = 600
"""Rows after which states are written though nothing else is, so that a start stays short."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Unsaved:
    """From where a device's state in memory is ahead of its state on disk."""

    after: Place
    rows_fed: int


class Digestion:
    """The digest, and how far it came."""

    def __init__(
        self,
        digest: Digest,
        cut: Cut,
        *,
        gateway: str,
        ledger: Ledger,
        messages: Messages,
        segments: Segments,
        desk: Desk,
        clock: Clock,
        raw_age_ns: int,
        raw_cells: int,
        on_new: Callable[[], None],
    ) -> None:
        self._digest = digest
        self._cut = cut
        self._gateway = gateway
        self._ledger = ledger
        self._messages = messages
        self._segments = segments
        self._desk = desk
        self._clock = clock
        self._raw_age_ns = raw_age_ns
        self._raw_most = raw_cells
        self._on_new = on_new
        self._unsaved: dict[str, _Unsaved] = {}
        self._rows_fed = 0
        self._raw: list[Scan] = []
        self._raw_cells = 0
        self._raw_since_ns = 0
        self._complained: set[str] = set()
        self._seen = ledger.replay_after
        """Rows up to here are in every stored state."""
        self._cursors: Mapping[str, Place] = {}
        self.absorbed = min(ledger.replay_after, ledger.raw_after)
        self.is_behind = False
        """Whether rows wait on disk that the digest has not seen."""

    def begin(self) -> None:
        """Give the digest its memory back, and every row that came after."""
        kept = self._ledger.devices()
        self._cursors = {device: state.place for device, state in kept.items()}
        for device, state in kept.items():
            try:
                self._digest.restore(device, state.state)
            except Exception:  # noqa: BLE001 - an unreadable state must not keep the gateway down
                _log.exception("store device=%s state not restored", device)
                self.tell(device, "the stored state of the open window does not read")
        self.is_behind = True
        while self.is_behind and not self._desk.is_stalled:
            self.catch_up()

    def catch_up(self, limit: int = 32) -> None:
        """Feed the next rows from the disk."""
        rows = self._segments.rows_after(self.absorbed, limit)
        for row in rows:
            if self._desk.is_stalled:
                return
            self.feed(row)
        self.is_behind = len(rows) == limit

    def follow(self, row: Row) -> None:
        """Feed a row just written, unless others come first."""
        self.is_behind = self.is_behind or self._desk.is_stalled
        if not self.is_behind:
            self.feed(row)

    def feed(self, row: Row) -> None:
        """Show the digest one row, and write what it makes of it."""
        if row.scans is None:
            self._passed(row.place, [self._degraded(self._gateway, _unreadable(row.place))], set())
            return
        letters: list[Letter] = []
        told: set[str] = set()
        for scan in row.scans:
            device = scan.columns.device
            if row.place > max(self._seen, self._cursors.get(device, BEFORE_ALL)):
                self._unsaved.setdefault(device, _Unsaved(self.absorbed, self._rows_fed))
                if found := self._absorb(scan):
                    letters += found
                    told.add(device)
            if row.place > self._ledger.raw_after and len(scan.columns.raw):
                self._keep_raw(scan)
        self._passed(row.place, letters, told)

    def _passed(self, place: Place, letters: list[Letter], told: set[str]) -> None:
        self.absorbed = place
        self._rows_fed += 1
        oldest = min((unsaved.rows_fed for unsaved in self._unsaved.values()), default=0)
        if letters or (self._unsaved and self._rows_fed - oldest > LONGEST_REPLAY_ROWS):
            self.write(letters, told)
        if self._raw_cells >= self._raw_most:
            self.cut_raw()

    def _absorb(self, scan: Scan) -> list[Letter]:
        try:
            return self._digest.absorb(scan)
        except Exception:  # noqa: BLE001 - fed again at every start it would keep the gateway down
            _log.exception("store device=%s scan not digested", scan.columns.device)
            reason = f"a scan at {scan.measured_at} ns could not be summarised, nor perhaps others"
            return self._once(scan.columns.device, reason)

    def _once(self, subject: str, reason: str) -> list[Letter]:
        """One event a subject and start: the event lane never gives way to a flood."""
        if subject in self._complained:
            return []
        self._complained.add(subject)
        return [self._degraded(subject, reason)]

    def close_until(self, now: Instant, grace_s: float | None = None) -> None:
        """Close the windows that ended, for devices that have fallen silent."""
        if self.is_behind or self._desk.is_stalled:
            return
        try:
            letters = self._digest.close_until(now, grace_s)
        except Exception:  # noqa: BLE001 - scans must go on being stored
            _log.exception("store windows not closed")
            letters = self._once(self._gateway, "windows could not be closed by the clock")
        if letters:
            self.write(letters, self._named_by(letters))

    def _named_by(self, letters: Iterable[Letter]) -> set[str]:
        named: set[str] = set()
        for letter in letters:
            if isinstance(letter.body, Summary):
                named.add(letter.body.columns.device)
            else:  # a subject may be a device's point: whoever it is, it is among these
                named.update(self._unsaved, self._cursors)
        return named

    def write(self, letters: Sequence[Letter], devices: Iterable[str]) -> None:
        """Letters, the states of `devices` and of those overdue, and the cursor: all or nothing."""
        overdue = self._rows_fed - OVERDUE_ROWS
        named = {*devices, *(d for d, u in self._unsaved.items() if u.rows_fed <= overdue)}
        states = {
            device: DeviceState(self.absorbed, self._digest.state_of(device)) for device in named
        }
        for device in named:
            self._unsaved.pop(device, None)
        self._cursors = {**self._cursors, **dict.fromkeys(named, self.absorbed)}
        self._submit(
            letters,
            states,
            replay_after=min((u.after for u in self._unsaved.values()), default=self.absorbed),
            raw_after=None if self._raw else self.absorbed,
        )

    def record(self, events: Sequence[Event], done: Callable[[], None]) -> None:
        """Put events that no scan shows into their lanes; `done` once they stand."""
        letters = [
            Letter(Lane.AUDIT if event.kind is EventKind.COMMAND else Lane.EVENT, event)
            for event in events
        ]
        self._submit(letters, done=done)

    def save(self) -> None:
        """Write the state of every device that is ahead of the disk."""
        if not self.is_behind and not self._desk.is_stalled:
            self.write([], set(self._unsaved))

    def _keep_raw(self, scan: Scan) -> None:
        if not self._raw:
            self._raw_since_ns = self._clock.mono_ns()
        self._raw.append(scan)
        self._raw_cells += len(scan.columns.raw)

    def cut_raw_when_due(self) -> None:
        """Send the raw cells on once the oldest has waited long enough."""
        if self._raw and self._clock.mono_ns() - self._raw_since_ns >= self._raw_age_ns:
            self.cut_raw()

    def cut_raw(self) -> None:
        """Put the raw cells of every row seen into their lane."""
        if not self._raw or self._desk.is_stalled:
            return
        try:
            letters = [Letter(Lane.RAW, cells) for cells in self._cut(self._raw)]
        except Exception:  # noqa: BLE001 - cut again at every start it would keep the gateway down
            _log.exception("store raw cells not cut")
            letters = [self._degraded(self._gateway, "raw cells could not be cut; they stay here")]
        self._raw, self._raw_cells = [], 0
        self._submit(letters, raw_after=self.absorbed)

    def tell(self, subject: str, reason: str) -> None:
        """Let the operations centre know that the store is not well."""
        self._submit([self._degraded(subject, reason)])

    def _submit(
        self,
        letters: Sequence[Letter],
        states: Mapping[str, DeviceState] | None = None,
        *,
        replay_after: Place | None = None,
        raw_after: Place | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        now = self._clock.now()

        def put() -> None:
            for letter in letters:
                self._put(letter, now)

        def stands() -> None:
            done()
            if letters:
                self._on_new()

        self._desk.submit(Change(put, states or {}, replay_after, raw_after, stands))

    def _put(self, letter: Letter, now: Instant) -> None:
        try:
            self._messages.put(letter, now)
        except StoreFailed:
            raise
        except Exception:  # noqa: BLE001 - one letter that cannot be written must not stop the rest
            _log.exception("store lane=%s letter not encoded", letter.lane)
            subject = span_of(letter).device
            reason = f"a message of lane {letter.lane} could not be encoded"
            self._messages.put(self._degraded(subject, reason), now)

    def _degraded(self, subject: str, reason: str) -> Letter:
        event = Event(EventKind.STORE_DEGRADED, self._clock.now(), subject, {"reason": reason})
        return Letter(Lane.EVENT, event)


def _unreadable(place: Place) -> str:
    return f"row {place.row} of segment {place.segment} does not read; its cells are not summarised"
