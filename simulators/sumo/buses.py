"""Buses of a run that call for their green, each by its own radio: no sensing is in it."""

from typing import Any

from control.model import Kind
from control.net.derive import Derived
from control.observe import PERSONS, BusCall
from simulators.sumo.session import Session

REACH_M = 150.0
"""Where a short-range radio or a loop of its own hears a bus."""
FORGOTTEN_S = 5
"""A call that is not repeated ends."""
SLOWEST_MS = 1.0


class Buses:
    """Every vehicle of SUMO's class `bus`; ask `refresh` once a second, then `calls`."""

    def __init__(self, session: Session, junctions: dict[str, Derived]) -> None:
        self._api: Any = session.api
        self._junctions = junctions
        self._under_way: set[str] = set()
        self._calls: dict[str, list[BusCall]] = {}

    def refresh(self, at_s: int) -> None:
        """Hear every bus that stands or drives within reach of a signal."""
        api = self._api
        gone = set(api.simulation.getArrivedIDList())
        for name in api.simulation.getDepartedIDList():
            if name not in gone and api.vehicle.getVehicleClass(name) == "bus":
                self._under_way.add(name)
        self._under_way -= gone
        self._calls = {}
        for name in sorted(self._under_way):
            for signal, link, away_m, _ in api.vehicle.getNextTLS(name)[:1]:
                group = self._group(signal, link)
                if group is not None and away_m <= REACH_M and not self._halts(name, away_m):
                    speed_ms = max(SLOWEST_MS, api.vehicle.getAllowedSpeed(name))
                    arrives_s = at_s + int(away_m / speed_ms)
                    persons = float(api.vehicle.getPersonNumber(name)) or PERSONS
                    call = BusCall(name, group, arrives_s, at_s + FORGOTTEN_S, persons)
                    self._calls.setdefault(signal, []).append(call)

    def calls(self, signal: str) -> tuple[BusCall, ...]:
        """What a signal hears in this second."""
        return tuple(self._calls.get(signal, ()))

    def _group(self, signal: str, link: int) -> int | None:
        """Whom the bus obeys; None where Ria does not time the signal or the link."""
        one = self._junctions.get(signal)
        group = -1 if one is None else one.group_of[link]
        if one is None or group < 0 or one.junction.groups[group].kind is not Kind.VEHICLE:
            return None
        return group

    def _halts(self, name: str, away_m: float) -> bool:
        """Whether passengers get on or off before the stop line: it calls when the doors close."""
        for halt in self._api.vehicle.getStops(name, 1):
            edge = halt.lane.rpartition("_")[0]
            to_m = self._api.vehicle.getDrivingDistance(name, edge, halt.endPos)
            return bool(0 <= to_m < away_m)
        return False
