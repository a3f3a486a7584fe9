"""Counters: what was consumed, through glitches, rollovers, resets and exchanges of meters."""

from math import inf, isinf, isnan

import numpy as np
import numpy.typing as npt

from edge.model.clock import NS_PER_S, Instant
from edge.model.event import Detail, Event, EventKind
from edge.model.scan import Values
from edge.model.summary import Counts
from edge.summarise.layout import Layout

READINGS_TO_CONFIRM = 3
ONE_FLOAT32_STEP = 2.0**-23
"""Of the value: a meter that computes in float32 may fall by that much and mean nothing."""
NEAR_THE_TOP = 1 / 16
"""Of the modulus: the farthest that a confirmed fall may have rolled over."""

Mask = npt.NDArray[np.bool_]


class Counters:
    """The readings that differences are taken from, for all counters of one device.

    A reading is judged against `base`, the last one believed. It is believed where it rose by no
    more than `rate_limit` allows for the time since the base last rose, plus one period (a meter
    may refresh its register that much later than it is read). A fall within one float32 step is
    jitter: the base stays. A fall that wraps at `modulus` within the rate limit is a rollover.
    Anything else is suspect and books nothing: either the counter comes back to where the base
    allows (a glitch; the next difference holds it all), or three readings other than zero that
    rise credibly among themselves confirm it. Then it was a rollover where no rate limit is known
    and the wrapped rise is within 1/16 of the modulus; else a reset, which starts a new epoch and
    books what was counted since its first reading. A register of nothing but zeros confirms
    nothing: devices send zeros while they start, and their old total afterwards.

    A bad cell is passed over; the next good one takes the whole difference. Differences telescope
    (base minus base at the window's opening), so they are exact wherever the readings are.
    """

    def __init__(self, layout: Layout) -> None:
        n = len(layout.counters)
        self.adopt(layout)
        self.base: Values = np.full(n, np.nan)
        self.rose_at_ns: Counts = np.zeros(n, np.int64)
        """When `base` last rose, on the device's own axis of time."""
        self.opened: Values = np.full(n, np.nan)
        """The base at the opening of the window, moved by what rollovers and resets moved it."""
        self.carried: Values = np.zeros(n)
        """Booked in this window before `opened` was moved."""
        self.epoch: Counts = np.zeros(n, np.int64)
        self.suspect: Mask = np.zeros(n, np.bool_)
        self.told: Mask = np.zeros(n, np.bool_)
        """Whether this window has already said that the counter is suspect."""
        self.first: Values = np.zeros(n)
        """The first suspect reading; what a reset counts from."""
        self.newest: Values = np.zeros(n)
        self.newest_at_ns: Counts = np.zeros(n, np.int64)
        self.confirmed_by: Counts = np.zeros(n, np.int64)

    def adopt(self, layout: Layout) -> None:
        """Judge by these points' limits from now on; the counters are the same."""
        self._period_ns = layout.period_ns
        self.points = [layout.columns.points[i] for i in layout.counters]
        self._limit: Values = np.array([p.rate_limit for p in self.points], np.float64)
        self._is_limited = bool(np.isfinite(self._limit).any())
        self._at_once: Values = self._limit * (layout.period_ns / NS_PER_S)

    def inherit(self, before: "Counters") -> None:
        """Go on from the readings of a device's former points, where a counter stayed the same."""
        former = {(p.name, p.unit, p.modulus): i for i, p in enumerate(before.points)}
        for k, p in enumerate(self.points):
            i = former.get((p.name, p.unit, p.modulus))
            if i is not None:
                self.base[k] = before.base[i]
                self.rose_at_ns[k] = before.rose_at_ns[i]
                self.epoch[k] = before.epoch[i]
        self.open_window()

    def open_window(self) -> None:
        """Differences count from here."""
        self.opened = self.base.copy()
        self.carried[:] = 0.0
        self.told[:] = False

    def delta(self) -> Values:
        """Booked since the window's opening; NaN where the counter was never read."""
        return self.base - self.opened + self.carried

    def take(self, cells: Values, good: Mask | None, life_ns: int, at: Instant) -> list[Event]:
        """Judge one scan's readings; `good` is None where all are, `life_ns` the device's time."""
        rise = cells - self.base
        # min() is NaN, and the comparison false, where a counter is read for the first time
        if (
            good is None
            and rise.min() >= 0.0
            and not self.suspect.any()
            and not (self._is_limited and (rise > self._at_once).any())
        ):
            if self._is_limited:
                np.copyto(self.rose_at_ns, life_ns, where=rise > 0.0)
            self.base = cells
            return []
        return self._take_each(cells, rise, good, life_ns, at)

    def _take_each(
        self, cells: Values, rise: Values, good: Mask | None, life_ns: int, at: Instant
    ) -> list[Event]:
        plain = (rise >= 0.0) & (rise <= self._at_once) & ~self.suspect
        odd = ~plain
        if good is not None:
            plain &= good
            odd &= good
        np.copyto(self.rose_at_ns, life_ns, where=plain & (rise > 0.0))
        self.base = np.where(plain, cells, self.base)
        events = [
            self._judge(k, float(cells[k]), life_ns, at) for k in np.flatnonzero(odd).tolist()
        ]
        return [event for event in events if event]

    def _judge(self, k: int, value: float, life_ns: int, at: Instant) -> Event | None:
        base, modulus = float(self.base[k]), self.points[k].modulus
        if isnan(base):
            self.base[k] = self.opened[k] = value
            self.rose_at_ns[k] = life_ns
            return None
        rise, bound = value - base, self._bound(k, life_ns - int(self.rose_at_ns[k]))
        if 0.0 <= rise <= bound:
            self._believe(k, value, life_ns if rise else int(self.rose_at_ns[k]))
            return None
        if rise < 0.0 and -rise <= abs(base) * ONE_FLOAT32_STEP:
            self.suspect[k] = False
            return None
        if rise < 0.0 < modulus and not isinf(bound) and modulus + rise <= bound:
            return self._rolled_over(k, value, value, life_ns, at)
        return self._suspect(k, value, life_ns, at)

    def _bound(self, k: int, elapsed_ns: int) -> float:
        limit = float(self._limit[k])
        return inf if isinf(limit) else limit * (elapsed_ns + self._period_ns) / NS_PER_S

    def _believe(self, k: int, value: float, rose_at_ns: int) -> None:
        self.base[k] = value
        self.rose_at_ns[k] = rose_at_ns
        self.suspect[k] = False

    def _suspect(self, k: int, value: float, life_ns: int, at: Instant) -> Event | None:
        since_newest_ns = life_ns - int(self.newest_at_ns[k])
        follows = bool(self.suspect[k]) and 0.0 <= value - self.newest[k] <= self._bound(
            k, since_newest_ns
        )
        if not follows:
            self.first[k] = value
            self.confirmed_by[k] = 0
        self.confirmed_by[k] += value != 0.0
        self.newest[k], self.newest_at_ns[k] = value, life_ns
        self.suspect[k] = True
        if self.confirmed_by[k] >= READINGS_TO_CONFIRM:
            return self._confirmed(k, value, life_ns, at)
        if self.told[k]:
            return None
        self.told[k] = True
        return self._event(EventKind.COUNTER_SUSPECT, k, self.base[k], value, at)

    def _confirmed(self, k: int, value: float, life_ns: int, at: Instant) -> Event:
        first, base, modulus = float(self.first[k]), float(self.base[k]), self.points[k].modulus
        wrapped = modulus - base + first
        if first < base and isinf(self._limit[k]) and 0.0 <= wrapped <= modulus * NEAR_THE_TOP:
            return self._rolled_over(k, first, value, life_ns, at)
        self._rebase(k, first)
        self._believe(k, value, life_ns)
        self.epoch[k] += 1
        return self._event(
            EventKind.COUNTER_RESET, k, base, first, at, counter_epoch=int(self.epoch[k])
        )

    def _rolled_over(self, k: int, first: float, value: float, life_ns: int, at: Instant) -> Event:
        base, modulus = float(self.base[k]), self.points[k].modulus
        self._rebase(k, base - modulus)
        self._believe(k, value, life_ns)
        return self._event(EventKind.COUNTER_ROLLOVER, k, base, first, at, modulus=modulus)

    def _rebase(self, k: int, opened: float) -> None:
        self.carried[k] += self.base[k] - self.opened[k]
        self.opened[k] = opened

    def _event(
        self, kind: EventKind, k: int, was: float, now: float, at: Instant, **more: Detail
    ) -> Event:
        point = self.points[k]
        detail: dict[str, Detail] = {"from": float(was), "to": now, "unit": point.unit}
        return Event(kind, at, point.id, detail | more)
