import pytest

from cloud_sync.turns import WEIGHTS, Turns
from edge.model.message import Lane


def test_urgent_lanes_go_first_and_none_starves():
    turns = Turns()
    order = [turns.next(list(Lane)) for _ in range(2 * sum(WEIGHTS.values()))]
    assert order[:8] == [Lane.AUDIT] * 8
    assert {lane: order.count(lane) for lane in Lane} == {k: 2 * v for k, v in WEIGHTS.items()}


def test_a_lane_alone_is_never_made_to_wait():
    turns = Turns()
    assert [turns.next([Lane.RAW]) for _ in range(5)] == [Lane.RAW] * 5


def test_nothing_waiting_is_no_turn():
    with pytest.raises(ValueError, match="no lane"):
        Turns().next([])
