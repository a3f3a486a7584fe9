"""A machine that stood still lets its answers in before the clock closes windows."""

from edge.store.ticks import Ticks

MS = 1_000_000


def closing(*beats_ms):
    ticks = Ticks(0)
    return [ticks.take(round(at * MS)) for at in beats_ms]


def test_windows_are_closed_each_second():
    assert closing(0, 1000, 2003, 3900) == [True] * 4


def test_after_a_stand_still_they_wait_for_two_beats():
    assert closing(0, 1000, 7500, 8500, 9500, 10500) == [True, True, False, False, True, True]


def test_a_machine_that_is_always_late_closes_at_every_third_beat():
    assert closing(0, 3000, 6000, 9000, 12000, 15000) == [True, False, False, True, False, False]


def test_the_next_beat_is_a_second_after_this_one():
    ticks = Ticks(0)
    ticks.take(400 * MS)
    assert ticks.next_ns == 1400 * MS
