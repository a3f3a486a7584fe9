"""What a junction sends is what the next one waits for, a journey later."""

import numpy as np
import pytest

from control.model import Junction
from control.neighbours import (
    DISPERSION,
    PAST_S,
    SOONEST_SHARE,
    STALE_S,
    Course,
    Feed,
    Inflow,
    Outflow,
    feeds,
    journey,
    outflow,
)
from control.picture import HORIZON_S, Picture

LANES = {"a": frozenset({0, 1}), "b": frozenset({1})}
WAYS = (("a", 0, "east"), ("a", 1, "north_0"), ("a", 1, "north_1"), ("b", 1, "north_1"))
SENDER = Junction(
    "S", (), frozenset(), frozenset(), {}, (), lanes=LANES, ways=WAYS
)  # fmt: skip


def picture(out, arrivals):
    lanes = len(out)
    return Picture(
        np.zeros(lanes), np.zeros(lanes), np.full((lanes, HORIZON_S), arrivals),
        np.array([[0.75, 0.25], [0.0, 1.0]]), np.full(lanes, 0.5), np.full(lanes, 1e6),
        np.zeros(lanes), np.array(out, dtype=float), frozenset(),
    )  # fmt: skip


def test_every_exit_is_told_its_share_of_what_left_and_of_what_is_planned():
    departures = np.tile([[0.4], [0.2]], HORIZON_S)
    told = outflow(SENDER, 7, picture([1, 2], 0.1), departures)
    assert told.by_exit["east"] == pytest.approx([0.75, *[0.3] * HORIZON_S])
    assert told.by_exit["north_0"] == pytest.approx([0.125, *[0.05] * HORIZON_S])
    assert told.by_exit["north_1"] == pytest.approx([2.125, *[0.25] * HORIZON_S])


@pytest.mark.parametrize("planned", [None, 10])
def test_beyond_the_plan_the_mean_goes_on(planned):
    departures = None if planned is None else np.full((2, planned), 0.5)
    told = outflow(SENDER, 7, picture([0, 0], 0.1), departures).by_exit["east"]
    assert len(told) == 1 + HORIZON_S
    assert told[-1] == pytest.approx(0.075)
    assert told[1] == pytest.approx(0.075 if planned is None else 0.375)


def robertson(left, travel_s):
    """The recursion as it is published."""
    smooth = 1 / (1 + DISPERSION * SOONEST_SHARE * travel_s)
    later = round(SOONEST_SHARE * travel_s)
    come = np.zeros(len(left) + later)
    for second in range(len(left)):
        before = come[second + later - 1] if second + later else 0.0
        come[second + later] = smooth * left[second] + (1 - smooth) * before
    return come[PAST_S : PAST_S + HORIZON_S]


@pytest.mark.parametrize("travel_s", [0.0, 3.0, 17.0, 40.0])
def test_a_journey_is_robertsons_recursion(travel_s):
    left = np.random.default_rng(5).random(PAST_S + HORIZON_S)
    assert left @ journey(travel_s) == pytest.approx(robertson(left, travel_s))


def test_nobody_comes_twice():
    assert journey(12.0).sum(axis=1).max() <= 1.0 + 1e-9


def sent(at_s, left=0.0, later=0.0, exit_lane="e", junction="S"):
    return Outflow(junction, at_s, {exit_lane: np.array([left, *[later] * HORIZON_S])})


def test_a_platoon_that_left_arrives_after_its_journey():
    inflow = Inflow([Feed("S", "e", 1, 1.0, 20.0)], lanes=2)
    for at_s in range(100, 106):
        inflow.hear(sent(at_s, left=1.0))
    expected = inflow.expected(106)
    assert np.isnan(expected[0]).all()
    assert expected[1, : 100 + 16 - 107] == pytest.approx(0.0)
    assert expected[1].argmax() == pytest.approx(105 + 16 - 107, abs=1)
    assert 3.0 < expected[1].sum() <= 6.0


