"""What positions say of a junction and the road behind it."""

import math

from control.net.approach import Reach
from control.picture import PLACE_M
from simulators.sumo.sensors import fits, occupied, stays

AWAY = (Reach("far", 40.0), Reach("near", 0.0))


def test_a_road_on_which_nobody_stands_limits_nobody():
    assert math.isnan(fits(AWAY, {}))
    assert math.isnan(fits(AWAY, {"near": [(3.0, 8.0)], "far": [(5.0, 2.5)]}))


def test_up_to_the_first_who_stands_there_is_room_less_those_on_their_way():
    assert fits(AWAY, {"far": [(20.0, 0.0), (50.0, 0.0)]}) == 60.0 / PLACE_M - 1
    assert fits(AWAY, {"far": [(20.0, 0.0)], "near": [(10.0, 5.0)]}) == 60.0 / PLACE_M - 2
    # who drives on beyond him takes no room
    assert fits(AWAY, {"near": [(20.0, 1.0)], "far": [(5.0, 9.0)]}) == 20.0 / PLACE_M - 1


def test_a_loop_under_two_who_change_lanes_is_covered_once_and_before_the_first_second_not_at_all():
    assert occupied(159.0) == 1.0
    assert occupied(35.0) == 0.35
    assert occupied(-1.0) == 0.0


def test_a_road_that_is_full_has_no_room():
    assert fits(AWAY, {"near": [(3.0, 0.0)]}) == 0.0


def test_who_has_stood_within_a_junction_stays_until_he_can_be_out_in_time():
    assert stays(2.0, 0.0)
    assert stays(33.0, 3.0)
    assert not stays(10.0, 3.0)
    assert not stays(33.0, 13.0)
    assert not stays(-0.5, 5.0)
