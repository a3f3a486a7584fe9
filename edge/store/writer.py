"""What the writer's thread does, one step at a time; it owns every connection. No threads here."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edge.errors import StoreFailed
from edge.model.clock import NS_PER_S, Clock, Instant
from edge.model.event import Event
from edge.model.message import Lane, Message, Watermark
from edge.model.scan import Scan
from edge.ports import Digest, Encode, Thin
from edge.store.block import cells_in
from edge.store.database import Damaged, DiskFull
from edge.store.desk import Desk
from edge.store.digestion import Cut, Digestion
from edge.store.health import StoreHealth
from edge.store.ledger import aside_of, set_aside
from edge.store.messages import LaneDepth, Messages
from edge.store.opening import Disk, open_files
from edge.store.place import Place
from edge.store.retention import Retention
from edge.store.segment import Row

SLOW_TICKS = 30
"""Seconds between looks at what changes slowly."""
LONG_LANE = 10_000

_log = logging.getLogger(__name__)


RAW_CELLS = 20_000
"""Raw cells that are worth sending before they are old."""
BYTES_A_RAW_CELL = 1000
"""Of the limit, so that what is cut at once is small beside a small disk."""
UNCOMMITTED_NS = 2 * NS_PER_S
"""So long may a scan wait for its commit and its turn: it must not find its window closed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the store is given once."""

    disk: Disk
    gateway: str
    clock: Clock
    digest: Digest
    encode: Encode
    cut: Cut
    thin: Thin
    raw_age_s: float = 5.0
    grace_s: float = 72 * 3600.0


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of history, and where the next piece begins; None where this was the last."""

    scans: list[Scan]
    next_after: Place | None


