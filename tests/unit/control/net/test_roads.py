"""From one signal to the next."""

from control.net import derive as nets
from control.net.roads import FARTHEST_M, INSIDE_M, roads
from control.net.timing import Timing
from tests.unit.control.net.drawn import Way, network

PROGRAM = (("Gr", 20), ("yr", 3), ("rG", 20), ("ry", 3))
EAST = Way(0, "near_0", "east_0", "-15,0 15,0")
NORTH = Way(1, "s_0", "out_0", "0,-15 0,15")
NEXT = (
    '<connection from="{last}" to="far" fromLane="0" toLane="0" tl="T" linkIndex="0" dir="s"/>'
    '<connection from="side" to="far" fromLane="0" toLane="0" tl="T" linkIndex="1" dir="s"/>'
    '<tlLogic id="T" programID="p"><phase state="Gr" duration="9"/><phase state="yr" duration="3"/>'
    '<phase state="rG" duration="9"/><phase state="ry" duration="3"/></tlLogic>'
)


def found(tmp_path, last, **words):
    path = tmp_path / "two.net.xml"
    text = network(
        (EAST, NORTH), PROGRAM, roads=("far_0", "side_0"), more=NEXT.format(last=last), **words
    )
    path.write_text(text)
    net, derived = nets.read(path, [], Timing.SCENARIO)
    return net, roads(net, derived)


def test_a_road_over_two_edges_is_as_long_as_both_and_the_way_across(tmp_path):
    net, ((road),) = found(
        tmp_path, "mid", joins=(("east_0", "mid_0"),), lengths={"east_0": 120, "mid_0": 80}
    )
    assert (road.sender, road.exit_lane, road.receiver, road.lane) == ("S", "east_0", "T", "mid_0")
    via = next(c.via for c in net.connections if c.to_lane == "east_0" and c.signal)
    across_m = net.lanes[via].length_m if via in net.lanes else INSIDE_M
    assert road.length_m == across_m + 200
    assert road.travel_s == road.length_m / net.lanes["east_0"].speed_ms


def test_where_a_platoon_has_dissolved_there_is_no_road(tmp_path):
    _, none = found(
        tmp_path, "mid", joins=(("east_0", "mid_0"),), lengths={"east_0": FARTHEST_M + 1}
    )
    assert none == ()


def test_no_road_leads_back_over_a_place_to_turn_round(tmp_path):
    more = '<connection from="out" to="near" fromLane="0" toLane="0" dir="t"/>'
    _, ((road),) = found(tmp_path, "east", lengths={"east_0": 120})
    assert road.lane == "east_0"
    path = tmp_path / "round.net.xml"
    path.write_text(network((EAST, NORTH), PROGRAM, more=more))
    net, derived = nets.read(path, [], Timing.SCENARIO)
    assert roads(net, derived) == ()
