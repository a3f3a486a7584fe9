"""What every vehicle due before the horizon lost, from SUMO's trip records and one look.

A vehicle that never got in is as real as one that did: it is due, so it counts. Trip records
(`--tripinfo-output` with `--tripinfo-output.write-unfinished`) carry what was lost when the run
ended; the ledger adds what only the horizon itself can tell. Format: SUMO user documentation,
"Simulation/Output/TripInfo".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.bench.signals.cost import carbon_g
from edge.bench.signals.demand import Demand, elements

LOCKED_S = 1200
"""Without an arrival for so long, with vehicles left, a net is locked."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One record; times in seconds of the simulation."""

    id: str
    depart_s: float
    depart_delay_s: float
    arrival_s: float | None
    """None: still under way when the run ended."""
    time_loss_s: float
    stood_s: float
    """Below 0.1 m/s, planned halts apart."""
    stops: int
    type: str

    @property
    def due_s(self) -> float:
        """When it meant to depart."""
        return self.depart_s - self.depart_delay_s


def trips(path: Path) -> Iterator[Trip]:
    """The records of a finished run, one at a time; vehicles that never departed are left out."""
    for element in elements(path):
        if element.tag != "tripinfo":
            continue
        depart_s = float(element.get("depart", "-1"))
        if depart_s < 0:
            continue
        arrival_s = float(element.get("arrival", "-1"))
        yield Trip(
            element.get("id", ""),
            depart_s,
            float(element.get("departDelay", "0")),
            arrival_s if arrival_s >= 0 else None,
            float(element.get("timeLoss", "0")),
            float(element.get("waitingTime", "0")),
            int(element.get("waitingCount", "0")),
            element.get("vType", ""),
        )


class _Simulation(Protocol):
    def getTime(self) -> float: ...  # noqa: N802
    def getLoadedIDList(self) -> Sequence[str]: ...  # noqa: N802
    def getArrivedNumber(self) -> int: ...  # noqa: N802
    def getStartingTeleportNumber(self) -> int: ...  # noqa: N802


class _Vehicles(Protocol):
    def getIDCount(self) -> int: ...  # noqa: N802
    def getIDList(self) -> Sequence[str]: ...  # noqa: N802
    def getTimeLoss(self, vehicle: str, /) -> float: ...  # noqa: N802
    def getSpeed(self, vehicle: str, /) -> float: ...  # noqa: N802
    def getAllowedSpeed(self, vehicle: str, /) -> float: ...  # noqa: N802
    def isStopped(self, vehicle: str, /) -> bool: ...  # noqa: N802
    def remove(self, vehicle: str, /) -> object: ...


class Api(Protocol):
    """The part of libsumo or TraCI that the ledger asks."""

    @property
    def TraCIException(self) -> type[Exception]:  # noqa: N802
        """What SUMO could not answer."""
        ...

    @property
    def simulation(self) -> _Simulation:
        """Of the whole run."""
        ...

    @property
    def vehicle(self) -> _Vehicles:
        """Of each vehicle."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one run that come from its vehicles; see `spec.Result`."""

    n: int
    delay_s: float
    delay_published_s: float
    delay_drained_s: float
    max_vehicle_wait_s: float
    stops: float
    arrived: int
    unfinished: int
    pending: int
    teleports: int
    locked: bool
    co2_kg: float
    drained_unfinished: int
    buses: int = 0
    bus_delay_s: float = 0.0


class Ledger:
    """Kept while a run goes on; `score` closes it.

    After every step call `watch`; at the horizon, once, `close`; after the drain `score`.
    """

    def __init__(self, demand: Demand, begin_s: float, horizon_s: float) -> None:
        self.horizon_s = horizon_s
        self._demand = demand
        self._due_s = {vehicle: due for vehicle, due in demand.due_s.items() if due < horizon_s}
        """Who is due; whom a flow makes joins when SUMO loads it."""
        self._early: set[str] = set()
        """Loaded, and not due before the horizon."""
        self._so_far_s: dict[str, float] | None = None
        """Who was under way at the horizon, and what it had lost."""
        self._since_s: dict[str, float] = {}
        """What those have lost since, where SUMO is too old to say what they had."""
        self._moved_s = begin_s
        self._teleports = 0
        self.locked = False

    def watch(self, api: Api) -> None:
        """Take note of the second that has just been simulated; after the horizon ask no more."""
        at_s = api.simulation.getTime()
        for vehicle in api.simulation.getLoadedIDList():
            due_s = self._demand.due_s.get(vehicle, at_s - 1)
            if due_s < self.horizon_s:
                self._due_s.setdefault(vehicle, due_s)
            elif self._so_far_s is None:
                self._early.add(vehicle)
            else:
                api.vehicle.remove(vehicle)
        if self._since_s:
            self._lose(api)
        self._teleports += api.simulation.getStartingTeleportNumber()
        if api.simulation.getArrivedNumber() or not api.vehicle.getIDCount():
            self._moved_s = at_s
        elif at_s - self._moved_s >= LOCKED_S:
            self.locked = True

    def close(self, api: Api) -> None:
        """At the horizon: what those under way have lost so far; the demand ends here."""
        under_way = api.vehicle.getIDList()
        try:
            self._so_far_s = {vehicle: api.vehicle.getTimeLoss(vehicle) for vehicle in under_way}
        except api.TraCIException:  # before SUMO 1.10
            self._so_far_s = dict.fromkeys(under_way, 0.0)
            self._since_s = dict.fromkeys(under_way, 0.0)
        for vehicle in self._early - self._so_far_s.keys():
            api.vehicle.remove(vehicle)
        self._early.clear()

    def _lose(self, api: Api) -> None:
        """One second's loss as SUMO reckons it: the share of the allowed speed not driven."""
        for vehicle in self._since_s.keys() & set(api.vehicle.getIDList()):
            allowed_ms = api.vehicle.getAllowedSpeed(vehicle)
            if allowed_ms > 0 and not api.vehicle.isStopped(vehicle):
                self._since_s[vehicle] += 1 - api.vehicle.getSpeed(vehicle) / allowed_ms

    def _lost_s(self, trip: Trip) -> float:
        """At the horizon, of a vehicle that had departed."""
        so_far_s = self._so_far_s or {}
        if trip.id in self._since_s:
            return max(0.0, trip.time_loss_s - self._since_s[trip.id])
        return so_far_s.get(trip.id, trip.time_loss_s)

    def score(self, records: Iterable[Trip], ended_s: float) -> Score:
        """All figures, once the records are written; `ended_s` is the end of the drain."""
        if self._so_far_s is None:
            raise RuntimeError("score before close: the horizon has not been seen")
        due_s = dict(self._due_s)
        at_horizon_s: list[float] = []
        buses_s: list[float] = []
        drained_s: list[float] = []
        pending_s: list[float] = []
        unfinished = left = stops = 0
        stood_s = carbon = 0.0
        for trip in records:
            due = due_s.pop(trip.id, trip.due_s)
            if due >= self.horizon_s:
                continue
            left += trip.arrival_s is None
            drained_s.append(trip.time_loss_s + trip.depart_delay_s)
            stops += trip.stops
            stood_s = max(stood_s, trip.stood_s)
            kind = self._demand.classes.get(trip.type, "passenger")
            carbon += carbon_g(kind, trip.stood_s, trip.stops)
            if trip.depart_s >= self.horizon_s:
                pending_s.append(self.horizon_s - due)
                continue
            at_horizon_s.append(self._lost_s(trip) + trip.depart_delay_s)
            if kind == "bus":
                buses_s.append(at_horizon_s[-1])
            unfinished += trip.id in self._so_far_s
        # whoever has no record never got in
        left += len(due_s)
        pending_s.extend(self.horizon_s - due for due in due_s.values())
        drained_s.extend(ended_s - due for due in due_s.values())
        every_s = at_horizon_s + pending_s
        published_s = every_s if self._demand.counts_never_departed else at_horizon_s
        return Score(
            n=len(every_s),
            delay_s=_mean(every_s),
            delay_published_s=_mean(published_s),
            delay_drained_s=_mean(drained_s),
            max_vehicle_wait_s=stood_s,
            stops=stops / len(every_s) if every_s else 0.0,
            arrived=len(at_horizon_s) - unfinished,
            unfinished=unfinished,
            pending=len(pending_s),
            teleports=self._teleports,
            locked=self.locked,
            co2_kg=carbon / 1000,
            drained_unfinished=left,
            buses=len(buses_s),
            bus_delay_s=_mean(buses_s),
        )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
