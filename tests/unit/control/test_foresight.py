"""A planner that has to say beforehand: it reckons with the notice, and settles whole greens."""

import numpy as np
import pytest

from control.foresight import LENGTHS_S, Announcing
from control.lanes import tables
from control.model import Junction, Lamp, SignalGroup, Stage
from control.observe import Observation, Vehicles

PAIRS = frozenset((g, h) for g in range(3) for h in range(3) if g != h)
MINIMUM_S = 7
JUNCTION = Junction(
    "j", tuple(SignalGroup(name, 3, MINIMUM_S) for name in "abc"), PAIRS, frozenset(),
    dict.fromkeys(PAIRS, 5), tuple(Stage(name, frozenset({g})) for g, name in enumerate("abc")),
    lanes={name: frozenset({g}) for g, name in enumerate("abc")},
)  # fmt: skip
LAMPS = (Lamp.GREEN, Lamp.RED, Lamp.RED)


def looking(queues, seconds=2, age_s=0):
    """A planner that has seen vehicles stand on each lane, the first lane's group green."""
    planner = Announcing(JUNCTION, 200.0)
    lane = np.repeat(np.arange(3), queues)
    distance_m = np.concatenate([7.5 * np.arange(count) + 1 for count in queues])
    for at_s in range(seconds):
        vehicles = Vehicles(lane, distance_m, np.zeros(len(lane)), np.zeros((3, 3)))
        nothing = np.zeros(0)
        ages = (age_s + at_s, 50, 50)
        planner.decide(Observation(at_s, LAMPS, ages, nothing, nothing, vehicles=vehicles))
    return planner


def test_an_announced_change_is_that_much_longer_and_green_goes_on_meanwhile():
    plain, told = tables(JUNCTION), Announcing(JUNCTION, 200.0, 8).tables
    apart = ~np.eye(3, dtype=bool)
    assert (told.lasts_s - plain.lasts_s == 8 * apart).all()
    assert told.ends_s[0, 1, 0] == plain.ends_s[0, 1, 0] + 8
    assert told.begins_s[0, 1, 1] == plain.begins_s[0, 1, 1] + 8
    assert (told.needs_s == plain.needs_s).all()


@pytest.mark.parametrize(("queues", "then"), [((0, 9, 0), 1), ((0, 0, 9), 2), ((3, 2, 12), 2)])
def test_a_green_is_followed_by_whoever_waits(queues, then):
    stay_s, found = looking(queues).foresee(0)
    assert found == then
    assert stay_s >= MINIMUM_S - 1


def test_a_longer_queue_is_given_a_longer_green():
    short_s, _ = looking((1, 3, 0)).foresee(0)
    long_s, _ = looking((16, 3, 0)).foresee(0)
    assert short_s < long_s <= MINIMUM_S + LENGTHS_S[-1]


def test_no_green_is_settled_so_long_that_a_call_waits_too_long():
    planner = looking((20, 1, 0))
    free_s, _ = planner.foresee(0)
    planner._wait_s[1] = JUNCTION.groups[1].longest_wait_s - 30
    bound_s, then = planner.foresee(0)
    assert bound_s < free_s
    assert then == 1


def test_who_is_already_due_comes_as_soon_as_the_minimum_has_passed():
    planner = looking((20, 1, 0))
    planner._wait_s[2] = JUNCTION.groups[2].longest_wait_s
    assert planner.foresee(0) == (MINIMUM_S - 1, 2)


def test_what_was_settled_is_not_decided_again():
    planner = looking((0, 9, 0), age_s=MINIMUM_S)
    _, then = planner.foresee(0)
    nothing = np.zeros(0)
    empty = Vehicles(np.zeros(0, dtype=int), nothing, nothing, np.zeros((3, 3)))
    for at_s in range(2, 12):
        seen = Observation(at_s, LAMPS, (at_s + 7, 50, 50), nothing, nothing, vehicles=empty)
        assert planner.decide(seen) == then
