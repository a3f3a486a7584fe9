"""Measures of logs short enough to count by hand."""

import numpy as np
import pytest

from control.measures import arrivals, counts, splits, waits
from control.measures.cycles import cycles
from control.measures.detection import Channel, Function
from control.measures.events import Code, Event, Log

MINUTE_MS = 60_000
ADVANCE = [Channel("j", 1, 5, Function.ADVANCE)]
STOP_LINE = [Channel("j", 1, 6, Function.PRESENCE), Channel("j", 1, 7, Function.PRESENCE)]


def log(*rows):
    """A log of `(second, code, parameter)`."""
    return Log.of_events("j", [Event(round(1000 * s), code, n) for s, code, n in rows])


def cycle(begin_s, green_s=20, yellow_s=3, clearance_s=2, phase=1):
    red_s = begin_s + green_s + yellow_s
    return [
        (begin_s, Code.GREEN, phase),
        (begin_s + green_s, Code.YELLOW, phase),
        (red_s, Code.RED_CLEARANCE, phase),
        (red_s + clearance_s, Code.RED_CLEARANCE_END, phase),
    ]


def pulse(begin_s, end_s, channel):
    return [(begin_s, Code.DETECTOR_ON, channel), (end_s, Code.DETECTOR_OFF, channel)]


def begins(times_s, channel=5):
    return [(s, Code.DETECTOR_ON, channel) for s in times_s]


def test_a_cycle_that_lost_a_row_is_no_cycle():
    rows = [*cycle(0), *cycle(60), *cycle(120)]
    rows.remove((80, Code.YELLOW, 1))
    whole = cycles(log(*rows), 1)
    assert list(whole.green_ms) == [0, 120_000]
    assert whole.next_ms[0] == 60_000


def test_arrivals_are_parted_at_begin_of_green_and_of_yellow():
    seen = log(*cycle(0), *cycle(60), *begins([59.999, 60, 79.999, 80, 82, 83]))
    second = arrivals.arrivals_on_green(seen, 1, ADVANCE, MINUTE_MS)[1]
    assert (second.arrivals, second.on_green, second.on_yellow) == (5, 2, 2)
    assert second.share_on_green == pytest.approx(0.4)


def test_the_platoon_ratio_is_against_the_share_of_green():
    # 20 s of green in a minute; half of the arrivals on it
    seen = log(*cycle(0), *cycle(60), (120, Code.GREEN, 1), *begins([5, 30]))
    (row,) = arrivals.arrivals_on_green(seen, 1, ADVANCE, MINUTE_MS)
    assert row.share_green == pytest.approx(1 / 3)
    assert row.platoon_ratio == pytest.approx(1.5)
    assert row.arrival_type == 4


@pytest.mark.parametrize(
    ("ratio", "kind"), [(0.5, 1), (0.51, 2), (1.0, 3), (1.5, 4), (1.9, 5), (2.1, 6)]
)
def test_arrival_types(ratio, kind):
    assert arrivals.arrival_type(ratio) == kind


def test_an_arrival_is_moved_to_the_stop_line():
    far = [Channel("j", 1, 5, Function.ADVANCE, distance_m=100, speed_ms=10)]
    seen = log(*cycle(0), *cycle(60), *begins([51]))
    (row,) = arrivals.arrivals_on_green(seen, 1, far, MINUTE_MS)
    assert (row.since_ms, row.on_green) == (MINUTE_MS, 1)
    (row,) = arrivals.arrivals_on_green(seen, 1, far, MINUTE_MS, latency_ms=1500)
    assert (row.since_ms, row.on_green) == (0, 0)


def test_a_coordination_diagram_runs_from_red_to_red():
    seen = log(*cycle(0), *cycle(60, green_s=30), *cycle(150), *begins([10, 30, 65, 92, 160]))
    found = arrivals.coordination(seen, 1, ADVANCE)
    assert list(found.begin_ms) == [23_000, 93_000]
    assert list(found.green_s) == [37, 57]
    assert list(found.yellow_s) == [67, 77]
    assert list(found.red_s) == [70, 80]
    # before the first red there is no cycle
    assert list(found.arrival_ms) == [30_000, 65_000, 92_000, 160_000]
    assert list(found.in_cycle_s) == [7, 42, 69, 67]
    assert list(found.on_green) == [False, True, False, True]
    assert found.share_on_green == 0.5


