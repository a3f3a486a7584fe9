"""Readings that a server sent together become Scans, one for each moment at which it took them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from drivers.opcua.frames import Readings
from drivers.opcua.quality import overflowed, qualities
from drivers.row import AS_IT_IS, Law
from edge.model.clock import NS_PER_MS, NS_PER_S, Clock, ClockQuality, Instant
from edge.model.point import Columns
from edge.model.quality import Quality, QualityArray, is_bad
from edge.model.scan import Scan, Values

LONGEST_GRAIN_NS = 100 * NS_PER_MS
_LEAST_TOLERANCE_NS = 2 * NS_PER_S


class Moment(NamedTuple):
    """One glance at the gateway's clock."""

    now: Instant
    mono_ns: int
    boot: str
    quality: ClockQuality

    @classmethod
    def of(cls, clock: Clock) -> "Moment":
        """The clock as it stands."""
        return cls(clock.now(), clock.mono_ns(), clock.boot, clock.quality())

    def earlier(self, by_ns: int) -> "Moment":
        """The same clock `by_ns` before: both of its sides move together."""
        return self._replace(now=Instant(self.now - by_ns), mono_ns=self.mono_ns - by_ns)


class Laws:
    """What the raw number of each column comes to: `value = (raw * times + plus) / over`."""

    def __init__(self, laws: Sequence[Law]) -> None:
        self._steps: Values | None = None
        if any(law != AS_IT_IS for law in laws):
            self._steps = np.array(laws, np.float64).T

    def apply(self, column: npt.NDArray[np.intp], raw: Values) -> Values:
        """The values of these raw numbers of these columns; both [k]."""
        if self._steps is None:
            return raw
        times, plus, over = self._steps[:, column]
        values: Values = (raw * times + plus) / over
        return values


@dataclass(frozen=True, slots=True)
class Changes:
    """What the server says of some columns, in the order in which it says it; all arrays [k]."""

    column: npt.NDArray[np.intp]
    value: Values
    """NaN where the quality is bad."""
    quality: QualityArray
    source_at: npt.NDArray[np.int64]
    """The server's own time in ns since 1970; 0 where it gave none."""
    overflows: int = 0
    """How many of them say that the server dropped older ones."""

    @classmethod
    def of(cls, readings: Readings, laws: Laws) -> "Changes":
        """The readings as arrays; their handles are the columns' places."""
        column = np.array(readings.handle, np.intp)
        status = np.array(readings.status, np.uint32)
        quality = qualities(status)
        # a signalling NaN or an overflow on the wire is a value to be judged, not a warning
        with np.errstate(all="ignore"):
            value = laws.apply(column, np.array(readings.value, np.float64))
        odd = ~np.isfinite(value)
        if odd.any():
            quality[odd & ~is_bad(quality)] = Quality.NOT_A_NUMBER
        value[is_bad(quality)] = np.nan
        source_at = np.array(readings.source_at, np.int64)
        return cls(column, value, quality, source_at, overflowed(status))

    def __len__(self) -> int:
        return len(self.column)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Changes":
        """Those of them that are chosen."""
        return Changes(
            self.column[chosen], self.value[chosen], self.quality[chosen], self.source_at[chosen]
        )

    def copy(self) -> "Changes":
        """The same, in arrays of its own."""
        return self.where(np.ones(len(self), np.bool_))

    def take(self, changes: "Changes") -> None:
        """Let each column, which must stand here in order, be as the last of the changes says."""
        at = changes.column
        self.value[at], self.quality[at] = changes.value, changes.quality
        self.source_at[at] = changes.source_at

    def beside(self, known: "Changes") -> "Changes":
        """Those of them that `known`, which holds every column in order, does not say already.

        A new subscription sends the value of every item at once; after a read of all of them most
        of that is no news.
        """
        return self.where(self._differ(known) | (self.source_at != known.source_at[self.column]))

    def unlike(self, known: "Changes") -> "Changes":
        """Those with another value or quality than in `known`, which holds every column in order.

        A server that writes the same value again stamps it anew and publishes nothing.
        """
        return self.where(self._differ(known))

    def _differ(self, known: "Changes") -> npt.NDArray[np.bool_]:
        at = self.column
        differ: npt.NDArray[np.bool_] = (
            (self.value != known.value[at]) & ~(np.isnan(self.value) & np.isnan(known.value[at]))
        ) | (self.quality != known.quality[at])
        return differ


