"""The counter's rules one by one; `delta` is what has been booked so far."""

import math

import numpy as np
import pytest

from edge.model.clock import NS_PER_S, Instant
from edge.model.point import Columns, Kind, Point
from edge.summarise.counters import Counters
from edge.summarise.layout import Layout

INF = float("inf")


class Register:
    """One counter read once a second."""

    def __init__(self, *, limit=INF, modulus=0.0):
        point = Point("m", "total", Kind.COUNTER, unit="L", rate_limit=limit, modulus=modulus)
        self.counters = Counters(Layout(Columns("m", (point,), period_s=1.0)))
        self.now_s = 0
        self.events = []

    def read(self, *values, after_s=1):
        for value in values:
            self.now_s += after_s
            good = None if value is not None else np.array([False])
            self.events += self.counters.take(
                np.array([math.nan if value is None else value]),
                good,
                self.now_s * NS_PER_S,
                Instant(self.now_s * NS_PER_S),
            )
        return self

    @property
    def delta(self):
        return float(self.counters.delta()[0])

    @property
    def kinds(self):
        return [event.kind.removeprefix("counter_") for event in self.events]

    @property
    def epoch(self):
        return int(self.counters.epoch[0])


def test_nothing_is_known_before_the_first_reading():
    assert math.isnan(Register().delta)
    assert Register().read(5000.0).delta == 0.0


def test_differences_are_exact_to_the_last_whole_number():
    top = 2.0**53
    assert Register().read(top - 3, top - 2, top).delta == 3.0


def test_fractions_do_not_drift():
    tenths = [number / 10 for number in range(100_000, 110_001)]
    assert Register().read(*tenths).delta == 1000.0


def test_a_bad_cell_loses_nothing():
    assert Register().read(100.0, None, None, 107.0).delta == 7.0


def test_zero_for_one_poll_loses_nothing():
    meter = Register().read(5000.0, 0.0, 5003.0)
    assert (meter.delta, meter.kinds, meter.epoch) == (3.0, ["suspect"], 0)
    assert meter.events[0].detail == {"from": 5000.0, "to": 0.0, "unit": "L"}
    assert meter.events[0].subject == "m.total"


def test_zeros_for_a_while_and_then_the_old_total_are_no_consumption():
    meter = Register().read(5000.0, *[0.0] * 10, 5003.0)
    assert (meter.delta, meter.kinds) == (3.0, ["suspect"])


def test_a_reset_is_confirmed_by_three_readings_and_books_from_the_first():
    meter = Register().read(5000.0, 2.0, 3.0)
    assert meter.delta == 0.0
    meter.read(5.0)
    assert (meter.delta, meter.kinds, meter.epoch) == (3.0, ["suspect", "reset"], 1)
    assert meter.events[1].detail == {"from": 5000.0, "to": 2.0, "unit": "L", "counter_epoch": 1}
    assert meter.read(9.0).delta == 7.0


def test_zeros_after_a_reset_wait_for_the_meter_to_move():
    meter = Register().read(5000.0, 0.0, 0.0, 0.0, 1.0, 2.0)
    assert (meter.delta, meter.epoch) == (0.0, 0)
    assert (meter.read(3.0).delta, meter.epoch) == (3.0, 1)


def test_readings_that_do_not_follow_each_other_confirm_nothing():
    meter = Register().read(5000.0, 30.0, 20.0, 10.0, 5.0, 40.0)
    assert (meter.delta, meter.epoch) == (0.0, 0)
    assert meter.read(5001.0).delta == 1.0


def test_suspicion_is_told_once_a_window():
    meter = Register().read(5000.0, 0.0, 5000.0, 0.0, 5000.0)
    assert meter.kinds == ["suspect"]
    meter.counters.open_window()
    assert meter.read(0.0).kinds == ["suspect", "suspect"]


def test_a_fall_within_one_float32_step_is_jitter():
    meter = Register().read(65_536.0, 65_535.9922, 65_536.0, 65_537.0)
    assert (meter.delta, meter.kinds) == (1.0, [])


def test_rollover_within_the_rate_limit_is_seen_at_once():
    meter = Register(limit=10.0, modulus=65_536.0).read(65_530.0, 4.0)
    assert (meter.delta, meter.kinds, meter.epoch) == (10.0, ["rollover"], 0)
    assert meter.events[0].detail == {
        "from": 65_530.0,
        "to": 4.0,
        "unit": "L",
        "modulus": 65_536.0,
    }


def test_a_fall_too_far_for_a_rollover_is_a_reset():
    meter = Register(limit=10.0, modulus=65_536.0).read(30_000.0, 4.0, 5.0, 6.0)
    assert (meter.delta, meter.kinds) == (2.0, ["suspect", "reset"])


def test_without_a_rate_limit_a_rollover_waits_for_three_readings():
    meter = Register(modulus=65_536.0).read(65_530.0, 4.0, 5.0)
    assert meter.delta == 0.0
    meter.read(7.0)
    assert (meter.delta, meter.kinds) == (13.0, ["suspect", "rollover"])
    assert Register(modulus=65_536.0).read(65_530.0, 0.0, 65_533.0).delta == 3.0


def test_without_a_rate_limit_a_fall_from_the_middle_is_a_reset():
    meter = Register(modulus=65_536.0).read(60_000.0, 4.0, 5.0, 7.0)
    assert (meter.delta, meter.kinds) == (3.0, ["suspect", "reset"])


def test_a_rise_beyond_the_rate_limit_is_not_booked():
    meter = Register(limit=10.0).read(100.0, 90_000.0, 103.0)
    assert (meter.delta, meter.kinds) == (3.0, ["suspect"])


def test_a_meter_exchanged_for_one_that_reads_more_is_a_reset():
    meter = Register(limit=10.0).read(100.0, 90_000.0, 90_001.0, 90_003.0)
    assert (meter.delta, meter.kinds, meter.epoch) == (3.0, ["suspect", "reset"], 1)


def test_suspect_readings_must_rise_credibly_among_themselves():
    meter = Register(limit=10.0).read(100.0, 90_000.0, 95_000.0, 99_000.0, 101.0)
    assert (meter.delta, meter.kinds) == (1.0, ["suspect"])


@pytest.mark.parametrize(("gap_s", "epoch"), [(60, 1), (1, 0)])
def test_how_far_suspects_may_rise_counts_from_the_one_before(gap_s, epoch):
    meter = Register(limit=10.0).read(100_000.0, 5.0, 6.0)
    assert meter.read(400.0, after_s=gap_s).epoch == epoch


def test_a_register_that_moves_in_large_steps_is_judged_by_the_time_since_it_last_rose():
    meter = Register(limit=1.0).read(100.0, *[100.0] * 58, 160.0)
    assert (meter.delta, meter.kinds) == (60.0, [])


def test_what_the_meter_counted_while_nobody_looked_is_booked():
    meter = Register(limit=10.0).read(100.0).read(100.0 + 36_000, after_s=3600)
    assert (meter.delta, meter.kinds) == (36_000.0, [])


def test_a_counter_that_stayed_is_carried_over_to_other_points():
    def counters(*names):
        points = tuple(Point("m", name, Kind.COUNTER, unit="L") for name in names)
        return Counters(Layout(Columns("m", points, period_s=1.0)))

    before, after = counters("a", "b"), counters("b", "c")
    before.take(np.array([10.0, 20.0]), None, 0, Instant(0))
    after.inherit(before)
    after.take(np.array([25.0, 7.0]), None, NS_PER_S, Instant(NS_PER_S))
    assert after.delta().tolist() == [5.0, 0.0]
