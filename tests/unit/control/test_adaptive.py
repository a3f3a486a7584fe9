"""The ladder around the planner, on the example junction with its own signal controller."""

import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest

from control import plan_file
from control.adaptive import Adaptive
from control.fallback.time_of_day import TimeOfDay
from control.ladder import HEALTHY_S, MISSES, Rung
from control.model import Lamp, Role
from control.observe import Observation, Vehicles
from control.planner import DEADLINE_S
from control.requests import Actuation
from control.staging import Staging
from simulators.signal_controller import SignalController

EXAMPLE = Path(__file__).parents[3] / "deploy" / "junction.example.yaml"
JUNCTION = plan_file.read(EXAMPLE)
DETECTORS = len(JUNCTION.detectors)
ON_MAIN, ON_LEFT, ON_SIDE = range(3)


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL)


class Told:
    """A planner that is told what to choose, and when to fail."""

    def __init__(self):
        self.chooses = ON_MAIN
        self.raises = False
        self.takes_ns = 0
        self.now_ns = 0
        self.stood = []

    def stand(self, stage):
        self.stood.append(stage)

    def decide(self, seen):
        self.now_ns += self.takes_ns
        if self.raises:
            raise ZeroDivisionError
        return self.chooses


class Site:
    """A quiet junction whose detectors live; `silent` of them have been torn out."""

    def __init__(self, junction=JUNCTION, reach_m=None):
        self.planner = Told()
        self.junction = junction
        self.adaptive = Adaptive(
            junction, reach_m, planner=self.planner, clock_ns=lambda: self.planner.now_ns
        )
        self.controller = SignalController(junction)
        self.staging = Staging(junction)
        self.silent = np.zeros(DETECTORS, dtype=bool)
        self.more = {}
        self.at_s = 0

    def look(self):
        busy = np.array([float((self.at_s + i) % 20 == 0) for i in range(DETECTORS)])
        busy[self.silent] = np.nan
        return Observation(
            self.at_s, tuple(self.controller.lamps), tuple(self.controller.age_s),
            busy, busy * 0.5, **self.more,
        )  # fmt: skip

    def second(self):
        seen = self.look()
        stage = self.adaptive.decide(seen)
        wish = self.staging.wish(seen.lamps, seen.age_s, stage)
        self.controller.step(
            Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True)
        )
        self.at_s += 1
        return stage

    def run(self, seconds):
        return [self.second() for _ in range(seconds)]

    def whole_in(self, stage):
        lamps = self.controller.lamps
        green = {g for g, lamp in enumerate(lamps) if lamp is Lamp.GREEN}
        return green == JUNCTION.stages[stage].green


@pytest.fixture
def site():
    site = Site()
    site.run(40)
    assert site.whole_in(ON_MAIN)
    return site


def test_the_planner_decides_while_all_is_well(site):
    site.planner.chooses = ON_SIDE
    assert site.run(3) == [ON_SIDE] * 3
    assert site.adaptive.rung is Rung.ADAPTIVE
    assert len(site.adaptive.took_ns) == 43


def broken(planner):
    planner.raises = True


def late(planner):
    planner.takes_ns = int(DEADLINE_S * 1e9) + 1


def beside_itself(planner):
    planner.chooses = len(JUNCTION.stages)


def no_number(planner):
    planner.chooses = float("nan")


@pytest.mark.parametrize("ill", [broken, late, beside_itself, no_number])
def test_a_planner_that_fails_leaves_its_stage_standing_and_is_then_relieved(site, ill):
    site.planner.chooses = ON_SIDE
    ill(site.planner)
    rungs = []
    for _ in range(MISSES):
        assert site.second() == ON_MAIN
        rungs.append(site.adaptive.rung)
    assert rungs == [Rung.ADAPTIVE] * (MISSES - 1) + [Rung.SEMI_CYCLIC]


def test_a_planner_in_time_by_a_hair_is_in_time(site):
    site.planner.takes_ns = int(DEADLINE_S * 1e9)
    site.planner.chooses = ON_LEFT
    assert site.run(5) == [ON_LEFT] * 5
    assert site.adaptive.rung is Rung.ADAPTIVE


