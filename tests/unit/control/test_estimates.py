"""What is believed of the traffic, from positions and from loops."""

from dataclasses import replace

import numpy as np
import pytest

from control.estimate import PositionEstimator, room_by_lane
from control.lanes import FOREVER_S, tables
from control.loops import LoopEstimator
from control.model import Detector, Junction, Lamp, Role, SignalGroup, Stage
from control.observe import Observation, Vehicles
from control.picture import HORIZON_S, MOVES_VEH, Saturation, Shares
from control.queued import GAP_S

G, R = Lamp.GREEN, Lamp.RED
SPEED_MS, AHEAD_M = 10.0, 80.0
ALONG, LEFT, CROSS = range(3)
PAIRS = frozenset((g, h) for g in (ALONG, LEFT) for h in (CROSS,)) | {(CROSS, ALONG), (CROSS, LEFT)}
DETECTORS = (
    Detector("main-stop", Role.STOP_LINE, frozenset({ALONG, LEFT}), 1.5, ("main",)),
    Detector("side-stop", Role.STOP_LINE, frozenset({CROSS}), 1.5, ("side",)),
    Detector("main-ahead", Role.ADVANCE, frozenset({ALONG, LEFT}), AHEAD_M, ("main",)),
    Detector("side-ahead", Role.ADVANCE, frozenset({CROSS}), AHEAD_M, ("side",)),
    Detector("out", Role.EXIT, frozenset({ALONG}), 25.0, ("out",)),
    Detector("away", Role.EXIT, frozenset({LEFT, CROSS}), 25.0, ("away",)),
)
MAIN_STOP, SIDE_STOP, MAIN_AHEAD, SIDE_AHEAD, OUT, AWAY = range(6)
JUNCTION = Junction(
    id="j",
    groups=tuple(SignalGroup(str(g), 3, 5) for g in range(3)),
    conflicts=PAIRS,
    yields=frozenset(),
    intergreen_s={(g, h): 6 if g == LEFT else 5 for g, h in PAIRS},
    stages=(Stage("main", frozenset({ALONG, LEFT})), Stage("side", frozenset({CROSS}))),
    detectors=DETECTORS,
    lanes={"main": frozenset({ALONG, LEFT}), "side": frozenset({CROSS})},
    ways=(("main", ALONG, "out"), ("main", LEFT, "away"), ("side", CROSS, "away")),
    approaches=(frozenset({"main"}), frozenset({"side"})),
)
MAIN, SIDE = 0, 1
TABLES = tables(JUNCTION)
IN_MAIN, IN_SIDE = (G, G, R), (R, R, G)


def test_a_lane_is_green_as_long_as_any_of_its_groups():
    """Along ends at 1, left with its longer clearance at 0; the side begins at 6."""
    assert TABLES.lanes == ("main", "side")
    assert TABLES.lasts_s.tolist() == [[0, 6], [5, 0]]
    assert TABLES.ends_s[0, 1, MAIN] == 1
    assert TABLES.begins_s[0, 1].tolist() == [FOREVER_S, 6]
    assert TABLES.ends_s[0, 1, SIDE] == -FOREVER_S
    assert TABLES.needs_s.tolist() == [5, 5]


def test_shares_follow_who_leaves_over_which_movement():
    shares = Shares(TABLES.uses)
    assert shares.by_lane()[MAIN].tolist() == [0.5, 0.5, 0.0]
    for _ in range(60):
        shares.saw(np.array([[1.0, 0, 0], [0, 0, 0]]))
    found = shares.by_lane()
    assert found[MAIN, ALONG] > 0.8
    assert found.sum(axis=1) == pytest.approx([1, 1])
    for _ in range(200):
        shares.saw(np.array([[0, 1.0, 0], [0, 0, 0]]))
    assert shares.by_lane()[MAIN, LEFT] > 0.8


def test_saturation_is_learned_from_flowing_seconds_within_what_roads_carry():
    learned = Saturation(2)
    for second in range(2000):
        learned.saw(np.array([0.3, second % 2 * 9.0]), np.array([True, True]))
    assert learned.rate()[0] == pytest.approx(0.3, abs=0.05)
    assert learned.rate()[1] == 0.75
    idle = Saturation(1)
    idle.saw(np.array([5.0]), np.array([False]))
    assert idle.rate()[0] == Saturation.PRIOR_VEH_S