def test_what_is_planned_counts_as_what_left():
    inflow = Inflow([Feed("S", "e", 0, 0.5, 5.0)], lanes=1)
    inflow.hear(sent(100, later=0.8))
    assert inflow.expected(101)[0, -1] == pytest.approx(0.4, abs=0.02)


def test_two_roads_into_one_lane_add_up():
    inflow = Inflow([Feed("S", "e", 0, 1.0, 5.0), Feed("T", "f", 0, 1.0, 5.0)], lanes=1)
    inflow.hear(sent(100, later=0.3))
    inflow.hear(sent(100, later=0.2, exit_lane="f", junction="T"))
    assert inflow.expected(100)[0, -1] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("told", "at_s"),
    [
        (sent(100, later=0.5), 101 + STALE_S),
        (sent(100, later=0.5, junction="X"), 100),
        (sent(100, later=0.5, exit_lane="x"), 100),
    ],
    ids=["old", "a stranger", "another way"],
)
def test_what_is_old_or_not_for_us_is_not_believed(told, at_s):
    inflow = Inflow([Feed("S", "e", 0, 1.0, 5.0)], lanes=1)
    inflow.hear(told)
    assert inflow.expected(at_s) is None


def test_a_message_that_comes_late_changes_nothing_of_the_past():
    inflow = Inflow([Feed("S", "e", 0, 1.0, 5.0)], lanes=1)
    inflow.hear(sent(100, left=1.0))
    before = inflow.expected(100)
    inflow.hear(sent(99, left=9.0, later=9.0))
    assert inflow.expected(100) == pytest.approx(before)


def test_an_exit_that_leads_to_several_lanes_is_shared_out():
    made = feeds([("S", "e", "x", 9.0), ("S", "e", "y", 9.0), ("S", "f", "z", 9.0)], ["x", "y"])
    assert [(feed.lane, feed.share) for feed in made] == [(0, 0.5), (1, 0.5)]


SIGHT_S = 5


def told_and_come(course, came_of, told_of, rate=0.2, seconds=1500):
    """`told_of(second)`: what is sent to arrive then; `came_of(second)`: who is seen then."""
    for now in range(seconds):
        inflow = np.array([[told_of(now + ahead) for ahead in range(HORIZON_S)]])
        ahead = course.beyond(np.array([rate]), inflow, np.array([came_of(now)]))
    return ahead, inflow


def platoon(second):
    return 1.0 if second % 40 < 8 else 0.0


def test_a_tale_that_comes_true_is_followed_in_its_course_and_not_in_its_number():
    course = Course(np.array([float(SIGHT_S)]))
    ahead, inflow = told_and_come(
        course, lambda now: platoon(now + SIGHT_S), lambda at: 0.5 * platoon(at), rate=0.1
    )
    assert course.trust[0] > 0.8
    assert np.corrcoef(ahead[0], inflow[0])[0, 1] > 0.99
    assert ahead.max() == pytest.approx(0.5, rel=0.1)


def test_a_tale_that_does_not_come_true_is_not_followed():
    course = Course(np.array([float(SIGHT_S)]))
    drawn = np.random.default_rng(3).random(3000) < 0.2
    ahead, _ = told_and_come(course, lambda now: float(drawn[now]), platoon)
    assert course.trust[0] < 0.3
    assert ahead.mean() == pytest.approx(0.2, rel=0.25)


def test_whoever_does_not_come_from_a_neighbour_comes_as_usual():
    course = Course(np.array([float(SIGHT_S)]))
    ahead, _ = told_and_come(course, lambda _: 0.3, lambda _: 0.1, rate=0.3, seconds=400)
    assert ahead == pytest.approx(0.3)
    rate, none = np.array([0.3]), np.zeros(1)
    assert course.beyond(rate, np.full((1, HORIZON_S), np.nan), none) == pytest.approx(0.3)
    assert course.beyond(rate, None, none) == pytest.approx(0.3)
