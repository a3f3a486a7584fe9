"""Who waits beside the lanes' traffic is played beneath it, and counted nowhere else."""

from dataclasses import replace

import numpy as np

from control.kernels import rollout
from control.lanes import by_group, tables
from control.model import Junction, SignalGroup, Stage
from control.observe import BusCall
from control.picture import HORIZON_S, Picture
from control.planner import Planner
from control.rows import ALL_FITS, Row, Rows
from tests.unit.control.crossroads import MAIN, SIDE, WALK, World, crossroads

ON_MAIN, ON_SIDE = 0, 1
NOBODY = np.zeros(HORIZON_S)
THROUGH, LEFT, AGAINST = 0, 1, 2


def pictured(lanes, groups, **changed):
    whole = {
        "queue": np.full(lanes, 2.0),
        "standing": np.full(lanes, 2.0),
        "arrivals": np.zeros((lanes, HORIZON_S)),
        "shares": np.eye(lanes, groups),
        "saturation": np.full(lanes, 0.5),
        "room": np.full(lanes, 3.0),
        "refill": np.zeros(lanes),
        "out": np.zeros(lanes),
        "calls": frozenset(),
    }
    return Picture(**(whole | changed))


def played(junction, rows, picture=None, hinder=0.0):
    known, lanes = tables(junction), len(junction.lanes)
    picture = picture or pictured(lanes, len(junction.groups))
    found = Rows(known, by_group(junction), np.full(lanes, 4.0)).play(
        picture, np.zeros(lanes), np.full(lanes, hinder), rows
    )
    return picture, known, found


def test_without_rows_the_lanes_are_played_as_they_are():
    picture, known, found = played(crossroads(), ())
    assert found.queue is picture.queue
    assert found.arrivals is picture.arrivals
    assert found.ends_s is known.ends_s
    assert found.opposes is known.opposes


def test_a_kerb_is_a_row_whose_walk_ends_long_before_the_green_beside_it():
    _, known, found = played(crossroads(), [Row(WALK, 1.5, NOBODY, 1e3, on_foot=True)])
    assert found.queue.tolist() == [2.0, 2.0, 1.5]
    assert found.ends_s[:, :, :2].tolist() == known.ends_s.tolist()
    assert found.ends_s[ON_SIDE, ON_MAIN].tolist()[1:] == [5, 0]
    assert found.begins_s[ON_MAIN, ON_SIDE, 2] == 5
    assert found.protected[:, 2].tolist() == [0.0, 1.0]
    assert (found.room[2], found.hinder[2], found.stop_cost_s[2]) == (ALL_FITS, 0.0, 0.0)
    assert not found.weight[:, 2].any()


def test_a_bus_shares_the_fate_of_its_lane():
    bus = Row(MAIN, 0.0, NOBODY, 5.0, load=30.0)
    _, _, found = played(crossroads(), [bus], hinder=2.0)
    assert (found.room[2], found.hinder[2], found.stop_cost_s[2]) == (90.0, 2.0, 4.0)
    assert found.protected[:, 2].tolist() == [1.0, 0.0]


def yielding_left():
    return Junction(
        id="j",
        groups=tuple(SignalGroup(name, 3, 5) for name in ("through", "left", "against")),
        conflicts=frozenset(),
        yields=frozenset({(LEFT, AGAINST)}),
        intergreen_s={},
        stages=(Stage("all", frozenset({0, 1, 2}), frozenset({LEFT})),),
        lanes={"a": frozenset({THROUGH}), "b": frozenset({LEFT}), "c": frozenset({AGAINST})},
        opposing={"b": frozenset({"c"})},
    )


def test_a_bus_that_turns_left_gives_way_as_its_lane_does():
    _, _, found = played(yielding_left(), [Row(LEFT, 1.0, NOBODY, 5.0)])
    assert (found.protected[0, 3], found.yielding[0, 3]) == (0.0, 1.0)
    assert found.opposes[3].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert not found.opposes[:, 3].any()


def test_people_on_foot_give_way_to_nobody():
    _, _, found = played(yielding_left(), [Row(LEFT, 1.0, NOBODY, 5.0, on_foot=True)])
    assert (found.protected[0, 3], found.yielding[0, 3]) == (1.0, 0.0)
    assert not found.opposes[3].any()


def test_rows_need_no_other_compiled_kernel():
    world = World(crossroads(), (0.2, 0.1), bus_every_s=40).run(60)
    compiled = len(rollout.best.signatures), len(rollout.best_stage.signatures)
    world.pushed.add(WALK)
    world.run(60)
    assert world.planner.priority.granted
    assert (len(rollout.best.signatures), len(rollout.best_stage.signatures)) == compiled


def test_people_and_buses_teach_the_lanes_nothing():
    """What is believed of vehicles is the same, whoever else waits."""
    world = World(crossroads(), (0.3, 0.1))
    told = Planner(crossroads(), 200.0)
    decide = world.planner.decide

    def both(seen):
        told.decide(replace(seen, calls=frozenset({WALK}), buses=(BusCall("b", SIDE, 0, 999),)))
        return decide(seen)

    world.planner.decide = both
    world.run(150)
    for part in ("queue", "arrivals", "shares", "saturation", "out"):
        mine, theirs = getattr(world.planner.picture, part), getattr(told.picture, part)
        assert mine.tolist() == theirs.tolist()
    assert told.picture.saturation[0] != told.picture.saturation[1]
