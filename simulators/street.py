"""Traffic in front of one signal: arrivals by chance, point queues, and what the loops see of it.

A second is the smallest time. Vehicles arrive at each vehicle group as a Poisson stream, wait at
the stop line on no road space, and leave at the saturation headway while the group is green;
people press the button of each pedestrian group and cross when it shows walk. Everything follows
from the junction's description, a demand and a seed.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from control.model import Detector, Junction, Kind, Lamp, Role


class Sensed(NamedTuple):
    """What the detectors of a junction saw in one second, in the junction's order."""

    passages: tuple[int, ...]
    """That ended; for a button, presses that began."""
    covered: tuple[float, ...]
    """For which share of the second it was covered, or held."""


class Traffic(Protocol):
    """Whatever drives, walks and waits in front of the lamps."""

    def second(self, lamps: Sequence[Lamp]) -> Sensed:
        """Let one second pass under these lamps."""
        ...


@dataclass(frozen=True, slots=True)
class Demand:
    """How many come; the same for every group of a kind where nothing else is said."""

    vehicles_vph: float = 360.0
    people_ph: float = 40.0
    headway_s: float = 2.0
    """Between vehicles that leave a queue: 1,800 vehicles an hour of green."""
    start_lost_s: float = 2.0
    speed_ms: float = 12.0
    passage_s: float = 0.4
    """For how long a vehicle on the move covers a loop."""
    spacing_m: float = 7.5
    """Road that a standing vehicle takes."""


@dataclass(slots=True)
class _Approach:
    """One group's road: who is on the way, who waits, since when."""

    coming: deque[int]
    """Seconds at which vehicles reach the stop line, in order."""
    waiting: deque[int]
    """Seconds at which those who wait have come."""
    may_leave_at: float = 0.0


class Street:
    """The built-in traffic: conserved, arrived = left + waiting, for every group and second."""

    def __init__(
        self, junction: Junction, rng: random.Random, demand: Demand | None = None
    ) -> None:
        self.junction = junction
        self.demand = demand or Demand()
        self._rng = rng
        self._now = 0
        self._roads = {
            g: _Approach(deque(), deque())
            for g, group in enumerate(junction.groups)
            if group.kind is Kind.VEHICLE
        }
        self._people = {
            g: 0 for g, group in enumerate(junction.groups) if group.kind is Kind.PEDESTRIAN
        }
        self._horizon_s = max(
            (round(d.distance_m / self.demand.speed_ms) for d in junction.detectors), default=0
        )
        self.arrived = 0
        self.left = 0
        self.delay_s = 0
        """Waited by all vehicles together, those who still wait included."""

    def second(self, lamps: Sequence[Lamp]) -> Sensed:
        """Let one second pass under these lamps."""
        now, self._now = self._now, self._now + 1
        came = {g: self._arrive(road, now) for g, road in self._roads.items()}
        went = {g: self._leave(g, lamps[g], now) for g in self._roads}
        pressed = {g: self._step_people(g, lamps[g]) for g in self._people}
        self.delay_s += sum(len(road.waiting) for road in self._roads.values())
        seen = [self._seen(d, now, came, went, pressed) for d in self.junction.detectors]
        return Sensed(tuple(n for n, _ in seen), tuple(share for _, share in seen))

    def _arrive(self, road: _Approach, now: int) -> int:
        """New vehicles enter far upstream; those whose time has come reach the stop line."""
        entering = self._poisson(self.demand.vehicles_vph / 3600.0)
        road.coming.extend([now + self._horizon_s] * entering)
        came = 0
        while road.coming and road.coming[0] <= now:
            road.waiting.append(road.coming.popleft())
            came += 1
        self.arrived += came
        return came

    def _leave(self, group: int, lamp: Lamp, now: int) -> int:
        road, d = self._roads[group], self.demand
        if lamp is not Lamp.GREEN:
            road.may_leave_at = now + 1 + d.start_lost_s
            return 0
        went = 0
        while road.waiting and road.may_leave_at <= now:
            road.waiting.popleft()
            road.may_leave_at = max(road.may_leave_at, now) + d.headway_s
            went += 1
        self.left += went
        return went

    def _step_people(self, group: int, lamp: Lamp) -> int:
        pressed = self._poisson(self.demand.people_ph / 3600.0)
        waiting = self._people[group]
        self._people[group] = 0 if lamp is Lamp.GREEN else waiting + pressed
        return pressed

    def _seen(
        self,
        detector: Detector,
        now: int,
        came: dict[int, int],
        went: dict[int, int],
        pressed: dict[int, int],
    ) -> tuple[int, float]:
        groups = sorted(detector.groups)
        if detector.role is Role.PUSH_BUTTON:
            presses = sum(pressed.get(g, 0) for g in groups)
            return presses, min(1.0, 0.3 * presses)
        passed, standing = sum(went.get(g, 0) for g in groups), False
        if detector.role is Role.STOP_LINE:
            standing = any(self._waits(g, 1) for g in groups)
        elif detector.role is Role.ADVANCE:
            ahead_s = round(detector.distance_m / self.demand.speed_ms)
            passed = sum(
                self._passing(g, now + ahead_s) if ahead_s else came.get(g, 0) for g in groups
            )
            reach = max(1, int(detector.distance_m / self.demand.spacing_m))
            standing = any(self._waits(g, reach) for g in groups)
        return passed, 1.0 if standing else min(1.0, passed * self.demand.passage_s)

    def _waits(self, group: int, least: int) -> bool:
        road = self._roads.get(group)
        return road is not None and len(road.waiting) >= least

    def _passing(self, group: int, due: int) -> int:
        road = self._roads.get(group)
        return 0 if road is None else sum(1 for at in road.coming if at == due)

    def _poisson(self, mean: float) -> int:
        """Knuth's product of uniforms, TAOCP 2, 3.4.1: right for the small means of a second."""
        bound, product, n = 2.718281828459045**-mean, self._rng.random(), 0
        while product > bound:
            n += 1
            product *= self._rng.random()
        return n
