"""Changes become Scans: one for each moment, in order, no column twice."""

import numpy as np
import pytest

from drivers.opcua.assemble import Believed, Changes, Laws, Moment, assemble, grain_ns, whole
from drivers.opcua.frames import Readings
from drivers.row import AS_IT_IS, Law
from edge.model.clock import ClockQuality, Instant
from edge.model.point import Columns, Point
from edge.model.quality import Quality

S = 1_000_000_000
NOW = Instant(1_795_000_000 * S)
MOMENT = Moment(NOW, 500 * S, "boot", ClockQuality.SYNCED)
BELIEVED = Believed.around(NOW, NOW - S, 1.0)
BAD_WITH_VALUE = 0x808C_0000  # BadSensorFailure
LAST_USABLE = 0x4090_0000


def columns(n=4, period_s=1.0):
    return Columns("plant", tuple(Point("plant", f"p{i}") for i in range(n)), period_s)


def changes(*told, laws=()):
    """`(column, value, status, seconds before now)`; None where the server gave no time."""
    readings = Readings()
    for column, value, status, before_s in told:
        readings.handle.append(column)
        readings.value.append(value)
        readings.status.append(status)
        readings.source_at.append(0 if before_s is None else NOW - round(before_s * S))
    return Changes.of(readings, Laws(laws or [AS_IT_IS] * 4))


def cells(scan):
    return {s.point.name: (s.value, s.quality) for s in scan.samples()}


def seconds_ago(scan):
    return (NOW - scan.measured_at) / S


def test_one_source_time_is_one_scan_of_what_changed():
    (scan,) = assemble(changes((0, 1.5, 0, 0.3), (2, 7.0, 0, 0.3)), columns(), MOMENT, BELIEVED)
    assert cells(scan) == {"p0": (1.5, 192), "p2": (7.0, 192)}
    assert scan.present.tolist() == [True, False, True, False]
    assert seconds_ago(scan) == 0.3
    assert scan.mono_ns == MOMENT.mono_ns - round(0.3 * S)


def test_nothing_changed_is_a_scan_of_nothing_now():
    (scan,) = assemble(changes(), columns(), MOMENT, BELIEVED)
    assert cells(scan) == {}
    assert not scan.present.any()
    assert scan.measured_at == NOW


def test_queued_values_of_one_column_become_one_scan_each_in_order():
    told = changes((1, 1.0, 0, 0.9), (1, 2.0, 0, 0.6), (0, 9.0, 0, 0.6), (1, 3.0, 0, 0.3))
    scans = assemble(told, columns(), MOMENT, BELIEVED)
    assert [cells(scan) for scan in scans] == [
        {"p1": (1.0, 192)},
        {"p0": (9.0, 192), "p1": (2.0, 192)},
        {"p1": (3.0, 192)},
    ]
    assert [round(seconds_ago(scan), 3) for scan in scans] == [0.9, 0.6, 0.3]


def test_variables_with_timers_of_their_own_make_few_scans():
    told = changes(*[(i % 4, float(i), 0, 0.4 - i * 0.001) for i in range(4)])
    (scan,) = assemble(told, columns(), MOMENT, BELIEVED)
    assert len(cells(scan)) == 4
    assert seconds_ago(scan) == pytest.approx(0.4), "dated by the earliest of the grain"


def test_a_column_twice_in_one_grain_loses_nothing():
    told = changes((0, 1.0, 0, 0.405), (0, 2.0, 0, 0.403), (1, 5.0, 0, 0.404), (0, 3.0, 0, 0.401))
    scans = assemble(told, columns(), MOMENT, BELIEVED)
    assert [cells(scan) for scan in scans] == [
        {"p0": (1.0, 192), "p1": (5.0, 192)},
        {"p0": (2.0, 192)},
        {"p0": (3.0, 192)},
    ]


