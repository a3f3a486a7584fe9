"""The plan of the hour runs while queues no longer clear; a broken detector's queue is none."""

from dataclasses import replace

import numpy as np

from control.model import Detector, Role, TimePlan
from control.observe import Observation
from control.planner import Planner
from control.requests import Actuation
from control.staging import Staging
from simulators.signal_controller import SignalController
from tests.unit.control.crossroads import MAIN, SIDE, crossroads

DETECTORS = tuple(
    Detector(f"{lane}-{role.value}", role, frozenset({group}), away_m, (lane,))
    for lane, group in (("main", MAIN), ("side", SIDE))
    for role, away_m in ((Role.STOP_LINE, 1.5), (Role.ADVANCE, 80.0))
)
JUNCTION = replace(
    crossroads(), detectors=DETECTORS, plans=(TimePlan("day", stages=(0, 1), green_s=(30, 20)),)
)


class Street:
    """The planner beside a controller, under loops that say one thing all the time."""

    def __init__(self):
        self.planner = Planner(JUNCTION, clock_ns=lambda: 0)
        self.staging, self.controller = Staging(JUNCTION), SignalController(JUNCTION)
        self.at_s = 0

    def second(self, occupancy):
        lamps, age_s = tuple(self.controller.lamps), tuple(self.controller.age_s)
        covered = np.array(occupancy)
        seen = Observation(self.at_s, lamps, age_s, 0.0 * covered, covered)
        wish = self.staging.wish(lamps, age_s, self.planner.decide(seen))
        self.controller.step(
            Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True)
        )
        self.at_s += 1
        return self.planner.saturated


def test_full_roads_bring_the_plan_and_a_fault_takes_its_evidence_along():
    street = Street()
    assert not any(street.second([0.0] * 4) for _ in range(20))
    found = [street.second([1.0] * 4) for _ in range(120)]
    assert found[-1]
    assert not found[5]
    half_seen = [1.0, np.nan, 1.0, np.nan]
    found = [street.second(half_seen) for _ in range(200)]
    assert found[0]
    assert not any(found[10:])
