"""What a window says, one rule at a time. The whole of it is held against the naive twin."""

import math

import numpy as np
import pytest

from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.event import EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.quality import Quality
from edge.model.scan import Scan
from edge.summarise.summariser import Summariser

NOON = 1_699_963_200
COLUMNS = Columns(
    "d", (Point("d", "flow"), Point("d", "mode", Kind.STATE)), period_s=1.0, window_s=10.0
)


def scan(at_s, flow, mode=0.0, *, quality=192, mono_s=None, boot="boot", present=None, of=COLUMNS):
    return Scan(
        of,
        Instant(NOON * NS_PER_S + round(at_s * NS_PER_S)),
        round((at_s if mono_s is None else mono_s) * NS_PER_S),
        boot,
        ClockQuality.SYNCED,
        np.array([flow, mode][: len(of)]),
        np.full(len(of), quality, np.uint8),
        None if present is None else np.array(present),
    )


def played(*scans, upto_s=10_000.0):
    """Summaries and events of these scans, and of the silence after them."""
    digest = Summariser({"d": COLUMNS})
    letters = [letter for each in scans for letter in digest.absorb(each)]
    letters += digest.close_until(Instant(round((NOON + upto_s) * NS_PER_S)))
    return (
        [x.body for x in letters if x.lane is Lane.INTERVAL],
        [x.body for x in letters if x.lane is Lane.EVENT],
    )


def span(summary):
    window = summary.window
    return tuple((end - NOON * NS_PER_S) / NS_PER_S for end in (window.since, window.until))


def test_a_value_weighs_as_long_as_it_stood():
    (summary,), _ = played(scan(0, 10.0), scan(1, 40.0), scan(3, 20.0, quality=3), upto_s=20)
    assert summary.good_s[0] == 3.0
    assert summary.mean[0] == pytest.approx((10 * 1 + 40 * 2) / 3)
    assert (summary.minimum[0], summary.maximum[0], summary.last[0]) == (10.0, 40.0, 40.0)
    assert (summary.count[0], summary.good[0], summary.quality[0]) == (3, 2, 3)


def test_a_value_is_held_for_two_periods_at_most():
    (summary,), _ = played(scan(0, 10.0), scan(7, 20.0), upto_s=20)
    assert summary.good_s[0] == 4.0
    assert summary.mean[0] == 15.0


def test_a_value_from_before_the_window_weighs_but_is_no_cell_of_it():
    first, second = played(scan(9, 10.0))[0]
    assert (first.count[0], first.good_s[0]) == (1, 1.0)
    assert (second.count[0], second.good_s[0], second.mean[0]) == (0, 1.0, 10.0)
    for nothing in (second.minimum, second.maximum, second.last):
        assert math.isnan(nothing[0])
    assert second.quality[0] == 192


def test_a_window_with_neither_cell_nor_weight_is_not_sent():
    summaries, events = played(scan(0, 1.0), scan(95, 2.0))
    assert [span(s) for s in summaries] == [(0, 10), (90, 100)]
    assert events == []


def test_a_window_of_bad_cells_is_sent():
    (summary,), _ = played(scan(0, math.nan, math.nan, quality=Quality.TIMEOUT))
    assert (summary.count[0], summary.good[0], summary.good_s[0]) == (1, 0, 0.0)
    assert math.isnan(summary.mean[0])
    assert summary.quality[0] == Quality.TIMEOUT
    assert summary.state_s == ({}, {})


def test_time_before_the_boundary_and_after_it_go_to_their_own_windows():
    first, second = played(scan(9.25, 8.0, 2.0), scan(10.5, 6.0, 3.0), upto_s=100)[0]
    assert first.good_s[0] == 0.75
    assert second.good_s[0] == 0.5 + 2.0
    assert second.mean[0] == pytest.approx((8 * 0.5 + 6 * 2) / 2.5)
    assert first.state_s[1] == {2: 0.75}
    assert second.state_s[1] == {2: 0.5, 3: 2.0}


def test_monotonic_time_says_how_long():
    """The wall clock is slewed 200 ms ahead while 800 ms pass, across the boundary at 10 s."""
    first, second = played(scan(9.1, 8.0), scan(10.1, 6.0, mono_s=9.9), upto_s=100)[0]
    assert first.good_s[0] == 0.8
    assert second.good_s[0] == 2.0


def test_absent_cells_are_confirmed_unchanged():
    summaries, _ = played(
        scan(0, 5.0, 1.0),
        scan(1.9, 9.0, 9.0, present=[False, False]),
        scan(3.8, 9.0, 2.0, present=[False, True]),
        upto_s=20,
    )
    (summary,) = summaries
    assert summary.count.tolist() == [1, 2]
    assert summary.good_s[0] == 5.8
    assert (summary.mean[0], summary.maximum[0]) == (5.0, 5.0)
    assert summary.state_s[1] == {1: 3.8, 2: 2.0}


def test_absence_does_not_mend_a_bad_cell():
    (summary,), _ = played(scan(0, 5.0, quality=3), scan(1, 5.0, present=[False, False]), upto_s=20)
    assert summary.good_s.tolist() == [0.0, 0.0]
    assert summary.quality.tolist() == [3, 3]


