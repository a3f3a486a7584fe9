"""Who stands first at which stop line, asked of the simulation for all signals at once.

Only lanes on which somebody stands are looked into, so that watching costs little beside driving.
Where a signalled lane is shorter than a vehicle's distance from the line, as in some nets, those
before it are watched too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bench.signals.demand import elements
from edge.bench.signals.waits import Calls, Place, Where

REACH_M = 15.0
"""Who stands nearer than this to a stop line, with nobody before, stands at it."""
STANDING_MS = 0.1
_IDS, _HALTING = 0x12, 0x14
"""TraCI's LAST_STEP_VEHICLE_ID_LIST and LAST_STEP_VEHICLE_HALTING_NUMBER."""


def watched_lanes(net: Path) -> tuple[str, ...]:
    """Lanes that end at a stop line, and those from which it is within reach."""
    length_m: dict[str, float] = {}
    before: dict[str, set[str]] = defaultdict(set)
    found: dict[str, float] = {}
    for element in elements(net):
        if element.tag == "lane":
            length_m[element.get("id", "")] = float(element.get("length", "0"))
        elif element.tag == "connection":
            source = f"{element.get('from')}_{element.get('fromLane')}"
            target = f"{element.get('to')}_{element.get('toLane')}"
            before[element.get("via") or target].add(source)
            if element.get("tl") and "_w" not in source:
                found[source] = REACH_M
    edge = list(found)
    while edge:
        lane = edge.pop()
        left_m = found[lane] - length_m.get(lane, REACH_M)
        for earlier in before[lane] if left_m > 0 else ():
            if left_m > found.get(earlier, 0.0):
                found[earlier] = left_m
                edge.append(earlier)
    return tuple(sorted(found))


class StopLines:
    """Watches every stop line of one simulation; made once it has started."""

    def __init__(
        self,
        api: Any,  # noqa: ANN401
        net: Path,
        signals: Iterable[str],
        *,
        remote: bool = False,
    ) -> None:
        """`api` is libsumo, or traci where `remote`, which then tells all lanes in one answer."""
        self.calls = {signal: Calls() for signal in signals}
        self._api = api
        self._remote = remote
        self._lanes = watched_lanes(net)
        self._facing: dict[str, _Facing] = {}
        """Lane → whom it was last seen to hold at a line; asked anew when another stands there."""
        if remote:
            for lane in self._lanes:
                api.lane.subscribe(lane, [_IDS, _HALTING])

    def second(self, at_s: int, states: Mapping[str, str]) -> None:
        """After a step: `states` are the lamps of each watched signal that it was driven under."""
        heads = self._heads()
        for signal, calls in self.calls.items():
            calls.second(at_s, states[signal], heads.get(signal, {}), self._where(signal))

    def end(self, at_s: int) -> None:
        """The run is over."""
        for calls in self.calls.values():
            calls.end(at_s)

    @property
    def longest_s(self) -> int:
        """The longest wait of a call."""
        return max((calls.longest_s for calls in self.calls.values()), default=0)

    @property
    def longest_red_s(self) -> int:
        """The longest wait of a call for any green, empty or not."""
        return max((calls.longest_red_s for calls in self.calls.values()), default=0)

    @property
    def empty_greens(self) -> int:
        """Greens in which no caller discharged."""
        return sum(calls.empty_greens for calls in self.calls.values())

    def _heads(self) -> dict[str, dict[int, str]]:
        """Signal → link → who stands first at its line."""
        nearest: dict[tuple[str, int], _Facing] = {}
        for lane, vehicle in self._fronts():
            facing = self._facing.get(lane)
            if facing is None or facing.vehicle != vehicle:
                facing = self._look(vehicle)
                if facing is None:
                    continue
                self._facing[lane] = facing
            key = (facing.signal, facing.link)
            if key not in nearest or facing.distance_m < nearest[key].distance_m:
                nearest[key] = facing
        heads: dict[str, dict[int, str]] = defaultdict(dict)
        for (signal, link), facing in nearest.items():
            heads[signal][link] = facing.vehicle
        return heads

    def _fronts(self) -> Iterator[tuple[str, str]]:
        """(lane, its first vehicle), where that vehicle stands."""
        api = self._api
        if self._remote:
            for lane, seen in api.lane.getAllSubscriptionResults().items():
                if seen[_HALTING] and api.vehicle.getSpeed(seen[_IDS][-1]) < STANDING_MS:
                    yield lane, seen[_IDS][-1]
            return
        for lane in self._lanes:
            if api.lane.getLastStepHaltingNumber(lane):
                vehicle = api.lane.getLastStepVehicleIDs(lane)[-1]
                if api.vehicle.getSpeed(vehicle) < STANDING_MS:
                    yield lane, vehicle

    def _look(self, vehicle: str) -> "_Facing | None":
        """What a standing vehicle faces; nothing where it halts by plan, or far from a line."""
        if self._api.vehicle.isStopped(vehicle):
            return None
        following = self._api.vehicle.getNextTLS(vehicle)
        if not following or following[0][2] > REACH_M:
            return None
        signal, link, distance_m, _ = following[0]
        return _Facing(vehicle, signal, link, distance_m)

    def _where(self, signal: str) -> Where:
        def where(vehicle: str, link: int) -> Place:
            try:
                following = self._api.vehicle.getNextTLS(vehicle)
                road = self._api.vehicle.getRoadID(vehicle)
            except self._api.TraCIException:  # it has arrived
                return Place.PASSED
            now = following[0][:2] if following else ("", -1)
            if now == (signal, link):
                return Place.BEFORE
            aside = now[0] == signal and not road.startswith(":")
            return Place.ELSEWHERE if aside else Place.PASSED

        return where


@dataclass(frozen=True, slots=True)
class _Facing:
    """A standing vehicle and the link whose line it stands at."""

    vehicle: str
    signal: str
    link: int
    distance_m: float