def test_no_cycle_no_diagram():
    found = arrivals.coordination(log(*begins([10])), 1, ADVANCE)
    assert len(found.begin_ms) == len(found.arrival_ms) == 0
    assert found.share_on_green is None


def test_a_queue_before_and_after_is_a_failure():
    # on for 16 of 20 s of green and 4 of the first 5 s of red, over two lanes
    full = [*pulse(-1, 10, 6), *pulse(8, 16, 7), *pulse(23, 27, 6)]
    (row,) = splits.split_failures(log(*cycle(0), *full), 1, STOP_LINE, MINUTE_MS)
    assert row.green_occupancy == pytest.approx(0.8)
    assert row.red_occupancy == pytest.approx(0.8)
    assert (row.cycles, row.failures) == (1, 1)
    (row,) = splits.split_failures(
        log(*cycle(0), *full), 1, STOP_LINE, MINUTE_MS, red_threshold=0.81
    )
    assert row.failures == 0


def test_missing_ends_and_begins_are_put_in():
    # on 0, on 4: an end half-way; off 8, off 12: a begin half-way; on 13.5 is one behind another
    rows = [
        (-1, Code.DETECTOR_ON, 6),
        (0, Code.DETECTOR_OFF, 6),
        (0.5, Code.DETECTOR_ON, 6),
        (4.5, Code.DETECTOR_ON, 6),
        (8, Code.DETECTOR_OFF, 6),
        (12, Code.DETECTOR_OFF, 6),
        (12.5, Code.DETECTOR_ON, 6),
        (13.5, Code.DETECTOR_ON, 6),
        (14, Code.DETECTOR_OFF, 6),
    ]
    seen = splits.occupied(log(*cycle(0), *rows), 1, STOP_LINE, MINUTE_MS)
    on_s = (2.5 - 0.5) + (8 - 4.5) + (12 - 10) + (14 - 12.5)
    assert seen.green_occupancy == pytest.approx([on_s / 20])


@pytest.mark.parametrize(
    "rows",
    [
        cycle(0),  # no detector ever spoke
        [*cycle(0), *pulse(5, 6, 6)],  # nor before this green
        [*pulse(-2, -1, 6), *cycle(0), (27, Code.GREEN, 1)],  # green again within 5 s of red
        [*pulse(-2, -1, 6), *cycle(32)],  # the look at red ends in the next bin
    ],
)
def test_cycles_that_say_nothing_are_left_out(rows):
    assert splits.split_failures(log(*rows), 1, STOP_LINE, MINUTE_MS) == []


def test_durations_against_the_programmed_split():
    seen = log((0, Code.SPLIT_1, 24), *cycle(0), *cycle(25, green_s=10), *cycle(60))
    first, second = splits.split_monitor(seen, 1, MINUTE_MS)
    assert (first.services, first.longest_s, first.programmed_s) == (2, 25, 24)
    assert first.median_s == pytest.approx(20)
    assert (second.services, second.programmed_s) == (1, 24)
    assert splits.split_monitor(log(*cycle(0)), 1, MINUTE_MS)[0].programmed_s is None


def test_a_service_that_is_cut_short_has_no_duration():
    rows = [row for row in [*cycle(0), *cycle(60)] if row[1] != Code.RED_CLEARANCE_END]
    assert len(splits.durations(log(*rows), 1).length_s) == 0


def test_walkers_wait_from_the_first_push_to_walk():
    pushes = [(s, Code.BUTTON_ON, 3) for s in (10, 15, 42, 61, 90)]
    walks = [(40, Code.WALK, 3), (47, Code.PED_CLEARANCE, 3), (80, Code.WALK, 3)]
    found = waits.pedestrian_waits(log(*pushes, *walks), 3)
    # the push at 42 is during walk; that at 90 is never answered
    assert list(found.length_s) == [30, 19]
    (row,) = waits.pedestrian_delay(log(*pushes, *walks), 3, 2 * MINUTE_MS)
    assert (row.waits, row.mean_s, row.longest_s) == (2, 24.5, 30)
    assert len(waits.pedestrian_waits(log(), 3).length_s) == 0


