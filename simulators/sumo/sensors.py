"""What a simulated junction lets be seen: loops alone, a camera's 80 m, or all within 200 m."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from control.model import Lamp
from control.net.approach import Reach, across, downstream, upstream
from control.net.derive import Derived
from control.net.loops import Loop
from control.net.network import Network
from control.observe import BusCall, Floats, Observation, Vehicles
from control.picture import PLACE_M, SPEEDS_UP_MS2
from control.queued import STANDING_MS
from simulators.sumo.session import LANE, POSITION, SPEED, Session

OCCUPANCY, NUMBER = 0x13, 0x10
FULL_M, CAMERA_M = 200.0, 80.0
STOOD_MS = 1.0
LEAVES_S = 2.5
"""Who needs longer to leave a junction would be met by the first of the next green."""


def loops_file(loops: Sequence[Loop], folder: Path) -> Path:
    """An additional file that puts the loops in SUMO's asphalt."""
    root = ET.Element("additional")
    for loop in loops:
        ET.SubElement(
            root, "e1Detector", id=loop.id, lane=loop.lane, pos=f"{loop.position_m:.2f}",
            freq="100000", file="NUL", friendlyPos="true",
        )  # fmt: skip
    path = folder / "ria-loops.add.xml"
    ET.ElementTree(root).write(path, encoding="utf-8")
    return path


def occupied(percent: float) -> float:
    """The share of a second in which anybody covers a loop.

    SUMO adds up whoever is over it, and two who change lanes there are; before the first second it
    says -1.
    """
    return min(1.0, max(0.0, percent / 100.0))


class LoopReader:
    """Counts and occupancy of every placed loop, once a second. It asks nothing else of SUMO."""

    def __init__(self, session: Session, junctions: dict[str, Derived]) -> None:
        self._loops = session.api.inductionloop
        self._of = {
            signal: [detector.id for detector in one.junction.detectors]
            for signal, one in junctions.items()
        }
        for names in self._of.values():
            for name in names:
                self._loops.subscribe(name, (OCCUPANCY, NUMBER))

    def read(self, signal: str) -> tuple[Floats, Floats]:
        """Count and occupancy (0 to 1) of a signal's loops in this second."""
        names = self._of[signal]
        count = np.zeros(len(names))
        occupancy = np.zeros(len(names))
        for number, name in enumerate(names):
            seen = self._loops.getSubscriptionResults(name)
            occupancy[number] = occupied(float(seen[OCCUPANCY]))
            if seen[NUMBER]:
                # (vehicle, length, entry, departure, type): a departure of -1 is still to come
                count[number] = sum(each[3] >= 0 for each in self._loops.getVehicleData(name))
        return count, occupancy


class Positions:
    """Where all vehicles are, refreshed once a second for all junctions together."""

    def __init__(
        self, session: Session, network: Network, junctions: dict[str, Derived], reach_m: float
    ) -> None:
        self._api: Any = session.api
        self._seen: dict[str, str] = {}
        self._by_lane: dict[str, list[tuple[float, float]]] = {}
        self._entered: dict[str, int] = {}
        self._ways = {signal: _Ways(network, one, reach_m) for signal, one in junctions.items()}
        self._lane_m = {name: lane.length_m for name, lane in network.lanes.items()}

    def refresh(self) -> None:
        """Look at every vehicle."""
        # one that is taken out of the run as it is let in has departed and arrived in one second
        gone = set(self._api.simulation.getArrivedIDList())
        for name in self._api.simulation.getDepartedIDList():
            if name not in gone:
                self._api.vehicle.subscribe(name, (LANE, POSITION, SPEED))
        by_lane: dict[str, list[tuple[float, float]]] = {}
        entered: dict[str, int] = {}
        lanes: dict[str, str] = {}
        for name, seen in self._api.vehicle.getAllSubscriptionResults().items():
            lane = seen[LANE]
            by_lane.setdefault(lane, []).append((seen[POSITION], seen[SPEED]))
            lanes[name] = lane
            if lane.startswith(":") and self._seen.get(name) != lane:
                entered[lane] = entered.get(lane, 0) + 1
        self._by_lane, self._entered, self._seen = by_lane, entered, lanes

    def beyond(self, signal: str) -> Floats:
        """float64[groups]: mean queue on the lanes a group's traffic leads to."""
        ways = self._ways[signal]
        queues = np.zeros(ways.groups)
        for group, lanes in ways.exits.items():
            stopped = sum(
                speed_ms < 0.1 for name in lanes for _, speed_ms in self._by_lane.get(name, ())
            )
            queues[group] = stopped / len(lanes)
        return queues

    def look(self, signal: str) -> tuple[Vehicles, Floats]:
        """Vehicles before the stop lines, and how many still fit behind the junction by group."""
        ways = self._ways[signal]
        lane: list[int] = []
        distance: list[float] = []
        speed: list[float] = []
        for name, number, end_m in ways.reach:
            for position_m, speed_ms in self._by_lane.get(name, ()):
                to_go_m = end_m - position_m
                if to_go_m <= ways.reach_m:
                    lane.append(number)
                    distance.append(to_go_m)
                    speed.append(speed_ms)
        exits = np.zeros((ways.lanes, ways.groups))
        inside = np.zeros(ways.groups)
        for via, number, group in ways.vias:
            exits[number, group] += self._entered.get(via, 0)
        for within, end_m, group in ways.within:
            inside[group] += sum(
                stays(end_m - position_m, speed_ms)
                for position_m, speed_ms in self._by_lane.get(within, ())
            )
        room = np.full(ways.groups, np.nan)
        for group, away in ways.roads.items():
            room[group] = sum(fits(road, self._by_lane) for road in away)
        return (
            Vehicles(
                np.array(lane, dtype=np.int64), np.array(distance), np.array(speed), exits, inside
            ),
            room,
        )


