"""A crossing of four arms: arrivals by chance, a fixed-time signal, queues that have no length."""

import heapq
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.model.clock import NS_PER_S, Instant
from simulators.chance import bump, local_hour
from simulators.device import LONGEST_LEAP_S, Step

ARMS = ("n", "e", "s", "w")
CLASSES = ("motorcycle", "car", "heavy")
RED, YELLOW, GREEN = 0, 1, 2
LOCAL_PLAN = 1.0
_EPOCH = Instant(0)


@dataclass(frozen=True, slots=True)
class JunctionDesign:
    """What was built. North and south share a stage, east and west the other."""

    green_s: tuple[float, float] = (32.0, 26.0)
    yellow_s: float = 3.0
    all_red_s: float = 2.0
    peak_vph: tuple[float, float, float, float] = (700.0, 480.0, 650.0, 520.0)
    """Vehicles per hour that arrive at each arm, n e s w, at the busiest time."""
    headway_s: float = 1.9
    """Between vehicles that leave a queue."""
    lost_s: float = 2.0
    """Between the begin of green and the first departure."""
    speed_ms: float = 9.0
    vehicle_m: float = 2.6
    """Mean length over the loop."""
    shares: tuple[float, float, float] = (0.80, 0.17, 0.03)
    """Of motorcycles, cars and heavy vehicles."""
    detector_m: float = 2.0
    interval_s: float = 60.0
    """Over which counts become flow and occupancy."""

    @property
    def cycle_s(self) -> float:
        """Both stages with their intergreens."""
        return sum(self.green_s) + 2 * (self.yellow_s + self.all_red_s)


@dataclass(slots=True)
class Arm:
    """One approach: what waits, what has passed its detector, how long the detector was covered."""

    queue: int = 0
    arrived: int = 0
    departed: int = 0
    by_class: list[int] = field(default_factory=lambda: [0] * len(CLASSES))
    covered: deque[tuple[Instant, Instant]] = field(default_factory=deque)
    next_departure: Instant = _EPOCH
    marks: deque[tuple[Instant, int]] = field(default_factory=deque)
    """(instant, arrivals until then), for flow over the interval."""


