"""The planner of published comparisons: it changes on a grid, and as soon as there it may."""

from itertools import pairwise

import numpy as np

from control.gridded import Gridded
from control.model import Junction, Lamp, SignalGroup, Stage
from control.observe import Observation, Vehicles
from control.staging import Staging
from simulators.signal_controller import Actuation, SignalController

GRID_S = 10
PAIRS = frozenset({(0, 1), (1, 0)})
JUNCTION = Junction(
    "j",
    (SignalGroup("a", 3, 7), SignalGroup("b", 3, 7)),
    PAIRS,
    frozenset(),
    dict.fromkeys(PAIRS, 3),
    (Stage("a", frozenset({0})), Stage("b", frozenset({1}))),
    lanes={"a": frozenset({0}), "b": frozenset({1})},
)


def run(seconds, standing):
    """Seconds at which another stage was chosen, and at which a green began.

    `standing(at_s, lamps)` gives the vehicles that stand on each lane.
    """
    planner, staging = Gridded(JUNCTION, 200.0, GRID_S, lambda: 0), Staging(JUNCTION)
    controller = SignalController(JUNCTION)
    targets, greens = [], []
    for at_s in range(1, seconds + 1):
        lamps = tuple(controller.lamps)
        queues = standing(at_s, lamps)
        lane = np.repeat(np.arange(2), queues)
        distance_m = np.concatenate([7.5 * np.arange(count) + 1 for count in queues])
        vehicles = Vehicles(lane, distance_m, np.zeros(len(lane)), np.zeros((2, 2)))
        ages = tuple(controller.age_s)
        seen = Observation(at_s, lamps, ages, np.zeros(0), np.zeros(0), vehicles=vehicles)
        stage = planner.decide(seen)
        targets.append((at_s, stage))
        wish = staging.wish(lamps, ages, stage)
        controller.step(Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True))
        greens += [
            at_s
            for before, after in zip(lamps, controller.lamps, strict=True)
            if after is Lamp.GREEN and before is not Lamp.GREEN
        ]
    changes = [at_s for (_, was), (at_s, now) in pairwise(targets) if was != now]
    return changes, greens


def on_red(_, lamps):
    """Six vehicles wait wherever it is not green, and none where it is."""
    return tuple(0 if lamp is Lamp.GREEN else 6 for lamp in lamps)


def test_a_stage_changes_on_the_grid_only():
    changes, _ = run(300, lambda at_s, lamps: on_red(at_s, lamps) if at_s % 37 > 11 else (0, 0))
    assert len(changes) > 5
    assert {at_s % GRID_S for at_s in changes} == {0}


def test_a_minimum_that_fills_a_step_seldom_costs_two():
    changes, _ = run(300, on_red)
    steps = list(np.diff(changes) // GRID_S)
    assert set(steps) == {1, 2}, "yellow of 3 s and a green of 7 s are a step of 10 s"
    assert steps.count(1) >= 2 * steps.count(2)


def test_a_call_that_would_wait_too_long_is_served_though_others_stand_more():
    longest_s = JUNCTION.groups[1].longest_wait_s
    _, greens = run(2 * longest_s, lambda *_: (20, 1))
    assert max(np.diff(greens)) < longest_s