def fits(road: Sequence[Reach], by_lane: Mapping[str, Sequence[tuple[float, float]]]) -> float:
    """Vehicles that fit before the first who stands on a road that leads away; NaN: nobody does.

    Args:
        road: its lanes, and how far behind the junction each begins.
        by_lane: (position, speed) of whoever is on a lane.
    """
    moving = 0
    for stretch in sorted(road, key=lambda each: each.beyond_m):
        for position_m, speed_ms in sorted(by_lane.get(stretch.lane, ())):
            if speed_ms < STANDING_MS:
                return max(0.0, (stretch.beyond_m + position_m) / PLACE_M - 1.0 - moving)
            moving += 1
    return math.nan


def stays(to_go_m: float, speed_ms: float) -> bool:
    """Whether somebody within a junction stands there, or will not be out of it in `LEAVES_S`."""
    reached_ms = math.sqrt(speed_ms**2 + 2 * SPEEDS_UP_MS2 * max(0.0, to_go_m))
    return speed_ms < STOOD_MS or reached_ms - speed_ms > SPEEDS_UP_MS2 * LEAVES_S


class _Ways:
    """Which lanes matter to one signal."""

    def __init__(self, network: Network, one: Derived, reach_m: float) -> None:
        self.reach_m = reach_m
        self.groups = len(one.junction.groups)
        self.lanes = len(one.junction.lanes)
        numbers = {lane: number for number, lane in enumerate(one.junction.lanes)}
        nearest: dict[str, tuple[int, float]] = {}
        for number, stop_lane in enumerate(one.junction.lanes):
            for each in upstream(network, stop_lane, reach_m):
                if each.lane not in nearest or each.beyond_m < nearest[each.lane][1]:
                    nearest[each.lane] = (number, each.beyond_m)
        self.reach = [
            (lane, number, beyond_m + network.lanes[lane].length_m)
            for lane, (number, beyond_m) in nearest.items()
        ]
        self.vias: list[tuple[str, int, int]] = []
        self.within: list[tuple[str, float, int]] = []
        """A lane within the junction, from its begin to the way out in metres, and its group."""
        self.roads: dict[int, list[tuple[Reach, ...]]] = {}
        self.exits: dict[int, list[str]] = {}
        for link, ways in one.links.items():
            group = one.group_of[link]
            if group < 0:
                continue
            for way in ways:
                if way.crossing:
                    continue
                if way.via:
                    self.vias.append((way.via, numbers[way.from_lane], group))
                    end_m = 0.0
                    for via in reversed(across(network, way.via)):
                        end_m += network.lanes[via].length_m if via in network.lanes else 0.0
                        self.within.append((via, end_m, group))
                if way.to_lane not in self.exits.setdefault(group, []):
                    self.exits[group].append(way.to_lane)
                    away = downstream(network, way.to_lane, reach_m)
                    self.roads.setdefault(group, []).append(away)


def observe(
    at_s: int,
    lamps: Sequence[Lamp],
    age_s: Sequence[int],
    *,
    loops: tuple[Floats, Floats] | None = None,
    look: tuple[Vehicles, Floats] | None = None,
    detectors: int = 0,
    calls: frozenset[int] = frozenset(),
    inflow: Floats | None = None,
    buses: tuple[BusCall, ...] = (),
) -> Observation:
    """One junction's second from whatever it is equipped with."""
    count, occupancy = loops or (np.full(detectors, math.nan), np.full(detectors, math.nan))
    vehicles, room = look or (None, None)
    return Observation(
        at_s, tuple(lamps), tuple(age_s), count, occupancy, calls,
        vehicles=vehicles, room=room, inflow=inflow, buses=buses,
    )  # fmt: skip
