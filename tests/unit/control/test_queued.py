"""Who of those who stand waits for the signal, and who for something before it."""

import numpy as np
import pytest

from control.observe import Vehicles
from control.queued import GAP_S, Queues


def on_the_road(*vehicles):
    """Vehicles as (lane, metres to go, speed)."""
    lane, distance_m, speed_ms = zip(*vehicles, strict=True)
    return Vehicles(
        np.array(lane), np.array(distance_m, float), np.array(speed_ms, float), np.zeros((2, 1))
    )


def seen(queues, *vehicles):
    queued, late_s = queues.see(on_the_road(*vehicles))
    return queued.tolist(), late_s.tolist()


def test_a_queue_grows_from_its_stop_line():
    assert seen(Queues(1), (0, 16, 0), (0, 2, 0), (0, 9, 0.5)) == ([True] * 3, [0.0] * 3)


def test_whoever_stands_with_the_road_open_before_him_comes_later_one_by_one():
    queued, late_s = seen(Queues(2), (0, 2, 0), (0, 150, 0), (0, 157, 0), (1, 90, 0))
    assert queued == [True, False, False, False]
    assert late_s == [0, GAP_S, 2 * GAP_S, GAP_S]


def test_a_queue_on_one_lane_says_nothing_of_another():
    assert seen(Queues(2), (0, 2, 0), (1, 9, 0), (1, 24, 0))[0] == [True, True, True]
    assert seen(Queues(2), (0, 2, 0), (0, 9, 0), (1, 20, 0))[0] == [True, True, False]


def test_a_place_in_a_queue_is_kept_while_those_ahead_drive_away():
    queues = Queues(1)
    assert seen(queues, (0, 2, 0), (0, 9, 0), (0, 16, 0), (0, 23, 0))[0] == [True] * 4
    assert seen(queues, (0, 4, 8), (0, 15, 1), (0, 23, 0)) == ([False, True, True], [0.0] * 3)
    assert seen(queues, (0, 23, 0)) == ([True], [0.0])
    # creeping up and stopping again, it is of the queue still
    assert seen(queues, (0, 22, 5)) == ([False], [0.0])
    assert seen(queues, (0, 17, 1)) == ([True], [0.0])
    # once it has driven on it is not
    assert seen(queues, (0, 14, 9)) == ([False], [0.0])
    assert seen(queues, (0, 30, 0)) == ([False], [GAP_S])


def test_who_joins_behind_one_that_has_just_started_is_in_the_queue():
    assert seen(Queues(1), (0, 5, 3), (0, 14, 4), (0, 22, 0))[0] == [False, False, True]


def test_nobody_waits_behind_one_who_drives_by():
    """On the main road, past the mouth of a side road."""
    assert seen(Queues(1), (0, 24, 13), (0, 31, 0))[0] == [False, False]


def test_a_bus_is_longer_than_a_place_and_a_gap_in_the_road_is_longer_than_a_bus():
    assert seen(Queues(1), (0, 2, 0), (0, 17, 0))[0] == [True, True]
    assert seen(Queues(1), (0, 2, 0), (0, 19, 0))[0] == [True, False]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_order_of_the_look_does_not_matter(order):
    road = [(0, 2, 0), (0, 9, 0), (0, 60, 0)]
    queued, late_s = seen(Queues(1), *(road[k] for k in order))
    assert [queued[order.index(k)] for k in range(3)] == [True, True, False]
    assert [late_s[order.index(k)] for k in range(3)] == [0, 0, GAP_S]


def test_an_empty_road_has_no_queue():
    nobody = Vehicles(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros((1, 1)))
    queued, late_s = Queues(1).see(nobody)
    assert (len(queued), len(late_s)) == (0, 0)