def watched(*vehicles, lamps=IN_MAIN, room=None, exits=None):
    """Vehicles as (lane, metres to go, speed)."""
    lane, distance, speed = zip(*vehicles, strict=True) if vehicles else ((), (), ())
    return Observation(
        0, lamps, (100,) * 3, np.full(6, np.nan), np.full(6, np.nan), room=room,
        vehicles=Vehicles(
            np.array(lane, dtype=np.int64), np.array(distance, dtype=float),
            np.array(speed, dtype=float), np.zeros((2, 3)) if exits is None else exits,
        ),
    )  # fmt: skip


def positions():
    return PositionEstimator(TABLES, np.full(2, SPEED_MS), 200.0)


def test_who_stands_is_queue_and_who_moves_arrives_at_the_speed_of_the_road():
    found = positions().see(watched((MAIN, 3, 0), (MAIN, 10, 0.5), (MAIN, 55, 9), (SIDE, 0, 12)))
    assert found.queue.tolist() == [2, 0]
    assert found.arrivals[MAIN, :20].nonzero()[0].tolist() == [5]
    assert found.arrivals[SIDE, 0] == 1


def test_who_stands_with_the_road_open_before_him_is_no_queue_and_calls_nobody():
    found = positions().see(watched((SIDE, 50, 0), (MAIN, 3, 0), (MAIN, 150, 0)))
    assert (found.queue.tolist(), found.standing.tolist()) == ([1, 0], [2, 1])
    assert found.calls == set()
    late_s = (50 + GAP_S * SPEED_MS) / SPEED_MS
    assert found.arrivals[SIDE, : int(late_s) + 2].nonzero()[0].tolist() == [int(late_s)]


def test_whoever_stands_before_red_calls_all_that_his_lane_may_want():
    see = positions().see
    assert see(watched((SIDE, 3, 0))).calls == {CROSS}
    assert see(watched((MAIN, 3, 0), lamps=IN_SIDE)).calls == {ALONG, LEFT}
    assert see(watched((MAIN, 3, 0))).calls == set()
    assert see(watched((SIDE, 3, 5))).calls == set()


def test_beyond_the_reach_the_recent_rate_goes_on():
    estimator = PositionEstimator(TABLES, np.full(2, SPEED_MS), 50.0)
    leaving = np.array([[0.5, 0, 0], [0, 0, 0]])
    for _ in range(200):
        found = estimator.see(watched(exits=leaving))
    assert found.out.tolist() == [0.5, 0]
    assert found.arrivals[MAIN, :5].sum() == 0
    assert found.arrivals[MAIN, 5:] == pytest.approx(np.full(HORIZON_S - 5, 0.5), abs=0.01)


def test_the_nearest_limit_behind_a_lane_is_its_room():
    shares = np.array([[0.5, 0.5, 0], [0, 0, 1.0]])
    fits, refill = room_by_lane(shares, TABLES.uses, np.array([4.0, 1.0, np.nan]))
    assert fits[MAIN] == 2.0
    assert refill[MAIN] > 0
    assert fits[SIDE] > 1000
    assert (room_by_lane(shares, TABLES.uses, None)[0] > 1000).all()


class Loops:
    """Seconds of counts and coverage by detector."""

    def __init__(self, **changed):
        junction = replace(JUNCTION, **changed)
        lanes = tables(junction)
        self.estimator = LoopEstimator(junction, lanes, np.full(len(lanes.lanes), SPEED_MS))
        self.detectors = len(junction.detectors)
        self.at_s = 0

    def second(self, lamps=IN_SIDE, passed=(), covered=(), silent=()):
        count, occupancy = np.zeros(self.detectors), np.zeros(self.detectors)
        for detector in passed:
            count[detector], occupancy[detector] = 1.0, 0.3
        for detector in covered:
            occupancy[detector] = 1.0
        for detector in silent:
            count[detector] = occupancy[detector] = np.nan
        self.at_s += 1
        return self.estimator.see(Observation(self.at_s, lamps, (100,) * 3, count, occupancy))

    def seconds(self, number, **words):
        for _ in range(number):
            found = self.second(**words)
        return found


