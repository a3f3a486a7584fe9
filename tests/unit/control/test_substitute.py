"""What flows over a detector that cannot be believed."""

from dataclasses import replace

import numpy as np
import pytest

from control.health import Condition, Verdict
from control.model import Detector, Junction, Lamp, Role, SignalGroup
from control.observe import Observation
from control.substitute import HINDSIGHT_S, Source, Substitute

NORTH, EAST = frozenset({0}), frozenset({1})
JUNCTION = Junction(
    "j", (SignalGroup("north", 3, 7), SignalGroup("east", 3, 7, longest_wait_s=90)),
    frozenset(), frozenset(), {}, (),
    detectors=(
        Detector("left", Role.STOP_LINE, NORTH, lanes=("n1",)),
        Detector("right", Role.STOP_LINE, NORTH, lanes=("n2",)),
        Detector("east", Role.STOP_LINE, EAST, lanes=("e1",)),
    ),
    lanes={"n1": NORTH, "n2": NORTH, "e1": EAST},
)  # fmt: skip
LEFT, RIGHT, STOP = range(3)


def seen(at_s, *count):
    return Observation(
        at_s, (Lamp.RED,) * 2, (0, 0), np.array(count, float), np.full(len(count), 0.1)
    )


def verdict(*failed):
    state = np.zeros(3, np.int8)
    state[list(failed)] = Condition.MISSING
    return Verdict(state, np.zeros(3, np.int64), frozenset())


def taught(left=4, right=2, east=5, seconds=3600, day_s=None):
    """One that has seen a vehicle every so many seconds."""
    substitute = Substitute(JUNCTION)
    for at_s in range(seconds):
        substitute.rates(
            seen(at_s, at_s % left == 0, at_s % right == 0, at_s % east == 0),
            verdict(),
            day_s,
        )
    return substitute


def test_a_good_detector_is_its_own_witness():
    rates = taught().rates(seen(3600, 0, 0, 0), verdict())
    assert rates.rate_s == pytest.approx([0.25, 0.5, 0.2], rel=0.05)
    assert (rates.source == Source.MEASURED).all()


def test_a_sibling_speaks_in_the_usual_proportion_and_follows_the_traffic():
    substitute = taught()
    for at_s in range(3600, 4800):  # the road gets twice as busy, seen by the right lane only
        rates = substitute.rates(seen(at_s, np.nan, 1, 0), verdict(LEFT))
    assert rates.source[LEFT] == Source.SIBLING
    assert rates.rate_s[LEFT] == pytest.approx(0.5, rel=0.25)


AHEAD = (
    Detector("n-stop", Role.STOP_LINE, NORTH, 1.5, lanes=("n1",)),
    Detector("n-ahead", Role.ADVANCE, NORTH, 80, lanes=("n1",)),
    Detector("s-ahead", Role.ADVANCE, NORTH, 80, lanes=("s1",)),
)  # two roads that face one another and share their green
FACING = replace(
    JUNCTION,
    detectors=AHEAD,
    lanes={"n1": NORTH, "s1": NORTH},
    approaches=(frozenset({"n1"}), frozenset({"s1"})),
)


@pytest.mark.parametrize(
    ("junction", "expected"), [(FACING, 0.5), (replace(FACING, approaches=()), 0.05)]
)
def test_the_own_road_speaks_before_the_one_across_even_from_beyond_the_queue(junction, expected):
    substitute = Substitute(junction)
    for at_s in range(3600):
        substitute.rates(seen(at_s, *[at_s % 4 == 0] * 3), verdict())
    for at_s in range(3600, 4800):  # busier here, hardly anybody across
        look = seen(at_s, at_s % 2 == 0, np.nan, at_s % 20 == 0)
        rates = substitute.rates(look, verdict(1))
    assert rates.source[1] == Source.SIBLING
    assert rates.rate_s[1] == pytest.approx(expected, rel=0.25)


def test_a_failed_sibling_is_no_witness():
    rates = taught().rates(seen(3600, np.nan, np.nan, 0), verdict(LEFT, RIGHT))
    assert list(rates.source) == [Source.RECALL, Source.RECALL, Source.MEASURED]
    assert rates.rate_s[:2] == pytest.approx([0.25, 0.5], rel=0.05)


def test_what_the_neighbour_sends_comes_before_the_past():
    inflow = np.array([[0.0] * 60, [np.nan] * 60, [0.3] * 60])
    look = replace(seen(3600, 0, 0, np.nan), inflow=inflow)
    rates = taught(day_s=100).rates(look, verdict(STOP), day_s=100)
    assert rates.source[STOP] == Source.UPSTREAM
    assert rates.rate_s[STOP] == pytest.approx(0.3)


def test_the_same_quarter_of_an_hour_speaks_for_one_without_witness():
    substitute = taught(east=2, seconds=900, day_s=8 * 3600)
    for at_s in range(900, 4500):
        substitute.rates(seen(at_s, 0, 0, at_s % 20 == 0), verdict(), day_s=12 * 3600)
    rates = substitute.rates(seen(4500, 0, 0, np.nan), verdict(STOP), day_s=8 * 3600 + 60)
    assert rates.source[STOP] == Source.PROFILE
    assert rates.rate_s[STOP] == pytest.approx(0.5, rel=0.05)


def test_of_what_was_never_known_one_vehicle_for_every_longest_wait_is_assumed():
    rates = Substitute(JUNCTION).rates(seen(0, np.nan, np.nan, np.nan), verdict(0, 1, 2))
    assert rates.rate_s == pytest.approx([1 / 120, 1 / 120, 1 / 90])
    assert (rates.source == Source.RECALL).all()


def test_what_a_queue_lets_through_is_no_measure_of_who_joins_it():
    """The only witness lies beyond the queue: as it starves, the rate of who comes stays."""
    detectors = (
        Detector("stop", Role.STOP_LINE, NORTH, 1.5, lanes=("n1",)),
        Detector("up", Role.ADVANCE, NORTH, 80.0, lanes=("n1",)),
    )
    substitute = Substitute(replace(JUNCTION, detectors=detectors))
    never_s = np.zeros(2, np.int64)
    good = Verdict(np.zeros(2, np.int8), never_s, frozenset())
    failed = Verdict(np.array([0, Condition.MISSING], np.int8), never_s, frozenset())
    for at_s in range(3600):
        substitute.rates(seen(at_s, at_s % 4 == 0, at_s % 4 == 1), good)
    for at_s in range(3600, 4200):
        rates = substitute.rates(seen(at_s, at_s % 20 == 0, np.nan), failed)
    assert rates.rate_s[1] == pytest.approx(0.25, rel=0.05)


def test_nothing_is_learned_from_the_last_minute_before_a_fault():
    substitute = taught(day_s=100)
    for at_s in range(3600, 3600 + HINDSIGHT_S):
        substitute.rates(seen(at_s, 5, at_s % 2 == 0, 5), verdict(), day_s=100)
    for at_s in range(3700, 3700 + HINDSIGHT_S):
        look = seen(at_s, np.nan, at_s % 2 == 0, np.nan)
        rates = substitute.rates(look, verdict(LEFT, STOP), day_s=100)
    assert list(rates.source) == [Source.SIBLING, Source.MEASURED, Source.PROFILE]
    assert rates.rate_s == pytest.approx([0.25, 0.5, 0.2], rel=0.1)