class Junction:
    """Vehicles are conserved: arrived = departed + queued, at every arm and instant.

    The point queue of dynamic traffic assignment: a vehicle waits at the stop line on no road
    space. Outputs per arm k = 1..4 (n, e, s, w): `presence_k`, `count_k`, `occupancy_k` (%),
    `flow_k` (veh/h), `queue_k`, `speed_k` (km/h), `signal_k` (0 red, 1 yellow, 2 green),
    `countdown_k` (s to the next change), `motorcycle_k`, `car_k`, `heavy_k`; and `stage` (1 or 2),
    `mode`, `cycle_s`.
    """

    def __init__(self, rng: random.Random, *, design: JunctionDesign | None = None) -> None:
        self.design = design or JunctionDesign()
        self._rng = rng
        self.arms = [Arm() for _ in ARMS]
        self._arrivals: list[tuple[Instant, int]] = []
        self._now: Instant | None = None

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:  # noqa: ARG002
        """Let traffic flow until `at`; the signal runs its own fixed plan."""
        if self._now is None or not -NS_PER_S < at - self._now < LONGEST_LEAP_S * NS_PER_S:
            self._begin(at)
        begin = self._now if self._now is not None else at
        at = max(at, begin)
        while self._arrivals and self._arrivals[0][0] <= at:
            when, k = heapq.heappop(self._arrivals)
            self._depart_until(k, when)
            self._arrive(k, when)
        for k in range(len(ARMS)):
            self._depart_until(k, at)
        self._now = at
        return Step(self._outputs(at), self._next_event(at))

    def _begin(self, at: Instant) -> None:
        self._now = at
        self._arrivals = [(self._next_arrival(k, at), k) for k in range(len(ARMS))]
        heapq.heapify(self._arrivals)
        for arm in self.arms:
            arm.covered.clear()
            arm.marks.clear()
            arm.next_departure = at

    def _next_arrival(self, k: int, after: Instant) -> Instant:
        """Poisson arrivals: exponential headways at the rate of the hour."""
        rate_vph = self.design.peak_vph[k] * traffic(local_hour(after))
        return Instant(after + max(1, round(self._rng.expovariate(rate_vph / 3600.0) * NS_PER_S)))

    def _arrive(self, k: int, when: Instant) -> None:
        d, arm = self.design, self.arms[k]
        arm.arrived += 1
        arm.queue += 1
        arm.by_class[self._rng.choices(range(len(CLASSES)), d.shares)[0]] += 1
        arm.marks.append((when, arm.arrived))
        crossing_s = (d.vehicle_m + d.detector_m) / d.speed_ms
        arm.covered.append((when, Instant(when + round(crossing_s * NS_PER_S))))
        arm.next_departure = max(arm.next_departure, when)
        heapq.heappush(self._arrivals, (self._next_arrival(k, when), k))

    def _depart_until(self, k: int, at: Instant) -> None:
        arm = self.arms[k]
        headway_ns = round(self.design.headway_s * NS_PER_S)
        while arm.queue:
            leaves = self._served_from(k, arm.next_departure)
            if leaves > at:
                return
            arm.queue -= 1
            arm.departed += 1
            arm.next_departure = Instant(leaves + headway_ns)

    def _served_from(self, k: int, when: Instant) -> Instant:
        """The first instant at or after `when` at which the stop line lets a vehicle go."""
        d = self.design
        begin_s = self._begin_s(k)
        open_s, close_s = begin_s + d.lost_s, begin_s + d.green_s[k % 2] + d.yellow_s / 2
        within_s = self._within_cycle_s(when)
        if open_s <= within_s < close_s:
            return when
        wait_s = (open_s - within_s) % d.cycle_s
        return Instant(when + round(wait_s * NS_PER_S))

    def _within_cycle_s(self, at: Instant) -> float:
        return at % round(self.design.cycle_s * NS_PER_S) / NS_PER_S

    def _begin_s(self, k: int) -> float:
        """When in the cycle the green of arm `k` begins."""
        d = self.design
        return 0.0 if k % 2 == 0 else d.green_s[0] + d.yellow_s + d.all_red_s

    def _countdown_s(self, k: int, at: Instant) -> float:
        """Until what arm `k` is shown changes."""
        d = self.design
        since_s = (self._within_cycle_s(at) - self._begin_s(k)) % d.cycle_s
        green_s = d.green_s[k % 2]
        return (
            next(end for end in (green_s, green_s + d.yellow_s, d.cycle_s) if since_s < end)
            - since_s
        )

    def signal(self, k: int, at: Instant) -> int:
        """What arm `k` is shown: RED, YELLOW or GREEN."""
        d = self.design
        begin_s = self._begin_s(k)
        since_s = self._within_cycle_s(at) - begin_s
        if 0.0 <= since_s < d.green_s[k % 2]:
            return GREEN
        return YELLOW if 0.0 <= since_s - d.green_s[k % 2] < d.yellow_s else RED

    def _outputs(self, at: Instant) -> dict[str, float]:
        d = self.design
        second = self._within_cycle_s(at) >= self._begin_s(1)
        out = {"stage": 1.0 + second, "mode": LOCAL_PLAN, "cycle_s": d.cycle_s}
        since = Instant(at - round(d.interval_s * NS_PER_S))
        for k, arm in enumerate(self.arms):
            while arm.covered and arm.covered[0][1] <= since:
                arm.covered.popleft()
            while arm.marks and arm.marks[0][0] <= since:
                arm.marks.popleft()
            n = k + 1
            out[f"presence_{n}"] = float(any(a <= at < b for a, b in arm.covered))
            out[f"count_{n}"] = float(arm.arrived)
            out[f"flow_{n}"] = len(arm.marks) * 3600.0 / d.interval_s
            out[f"occupancy_{n}"] = 100.0 * self._covered_share(arm, since, at)
            out[f"queue_{n}"] = float(arm.queue)
            out[f"speed_{n}"] = d.speed_ms * 3.6 / (1.0 + 0.15 * arm.queue)
            out[f"signal_{n}"] = float(self.signal(k, at))
            out[f"countdown_{n}"] = self._countdown_s(k, at)
            out |= {f"{name}_{n}": float(arm.by_class[i]) for i, name in enumerate(CLASSES)}
        return out

    def _covered_share(self, arm: Arm, since: Instant, until: Instant) -> float:
        """Share of the interval under at least one vehicle: a union, as a loop sees it."""
        covered, edge = 0, int(since)
        for begin, end in arm.covered:
            low, high = max(begin, edge), min(end, until)
            covered += max(0, high - low)
            edge = max(edge, high)
        return covered / (until - since)

    def _next_event(self, at: Instant) -> Instant:
        """An arrival, a vehicle leaving a detector, or the next tenth of a second of the signal."""
        tenth = NS_PER_S // 10
        soon = [self._arrivals[0][0], Instant(at - at % (5 * tenth) + 5 * tenth)]
        soon += [end for arm in self.arms for _, end in arm.covered if end > at]
        return max(min(soon), Instant(at + tenth))


def traffic(hour: float) -> float:
    """Share of the busiest flow: two rush hours over a quiet base."""
    return 0.12 + 0.88 * max(bump(hour, 7.2, 1.3), bump(hour, 17.3, 1.6), 0.45 * bump(hour, 12, 3))