class Believed(NamedTuple):
    """The span of server times taken as they are; outside it the gateway's own time is written."""

    since: int
    until: int

    @classmethod
    def around(cls, now: int, heard_at: int, period_s: float) -> "Believed":
        """Within two periods, at least 2 s, of now; or what was in the queue since `heard_at`.

        `now` is the gateway's Instant; `heard_at` that up to which the server has told its changes.
        """
        tolerance = max(int(2 * period_s * NS_PER_S), _LEAST_TOLERANCE_NS)
        return cls(min(heard_at, now) - tolerance, now + tolerance)

    def heard_at(self, published_at: int, now: int) -> int:
        """Up to when a publication tells: the server's own time of it where that is believed.

        A publication that lay in a socket says nothing of the time that it lay there.
        """
        return published_at if self.since <= published_at <= self.until else now

    def holds(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of these server times are taken as they are; 0 is none."""
        taken: npt.NDArray[np.bool_] = (at != 0) & (at >= self.since) & (at <= self.until)
        return taken

    def superseded(self, changes: Changes, known: Changes) -> npt.NDArray[np.bool_]:
        """Which changes a look has overtaken: `known`, every column in order, shows newer ones."""
        at, shown_at = changes.source_at, known.source_at[changes.column]
        return self.holds(at) & self.holds(shown_at) & (at <= shown_at)

    def later(self, changes: Changes, told: Changes) -> Changes:
        """The changes but for those older than what `told`, every column in order, holds."""
        at, told_at = changes.source_at, told.source_at[changes.column]
        return changes.where(~(self.holds(at) & self.holds(told_at) & (at < told_at)))

    def astray(self, changes: Changes) -> npt.NDArray[np.int64]:
        """The server times outside the span, unsorted."""
        at = changes.source_at
        outside: npt.NDArray[np.int64] = at[(at != 0) & ~self.holds(at)]
        return outside


def whole(changes: Changes, columns: Columns, moment: Moment) -> Scan:
    """The Scan of a read of every column, in order: a look at the gateway's own time.

    A server time only says when a value last changed; a look says what stands now.
    """
    return Scan(columns, *moment, changes.value, changes.quality)


def assemble(changes: Changes, columns: Columns, moment: Moment, believed: Believed) -> list[Scan]:
    """The changes as Scans, oldest first, each column at most once in each.

    Where there are none, one Scan in which nothing is present: unchanged, and alive.

    Server times are taken together within a grain of a tenth of the period (at most 100 ms): a
    server whose variables each have their own timer would else make a Scan of each change. The
    grain is dated by its earliest change. A change may be older than the last Scan: a device takes
    its time to tell its server.
    """
    n = len(columns)
    if not len(changes):
        nothing = np.zeros(n, np.bool_)
        return [Scan(columns, *moment, np.full(n, np.nan), np.zeros(n, np.uint8), nothing)]
    theirs = believed.holds(changes.source_at)
    at_ns = np.where(theirs, changes.source_at, np.int64(moment.now))
    scans = []
    for chosen in _groups(changes.column, at_ns, grain_ns(columns.period_s)):
        column = changes.column[chosen]
        values, graded = np.full(n, np.nan), np.zeros(n, np.uint8)
        present = np.zeros(n, np.bool_)
        values[column], graded[column] = changes.value[chosen], changes.quality[chosen]
        present[column] = True
        earliest = moment.earlier(moment.now - int(at_ns[chosen].min()))
        scans.append(Scan(columns, *earliest, values, graded, present))
    return scans


def grain_ns(period_s: float) -> int:
    """How far apart server times may lie and still make one Scan."""
    return max(1, min(int(period_s * NS_PER_S / 10), LONGEST_GRAIN_NS))


def _groups(
    column: npt.NDArray[np.intp], at_ns: npt.NDArray[np.int64], grain: int
) -> list[npt.NDArray[np.intp]]:
    """Positions of the changes that make one Scan: same grain, and no column twice.

    The r-th change of a column within a grain goes to the grain's r-th Scan, so the earliest times
    of successive Scans never step back.
    """
    k = len(column)
    bucket = at_ns // grain
    if bucket[0] == bucket[-1] and len(np.unique(column)) == k and np.all(bucket == bucket[0]):
        return [np.arange(k)]
    order = np.lexsort((at_ns, column, bucket))
    first = np.ones(k, np.bool_)
    sorted_bucket, sorted_column = bucket[order], column[order]
    first[1:] = (sorted_bucket[1:] != sorted_bucket[:-1]) | (
        sorted_column[1:] != sorted_column[:-1]
    )
    place = np.arange(k)
    rank = place - np.maximum.accumulate(np.where(first, place, 0))
    by_scan = np.lexsort((rank, sorted_bucket))
    edge = (np.diff(sorted_bucket[by_scan]) != 0) | (np.diff(rank[by_scan]) != 0)
    return np.split(order[by_scan], np.flatnonzero(edge) + 1)
