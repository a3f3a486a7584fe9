"""People at a kerb: how many are believed to wait, and how soon they walk."""

import numpy as np
import pytest

from control.kerbs import PRIOR_S, Kerbs
from control.model import Lamp
from control.rows import PERSONS_PER_CAR
from tests.unit.control.crossroads import SIDE, WALK, World, crossroads

NOBODY = frozenset()


def waits(second):
    return np.array([0.0, 0.0, float(second)])


def test_one_is_there_when_it_is_pushed_and_more_as_time_passes():
    kerbs = Kerbs(crossroads())
    assert not list(kerbs.rows(waits(0)))
    (row,) = kerbs.rows(waits(1))
    assert row.queue == pytest.approx(1 / PERSONS_PER_CAR)
    assert row.arrivals.sum() == pytest.approx(len(row.arrivals) / PRIOR_S / PERSONS_PER_CAR)
    (later,) = kerbs.rows(waits(1 + PRIOR_S))
    assert later.queue == pytest.approx(2 / PERSONS_PER_CAR)


@pytest.mark.parametrize("first_s", [5, 40])
def test_how_often_people_come_is_learned_from_the_first_of_each_red(first_s):
    kerbs = Kerbs(crossroads())
    for second in range(20_000):
        red_s = second % 70 - 10
        green = frozenset({WALK}) if red_s < 0 else NOBODY
        kerbs.see(green, waits(max(0, red_s - first_s)))
    assert kerbs.rate(WALK) == pytest.approx(1 / (first_s + 2), rel=0.05)


def test_a_recall_tells_nothing_of_how_many_come():
    kerbs = Kerbs(crossroads())
    for second in range(1000):
        wait_s = second % 30
        kerbs.see(frozenset({WALK}) if wait_s == 0 else NOBODY, waits(wait_s))
    assert kerbs.rate(WALK) == 1 / PRIOR_S


def test_whoever_pushes_walks_at_once_where_nobody_else_comes():
    """Before people counted, only the longest wait of a call served them: after 100 s."""
    world = World(crossroads(walk_with_side=False)).run(20)
    world.pushed.add(WALK)
    world.run(12)
    assert world.controller.lamps[WALK] is Lamp.GREEN
    assert world.longest_s[WALK] <= 7
    assert not world.refused


def test_a_few_on_foot_do_not_end_the_green_of_many_cars_at_once():
    world = World(crossroads(walk_with_side=False), (0.4, 0.0)).run(120)
    before = world.stages[-1]
    world.pushed.add(WALK)
    world.run(1)
    assert world.stages[-1] == before
    world.run(119)
    assert 0 < world.longest_s[WALK] <= 120


def test_a_stage_with_a_pedestrian_in_it_is_not_idle():
    world = World(crossroads()).run(10)
    planner = world.planner
    assert planner._idle(SIDE, planner.picture)
    world.pushed.add(WALK)
    world.run(1)
    assert not planner._idle(SIDE, planner.picture)
