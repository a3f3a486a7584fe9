"""The rungs below the planner, on the example junction with its own signal controller."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from control import plan_file
from control.fallback.actuated import Actuated
from control.fallback.rota import stage_shown
from control.fallback.semi_cyclic import SemiCyclic
from control.fallback.time_of_day import TimeOfDay
from control.model import Lamp, Role, TimePlan
from control.observe import Observation
from control.plan_cycle import plan_at
from control.requests import Actuation
from control.staging import Staging
from edge.errors import ConfigError
from simulators.signal_controller import SignalController

EXAMPLE = Path(__file__).parents[3] / "deploy" / "junction.example.yaml"
JUNCTION = plan_file.read(EXAMPLE)
MAIN, LEFT, SIDE, SIDE_LEFT, WALK_MAIN, WALK_SIDE = range(6)
ON_MAIN, ON_LEFT, ON_SIDE = range(3)


class Crossing:
    """Vehicles by group: seen at the advance loop, queued, one leaving every 2 s of green."""

    def __init__(self, strategy, rate_s, seed=1):
        self.strategy = strategy
        self.rate_s = rate_s
        self.random = np.random.default_rng(seed)
        self.controller = SignalController(JUNCTION)
        self.staging = Staging(JUNCTION)
        self.queue = dict.fromkeys(range(6), 0)
        self.at_s = 0
        self.stages = []
        """What was decided, second by second."""
        self.called_since = {}
        self.longest_wait_s = dict.fromkeys(range(6), 0)
        self.covered_exit = False
        self.dead = False
        self.pressed = ()
        self.preempt = None

    def run(self, seconds):
        for _ in range(seconds):
            self.second()
        return self

    def second(self):
        lamps = tuple(self.controller.lamps)
        came = {g: self.random.poisson(self.rate_s.get(g, 0.0)) for g in range(4)}
        left = {}
        for g in range(4):
            self.queue[g] += came[g]
            free = not (g == MAIN and self.covered_exit)
            go = lamps[g] is Lamp.GREEN and self.queue[g] > 0 and self.at_s % 2 == 0 and free
            left[g] = int(go)
            self.queue[g] -= left[g]
        self.note(lamps)
        stage = self.strategy.decide(self.look(lamps, came, left))
        self.stages.append(stage)
        wish = self.staging.wish(lamps, tuple(self.controller.age_s), stage)
        self.controller.step(
            Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True)
        )
        self.at_s += 1

    def note(self, lamps):
        for g, lamp in enumerate(lamps):
            waits = self.queue[g] > 0 or g in self.pressed
            if lamp is not Lamp.GREEN and waits:
                since_s = self.called_since.setdefault(g, self.at_s)
                self.longest_wait_s[g] = max(self.longest_wait_s[g], self.at_s - since_s)
            else:
                self.called_since.pop(g, None)

    def look(self, lamps, came, left):
        count = np.zeros(len(JUNCTION.detectors))
        cover = np.zeros(len(JUNCTION.detectors))
        for i, d in enumerate(JUNCTION.detectors):
            here = [g for g in d.groups if g < 4]
            match d.role:
                case Role.STOP_LINE:
                    count[i] = sum(left[g] for g in here)
                    cover[i] = 0.6 if count[i] else float(any(self.queue[g] for g in here))
                case Role.ADVANCE:
                    count[i] = sum(came[g] for g in here)
                    cover[i] = min(1.0, 0.4 * count[i])
                case Role.EXIT:
                    count[i] = 0 if self.covered_exit else left[MAIN]
                    cover[i] = 1.0 if self.covered_exit else 0.3 * count[i]
                case Role.PUSH_BUTTON:
                    pass
        if self.dead:
            count[:] = cover[:] = np.nan
        return Observation(
            self.at_s, lamps, tuple(self.controller.age_s), count, cover,
            calls=frozenset(self.pressed), preempt=self.preempt,
        )  # fmt: skip


@pytest.fixture(params=[SemiCyclic, Actuated])
def strategy(request):
    return request.param(JUNCTION)


BUSY = {MAIN: 0.12, LEFT: 0.04, SIDE: 0.06, SIDE_LEFT: 0.03}


def test_everybody_is_served_within_the_longest_wait(strategy):
    crossing = Crossing(strategy, BUSY).run(1200)
    assert set(crossing.stages) == {ON_MAIN, ON_LEFT, ON_SIDE}
    assert max(crossing.longest_wait_s[g] for g in range(4)) <= 120
    assert max(crossing.queue.values()) < 20


def test_an_overload_starves_nobody(strategy):
    crossing = Crossing(strategy, BUSY | {MAIN: 1.0}).run(1200)
    assert max(crossing.longest_wait_s[g] for g in range(4)) <= 125
    greens = crossing.stages.count(ON_MAIN)
    assert greens > crossing.stages.count(ON_SIDE) + crossing.stages.count(ON_LEFT)


def test_a_stage_without_demand_is_skipped(strategy):
    crossing = Crossing(strategy, BUSY | {LEFT: 0.0}).run(600)
    assert set(crossing.stages) == {ON_MAIN, ON_SIDE}


def test_with_nobody_there_it_rests(strategy):
    assert set(Crossing(strategy, {}).run(300).stages) == {ON_MAIN}


def test_a_button_is_served(strategy):
    crossing = Crossing(strategy, {})
    crossing.pressed = (WALK_MAIN,)
    crossing.run(40)
    assert crossing.stages[-1] == ON_SIDE
    assert crossing.longest_wait_s[WALK_MAIN] < 40


def test_no_green_into_a_full_exit_while_others_wait(strategy):
    crossing = Crossing(strategy, BUSY)
    crossing.run(300)
    crossing.covered_exit = True
    crossing.run(100)
    started = len(crossing.stages)
    crossing.run(100)
    blocked = crossing.stages[started:]
    assert blocked.count(ON_MAIN) < 50


def test_without_any_detector_all_take_their_turns(strategy):
    crossing = Crossing(strategy, BUSY)
    crossing.dead = True
    crossing.run(600)
    shares = [crossing.stages.count(k) / 600 for k in range(3)]
    assert min(shares) > 0.1
    assert max(crossing.longest_wait_s[g] for g in range(4)) <= 120


def test_an_emergency_gets_its_stage(strategy):
    crossing = Crossing(strategy, BUSY).run(100)
    crossing.preempt = LEFT
    crossing.run(30)
    assert crossing.controller.lamps[LEFT] is Lamp.GREEN
    assert crossing.stages[-1] == ON_LEFT


def test_it_takes_over_in_the_stage_that_is_shown():
    lamps = [Lamp.RED] * 6
    assert stage_shown(JUNCTION, tuple(lamps)) == ON_MAIN
    lamps[SIDE] = lamps[WALK_MAIN] = Lamp.GREEN
    assert stage_shown(JUNCTION, tuple(lamps)) == ON_SIDE


def begins(crossing, group, seconds):
    """Seconds at which a group's green was first seen."""
    seen, before = [], Lamp.GREEN
    for _ in range(seconds):
        lamp = crossing.controller.lamps[group]
        if lamp is Lamp.GREEN and before is not Lamp.GREEN:
            seen.append(crossing.at_s)
        before = lamp
        crossing.second()
    return seen


