"""The outbox: messages by number, and which of them the operations centre holds.

What it holds is kept as it says it, a watermark per lane, so that confirming a thousand messages
rewrites one row. A watermark that steps back makes messages takeable again by itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from edge.model.clock import NS_PER_MS, Instant
from edge.model.event import Event
from edge.model.message import Lane, Message, Watermark
from edge.model.summary import RawCells, Summary
from edge.ports import Encode, Letter
from edge.store.database import Database, SqlValue

PROGRESS_NS = 3_600 * 1_000_000_000
"""How finely the watermark's progress is remembered, for the grace that confirmed messages get."""
REMEMBERED_NS = 100 * 24 * PROGRESS_NS


@dataclass(frozen=True, slots=True)
class Span:
    """What a message speaks of: one device, `since_ms <= t < until_ms`."""

    device: str
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """What waits in a lane."""

    unconfirmed: int
    oldest: Instant | None
    """When the oldest of them was made."""


class Messages:
    """The tables `lane`, `progress` and `outbox`; the ledger's transactions do the writing."""

    def __init__(self, database: Database, *, gateway: str, epoch: str, encode: Encode) -> None:
        self._database = database
        self._gateway = gateway
        self._epoch = epoch
        self._encode = encode

    def put(self, letter: Letter, now: Instant) -> int:
        """Number the letter and write it; inside a transaction."""
        seq = self.next_seq(letter.lane)
        payload = self._encode(self._gateway, self._epoch, letter.lane, seq, now, letter.body)
        self.put_payload(letter.lane, seq, payload, now, span_of(letter))
        return seq

    def put_payload(self, lane: Lane, seq: int, payload: bytes, now: Instant, span: Span) -> None:
        """Write a message under the lane's next number; inside a transaction."""
        self._database.execute(
            "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)",
            (lane.value, seq, now, span.device, span.since_ms, span.until_ms, payload),
        )
        self._database.execute("UPDATE lane SET next_seq = ? WHERE lane = ?", (seq + 1, lane.value))

    def next_seq(self, lane: Lane) -> int:
        """The number that the lane's next message will bear."""
        rows = self._database.execute("SELECT next_seq FROM lane WHERE lane = ?", (lane.value,))
        return whole(rows[0][0])

    def watermark(self, lane: Lane) -> Watermark:
        """What the operations centre said last of the lane."""
        rows = self._database.execute(
            "SELECT upto, missing FROM lane WHERE lane = ?", (lane.value,)
        )
        upto, missing = rows[0]
        return Watermark(whole(upto), tuple((a, b) for a, b in json.loads(str(missing))))

    def confirm(self, lane: Lane, watermark: Watermark, now: Instant) -> None:
        """Note what the operations centre holds; inside a transaction.

        Raises:
            ValueError: it claims a number that was not given out.
        """
        last = self.next_seq(lane) - 1
        if watermark.upto > last:
            raise ValueError(
                f"{lane.value}: the watermark {watermark.upto} is beyond the last number {last}; "
                "the receiver speaks of another store"
            )
        self._database.execute(
            "UPDATE lane SET upto = ?, missing = ? WHERE lane = ?",
            (watermark.upto, json.dumps(watermark.missing), lane.value),
        )
        self._database.execute(
            "INSERT OR REPLACE INTO progress VALUES (?, ?, ?)",
            (lane.value, now - now % PROGRESS_NS, watermark.upto),
        )
        self._database.execute(
            "DELETE FROM progress WHERE lane = ? AND at < ?", (lane.value, now - REMEMBERED_NS)
        )

    def take(self, lane: Lane, after: int, limit: int) -> list[Message]:
        """Up to `limit` messages beyond `after` that the operations centre does not hold."""
        found: list[Message] = []
        for first, last in self.unconfirmed(lane):
            if len(found) >= limit:
                break
            rows = self._database.execute(
                "SELECT seq, created_at, payload FROM outbox"
                " WHERE lane = ? AND seq >= ? AND seq <= ? ORDER BY seq LIMIT ?",
                (lane.value, max(first, after + 1), last, limit - len(found)),
            )
            for seq, created_at, payload in rows:
                if isinstance(payload, bytes):
                    at = Instant(whole(created_at))
                    found.append(Message(self._gateway, self._epoch, lane, whole(seq), payload, at))
        return found

    def unconfirmed(self, lane: Lane) -> list[tuple[int, int]]:
        """The closed ranges of numbers that the operations centre does not hold, rising."""
        watermark = self.watermark(lane)
        return [*sorted(watermark.missing), (watermark.upto + 1, 2**62)]

    def depth(self, lane: Lane) -> LaneDepth:
        """How many messages wait, and since when."""
        count, oldest = 0, None
        for first, last in self.unconfirmed(lane):
            bounds = (lane.value, first, last)
            count += whole(
                self._database.execute(
                    "SELECT count(*) FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?", bounds
                )[0][0]
            )
            if oldest is None and count:
                rows = self._database.execute(
                    "SELECT created_at FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?"
                    " ORDER BY seq LIMIT 1",
                    bounds,
                )
                oldest = Instant(whole(rows[0][0]))
        return LaneDepth(count, oldest)

    def held_before(self, lane: Lane, before: Instant) -> int:
        """The last number such that it and all below it were confirmed at or before `before`.

        A step back of the watermark since then counts: what it uncovered is not held.
        """
        rows = self._database.execute(
            "SELECT max(upto) FROM progress WHERE lane = ? AND at <= ?",
            (lane.value, before - PROGRESS_NS),
        )
        return min([whole(rows[0][0] or 0), *(first - 1 for first, _ in self.unconfirmed(lane))])

    def remove(self, lane: Lane, first: int, last: int) -> None:
        """Delete a closed range of numbers; inside a transaction."""
        self._database.execute(
            "DELETE FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?", (lane.value, first, last)
        )

    def payload(self, lane: Lane, seq: int) -> bytes:
        """The bytes of one message; empty where it is gone."""
        rows = self._database.execute(
            "SELECT payload FROM outbox WHERE lane = ? AND seq = ?", (lane.value, seq)
        )
        payload = rows[0][0] if rows else b""
        return payload if isinstance(payload, bytes) else b""

    def sizes(self, lane: Lane, first: int, last: int, limit: int) -> list[tuple[int, int]]:
        """`(seq, bytes)` of up to `limit` messages present in a closed range, rising."""
        rows = self._database.execute(
            "SELECT seq, length(payload) FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?"
            " ORDER BY seq LIMIT ?",
            (lane.value, first, last, limit),
        )
        return [(whole(seq), whole(size)) for seq, size in rows]


def span_of(letter: Letter) -> Span:
    """What the letter speaks of."""
    match letter.body:
        case Summary(columns=columns, window=window):
            return Span(columns.device, window.since // NS_PER_MS, window.until // NS_PER_MS)
        case RawCells(device=device, at=at):
            return Span(device, min(at) // NS_PER_MS, max(at) // NS_PER_MS + 1)
        case Event(subject=subject, at=at):
            return Span(subject, at // NS_PER_MS, at // NS_PER_MS + 1)


def whole(value: SqlValue) -> int:
    """The integer that the schema says it is."""
    return int(value or 0)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The closed ranges that rising numbers form."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges
