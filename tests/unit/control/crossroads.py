"""Two roads that cross, with a kerb beside each, and their traffic played car by car."""

import random
from dataclasses import dataclass, field

import numpy as np

from control.model import Junction, Kind, Lamp, SignalGroup, Stage
from control.observe import BusCall, Observation, Vehicles
from control.planner import Planner
from control.requests import Request
from control.safety import ReadBack, Shield
from control.staging import Staging
from simulators.signal_controller import SignalController

MAIN, SIDE, WALK = 0, 1, 2
SPEED_MS, REACH_M, SPACE_M, HEADWAY_S = 10.0, 200.0, 7.5, 2.0
PAIRS = frozenset({(MAIN, SIDE), (SIDE, MAIN), (MAIN, WALK), (WALK, MAIN)})


def crossroads(walk_with_side=True, lanes=True):
    """People walk over the main road, beside the side road's green or in a stage of their own."""
    groups = (
        SignalGroup("main", 3, 7),
        SignalGroup("side", 3, 7),
        SignalGroup("walk", 8, 6, kind=Kind.PEDESTRIAN),
    )
    pairs = PAIRS | (frozenset() if walk_with_side else {(SIDE, WALK), (WALK, SIDE)})
    stages = (
        (Stage("main", frozenset({MAIN})), Stage("side", frozenset({SIDE, WALK})))
        if walk_with_side
        else tuple(Stage(group.id, frozenset({g})) for g, group in enumerate(groups))
    )
    return Junction(
        id="crossroads",
        groups=groups,
        conflicts=pairs,
        yields=frozenset(),
        intergreen_s={(g, h): 10 if g == WALK else 5 for g, h in pairs},
        stages=stages,
        lanes={"main": frozenset({MAIN}), "side": frozenset({SIDE})} if lanes else {},
        speed_ms={"main": SPEED_MS, "side": SPEED_MS},
    )


@dataclass
class Car:
    """One vehicle on its way to the stop line."""

    lane: int
    to_go_m: float
    since_s: int
    bus: str = ""
    speed_ms: float = SPEED_MS


@dataclass
class World:
    """One hour or less of it: planner, shield and controller over a street of cars."""

    junction: Junction
    rates_s: tuple = (0.0, 0.0)
    """Cars a second by lane."""
    bus_every_s: int = 0
    bus_lane: int = SIDE
    calls: bool = True
    """Whether buses call."""
    seed: int = 1
    checks_out: bool = True
    at_s: int = 0
    pushed: set = field(default_factory=set)
    more: tuple = ()
    """Calls from elsewhere."""

    def __post_init__(self):
        # what the machine does meanwhile must not change what is decided
        self.planner = Planner(self.junction, REACH_M, clock_ns=lambda: 0)
        self.staging = Staging(self.junction)
        self.controller = SignalController(self.junction)
        self.shield = Shield(self.junction)
        self.state = self.shield.start("x", "t")
        self.chance = random.Random(self.seed)
        self.cars = []
        self.ready_s = [0.0, 0.0]
        self.delay_s = {"bus": [], 0: [], 1: []}
        self.waits_s = [0] * len(self.junction.groups)
        self.longest_s = [0] * len(self.junction.groups)
        self.refused = []
        self.stages = []

    def run(self, seconds):
        for _ in range(seconds):
            self.second()
        return self

    def second(self):
        lamps = tuple(self.controller.lamps)
        exits = self._drive(lamps)
        seen = Observation(
            self.at_s, lamps, tuple(self.controller.age_s), np.zeros(0), np.zeros(0),
            calls=frozenset(self.pushed), vehicles=self._vehicles(exits), buses=self._buses(),
        )  # fmt: skip
        stage = self.planner.decide(seen)
        self.stages.append(stage)
        wish = self.staging.wish(lamps, seen.age_s, stage)
        request = Request(
            self.at_s + 1, 1000 * self.at_s + 2000, "t",
            wish.hold, wish.force_off, wish.omit, wish.call,
        )  # fmt: skip
        called = frozenset(g for g, called in enumerate(self.controller.calls) if called)
        read = ReadBack(lamps, remote=True, config_hash="x", calls=called, age_ms=1000)
        self.state, told, verdicts = self.shield.step(self.state, read, request, 1000 * self.at_s)
        self.refused += [v for v in verdicts if not v.accepted]
        self.controller.step(told)
        calling = self.planner.picture.calls
        for g, lamp in enumerate(self.controller.lamps):
            if lamp is Lamp.GREEN:
                self.waits_s[g] = 0
                self.pushed.discard(g)
            elif g in calling or self.waits_s[g]:
                self.waits_s[g] += 1
            self.longest_s[g] = max(self.longest_s[g], self.waits_s[g])
        self.at_s += 1

    def _drive(self, lamps):
        for lane, rate in enumerate(self.rates_s):
            if self.chance.random() < rate:
                self.cars.append(Car(lane, REACH_M, self.at_s))
        if self.bus_every_s and self.at_s % self.bus_every_s == self.bus_every_s // 2:
            self.cars.append(Car(self.bus_lane, REACH_M, self.at_s, f"bus {self.at_s}"))
        size = len(self.junction.lanes)
        exits = np.zeros((size, len(self.junction.groups)))
        line = [-SPACE_M, -SPACE_M]
        for car in list(self.cars):
            ahead_m = line[car.lane] + SPACE_M
            to_m = max(ahead_m, car.to_go_m - SPEED_MS)
            free = lamps[car.lane] is Lamp.GREEN and self.at_s >= self.ready_s[car.lane]
            if ahead_m == 0.0 and to_m == 0.0 and free:
                self.ready_s[car.lane] = self.at_s + HEADWAY_S
                exits[car.lane, car.lane] += 1
                delay_s = self.at_s - car.since_s - REACH_M / SPEED_MS
                self.delay_s["bus" if car.bus else car.lane].append(delay_s)
                self.cars.remove(car)
                continue
            car.speed_ms, car.to_go_m = car.to_go_m - to_m, to_m
            line[car.lane] = to_m
        return exits

    def _vehicles(self, exits):
        return Vehicles(
            np.array([car.lane for car in self.cars], dtype=np.int64),
            np.array([car.to_go_m for car in self.cars], dtype=float),
            np.array([car.speed_ms for car in self.cars], dtype=float),
            exits,
        )

    def _buses(self):
        if not self.calls:
            return self.more
        return self.more + tuple(
            BusCall(
                car.bus, car.lane, self.at_s + int(car.to_go_m / SPEED_MS),
                car.since_s + 120,
            )
            for car in self.cars
            if car.bus
        )  # fmt: skip

    def mean_s(self, of):
        return float(np.mean(self.delay_s[of])) if self.delay_s[of] else 0.0