THURSDAY_NOON_S = 12 * 3600


def test_the_plan_keeps_its_cycle_and_its_place_on_the_clock():
    crossing = Crossing(TimeOfDay(JUNCTION, THURSDAY_NOON_S), {})
    crossing.run(140)
    day = JUNCTION.plans[2]
    cycle_s = sum(day.green_s)
    mains, sides = begins(crossing, MAIN, 300), begins(crossing, SIDE, 300)
    assert {b - a for a, b in pairwise(mains)} == {cycle_s}
    assert {b - a for a, b in pairwise(sides)} == {cycle_s}
    assert (sides[0] - mains[0]) % cycle_s == day.green_s[0] + day.green_s[1]


def test_the_plan_of_the_hour_and_the_day():
    def name(day, hour, minute=0):
        local_s = (day + 4) * 86_400 + hour * 3600 + minute * 60  # 1970-01-05 was a Monday
        return JUNCTION.plans[plan_at(JUNCTION.plans, local_s)].id

    assert name(0, 5, 59) == "night"
    assert name(0, 6) == name(4, 16) == "peak"
    assert name(0, 8, 30) == "day"
    assert name(5, 6) == name(5, 8, 29) == "night"
    assert name(5, 16) == name(6, 18) == "day"
    assert name(6, 21, 30) == "night"
    always = (TimePlan("a", (0,), (30,)), TimePlan("b", (0,), (30,)))
    assert plan_at(always, 12345) == 0


