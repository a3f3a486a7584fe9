"""Across a junction, lane by lane."""

from control.net.approach import across
from control.net.network import Connection, Network


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
