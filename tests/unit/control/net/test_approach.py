"""Across a junction, lane by lane, and the junction before a short lane."""

import pytest

from control.net.approach import across, kept_clear_m
from control.net.network import Connection, NetLane, Network
from control.picture import PLACE_M


def way(from_lane, via):
    return Connection(from_lane, "away_0", via, "", -1, "l")


def test_a_turn_with_a_place_to_wait_is_of_two_lanes():
    network = Network(leaving={":j_1_0": [way(":j_1_0", ":j_9_0")], ":j_9_0": [way(":j_9_0", "")]})
    assert across(network, ":j_1_0") == (":j_1_0", ":j_9_0")
    assert across(network, ":j_9_0") == (":j_9_0",)


def test_where_the_net_draws_no_way_across_there_is_none():
    assert across(Network(), "") == ()
    assert across(Network(), ":j_1_0") == (":j_1_0",)


def test_a_way_that_leads_back_into_itself_ends():
    round_and_round = Network(leaving={"a": [way("a", "b")], "b": [way("b", "a")]})
    assert across(round_and_round, "a") == ("a", "b")


def lane(name, length_m):
    return NetLane(name, name[:-2], length_m, 13.9, (), name.startswith(":"), False, 3.2)


def ahead_of(length_m, *ways):
    lanes = [lane("stop_0", length_m), lane(":j_0_0", 12.0), lane(":j_1_0", 20.0)]
    return Network(lanes={each.id: each for each in lanes}, arriving={"stop_0": list(ways)})


STRAIGHT, LEFT = way("main_0", ":j_0_0"), way("side_0", ":j_1_0")


@pytest.mark.parametrize(
    ("length_m", "ways", "clear_m"),
    [
        (9.7, (STRAIGHT,), 12.0),
        (9.7, (STRAIGHT, LEFT), 20.0),
        (2 * PLACE_M, (STRAIGHT,), 0.0),
        (9.7, (), 0.0),
        (9.7, (Connection("back_0", "stop_0", ":j_1_0", "", -1, "t"),), 0.0),
        (9.7, (Connection("main_0", "stop_0", ":j_1_0", "another", 0, "s"),), 0.0),
        (9.7, (way(":j_0_0", ""),), 0.0),
    ],
)
def test_behind_a_place_for_one_the_junction_before_it_is_kept_clear(length_m, ways, clear_m):
    assert kept_clear_m(ahead_of(length_m, *ways), "stop_0") == clear_m