class Writer:
    """Segments, ledger, digest and retention as one."""

    def __init__(self, settings: Settings, on_new: Callable[[], None]) -> None:
        """Open everything and bring the digest to where the disk is.

        Raises:
            ConfigError: SQLite is too old, or a newer version of Ria wrote the store.
            StoreFailed: the disk does not take or give it.
        """
        self._settings = settings
        self._clock = settings.clock
        self._ticks = 0
        self._is_closed = False
        self._commit_trouble = ""
        self._space_trouble = ""
        self._commits = 0
        self._cells_committed = 0
        self._last_commit: Instant | None = None
        self._lanes: dict[Lane, LaneDepth] = {}
        self._files = open_files(settings.disk, settings.clock)
        self._ledger, self._segments = self._files.ledger, self._files.segments
        try:
            self._begin(on_new)
        except BaseException:
            self._files.close()
            raise

    def _begin(self, on_new: Callable[[], None]) -> None:
        settings = self._settings
        self._messages = Messages(
            self._ledger.database,
            gateway=settings.gateway,
            epoch=self._ledger.epoch,
            encode=settings.encode,
        )
        self.retention = Retention(
            settings.disk.limit_bytes,
            gateway=settings.gateway,
            segments=self._segments,
            ledger=self._ledger,
            messages=self._messages,
            thin=settings.thin,
            clock=settings.clock,
            reserve=self._files.reserve,
            set_aside=aside_of(self._ledger.path),
            grace_ns=round(settings.grace_s * NS_PER_S),
        )
        self._desk = Desk(self._ledger, self.retention.make_room)
        self._digestion = Digestion(
            settings.digest,
            settings.cut,
            gateway=settings.gateway,
            ledger=self._ledger,
            messages=self._messages,
            segments=self._segments,
            desk=self._desk,
            clock=settings.clock,
            raw_age_ns=round(settings.raw_age_s * NS_PER_S),
            raw_cells=min(RAW_CELLS, settings.disk.limit_bytes // BYTES_A_RAW_CELL),
            on_new=on_new,
        )
        if self._files.why_new:
            reason = f"a new epoch begins: {self._files.why_new}"
            self._digestion.tell(settings.gateway, reason)
        self._digestion.begin()
        self.health = self._look()

    @property
    def epoch(self) -> str:
        """The identity of this store."""
        return self._ledger.epoch

    @property
    def is_stalled(self) -> bool:
        """Whether messages wait for the disk."""
        return self._desk.is_stalled

    @property
    def shortage(self) -> str:
        """Why the disk limit leaves no room for new scans; empty where it does."""
        return self._space_trouble

    def commit(self, scans: Sequence[Scan]) -> Place:
        """Make the scans durable.

        Raises:
            StoreFailed: they are not; they may be handed in again.
        """
        try:
            place = self._append(scans)
        except StoreFailed as error:
            self._commit_trouble = str(error)
            raise
        self._commit_trouble = ""
        self._commits += 1
        self._cells_committed += sum(map(cells_in, scans))
        self._last_commit = self._clock.now()
        return place

    def _append(self, scans: Sequence[Scan]) -> Place:
        revision = self._ledger.revision
        try:
            return self._segments.append(scans, revision)
        except StoreFailed as error:
            _log.warning("store segment retired reason=%s", error)
            if isinstance(error, DiskFull) and not self.retention.make_room():
                raise
            place = self._segments.append(scans, revision)
            self._digestion.tell(self._settings.gateway, f"a segment was retired: {error}")
            return place

    def follow(self, place: Place, scans: list[Scan]) -> None:
        """Show the digest what was committed."""
        self._digestion.follow(Row(place, scans))

    def record(self, events: Sequence[Event], done: Callable[[], None]) -> None:
        """Write events into their lanes; `done` once they stand."""
        self._digestion.record(events, done)

    def tick(self, *, closes: bool = True) -> None:
        """What is due once a second; the windows that ended stay open where `closes` is false.

        Raises:
            Damaged: the ledger cannot be trusted any more: `condemn` it and start again.
        """
        try:
            if self._desk.flush():
                if self._digestion.is_behind:
                    self._digestion.catch_up()
                if closes:
                    self._digestion.close_until(Instant(self._clock.now() - UNCOMMITTED_NS))
                self._digestion.cut_raw_when_due()
                self._keep_within_limit()
            self.health = self._look()
        except Damaged:
            raise
        except StoreFailed as error:
            _log.warning("store tick failed reason=%s", error)
            self.health = replace(self.health, degraded=str(error))

    def _keep_within_limit(self) -> None:
        self.retention.enforce()
        if self._ticks % SLOW_TICKS == 0:
            self.retention.drop_past_grace()
            self._segments.stop_reading()
        self._space_trouble = self.retention.shortage()

    def _look(self) -> StoreHealth:
        self._ledger.require_open()
        # counting a long lane is not for every second
        waiting = sum(depth.unconfirmed for depth in self._lanes.values())
        if self._ticks % SLOW_TICKS == 0 or waiting < LONG_LANE:
            self._lanes = {lane: self._messages.depth(lane) for lane in Lane}
        self._ticks += 1
        return StoreHealth(
            lanes=self._lanes,
            bytes_on_disk=self.retention.bytes_on_disk(),
            limit_bytes=self.retention.limit_bytes,
            segments=len(self._segments.numbers),
            commits=self._commits,
            cells_committed=self._cells_committed,
            cells_waiting=0,
            cells_refused=0,
            last_commit=self._last_commit,
            degraded=self._commit_trouble or self._desk.trouble or self._space_trouble,
        )

    def drain(self, now: Instant) -> None:
        """Close what ended, send on what was cut short, write what is known."""
        while self._desk.flush() and self._digestion.is_behind:
            self._digestion.catch_up()
        self._digestion.close_until(now, grace_s=0.0)
        self._digestion.cut_raw()
        self._digestion.save()
        self.health = self._look()

    def take(self, lane: Lane, after: int, limit: int) -> list[Message]:
        """Up to `limit` unconfirmed messages beyond `after`, oldest first."""
        self._ledger.require_open()
        return self._messages.take(lane, after, limit)

    def confirm(self, lane: Lane, watermark: Watermark) -> None:
        """Note what the operations centre holds.

        Raises:
            ValueError: it claims more than was given out.
            StoreFailed: the disk does not take the note; it will be told again.
        """
        self._ledger.require_open()
        if watermark != self._messages.watermark(lane):
            now = self._clock.now()
            self._ledger.note(lambda: self._messages.confirm(lane, watermark, now))
            self._lanes = {**self._lanes, lane: self._messages.depth(lane)}
            self.health = replace(self.health, lanes=self._lanes)

    def last(self, lane: Lane) -> int:
        """The last number given out in the lane."""
        self._ledger.require_open()
        return self._messages.next_seq(lane) - 1

    def history(self, device: str, since: Instant, until: Instant, after: Place, rows: int) -> Page:
        """The device's scans in up to `rows` rows that touch `since <= t < until`."""
        found, next_after = self._segments.page(
            after, rows, since=since, until=until, wanted=lambda columns: columns.device == device
        )
        scans = [
            scan for row in found for scan in row.scans or () if since <= scan.measured_at < until
        ]
        return Page(scans, next_after)

    def condemn(self) -> None:
        """Put the ledger aside, so that the next start begins an epoch instead of failing too."""
        self._is_closed = True
        self._files.close()
        set_aside(self._ledger.path)

    def close(self) -> None:
        """Write the states of the open windows, and let go of every file."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._desk.flush():
                self._digestion.cut_raw()
                self._digestion.save()
        except StoreFailed:  # the next start feeds again what this one could not write
            _log.exception("store states not written")
        finally:
            self._files.close()
