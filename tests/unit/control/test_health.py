"""A broken detector is told from an empty road."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from control.health import Condition, Health, siblings, streams
from control.model import Detector, Junction, Lamp, Role, SignalGroup
from control.observe import Observation

GROUPS = (SignalGroup("north", 3, 7), SignalGroup("east", 3, 7))
NORTH, EAST = frozenset({0}), frozenset({1})
JUNCTION = Junction(
    "j", GROUPS, frozenset(), frozenset(), {}, (),
    detectors=(
        Detector("n-left", Role.STOP_LINE, NORTH, lanes=("n1",)),
        Detector("n-right", Role.STOP_LINE, NORTH, lanes=("n2",)),
        Detector("n-up", Role.ADVANCE, NORTH, 80, ("n1", "n2")),
        Detector("e-stop", Role.STOP_LINE, EAST, lanes=("e1",)),
        Detector("n-out", Role.EXIT, NORTH, 25),
        Detector("button", Role.PUSH_BUTTON, EAST),
    ),
)  # fmt: skip
LEFT, RIGHT, UP, STOP, OUT, BUTTON = range(6)
CYCLE_S = 60


class Street:
    """Two approaches under a fixed signal: Poisson arrivals, queues, one passage per 2 s of green."""

    def __init__(self, seed=1, rate=(0.12, 0.12, 0.1)):
        self.random = np.random.default_rng(seed)
        self.rate = np.array(rate)
        self.queue = np.zeros(3)
        self.coming = [0] * 8

    def second(self, at_s):
        north = at_s % CYCLE_S < 30
        lamps = (Lamp.GREEN, Lamp.RED) if north else (Lamp.RED, Lamp.GREEN)
        arriving = self.random.poisson(self.rate)
        passed = np.zeros(3)
        self.queue += arriving
        may = np.array([north, north, not north]) & (at_s % 2 == 0) & (self.queue > 0)
        passed[may] = 1
        self.queue -= passed
        self.coming = [*self.coming[1:], passed[:2].sum()]
        count = np.array([*passed[:2], arriving[:2].sum(), passed[2], self.coming[0], 0.0])
        occupancy = np.minimum(0.4 * count, 1.0)
        for detector, lane in ((LEFT, 0), (RIGHT, 1), (STOP, 2)):
            if self.queue[lane] > 0:
                occupancy[detector] = 0.7 if passed[lane] else 1.0
        return Observation(at_s, lamps, (at_s % 30,) * 2, count, occupancy)


def spoilt(seen, at, count, occupancy):
    counts, occupancies = seen.count.copy(), seen.occupancy.copy()
    counts[at], occupancies[at] = count, occupancy
    return replace(seen, count=counts, occupancy=occupancies)


def run(health, street, seconds, spoil=lambda seen: seen, start=0):
    """The verdict after, and the first second at which each detector was not good."""
    first = {}
    verdict = None
    for at_s in range(start, start + seconds):
        verdict = health.judge(spoil(street.second(at_s)))
        for i in np.flatnonzero(~verdict.good):
            first.setdefault(int(i), at_s - start)
    return verdict, first


def test_who_foretells_whom():
    matrix = siblings(JUNCTION.detectors)
    assert set(np.flatnonzero(matrix[LEFT])) == {RIGHT, UP}
    assert set(np.flatnonzero(matrix[OUT])) == {LEFT, RIGHT}
    assert not matrix[BUTTON].any()
    assert not matrix[:, OUT].any()


def test_whose_vehicles_pass_whom():
    junction = replace(JUNCTION, ways=(("n1", 0, "out"), ("n2", 0, "elsewhere")))
    exits = [replace(d, lanes=("out",)) if d.role is Role.EXIT else d for d in junction.detectors]
    matrix = streams(replace(junction, detectors=tuple(exits)))
    assert set(np.flatnonzero(matrix[LEFT])) == {UP}
    assert set(np.flatnonzero(matrix[UP])) == {LEFT, RIGHT}
    assert set(np.flatnonzero(matrix[OUT])) == {LEFT}
    assert not matrix[BUTTON].any()


@pytest.fixture(scope="module")
def quarter_of_an_hour():
    health, street = Health(JUNCTION), Street()
    assert run(health, street, 900)[1] == {}
    return health, street


@pytest.fixture
def taught(quarter_of_an_hour):
    """A judge that has seen 900 good seconds of this street."""
    return copy.deepcopy(quarter_of_an_hour)


FAULTS = {
    "stuck on": (LEFT, 0.0, 1.0, Condition.STUCK_ON, 240),
    "stuck off beside busy ones": (LEFT, 0.0, 0.0, Condition.STUCK_OFF, 700),
    "advance stuck off": (UP, 0.0, 0.0, Condition.STUCK_OFF, 480),
    "alone and stuck off": (STOP, 0.0, 0.0, Condition.STUCK_OFF, 700),
    "exit stuck off": (OUT, 0.0, 0.0, Condition.STUCK_OFF, 480),
    "missing": (STOP, np.nan, np.nan, Condition.MISSING, 5),
    "infinite": (STOP, np.inf, 0.2, Condition.MISSING, 5),
    "chatter beyond what is possible": (LEFT, 4.0, 0.5, Condition.CHATTER, 20),
    "pulses too short for a wheel": (LEFT, 1.0, 0.01, Condition.CHATTER, 40),
    "more cover than there is time": (LEFT, 0.0, 17.0, Condition.IMPLAUSIBLE, 1),
    "fewer than none": (LEFT, -1.0, 0.1, Condition.IMPLAUSIBLE, 1),
    "button held down": (BUTTON, 0.0, 1.0, Condition.STUCK_ON, 62),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_recognised_and_only_that(name, taught):
    at, count, occupancy, condition, within_s = FAULTS[name]
    health, street = taught
    spoil = lambda seen: spoilt(seen, at, count, occupancy)  # noqa: E731
    verdict, first = run(health, street, within_s, spoil, start=900)
    assert verdict.state[at] == condition
    assert set(first) == {at}
    assert verdict.since_s[at] == 900 + first[at]
    expected = frozenset() if at == OUT else JUNCTION.detectors[at].groups
    assert verdict.recall == expected


def test_covered_and_bare_in_turn_but_never_counting_is_implausible(taught):
    health, street = taught
    spoil = lambda seen: spoilt(seen, STOP, 0.0, float(seen.at_s % 8 < 4))  # noqa: E731
    verdict, _ = run(health, street, 200, spoil, start=900)
    assert verdict.state[STOP] == Condition.IMPLAUSIBLE


def test_one_that_never_gave_a_sign_is_dead_once_its_siblings_were_busy():
    health, street = Health(JUNCTION), Street()
    spoil = lambda seen: spoilt(seen, RIGHT, 0.0, 0.0)  # noqa: E731
    verdict, first = run(health, street, 1800, spoil)
    assert verdict.state[RIGHT] == Condition.STUCK_OFF
    assert set(first) == {RIGHT}


def test_an_advance_loop_by_which_nobody_comes_is_not_dead_while_others_join_behind_it():
    """Two lanes with a loop each: all come by one of them, some change before the stop line."""
    first_lane = replace(JUNCTION.detectors[UP], lanes=("n1",))
    second_lane = replace(first_lane, id="n-up-2", lanes=("n2",))
    detectors = [*JUNCTION.detectors, second_lane]
    detectors[UP] = first_lane
    health, street = Health(replace(JUNCTION, detectors=tuple(detectors))), Street()

    def bare(seen):
        count, occupancy = np.append(seen.count, 0.0), np.append(seen.occupancy, 0.0)
        return replace(seen, count=count, occupancy=occupancy)

    assert run(health, street, 3600, bare)[1] == {}
    verdict, _ = run(health, street, 5400, bare, start=3600)
    # five hundred have left by its own stop line by now, and not one of them came over it
    assert verdict.state[-1] == Condition.STUCK_OFF


def test_a_standing_queue_is_no_fault_while_nobody_moves(taught):
    """Spillback: all is covered, nothing passes; only cover beyond any red is doubted."""
    health, street = taught
    spoil = lambda seen: spoilt(seen, [LEFT, RIGHT, UP, OUT], 0.0, 1.0)  # noqa: E731
    assert run(health, street, 200, spoil, start=900)[1] == {}


def test_cover_through_its_own_greens_gives_a_stop_line_away(taught):
    health, street = taught
    spoil = lambda seen: spoilt(seen, LEFT, 0.0, 1.0)  # noqa: E731
    verdict, first = run(health, street, 180, spoil, start=900)
    assert verdict.state[LEFT] == Condition.STUCK_ON
    assert set(first) == {LEFT}


def test_before_a_full_exit_such_cover_proves_nothing(taught):
    health, street = taught
    spoil = lambda seen: spoilt(seen, [LEFT, OUT], 0.0, 1.0)  # noqa: E731
    assert LEFT not in run(health, street, 180, spoil, start=900)[1]


def test_a_junction_does_not_fall_still_everywhere_at_once(taught):
    health, street = taught
    vehicular = [LEFT, RIGHT, UP, STOP, OUT]
    spoil = lambda seen: spoilt(seen, vehicular, 0.0, 0.0)  # noqa: E731
    verdict, first = run(health, street, 400, spoil, start=900)
    assert (verdict.state[vehicular] == Condition.STUCK_OFF).all()
    assert len({first[k] for k in vehicular}) == 1
    assert verdict.state[BUTTON] == Condition.GOOD


def test_what_chatters_is_found_before_it_speaks_for_its_neighbours(taught):
    health, street = taught
    random = np.random.default_rng(3)
    spoil = lambda seen: spoilt(seen, LEFT, float(random.integers(6)), random.random())  # noqa: E731
    verdict, first = run(health, street, 60, spoil, start=900)
    assert verdict.state[LEFT] == Condition.CHATTER
    assert set(first) == {LEFT}
    assert first[LEFT] < 15


def test_trust_comes_back_after_a_minute_and_later_after_every_relapse(taught):
    health, street = taught
    silent = lambda seen: spoilt(seen, LEFT, np.nan, np.nan)  # noqa: E731
    at_s, waits = 900, []
    for _ in range(2):
        run(health, street, 10, silent, start=at_s)
        at_s += 10
        waits.append(0)
        while not health.judge(street.second(at_s)).good[LEFT]:
            waits[-1] += 1
            at_s += 1
        at_s += 1
    assert waits == [59, 119]


def test_what_was_stuck_has_to_count_before_it_is_believed(taught):
    health, street = taught
    off = lambda seen: spoilt(seen, LEFT, 0.0, 0.0)  # noqa: E731
    verdict, _ = run(health, street, 600, off, start=900)
    assert verdict.state[LEFT] == Condition.STUCK_OFF
    one = lambda seen: spoilt(seen, LEFT, 0.0, 0.3 * (seen.at_s == 1500))  # noqa: E731
    verdict, _ = run(health, street, 100, one, start=1500)
    assert verdict.state[LEFT] == Condition.STUCK_OFF
    verdict, _ = run(health, street, 150, start=1600)
    assert verdict.state[LEFT] == Condition.GOOD
