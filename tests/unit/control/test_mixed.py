import math

import pytest

from control.mixed import AreaQueue, Discharge, EndOfQueue, mcu, mcu_on, storage_mcu
from edge.errors import ConfigError


def test_units_are_those_of_hanoi():
    assert mcu({"motorcycle": 80, "car": 16, "bus": 4}) == pytest.approx(80 + 16 * 3.4 + 4 * 10.5)


def test_a_class_without_units_is_refused_by_name():
    with pytest.raises(ConfigError, match="'tram' has no motorcycle units"):
        mcu({"motorcycle": 3, "tram": 1})


def test_the_prior_is_a_car_lane_of_1900_an_hour():
    cars_h = Discharge().mixed_flow(3.5, 1.0) * 3600
    assert cars_h == pytest.approx(1900, rel=0.03)


def test_it_lies_within_reach_of_the_published_capacities():
    for lanes, capacity_mc_h in ((2, 13_358), (3, 21_725), (4, 24_335)):
        own = Discharge().mixed_flow(lanes * 3.5, 0.0) * 3600
        assert own == pytest.approx(capacity_mc_h, rel=0.15)


def test_motorcycles_leave_first_then_all_together():
    model, queue = Discharge(burst_s=3, startup_s=0.0), AreaQueue(100, 20)
    for second in range(3):
        queue, left = queue.step(model, second, 10.5, AreaQueue())
        assert left == AreaQueue(5.25, 0.0)
    _, left = queue.step(model, 3, 10.5, AreaQueue())
    assert left.four_wheelers > 0
    assert left.mcu(model) == pytest.approx(5.25)


def test_red_sends_nothing():
    queue, left = AreaQueue(7, 2).step(Discharge(), -1, 7.0, AreaQueue(1, 0))
    assert (queue, left) == (AreaQueue(8, 2), AreaQueue())


def test_a_burst_without_motorcycles_is_no_wait_for_the_cars():
    _, left = AreaQueue(0, 5).step(Discharge(), 2, 3.5, AreaQueue())
    assert left.four_wheelers == pytest.approx(1.75 / 3.4)


def test_a_full_road_behind_the_junction_takes_no_more():
    _, left = AreaQueue(50, 10).step(Discharge(), 20, 10.5, AreaQueue(), room_mcu=2.0)
    assert left.mcu(Discharge()) == pytest.approx(2.0)


def test_friction_slows_the_mix_and_not_the_motorcycles():
    plain, rough = Discharge(), Discharge(friction=1.5)
    assert rough.mixed_flow(7.0, 0.2) < plain.mixed_flow(7.0, 0.2)
    assert rough.mixed_flow(7.0, 0.0) == plain.mixed_flow(7.0, 0.0)


def test_saturation_is_learned_towards_what_was_seen():
    model = Discharge()
    for _ in range(200):
        model = model.learned(passed_mcu=0.55 * 7.0 * 20, seconds=20, width_m=7.0)
    assert model.saturation_mcu_s_m == pytest.approx(0.55, abs=1e-6)


def test_what_is_learned_stays_within_a_fifth():
    for seen, bound in ((5.0, 0.6), (0.0, 0.4)):
        model = Discharge()
        for _ in range(500):
            model = model.learned(seen * 7.0 * 20, 20, 7.0)
        assert model.saturation_mcu_s_m == pytest.approx(bound)


def test_silence_teaches_nothing():
    assert Discharge().learned(math.nan, 20, 7.0) == Discharge()
    assert Discharge().learned(10.0, 0.0, 7.0) == Discharge()


def test_the_queue_ends_where_the_flow_drops_for_three_seconds():
    end = EndOfQueue()
    for passed in (5.0, 2.9, 2.9, 3.1, 2.9, 2.9):
        end = end.seen(passed, saturated_mcu=5.0)
        assert not end.reached
    assert not end.seen(math.nan, 5.0).reached
    assert end.seen(1.0, 5.0).reached


def test_area_and_units():
    assert storage_mcu(1050.0) == pytest.approx(367.5)
    assert storage_mcu(-1.0) == 0.0
    assert mcu_on(185.0) == pytest.approx(100.0)


def test_a_table_for_a_planner_is_the_same_numbers():
    model = Discharge()
    table = model.profile(30, 7.0, 0.2)
    assert table.shape == (30,)
    assert list(table) == [model.discharge(second, 7.0, 0.2) for second in range(30)]
