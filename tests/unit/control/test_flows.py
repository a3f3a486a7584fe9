"""Who comes to which lane and where it goes, learned from loops that tell neither."""

import numpy as np
import pytest

from control.flows import LATEST_S, LEAST, MOST, SOONEST_S, Ahead, LaneSplit, Turning

BOTH = np.ones(2, dtype=bool)
JOINED = [Ahead(0, (0,), (1,), 80.0), Ahead(1, (1,), (0,), 80.0)]


def driven(split, came, out, seconds=2000, came_good=BOTH, out_good=BOTH):
    for _ in range(seconds):
        split.saw(np.array(came), came_good, np.array(out), out_good)
    split.fit()
    return split.by_lane


def test_before_anything_is_known_most_stay_in_their_lane():
    split = LaneSplit(JOINED, 2)
    split.fit()
    assert split.by_lane[0, 0] == pytest.approx(1 / 1.2)
    assert split.by_lane.sum(axis=1) == pytest.approx([1, 1])


def test_what_comes_in_one_lane_and_leaves_by_the_other_has_changed_lanes():
    shares = driven(LaneSplit(JOINED, 2), came=[0.3, 0.1], out=[0.1, 0.3])
    came = np.array([0.3, 0.1])
    assert came @ shares == pytest.approx([0.1, 0.3], rel=0.15)
    assert shares[0, 1] > 0.5


@pytest.mark.parametrize(("left", "share"), [(0.25, 0.5), (0.05, LEAST), (2.0, MOST)])
def test_some_turn_off_before_the_line_and_some_join_within_bounds(left, share):
    split = LaneSplit([Ahead(0, (0,), (), 80.0)], 1)
    one = np.ones(1, dtype=bool)
    shares = driven(split, came=[0.5], out=[left], came_good=one, out_good=one)
    assert shares[0, 0] == pytest.approx(share, rel=0.1)


@pytest.mark.parametrize("which", ["ahead", "line"])
def test_an_approach_with_a_loop_that_is_not_believed_teaches_nothing(which):
    split = LaneSplit(JOINED, 2)
    driven(split, came=[0.2, 0.2], out=[0.2, 0.2])
    before = split.by_lane.copy()
    sick = np.array([True, False])
    words = {"came_good": sick} if which == "ahead" else {"out_good": sick}
    after = driven(split, came=[0.2, 0.0], out=[0.2, 0.4], **words)
    assert after == pytest.approx(before)


USES = np.array([[True, True], [True, False]])
EXITS = [(0, [(0, 0), (1, 0)]), (1, [(0, 1)])]
GREEN = np.ones(2, dtype=bool)


def passed(turning, left, *, after_s=5, good=BOTH, known=BOTH, shown=GREEN, times=60):
    """`left`: by lane, who goes over which exit; one vehicle at a time."""
    for _ in range(times):
        for lane, leaving in left:
            out = np.zeros(2)
            out[lane] = 1.0
            turning.saw(np.zeros(2), good, out, known, shown)
            for second in range(LATEST_S + 1):
                count = np.zeros(2)
                count[leaving] = second + 1 == after_s
                turning.saw(count, good, np.zeros(2), known, shown)
    return turning.by_lane()


def test_whoever_crosses_an_exit_soon_after_a_line_came_from_there():
    shares = passed(Turning(EXITS, USES), [(0, 0), (0, 1), (0, 1), (0, 1), (1, 0)])
    assert shares[0] == pytest.approx([0.25, 0.75], abs=0.08)
    assert shares[1] == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("after_s", [SOONEST_S - 1, LATEST_S + 1])
def test_who_is_too_early_or_too_late_is_somebody_else(after_s):
    before = Turning(EXITS, USES).by_lane()
    assert passed(Turning(EXITS, USES), [(0, 1)], after_s=after_s) == pytest.approx(before)


def test_nobody_leaves_through_red():
    before = Turning(EXITS, USES).by_lane()
    red = np.array([True, False])
    assert passed(Turning(EXITS, USES), [(0, 1)], shown=red) == pytest.approx(before)


def test_an_exit_that_is_not_believed_teaches_its_lanes_nothing():
    before = Turning(EXITS, USES).by_lane()
    sick = np.array([True, False])
    after = passed(Turning(EXITS, USES), [(0, 0), (1, 0)], good=sick)
    assert after[0] == pytest.approx(before[0])


def test_a_lane_whose_stop_line_is_not_believed_learns_nothing():
    before = Turning(EXITS, USES).by_lane()
    blind = np.array([False, True])
    assert passed(Turning(EXITS, USES), [(0, 1)], known=blind) == pytest.approx(before)


def test_exits_tell_what_left_a_lane_whose_own_stop_line_says_nothing():
    """What a good lane let out explains some of it; the rest came from the other."""
    turning = Turning(EXITS, USES)
    passed(turning, [(0, 1)])  # lane 0 turns off by exit 1, and exit 0 is for lane 1
    blind = np.array([True, False])
    total = np.zeros(2)
    for second in range(120):
        # one vehicle in four seconds over each stop line, and over the exits five seconds later
        might = np.array([0.5, float(second % 4 == 0)])
        passing = float(second >= 5 and second % 4 == 1)
        heard, share = turning.saw(np.full(2, passing), BOTH, might, blind, GREEN)
        total += heard
    assert total == pytest.approx([29, 29], rel=0.15)
    assert share == pytest.approx([1.0, 1.0])


def test_exits_that_are_not_believed_see_none_of_the_traffic_that_leaves_by_them():
    turning = Turning(EXITS, USES)
    passed(turning, [(0, 1)])
    sick = np.array([True, False])
    _, share = turning.saw(np.zeros(2), sick, np.zeros(2), BOTH, GREEN)
    assert share[0] < 0.1
    assert share[1] == pytest.approx(1.0)
