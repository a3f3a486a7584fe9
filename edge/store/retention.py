"""What gives way when the disk limit is met: history loses resolution before it loses existence."""

import logging
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from edge.errors import StoreFailed
from edge.model.clock import NS_PER_S, Clock, Instant
from edge.model.event import Detail, Event, EventKind
from edge.model.message import Lane
from edge.ports import Letter, Thin
from edge.store.database import PAGE_BYTES, Database, DiskFull, free_bytes, size_of, wal_of
from edge.store.ledger import Ledger
from edge.store.messages import Messages, Span, runs
from edge.store.reserve import Reserve
from edge.store.segments import Segments

HIGH_WATER = 0.9
GRACE_NS = 72 * 3600 * NS_PER_S
"""For how long confirmed messages stay takeable, for a receiver restored from a backup."""
AUDIT_GRACE_NS = 90 * 86_400 * NS_PER_S
"""The same for the audit lane, which space never shortens."""
LENGTHS_S = (900, 3_600, 86_400)
"""Windows that unconfirmed summaries are merged into, one after another."""
MESSAGES_A_STEP = 200
GROUPS_A_STEP = 50
STEPS_A_TURN = 8
"""Bounds the time that making room may take from committing."""
VACUUMS_A_STEP = 16
TOMBSTONE_BYTES = 400
"""What a tombstone takes, about; it never gives way itself."""
WORTH_A_TOMBSTONE = 20
"""Raw messages that are buried together, while anything else may still give way."""
PIECES = 4
"""A step writes a quarter of the reserve at most, so that the reserve is enough for it."""

_log = logging.getLogger(__name__)


class _Piece(NamedTuple):
    seq: int
    device: str
    since_ms: int
    until_ms: int
    bytes: int