def test_a_phase_waits_from_its_last_call():
    rows = [(0, Code.CALL, 1), (10, Code.CALL, 1), (40, Code.GREEN, 1), (50, Code.GREEN, 1)]
    assert list(waits.phase_waits(log(*rows), 1).length_s) == [30]


def test_waits_under_preemption_do_not_count():
    rows = []
    for begin_s in (0, 100, 330, 400):
        rows += [(begin_s, Code.CALL, 1), (begin_s + 30, Code.GREEN, 1)]
    rows += [(90, Code.PREEMPT_CALL, 2), (210, Code.PREEMPT_CALL_OFF, 2)]
    found = waits.phase_waits(log(*rows), 1)
    assert list(found.begin_ms) == [0, 330_000, 400_000]


def test_a_phase_is_passed_over_after_one_and_a_half_cycles():
    rows = [(0, Code.CALL, 1), (100, Code.GREEN, 1), (200, Code.CALL, 1), (300, Code.GREEN, 1)]
    bin_ms = 10 * MINUTE_MS
    assert waits.phase_wait(log(*rows), 1, bin_ms)[0].skipped == 0
    sixty = log(*rows, (150, Code.CYCLE_LENGTH, 60))
    assert waits.phase_wait(sixty, 1, bin_ms)[0].skipped == 1
    free_again = log(*rows, (150, Code.CYCLE_LENGTH, 60), (160, Code.CYCLE_LENGTH, 0))
    assert waits.phase_wait(free_again, 1, bin_ms)[0].skipped == 0


def test_crossings_are_told_by_their_time_from_red():
    channel = [Channel("j", 1, 5, Function.YELLOW_RED)]
    seen = log(*cycle(0), *cycle(60), *begins([14, 21, 23.74, 23.76, 70]))
    found = counts.yellow_red(seen, 1, channel, MINUTE_MS, latency_ms=0)
    assert [(row.state, row.red_offset_s, row.count) for row in found] == [
        (Code.YELLOW, -2, 1),
        (Code.RED_CLEARANCE, 0.5, 1),
        (Code.RED_CLEARANCE, 1, 1),
    ]


def test_counts_are_of_one_bin_and_one_phase():
    rows = [
        (10, Code.GAP_OUT, 1),
        (20, Code.MAX_OUT, 1),
        (30, Code.MAX_OUT, 1),
        (70, Code.FORCE_OFF, 1),
        (10, Code.GAP_OUT, 2),
        (10, Code.WALK, 3),
        (5, Code.BUTTON_ON, 3),
        (6, Code.BUTTON_ON, 3),
    ]
    seen = log(*rows, *begins([1, 2, 61]))
    first, second = counts.terminations(seen, 1, MINUTE_MS)
    assert (first.gap_outs, first.max_outs, first.force_offs) == (1, 2, 0)
    assert (second.gap_outs, second.max_outs, second.force_offs) == (0, 0, 1)
    (walked,) = counts.pedestrians(seen, 3, MINUTE_MS)
    assert (walked.services, walked.pushes) == (1, 2)
    assert [row.count for row in counts.pulses(seen, 5, MINUTE_MS)] == [2, 1]


def test_an_empty_log_has_no_rows():
    empty = log()
    assert arrivals.arrivals_on_green(empty, 1, ADVANCE, MINUTE_MS) == []
    assert splits.split_failures(empty, 1, STOP_LINE, MINUTE_MS) == []
    assert splits.split_monitor(empty, 1, MINUTE_MS) == []
    assert waits.phase_wait(empty, 1, MINUTE_MS) == []
    assert counts.yellow_red(empty, 1, ADVANCE, MINUTE_MS) == []
    assert np.array_equal(empty.parameters(Code.GREEN), [])