def test_any_changes_keep_every_value_and_never_step_back():
    rng = np.random.default_rng(7)
    for _ in range(50):
        k = int(rng.integers(1, 60))
        column = rng.integers(0, 4, k)
        before = np.sort(rng.choice([0.1, 0.15, 0.1501, 0.7, 1.2], k))[::-1]
        told = changes(
            *[
                (int(c), float(i), 0, float(b))
                for i, (c, b) in enumerate(zip(column, before, strict=True))
            ]
        )
        scans = assemble(told, columns(), MOMENT, BELIEVED)
        times = [scan.measured_at for scan in scans]
        assert times == sorted(times)
        for i in range(4):
            seen = [s.value for scan in scans for s in scan.samples() if s.point.name == f"p{i}"]
            assert seen == [float(j) for j in range(k) if column[j] == i]


def test_a_server_time_that_cannot_be_is_replaced_by_ours():
    told = changes((0, 1.0, 0, None), (1, 2.0, 0, 3600.0), (2, 3.0, 0, -2.5), (3, 4.0, 0, 0.5))
    *early, late = assemble(told, columns(), MOMENT, BELIEVED)
    assert [cells(scan) for scan in early] == [{"p3": (4.0, 192)}]
    assert set(cells(late)) == {"p0", "p1", "p2"}
    assert late.measured_at == NOW
    assert sorted((BELIEVED.astray(told) - NOW) / S) == [-3600.0, 2.5]


def test_what_waited_in_the_queue_since_the_server_was_last_heard_keeps_its_time():
    told = changes((0, 1.0, 0, 40.0))
    believed = Believed.around(NOW, NOW - 45 * S, 1.0)
    (scan,) = assemble(told, columns(), MOMENT, believed)
    assert seconds_ago(scan) == 40.0
    assert not len(believed.astray(told))


def test_bad_is_nan_with_its_cause_and_uncertain_keeps_its_value():
    told = changes(
        (0, 4.5, BAD_WITH_VALUE, 0.1), (1, 2.5, LAST_USABLE, 0.1), (2, float("inf"), 0, 0.1)
    )
    assert np.isnan(told.value[[0, 2]]).all()
    assert told.value[1] == 2.5
    assert told.quality.tolist() == [Quality.DEVICE_FAULT, Quality.STALE, Quality.NOT_A_NUMBER]


def test_a_whole_look_has_every_cell_and_the_gateways_time():
    told = changes(*[(i, float(i), 0, 7200.0) for i in range(4)])
    scan = whole(told, columns(), MOMENT)
    assert scan.present is None
    assert scan.measured_at == NOW
    assert scan.values.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_first_values_of_a_subscription_are_news_only_where_they_differ():
    known = changes(
        (0, 1.0, 0, 9.0), (1, 2.0, BAD_WITH_VALUE, 9.0), (2, 3.0, 0, 9.0), (3, 4.0, 0, None)
    )
    again = changes(
        (0, 1.0, 0, 9.0), (1, 2.0, BAD_WITH_VALUE, 9.0), (2, 3.0, 0, 0.1), (3, 4.5, 0, None)
    )
    assert again.beside(known).column.tolist() == [2, 3]


def test_scale_and_offset_are_the_columns_own():
    laws = [AS_IT_IS, Law(1.0, 0.0, 10.0), Law(2.0, 1.0, 1.0), AS_IT_IS]
    told = changes((1, 2301.0, 0, 0.1), (2, 5.0, 0, 0.1), (0, 5.0, 0, 0.1), laws=laws)
    assert told.value.tolist() == [230.1, 11.0, 5.0]


def test_overflows_are_counted():
    assert changes((0, 1.0, 0x0480, 0.1), (0, 2.0, 0, 0.1)).overflows == 1


@pytest.mark.parametrize(("period_s", "expected_ms"), [(0.2, 20), (1.0, 100), (60.0, 100)])
def test_a_grain_is_a_tenth_of_the_period_and_a_tenth_of_a_second_at_most(period_s, expected_ms):
    assert grain_ns(period_s) == expected_ms * 1_000_000