def test_it_is_believed_again_after_five_good_minutes_and_starts_from_what_is_run(site):
    site.planner.raises = True
    site.run(MISSES)
    site.planner.raises = False
    stages = site.run(HEALTHY_S)
    assert site.adaptive.rung is Rung.SEMI_CYCLIC
    assert len(set(stages)) > 1  # the loops are busy: the rung below serves them
    assert site.planner.stood[-HEALTHY_S + 1 :] == stages[:-1]
    site.second()
    assert site.adaptive.rung is Rung.ADAPTIVE
    site.run(40)
    assert site.whole_in(ON_MAIN)


def test_when_no_detector_speaks_the_plan_of_the_hour_runs(site):
    site.silent[:] = True
    site.run(4)
    assert site.adaptive.rung is Rung.TIME_OF_DAY
    site.run(60)
    plan = TimeOfDay(JUNCTION)
    cycle_s = sum(JUNCTION.plans[0].green_s)
    wanted = []
    for _ in range(cycle_s):
        wanted.append(plan.decide(site.look()))
        assert site.second() == wanted[-1]
    assert len(set(wanted)) > 1


@pytest.mark.parametrize(
    ("approaches", "rung"),
    [
        (("main",), Rung.ADAPTIVE),
        (("left", "side"), Rung.SEMI_CYCLIC),
        (("main", "side"), Rung.ACTUATED),
    ],
)
def test_the_share_of_lanes_of_which_nothing_tells_picks_the_rung(site, approaches, rung):
    """Two lanes each on the main and the side road, one to the left."""
    names = [d.id for d in JUNCTION.detectors]
    site.silent[[k for k, name in enumerate(names) if name.split("-")[0] in approaches]] = True
    site.run(4)
    assert site.adaptive.rung is rung


def test_one_loop_a_lane_is_enough_to_plan_by(site):
    stops = [k for k, d in enumerate(JUNCTION.detectors) if d.role is Role.STOP_LINE]
    site.silent[stops] = True
    site.run(4)
    assert site.adaptive.rung is Rung.ADAPTIVE


def test_without_a_plan_everybody_still_has_his_turn():
    site = Site(dataclasses.replace(JUNCTION, plans=()))
    site.silent[:] = True
    stages = site.run(400)
    assert site.adaptive.rung is Rung.LOCAL
    assert set(stages) == {ON_MAIN, ON_LEFT, ON_SIDE}


def test_a_change_of_rung_cuts_no_change_of_stage(site):
    site.planner.chooses = ON_SIDE
    site.run(2)
    assert not site.whole_in(ON_SIDE)
    site.silent[:] = True
    while not site.whole_in(ON_SIDE):
        assert site.second() == ON_SIDE
    assert site.adaptive.rung is Rung.TIME_OF_DAY


@pytest.mark.parametrize("silent", [False, True])
def test_an_emergency_call_is_served_on_every_rung(site, silent):
    site.silent[:] = silent
    site.run(30)
    (group,) = sorted(JUNCTION.stages[ON_SIDE].green - JUNCTION.stages[ON_MAIN].green)[:1]
    site.more = {"preempt": group}
    stages = site.run(60)
    assert all(group in JUNCTION.stages[stage].green for stage in stages)
    assert len(set(stages)) == 1
    assert site.controller.lamps[group] is Lamp.GREEN


def test_who_sees_positions_needs_no_detector_until_the_planner_fails():
    site = Site(reach_m=100.0)
    nobody = np.zeros(0)
    there = Vehicles(nobody.astype(np.int64), nobody, nobody, np.zeros((0, 0)))
    site.silent[:] = True
    site.more = {"vehicles": there}
    site.run(10)
    assert site.adaptive.rung is Rung.ADAPTIVE
    site.planner.raises = True
    site.run(MISSES)
    assert site.adaptive.rung is Rung.TIME_OF_DAY


def test_beside_the_real_planner_the_plan_follows_the_local_clock():
    adaptive = Adaptive(JUNCTION, local_minus_monotonic_s=3617)
    site = Site()
    site.adaptive = adaptive
    site.run(20)
    site.silent[:] = True
    site.run(10)
    assert adaptive.rung is Rung.TIME_OF_DAY
    plan = TimeOfDay(JUNCTION, 3617)
    site.run(60)
    for _ in range(100):
        wanted = plan.decide(site.look())
        assert site.second() == wanted
