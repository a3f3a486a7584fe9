"""Loops in the asphalt: traced over the borders of edges, each physical one counted once."""

import pytest

from control.model import Role
from control.net import derive as nets
from control.net.approach import downstream, siblings, upstream
from control.net.loops import equip
from control.net.timing import Timing
from tests.unit.control.net.drawn import Way, network

PROGRAM = (("Grr", 20), ("yrr", 3), ("rGG", 20), ("ryy", 3))
EAST = Way(0, "near_0", "east_0", "-15,0 15,0")
LEFT = Way(1, "near_1", "out_0", "-15,3 0,15")
NORTH = Way(2, "s_0", "out_0", "0,-15 0,15")
WAYS = (EAST, LEFT, NORTH)


@pytest.fixture
def made(tmp_path):
    def read(ways=WAYS, program=PROGRAM, **words):
        path = tmp_path / "j.net.xml"
        path.write_text(network(ways, program, **words))
        found, derived = nets.read(path, [], Timing.SCENARIO)
        return found, derived["S"]

    return read


def lanes_of(reach):
    return {each.lane: each.beyond_m for each in reach}


def of_role(derived, role):
    return {d.id.split("/")[1]: d for d in derived.junction.detectors if d.role is role}


FED = {
    "joins": (("middle_0", "near_0"), ("middle_0", "near_1"), ("far_0", "middle_0")),
    "lengths": {"near_0": 0.4, "near_1": 0.4, "middle_0": 30.0, "far_0": 200.0},
}


def test_a_short_lane_is_followed_over_the_borders_of_its_edges(made):
    found, _ = made(**FED)
    assert lanes_of(upstream(found, "near_0", 80.0)) == {"near_0": 0, "middle_0": 0.4, "far_0": 30.4}  # fmt: skip
    assert lanes_of(upstream(found, "near_0", 20.0)) == {"near_0": 0, "middle_0": 0.4}
    assert lanes_of(upstream(found, "near_0", 0.3)) == {"near_0": 0}


def test_the_nearer_of_two_ways_to_a_lane_counts(made):
    found, _ = made(
        joins=(("a_0", "near_0"), ("b_0", "near_0"), ("c_0", "a_0"), ("c_0", "b_0")),
        lengths={"near_0": 10, "a_0": 30, "b_0": 5},
    )
    assert lanes_of(upstream(found, "near_0", 80.0))["c_0"] == 15


def test_the_road_before_another_signal_is_not_followed(made):
    more = (
        '<connection from="before" to="near" fromLane="0" toLane="0" tl="T" linkIndex="0" dir="s"/>'
        '<tlLogic id="T" programID="p"><phase state="G" duration="9"/></tlLogic>'
    )
    found, _ = made(roads=("before_0",), lengths={"near_0": 10}, more=more)
    assert lanes_of(upstream(found, "near_0", 80.0)) == {"near_0": 0}


def test_a_place_to_turn_round_brings_nobody(made):
    more = '<connection from="out" to="near" fromLane="0" toLane="0" dir="t"/>'
    found, derived = made(lengths={"near_0": 40}, more=more)
    assert lanes_of(upstream(found, "near_0", 80.0)) == {"near_0": 0}
    ahead = of_role(equip(found, derived)[0], Role.ADVANCE)
    assert ahead["near_0@1"].distance_m == 39


def test_behind_a_junction_the_road_is_followed_to_the_next_signal(made):
    found, _ = made(joins=(("east_0", "e2_0"), ("e2_0", "near_0")), lengths={"east_0": 12.0})
    assert lanes_of(downstream(found, "east_0", 25.0)) == {"east_0": 0, "e2_0": 12}
    assert lanes_of(downstream(found, "east_0", 500.0)) == {"east_0": 0, "e2_0": 12, "near_0": 112}


def test_lanes_of_one_edge_are_siblings(made):
    found, _ = made()
    assert siblings(found, "near_1") == ["near_0", "near_1"]


def test_each_physical_loop_is_counted_once(made):
    """Two short lanes share the advance loop on the one lane that feeds both."""
    found, one = made(**FED)
    one, loops = equip(found, one)
    assert len({loop.id for loop in loops}) == len(loops) == len(one.junction.detectors)
    advance = of_role(one, Role.ADVANCE)
    assert sorted(advance) == ["far_0@150.4", "s_0@20"]
    shared = advance["far_0@150.4"]
    assert shared.lanes == ("near_0", "near_1")
    assert shared.groups == {one.group_of[0], one.group_of[1]}
    assert shared.distance_m == 80.0
    away = of_role(one, Role.EXIT)
    assert sorted(away) == ["east_0@25", "out_0@25"]
    assert away["out_0@25"].groups == {one.group_of[1], one.group_of[2]}


def test_a_stop_line_loop_lies_before_every_controlled_lane(made):
    found, one = made(**FED)
    one, loops = equip(found, one)
    at = {loop.lane: loop.position_m for loop in loops if loop.id.split("/")[1] in of_role(one, Role.STOP_LINE)}  # fmt: skip
    assert at == {"near_0": pytest.approx(0.2), "near_1": pytest.approx(0.2), "s_0": 98.5}


@pytest.mark.parametrize(("road_m", "distance_m"), [(60.0, 59.0), (80.0, 80.0), (81.0, 80.0)])
def test_where_the_road_begins_nearer_the_advance_loop_lies_at_its_begin(made, road_m, distance_m):
    found, one = made(lengths={"near_0": road_m})
    one, _ = equip(found, one)
    (near,) = [d for d in of_role(one, Role.ADVANCE).values() if "near_0" in d.lanes]
    assert near.distance_m == distance_m


def test_a_road_too_short_for_two_loops_has_one(made):
    found, one = made(lengths={"near_0": 6.0})
    one, _ = equip(found, one)
    assert not [d for d in of_role(one, Role.ADVANCE).values() if "near_0" in d.lanes]


def test_every_loop_lies_on_its_lane(made):
    for lengths in ({}, {"near_0": 0.1, "out_0": 3.0}, {"east_0": 25.0, "s_0": 79.9}):
        found, one = made(lengths=lengths)
        _, loops = equip(found, one)
        for loop in loops:
            assert 0 <= loop.position_m <= found.lanes[loop.lane].length_m
