"""The planner serves a call before the shield has to: in any junction, whatever else waits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.duty import AHEAD_MS, Duty
from control.lanes import tables
from control.safety_duty import overdue
from control.safety_state import NO_CALL
from control.safety_tables import tables as constants
from tests.unit.control.crossroads import crossroads

JUNCTION = crossroads()
ALL_GREEN_APART = crossroads(walk_with_side=False)
waits = st.lists(st.integers(0, 119), min_size=3, max_size=3)


def standing(wait_s):
    """The calls as the shield looks at them."""
    return [1_000 * int(wait) if wait else NO_CALL for wait in wait_s]


@pytest.mark.parametrize("junction", [JUNCTION, ALL_GREEN_APART])
@settings(max_examples=200, deadline=None)
@given(wait_s=waits, now=st.integers(0, 1))
def test_wherever_the_shield_would_serve_in_two_seconds_the_planner_does_now(junction, wait_s, now):
    shown = junction.stages[now].green
    calls = [0 if g in shown else wait for g, wait in enumerate(wait_s)]
    soon = [wait + AHEAD_MS // 1_000 if wait else 0 for wait in calls]
    due = overdue(constants(junction), standing(soon), 0)
    first = Duty(junction).first(tables(junction), now, np.array(calls, float))
    assert not due or first is not None


@settings(max_examples=200, deadline=None)
@given(wait_s=waits)
def test_what_may_come_first_leaves_all_in_time_when_it_has_had_its_minimum(wait_s):
    junction, lanes, duty = ALL_GREEN_APART, tables(ALL_GREEN_APART), Duty(ALL_GREEN_APART)
    now, then = 0, 1
    wait = np.array([0.0, *wait_s[1:]])
    if duty.behind(lanes, now, then, wait) is None:
        lasted_s = lanes.lasts_s[now, then] + lanes.needs_s[then]
        after = np.where((wait > 0) & ~lanes.green[then], wait + lasted_s, 0.0)
        assert not overdue(constants(junction), standing(after), 0)


def test_to_stay_puts_nobody_behind():
    duty, lanes = Duty(JUNCTION), tables(JUNCTION)
    assert duty.behind(lanes, 0, 0, np.array([0.0, 119.0, 119.0])) is None


def test_nobody_waits_and_nothing_is_due():
    assert Duty(JUNCTION).first(tables(JUNCTION), 0, np.zeros(len(JUNCTION.groups))) is None