def test_a_late_scan_is_counted_where_time_stands():
    summaries, events = played(scan(9, 1.0), scan(11, 2.0), scan(9.5, 3.0), scan(12, 4.0))
    assert events == []
    assert [s.count[0] for s in summaries] == [1, 3]
    assert summaries[1].minimum[0] == 2.0
    assert summaries[1].mean[0] == pytest.approx((1 * 1 + 3 * 1 + 4 * 2) / 4)


def test_a_clock_set_ahead_closes_the_window_early():
    summaries, (event,) = played(scan(0, 1.0), scan(31, 2.0, mono_s=1))
    assert [(span(s), s.clock_stepped) for s in summaries] == [
        ((0, 1), True),
        ((31, 40), False),
    ]
    assert summaries[0].good_s[0] == 1.0
    assert event.kind is EventKind.CLOCK_STEPPED
    assert event.subject == "d"
    assert event.detail == {
        "from_ms": (NOON + 1) * 1000,
        "to_ms": (NOON + 31) * 1000,
        "step_ms": 30_000,
    }


def test_a_clock_set_back_closes_the_window_early():
    summaries, (event,) = played(scan(25, 1.0), scan(5, 2.0, mono_s=26))
    assert [(span(s), s.clock_stepped) for s in summaries] == [
        ((20, 26), True),
        ((5, 10), False),
    ]
    assert summaries[1].good_s[0] == 2.0
    assert event.detail["step_ms"] == -21_000


def test_windows_that_ended_before_the_step_close_as_they_should():
    summaries, _ = played(scan(8.5, 1.0), scan(100.5, 2.0, mono_s=10.5))
    assert [(span(s), s.clock_stepped) for s in summaries] == [
        ((0, 10), False),
        ((10, 10.5), True),
        ((100.5, 110), False),
    ]


@pytest.mark.parametrize(("wall_s", "steps"), [(3.1, 0), (2.9, 1)])
def test_between_boots_a_jump_back_beyond_two_periods_is_a_step(wall_s, steps):
    summaries, events = played(scan(5, 1.0), scan(wall_s, 2.0, mono_s=99, boot="next boot"))
    assert len(events) == steps
    assert sum(s.clock_stepped for s in summaries) == steps
    assert sum(int(s.count[0]) for s in summaries) == 2


def test_a_reboot_is_a_gap_like_any_other():
    (summary,), events = played(scan(0, 1.0), scan(7, 3.0, mono_s=1, boot="next boot"), upto_s=20)
    assert events == []
    assert (summary.good_s[0], summary.mean[0]) == (4.0, 2.0)


def test_other_points_start_anew_where_the_old_ones_ended():
    fewer = Columns("d", (Point("d", "flow", unit="L/s"),), period_s=1.0, window_s=10.0)
    old, new = played(scan(0, 1.0, 4.0), scan(1, 2.0, 4.0), scan(2, 9.0, of=fewer), upto_s=20)[0]
    assert (span(old), old.columns, old.good_s[0]) == ((0, 2), COLUMNS, 2.0)
    assert (span(new), new.columns, new.count.tolist()) == ((2, 10), fewer, [1])
    assert not old.clock_stepped


def test_columns_that_mean_the_same_go_on():
    slower = Columns("d", COLUMNS.points, period_s=3.0, window_s=10.0)
    (summary,), _ = played(scan(0, 1.0), scan(1, 1.0, of=slower), upto_s=20)
    assert summary.good_s[0] == 1.0 + 6.0


def test_a_window_waits_two_periods_for_the_scan_that_closes_it():
    digest = Summariser({})
    digest.absorb(scan(9, 1.0))
    assert digest.close_until(Instant((NOON + 12) * NS_PER_S - 1)) == []
    assert len(digest.close_until(Instant((NOON + 12) * NS_PER_S))) == 1
    assert digest.close_until(Instant((NOON + 12) * NS_PER_S)) == []


def test_a_drain_does_not_wait():
    digest = Summariser({})
    digest.absorb(scan(9, 1.0))
    at_end = Instant((NOON + 10) * NS_PER_S)
    assert digest.close_until(Instant(at_end - 1), grace_s=0) == []
    assert len(digest.close_until(at_end, grace_s=0)) == 1


def test_a_scan_that_comes_after_all_is_counted_in_the_next_window():
    digest = Summariser({})
    digest.absorb(scan(9, 1.0))
    digest.close_until(Instant((NOON + 10) * NS_PER_S), grace_s=0)
    digest.absorb(scan(9.9, 7.0))
    (letter,) = digest.close_until(Instant((NOON + 90) * NS_PER_S))
    assert span(letter.body) == (10, 20)
    assert letter.body.count[0] == 1


def test_numbers_beyond_reckoning_leave_no_mean():
    (summary,), _ = played(scan(0, 1e308), scan(1, 1e308), upto_s=20)
    assert math.isnan(summary.mean[0])
    assert summary.maximum[0] == 1e308