def test_who_came_and_has_not_left_is_in_the_queue_or_on_the_way():
    loops = Loops()
    for _ in range(4):
        loops.second(passed=[MAIN_AHEAD])
    found = loops.second()
    known = found.queue[MAIN] + found.arrivals[MAIN, : int(AHEAD_M / SPEED_MS)].sum()
    assert known == pytest.approx(4, abs=0.3)
    loops.seconds(4)
    found = loops.seconds(9, covered=[MAIN_STOP])
    assert found.queue[MAIN] == pytest.approx(4, abs=1.1)
    waited = found.queue[MAIN]
    for _ in range(3):
        found = loops.second(IN_MAIN, passed=[MAIN_STOP])
    assert found.queue[MAIN] == pytest.approx(waited - 3, abs=0.1)
    assert found.out.tolist() == [1, 0]


def test_nobody_waits_at_a_line_that_stays_free():
    loops = Loops()
    for _ in range(4):
        loops.second(passed=[MAIN_AHEAD])
    found = loops.seconds(40)
    assert found.queue[MAIN] == 0
    assert not found.calls


@pytest.mark.parametrize(("kept_clear_m", "free_s"), [({}, 4), ({"main": 20.0}, 6)])
def test_a_gap_ends_a_queue_later_where_the_next_stand_behind_a_junction(kept_clear_m, free_s):
    loops = Loops(kept_clear_m=kept_clear_m)
    for _ in range(6):
        loops.second(passed=[MAIN_AHEAD])
    loops.seconds(8, covered=[MAIN_STOP])
    loops.seconds(4, lamps=IN_MAIN, passed=[MAIN_STOP])
    assert loops.seconds(free_s - 1, lamps=IN_MAIN).queue[MAIN] >= 1
    assert loops.seconds(2, lamps=IN_MAIN).queue[MAIN] == 0


def test_somebody_waits_at_a_line_that_is_covered_beside_red():
    found = Loops().seconds(3, covered=[MAIN_STOP])
    assert found.queue[MAIN] >= 1
    assert found.calls == {ALONG, LEFT}
    assert Loops().seconds(3, lamps=IN_MAIN, covered=[MAIN_STOP]).calls == set()


def test_a_queue_that_stands_on_the_advance_loop_reaches_it():
    found = Loops().seconds(8, covered=[MAIN_STOP, MAIN_AHEAD])
    assert found.queue[MAIN] >= int(AHEAD_M / 7.5)
    assert found.queue[SIDE] == 0


TWO = replace(
    JUNCTION,
    detectors=(
        *DETECTORS,
        Detector("far", Role.STOP_LINE, frozenset({ALONG, LEFT}), 1.5, ("far",)),
        Detector("far-ahead", Role.ADVANCE, frozenset({ALONG, LEFT}), AHEAD_M, ("far",)),
    ),
    lanes={**JUNCTION.lanes, "far": frozenset({ALONG, LEFT})},
    approaches=(frozenset({"main", "far"}), frozenset({"side"})),
)  # a second lane beside main
FAR = tables(TWO).lanes.index("far")
FAR_STOP, FAR_AHEAD = 6, 7


def test_beside_an_empty_lane_it_is_the_queue_of_the_next_that_reaches_the_loop_and_only_once():
    """Whoever stands over the loop of an empty lane waits to change; no second such queue came."""
    loops = Loops(detectors=TWO.detectors, lanes=TWO.lanes, approaches=TWO.approaches)
    found = loops.seconds(60, covered=[FAR_STOP, MAIN_AHEAD])
    assert found.queue[MAIN] == 0
    assert int(AHEAD_M / 7.5) <= found.queue[FAR] < AHEAD_M / 7.5 + 2


def test_such_a_queue_is_the_next_lane_s_in_green_too():
    loops = Loops(detectors=TWO.detectors, lanes=TWO.lanes, approaches=TWO.approaches)
    loops.seconds(10)
    for _ in range(6):
        loops.second(IN_MAIN, passed=[FAR_STOP], covered=[MAIN_AHEAD])
        found = loops.second(IN_MAIN, covered=[MAIN_AHEAD, FAR_STOP])
    assert found.queue[MAIN] == 0
    assert found.queue[FAR] >= int(AHEAD_M / 7.5)


def test_what_a_fault_may_have_made_is_forgotten_and_a_lane_half_seen_fills_no_junction():
    loops = Loops()
    assert not loops.seconds(8, covered=[MAIN_STOP, MAIN_AHEAD]).misled
    silent = [loops.second(covered=[MAIN_STOP], silent=[MAIN_AHEAD]) for _ in range(9)]
    assert [found.misled for found in silent].count(True) == 1
    assert silent[-1].queue[MAIN] >= 1
    assert silent[-1].standing[MAIN] == 0