class Retention:
    """Keeps all files of the store within `limit_bytes`.

    Order: confirmed messages past their grace; segments whose every row is digested; confirmed
    messages within their grace; unconfirmed raw messages, their summaries staying; unconfirmed
    summaries, merged into longer windows. The audit and event lanes never give way unconfirmed,
    nor does the last form of a summary. What was not confirmed leaves a tombstone, written in the
    transaction that removes it.
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        gateway: str,
        segments: Segments,
        ledger: Ledger,
        messages: Messages,
        thin: Thin,
        clock: Clock,
        reserve: Reserve,
        set_aside: Path,
        grace_ns: int = GRACE_NS,
    ) -> None:
        self.limit_bytes = limit_bytes
        self._gateway = gateway
        self._segments = segments
        self._ledger = ledger
        self._messages = messages
        self._thin = thin
        self._clock = clock
        self._reserve = reserve
        self._set_aside = set_aside
        self._grace_ns = grace_ns
        self._refused_by_thin: set[int] = set()
        self._steps: tuple[Callable[[], bool], ...] = (
            self._drop_set_aside,
            self.drop_past_grace,
            self._drop_segment,
            self._drop_confirmed,
            partial(self._drop_raw, WORTH_A_TOMBSTONE),
            *(partial(self._merge, length_s) for length_s in LENGTHS_S),
            partial(self._drop_raw, 1),
        )

    @property
    def _database(self) -> Database:
        return self._ledger.database

    def bytes_on_disk(self) -> int:
        """What the store takes, logs and files set aside included."""
        aside = size_of(self._set_aside) + size_of(wal_of(self._set_aside))
        kept = self._reserve.bytes_on_disk() + aside
        return self._segments.bytes_on_disk() + self._database.bytes_on_disk() + kept

    def shortage(self) -> str:
        """Why nothing new may come in; empty while there is room."""
        used, allowed = self._room()
        if used < allowed:
            return ""
        return (
            f"the store takes {used / 1e6:.1f} MB of the {allowed / 1e6:.1f} MB that store.limit "
            "and the disk allow and nothing is left that may give way: raise store.limit, free "
            "the disk, or bring the operations centre back"
        )

    def _room(self) -> tuple[int, int]:
        """`(used, allowed)` bytes: a disk that others fill allows less than the limit."""
        used = self.bytes_on_disk()
        return used, min(self.limit_bytes, used + free_bytes(self._ledger.path.parent))

    def enforce(self) -> None:
        """Take a few steps down, if the high water is passed.

        Raises:
            StoreFailed: the disk does not take the change.
        """
        for _ in range(STEPS_A_TURN):
            used, allowed = self._room()
            if used < HIGH_WATER * allowed:
                self._reserve.restore()
                return
            if not self._step():
                return

    def make_room(self) -> bool:
        """The disk itself is full: give something back now; whether anything was."""
        try:
            return self._drop_set_aside() or self._drop_segment() or self._step()
        except StoreFailed:
            _log.exception("store no room could be made")
            return False

    def _step(self) -> bool:
        try:
            return self._stepped()
        except DiskFull:
            return self._reserve.release() and self._stepped()

    def _stepped(self) -> bool:
        # pages that earlier deletions left free are given back before anything else goes
        if self._free_pages() * PAGE_BYTES < self._piece_bytes and not any(
            step() for step in self._steps
        ):
            return False
        pages = max(8, self._piece_bytes // PAGE_BYTES)
        for _ in range(VACUUMS_A_STEP):
            self._database.execute(f"PRAGMA incremental_vacuum({pages})")
            self._database.checkpoint(truncate=True)
            if not self._free_pages():
                break
        return True

    def _free_pages(self) -> int:
        return int(self._database.execute("PRAGMA freelist_count")[0][0] or 0)

    @property
    def _piece_bytes(self) -> int:
        return self._reserve.bytes_kept // PIECES

    def _piece(self, lane: Lane, first: int, last: int) -> list[int]:
        """The oldest numbers in the range, as many as one step may write."""
        sizes = self._messages.sizes(lane, first, last, MESSAGES_A_STEP)
        sums = accumulate(size for _, size in sizes)
        fitting = [
            seq for (seq, _), total in zip(sizes, sums, strict=True) if total < self._piece_bytes
        ]
        return fitting or [seq for seq, _ in sizes[:1]]

    def _drop_set_aside(self) -> bool:
        freed = size_of(self._set_aside) > 0
        for path in (self._set_aside, wal_of(self._set_aside)):
            path.unlink(missing_ok=True)
        return freed

    def _drop_segment(self) -> bool:
        done = min(self._ledger.replay_after.segment, self._ledger.raw_after.segment)
        current = self._segments.current
        for number in self._segments.numbers:
            if number >= done or (current is not None and number == current.number):
                return False
            freed = self._segments.evict(number)
            _log.info("store segment=%d evicted bytes=%d", number, freed)
            return True
        return False

    def drop_past_grace(self) -> bool:
        """Delete confirmed messages whose grace is over, oldest first; whether any was."""
        now = self._clock.now()
        return any(
            self._drop_up_to(lane, self._messages.held_before(lane, Instant(now - grace_ns)))
            for lane, grace_ns in (
                (Lane.INTERVAL, self._grace_ns),
                (Lane.RAW, self._grace_ns),
                (Lane.EVENT, self._grace_ns),
                (Lane.AUDIT, max(self._grace_ns, AUDIT_GRACE_NS)),
            )
        )

    def _drop_confirmed(self) -> bool:
        return any(
            self._drop_up_to(lane, self._messages.unconfirmed(lane)[0][0] - 1)
            for lane in (Lane.RAW, Lane.INTERVAL, Lane.EVENT)
        )

    def _drop_up_to(self, lane: Lane, last: int) -> bool:
        numbers = self._piece(lane, 0, last)
        if numbers:
            self._ledger.commit(lambda: self._messages.remove(lane, numbers[0], numbers[-1]))
        return bool(numbers)

    def _drop_raw(self, least: int) -> bool:
        for first, last in self._messages.unconfirmed(Lane.RAW):
            numbers = self._piece(Lane.RAW, first, last)
            if len(self._messages.sizes(Lane.RAW, first, last, least)) == least:
                kept_s = self._summaries_s()
                self._ledger.commit(partial(self._bury, Lane.RAW, numbers, {"kept_s": kept_s}))
                return True
        return False

    def _summaries_s(self) -> int:
        rows = self._database.execute(
            "SELECT min(until_ms - since_ms) FROM"
            " (SELECT * FROM outbox WHERE lane = 'interval' ORDER BY seq DESC LIMIT 100)"
        )
        return int(rows[0][0] or 0) // 1000

    def _bury(self, lane: Lane, numbers: list[int], kept: dict[str, Detail]) -> None:
        ranges = runs(numbers)
        for first, last in ranges:
            self._messages.remove(lane, first, last)
        flat = [number for closed in ranges for number in closed]
        detail: dict[str, Detail] = {"lane": lane.value, "ranges": flat, **kept}
        now = self._clock.now()
        event = Event(EventKind.HISTORY_THINNED, now, self._gateway, detail)
        self._messages.put(Letter(Lane.EVENT, event), now)

    def _merge(self, length_s: int) -> bool:
        groups = self._mergeable(length_s)
        merged: list[bool] = []

        def replace() -> None:
            merged[:] = [self._replace(group, length_s) for group in groups]

        if groups:
            self._ledger.commit(replace)
        return any(merged)

    def _mergeable(self, length_s: int) -> list[list[_Piece]]:
        """The oldest summaries of one device within one longer window that has ended."""
        length_ms = length_s * 1000
        pieces: dict[tuple[str, int], list[_Piece]] = defaultdict(list)
        for first, last in self._messages.unconfirmed(Lane.INTERVAL):
            rows = self._database.execute(
                "SELECT seq, device, since_ms, until_ms, length(payload) FROM outbox"
                " WHERE lane = 'interval' AND seq BETWEEN ? AND ? AND until_ms - since_ms < ?"
                " ORDER BY seq LIMIT 4000",
                (first, last, length_ms),
            )
            for seq, device, since_ms, until_ms, size in rows:
                piece = _Piece(
                    int(seq or 0),
                    str(device),
                    int(since_ms or 0),
                    int(until_ms or 0),
                    int(size or 0),
                )
                if piece.seq not in self._refused_by_thin:
                    pieces[piece.device, piece.since_ms // length_ms].append(piece)
        newest = max((piece.until_ms for group in pieces.values() for piece in group), default=0)
        whole = [
            sorted(group, key=lambda piece: piece.since_ms)
            for (_, window), group in pieces.items()
            if len(group) > 1 and (window + 1) * length_ms <= newest
        ]
        oldest = sorted(whole, key=lambda group: group[0].seq)[:GROUPS_A_STEP]
        sums = accumulate(sum(piece.bytes for piece in group) for group in oldest)
        fitting = [g for g, total in zip(oldest, sums, strict=True) if total < self._piece_bytes]
        return fitting or oldest[:1]

    def _replace(self, group: list[_Piece], length_s: int) -> bool:
        now = self._clock.now()
        seq = self._messages.next_seq(Lane.INTERVAL)
        numbers = sorted(piece.seq for piece in group)
        payloads = [self._messages.payload(Lane.INTERVAL, piece.seq) for piece in group]
        try:
            payload = self._thin(self._gateway, self._ledger.epoch, seq, now, payloads)
        except ValueError as error:
            _log.warning("store device=%s summaries not merged: %s", group[0].device, error)
            payload = None
        if payload is None or len(payload) + TOMBSTONE_BYTES >= sum(p.bytes for p in group):
            self._refused_by_thin.update(numbers)
            return False
        span = Span(group[0].device, group[0].since_ms, group[-1].until_ms)
        self._messages.put_payload(Lane.INTERVAL, seq, payload, now, span)
        self._bury(Lane.INTERVAL, numbers, {"kept_s": length_s, "replaced_by": seq})
        return True
