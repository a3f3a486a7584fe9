"""A bus gains its green, within what is given and given back (I26)."""

from dataclasses import replace

import numpy as np
import pytest

from control import priority
from control.model import Lamp
from control.observe import BusCall
from tests.unit.control.crossroads import MAIN, SIDE, WALK, World, crossroads

ON_MAIN, ON_SIDE = 0, 1


def standing(group, *, at_s=0, expires_s=10_000, name="b", persons=40.0):
    return BusCall(name, group, at_s, expires_s, persons)


def waits(world, group, seconds):
    """For so long a group's call has waited when its green comes."""
    for _ in range(seconds):
        if world.controller.lamps[group] is Lamp.GREEN:
            return world.at_s
        world.second()
    raise AssertionError(f"no green within {seconds} s")


def test_a_bus_finds_its_green_where_it_would_have_stood():
    """Many on the main road, a bus every 97 s from the side."""
    plain = World(crossroads(), (0.25, 0.05), bus_every_s=97, calls=False).run(620)
    called = World(crossroads(), (0.25, 0.05), bus_every_s=97).run(620)
    assert len(called.delay_s["bus"]) == len(plain.delay_s["bus"]) == 6
    assert called.mean_s("bus") < 0.6 * plain.mean_s("bus")
    lost_s = sum(called.delay_s[MAIN]) - sum(plain.delay_s[MAIN])
    assert lost_s < called.planner.priority.granted * 0.25 * 2 * priority.EXTENSION_S**2
    assert not called.refused


def test_an_early_green_comes_after_the_minimum_of_what_runs():
    world = World(crossroads()).run(30)
    world.more = (standing(SIDE, at_s=35),)
    begun = world.at_s
    assert waits(world, SIDE, 20) - begun <= 6
    assert world.planner.priority.granted == 1
    world.more = ()
    world.run(30)
    world.more = (standing(MAIN, at_s=world.at_s, name="other"),)
    green_s = world.controller.age_s[WALK]
    assert green_s >= 6
    assert not world.refused


def test_an_extension_is_no_longer_than_it_may_be():
    """A bus that never comes is called for ever; a car waits on the other road."""
    world = World(crossroads(), (0.0, 0.0)).run(30)
    world.rates_s = (0.0, 0.5)
    for _ in range(60):
        world.more = (standing(MAIN, at_s=world.at_s + 9),)
        world.second()
    assert world.planner.priority.granted >= 1
    assert world.longest_s[SIDE] <= priority.EXTENSION_S + 5 + 4
    assert not world.refused


def test_who_has_waited_through_a_grant_is_served_before_the_next():
    """False buses for ever on the main road, many cars from the side."""
    world = World(crossroads(), (0.0, 0.3)).run(20)
    ledger = world.planner.priority
    whole, cut = [], 0
    for _ in range(300):
        world.more = (standing(MAIN, at_s=world.at_s + 9, name=f"b{world.at_s // 5}"),)
        before = ledger.granted
        owed = SIDE in ledger.owed
        world.second()
        waits_on = owed and SIDE in ledger.owed
        cut += waits_on and ledger.granted > before
        if owed and SIDE not in ledger.owed:
            whole.append(world.planner.picture.queue[SIDE])
    assert ledger.granted >= 3
    assert cut == 0
    assert whole
    assert max(whole) < 1.0


def test_no_stage_is_put_in_that_serves_no_bus():
    ledger = World(crossroads(walk_with_side=False)).run(8).planner.priority
    ledger._calls = (standing(MAIN),)
    assert not ledger.grants(1, 1, 2, np.zeros(3))
    assert ledger.grants(1, 1, 0, np.zeros(3))


@pytest.mark.parametrize(
    "call",
    [
        standing(SIDE, expires_s=8),
        standing(SIDE, persons=0.0),
        standing(WALK),
        standing(7),
    ],
)
def test_a_call_that_has_expired_or_is_no_bus_s_counts_nothing(call):
    world = World(crossroads(), (0.3, 0.0)).run(8)
    world.more = (call,)
    world.run(30)
    assert not world.planner.priority.asking
    assert world.planner.priority.granted == 0


def test_a_bus_that_never_checks_out_has_passed_once_its_green_is_empty():
    world = World(crossroads()).run(10)
    world.more = (standing(SIDE, at_s=12),)
    world.run(1)
    assert world.planner.priority.asking == {SIDE}
    green_s = waits(world, SIDE, 20)
    world.run(priority.PASSES_S + 2)
    assert world.at_s - green_s <= 6
    assert not world.planner.priority.asking


def test_what_asks_too_long_is_heard_no_more():
    world = World(crossroads(), (0.0, 0.0)).run(5)
    ledger = world.planner.priority
    for _ in range(priority.COUNTS_S + 1):
        assert world.at_s - 5 >= priority.COUNTS_S or not world.more or ledger.asking
        world.more = (standing(MAIN, at_s=world.at_s + 50),)
        world.run(1)
    assert not ledger.asking


def test_a_bus_behind_others_needs_their_green_too():
    world = World(crossroads(), (0.0, 0.5)).run(1)
    world.rates_s = (0.9, 0.5)
    world.run(40)
    picture, ledger = world.planner.picture, world.planner.priority
    group = SIDE if picture.queue[SIDE] > picture.queue[MAIN] else MAIN
    ledger._calls = (standing(group, at_s=world.at_s + 5),)
    (row,) = ledger.rows(picture)
    alone = sum(call.persons for call in ledger._calls) / 1.3
    assert row.flow < alone / (1 + 0.5 * picture.queue[group])
    assert row.arrivals.sum() == pytest.approx(alone)


def test_where_the_plan_runs_a_bus_about_to_pass_keeps_its_green():
    world = World(crossroads()).run(20)
    planner = world.planner
    now = world.stages[-1]
    mine = MAIN if now == ON_MAIN else SIDE
    world.more = (standing(mine, at_s=world.at_s + 5),)
    world.run(1)
    assert planner.priority.holds(now)
    world.more = (standing(mine, at_s=world.at_s + 40),)
    world.run(1)
    assert not planner.priority.holds(now)


def test_no_bus_comes_before_a_call_that_would_then_wait_too_long():
    """Of 120 s: the shield's round of 19 and 3 before it; by the side road 5 and 7 more."""
    planner = World(crossroads(walk_with_side=False)).run(8).planner
    for waited_s, first, by_the_side in ((85, True, True), (86, True, False), (99, False, False)):
        planner._wait_s = np.array([0.0, 0.0, float(waited_s)])
        assert (planner._overdue(ON_MAIN) is None) == first
        late = planner._duty.behind(planner.tables, ON_MAIN, ON_SIDE, planner._wait_s)
        assert (late is None) == by_the_side


def test_no_bus_is_granted_anything_while_an_emergency_vehicle_has_its_way():
    world = World(crossroads()).run(30)
    world.more = (standing(SIDE, at_s=35),)
    decide = world.planner.decide
    world.planner.decide = lambda seen: decide(replace(seen, preempt=MAIN))
    world.run(10)
    assert world.planner.priority.asking == {SIDE}
    assert world.planner.priority.granted == 0