def test_a_stop_line_that_says_nothing_is_called_for():
    found = Loops().seconds(60, silent=[MAIN_STOP])
    assert found.calls >= {ALONG, LEFT}
    assert not np.isnan(found.queue).any()
    assert not np.isnan(found.arrivals).any()


def test_a_queue_that_nobody_saw_come_ends_with_a_gap_over_the_stop_line():
    loops = Loops()
    loops.seconds(10, silent=[MAIN_AHEAD])
    for _ in range(12):
        loops.second(IN_MAIN, passed=[MAIN_STOP], silent=[MAIN_AHEAD])
        found = loops.second(IN_MAIN, silent=[MAIN_AHEAD])
    assert found.queue[MAIN] >= 1
    assert loops.seconds(6, lamps=IN_MAIN, silent=[MAIN_AHEAD]).queue[MAIN] < 0.2


def test_exits_stand_in_for_a_stop_line_that_says_nothing():
    """The queue lasts while they count, some seconds late, and ends once they no longer do."""
    loops = Loops()
    silent = {"silent": [MAIN_STOP]}
    for _ in range(6):
        loops.second(passed=[MAIN_AHEAD], **silent)
    waiting = loops.seconds(20, **silent).queue[MAIN]
    assert waiting == pytest.approx(6, abs=1)
    setting_out = [loops.second(IN_MAIN, **silent) for _ in range(8)]
    # nobody can be at an exit yet, and nobody is thought to stand in the way
    assert setting_out[-1].queue[MAIN] == pytest.approx(waiting, abs=0.5)
    assert all(found.out[MAIN] >= MOVES_VEH for found in setting_out)
    for _ in range(3):
        loops.second(IN_MAIN, passed=[OUT], **silent)
        found = loops.second(IN_MAIN, **silent)
    assert found.queue[MAIN] == pytest.approx(waiting - 3, abs=0.7)
    # fewer came than was thought: nobody follows
    assert loops.seconds(6, lamps=IN_MAIN, **silent).queue[MAIN] < 0.2


def test_without_exits_such_a_lane_lets_out_what_its_green_does_and_is_not_thought_to_stand():
    """A slow one was learned: still nobody has seen its head stand in the way."""
    loops = Loops()
    for _ in range(150):
        loops.seconds(3, lamps=IN_MAIN, covered=[MAIN_STOP], passed=[MAIN_AHEAD])
        loops.second(IN_MAIN, passed=[MAIN_STOP])
    slow = loops.estimator.saturation.rate()[MAIN]
    assert slow < MOVES_VEH
    silent = {"silent": [MAIN_STOP, OUT, AWAY]}
    waiting = loops.seconds(10, **silent).queue[MAIN]
    going = [loops.second(IN_MAIN, **silent) for _ in range(6)]
    assert going[-1].queue[MAIN] == pytest.approx(waiting - 6 * slow, abs=0.5)
    assert all(found.out[MAIN] >= MOVES_VEH for found in going)


def test_all_silent_is_no_empty_road():
    found = Loops().seconds(120, silent=range(6))
    assert found.calls == {ALONG, LEFT}
    assert found.arrivals.sum() > 0
    assert all(np.isfinite(each).all() for each in (found.queue, found.arrivals, found.shares))


def test_a_covered_exit_lets_nobody_in():
    found = Loops().seconds(8, covered=[AWAY])
    assert found.room[SIDE] == 0
    assert found.refill[SIDE] > 0
    assert Loops().seconds(8).room[SIDE] > 1000


def test_shares_lean_to_where_the_exits_say():
    loops = Loops()
    for second in range(900):
        passing = second % 4 == 0
        found = loops.second(IN_MAIN, passed=[MAIN_STOP, MAIN_AHEAD, OUT] if passing else [])
    assert found.shares[MAIN, ALONG] > 0.6
    assert found.shares.sum(axis=1) == pytest.approx([1, 1])


def test_whoever_stands_on_beside_the_green_of_others_waits_for_his_own():
    along = (Lamp.GREEN, Lamp.RED, Lamp.RED)
    loops = Loops()
    assert loops.seconds(6, lamps=along, covered=[MAIN_STOP]).calls == set()
    assert loops.seconds(6, lamps=along, covered=[MAIN_STOP]).calls == {LEFT}
