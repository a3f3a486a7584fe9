"""Letters as rows of the ledger: one for each point and window, reading, or event. Pure."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import msgspec

from cloud_sync.letters import (
    AnyLetter,
    Cells,
    Counters,
    Gauges,
    Happening,
    Interval,
    States,
)
from cloud_sync.ranges import Range
from edge.model.event import EventKind
from edge.model.message import Lane
from edge.model.quality import Quality

Value = None | int | float | str
Row = tuple[Value, ...]


class Tombstone(msgspec.Struct, frozen=True):
    """Numbers of one lane that the gateway's disk limit thinned or removed."""

    lane: Lane
    ranges: Sequence[int]
    kept_s: float = 0.0
    replaced_by: int | None = None

    def __post_init__(self) -> None:
        if not self.ranges or len(self.ranges) % 2 or min(self.ranges) < 1:
            raise ValueError("ranges: closed ranges of numbers from 1 up are laid flat, in pairs")
        if any(last < first for first, last in self.spans):
            raise ValueError("ranges: a range ends before it begins")
        largest = max(self.ranges)
        if self.replaced_by is not None and self.replaced_by <= largest:
            raise ValueError(f"replaced_by: {self.replaced_by} does not come after {largest}")

    @property
    def spans(self) -> list[Range]:
        """The closed ranges."""
        return list(zip(self.ranges[::2], self.ranges[1::2], strict=True))


def tombstone_in(letter: AnyLetter) -> Tombstone | None:
    """What an event says was thinned; None where it says no such thing.

    Raises:
        msgspec.ValidationError: it says so, and does not say what.
    """
    body = letter.body
    if not isinstance(body, Happening) or body.kind is not EventKind.HISTORY_THINNED:
        return None
    return msgspec.convert(body.detail, Tombstone)


def rows_of(stream: int, letter: AnyLetter) -> list[Row]:
    """The rows of `summary`, `cell` or `event` that a letter fills, columns as in the schema."""
    body = letter.body
    match body:
        case Interval():
            return list(_summaries(stream, letter.seq, letter.gateway, body))
        case Cells():
            return list(_cells(stream, letter.seq, letter.gateway, body))
        case Happening():
            detail = msgspec.json.encode(body.detail).decode()
            lane = letter.lane.value
            return [
                (
                    stream, letter.seq, letter.gateway, lane, body.kind.value, body.subject,
                    body.at, detail,
                )
            ]  # fmt: skip


def _summaries(stream: int, seq: int, gateway: str, window: Interval) -> Iterator[Row]:
    where = (stream, seq, gateway, window.device)
    when = (window.since, window.until)
    stepped = int(window.clock_stepped)
    if g := window.gauges:
        for point, unit, count, good, quality, good_s, mean, low, high, last in zip(
            g.points, g.unit, g.count, g.good, _codes(g), g.good_s, g.mean, g.min, g.max, g.last,
            strict=False,
        ):  # fmt: skip
            yield (
                *where, point, "gauge", unit, *when, count, good, quality, good_s, mean, low, high,
                last, None, None, None, stepped,
            )  # fmt: skip
    if c := window.counters:
        for point, unit, count, good, quality, last, delta, epoch in zip(
            c.points, c.unit, c.count, c.good, _codes(c), c.last, c.delta, c.epoch, strict=False
        ):
            yield (
                *where, point, "counter", unit, *when, count, good, quality, None, None, None,
                None, last, delta, epoch, None, stepped,
            )  # fmt: skip
    if s := window.states:
        for point, count, good, quality, last, seconds in zip(
            s.points, s.count, s.good, _codes(s), s.last, s.seconds, strict=False
        ):
            text = msgspec.json.encode(seconds).decode()
            yield (
                *where, point, "state", "1", *when, count, good, quality, None, None, None, None,
                last, None, None, text, stepped,
            )  # fmt: skip


def _codes(group: Gauges | Counters | States) -> Iterator[int]:
    return iter(repeat(Quality.GOOD.value) if group.quality is None else group.quality)


def _cells(stream: int, seq: int, gateway: str, cells: Cells) -> Iterator[Row]:
    for i, point in enumerate(cells.points):
        codes: Iterator[int | None]
        if cells.quality is None:
            codes = repeat(Quality.GOOD.value)
        else:
            codes = chain.from_iterable(repeat(code, n) for code, n in cells.quality[i])
        for at, value, code in zip(cells.t, cells.values[i], codes, strict=False):
            if code is not None:  # null: no cell came at that time
                yield (stream, seq, gateway, cells.device, point, at, value, code)