def test_a_plan_too_short_for_its_greens_runs_a_longer_cycle():
    short = replace(JUNCTION, plans=(TimePlan("short", (0, 1, 2), (12, 8, 9)),))
    crossing = Crossing(TimeOfDay(short), {}).run(200)
    mains = begins(crossing, MAIN, 300)
    gaps = {b - a for a, b in pairwise(mains)}
    assert len(gaps) == 1
    assert gaps.pop() > 29


GREENS = ((MAIN, 0, 30), (LEFT, 36, 44), (SIDE, 50, 66), (SIDE_LEFT, 50, 70), (WALK_SIDE, 2, 12))
TIMED = replace(
    JUNCTION,
    plans=(TimePlan("timed", (ON_MAIN, ON_LEFT, ON_SIDE), (35, 15, 30), 7, greens=GREENS),),
)


def test_a_plan_of_single_greens_is_kept_to_the_second():
    plan, controller = TimeOfDay(TIMED), SignalController(TIMED)
    shown = []
    for at_s in range(240):
        lamps = tuple(controller.lamps)
        seen = Observation(at_s, lamps, tuple(controller.age_s), np.zeros(0), np.zeros(0))
        order = plan.order(seen)
        controller.step(Actuation(order.hold, order.force_off, order.omit, order.call, remote=True))
        shown.append([lamp is Lamp.GREEN for lamp in controller.lamps])
    for group, begin_s, end_s in GREENS:
        greens = {second for second in range(167, 240) if shown[second][group]}
        due = {7 + 80 * k + s for k in range(4) for s in range(begin_s, end_s)}
        assert greens == due & set(range(167, 240)), TIMED.groups[group].id


def test_a_plan_of_stages_orders_no_single_green():
    nothing = np.zeros(0)
    lamps = (Lamp.RED,) * len(JUNCTION.groups)
    seen = Observation(0, lamps, (9,) * len(lamps), nothing, nothing)
    assert TimeOfDay(JUNCTION).order(seen) is None
    assert TimeOfDay(TIMED).order(replace(seen, preempt=LEFT)) is None


def test_a_yielding_green_of_a_plan_takes_along_what_it_gives_way_to():
    """Main stays green in the plan; beside it the yielding left turn could not end (I31)."""
    trap = replace(
        TIMED,
        conflicts=TIMED.conflicts - {(MAIN, SIDE_LEFT), (SIDE_LEFT, MAIN)},
        yields=frozenset({(SIDE_LEFT, MAIN)}),
        plans=(replace(TIMED.plans[0], greens=((MAIN, 0, 80), (SIDE_LEFT, 10, 40))),),
    )
    lamps = [Lamp.RED] * len(trap.groups)
    lamps[MAIN] = lamps[SIDE_LEFT] = Lamp.GREEN
    seen = Observation(47, tuple(lamps), (50,) * len(lamps), np.zeros(0), np.zeros(0))
    order = TimeOfDay(trap).order(seen)
    assert order.force_off == {MAIN, SIDE_LEFT}
    assert MAIN not in order.omit


def test_a_junction_without_a_plan_has_no_plan_to_run():
    with pytest.raises(ConfigError, match="no time plan"):
        TimeOfDay(replace(JUNCTION, plans=()))


def test_the_plan_gives_way_to_an_emergency():
    crossing = Crossing(TimeOfDay(JUNCTION), {}).run(60)
    crossing.preempt = LEFT
    crossing.run(40)
    assert crossing.controller.lamps[LEFT] is Lamp.GREEN
