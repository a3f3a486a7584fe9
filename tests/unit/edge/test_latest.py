import math

import numpy as np

from edge.latest import Latest, Thinned
from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.point import Columns, Point
from edge.model.quality import Quality
from edge.model.scan import Scan


class StoppedClock:
    boot = "boot"
    mono_s = 0.0

    def now(self):
        return Instant(0)

    def mono_ns(self):
        return int(self.mono_s * NS_PER_S)

    def quality(self):
        return ClockQuality.SYNCED


def columns(device="d", **deadbands):
    names = deadbands or {"a": 0.0, "b": 0.0}
    points = tuple(Point(device, name, deadband=width) for name, width in names.items())
    return Columns(device, points, period_s=1.0)


def scan(of, values, quality=192, present=None):
    return Scan(
        of,
        Instant(0),
        0,
        "boot",
        ClockQuality.SYNCED,
        np.array(values, np.float64),
        np.full(len(values), quality, np.uint8),
        None if present is None else np.array(present),
    )


def test_an_unseen_device_has_no_latest():
    assert Latest(StoppedClock()).of("d") is None


def test_cells_that_did_not_come_stand_as_they_were():
    latest, d = Latest(StoppedClock()), columns()
    latest.update(scan(d, [1.0, 2.0], present=[True, False]))
    first = latest.of("d")
    assert first.values[0] == 1.0
    assert math.isnan(first.values[1])
    assert first.quality.tolist() == [192, Quality.BAD]
    latest.update(scan(d, [9.0, 3.0], present=[False, True]))
    both = latest.of("d")
    assert both.values.tolist() == [1.0, 3.0]
    assert both.present is None


def test_points_that_mean_something_else_inherit_nothing():
    latest = Latest(StoppedClock())
    latest.update(scan(columns(), [1.0, 2.0]))
    other = columns(a=0.0, c=0.0)
    latest.update(scan(other, [5.0, 6.0], present=[True, False]))
    assert latest.of("d").quality.tolist() == [192, Quality.BAD]


def test_age_is_judged_when_somebody_looks():
    clock = StoppedClock()
    latest, d = Latest(clock), columns()
    latest.update(scan(d, [1.0, 2.0]))
    clock.mono_s = 2.0
    assert latest.of("d").quality.tolist() == [192, 192]
    clock.mono_s = 2.1
    assert latest.of("d").quality.tolist() == [Quality.STALE, Quality.STALE]
    assert latest.of("d").values.tolist() == [1.0, 2.0]
    latest.update(scan(d, [1.0, 2.0], quality=Quality.TIMEOUT))
    clock.mono_s = 9.0
    assert latest.of("d").quality.tolist() == [Quality.TIMEOUT, Quality.TIMEOUT]


def test_since_gives_what_is_newer_and_what_went_stale():
    clock = StoppedClock()
    latest = Latest(clock)
    for device in ("x", "y", "z"):
        latest.update(scan(columns(device), [1.0, 2.0]))
    version, seen = latest.since(0)
    assert [s.columns.device for s in seen] == ["z", "y", "x"]
    assert latest.since(version) == (version, [])
    clock.mono_s = 5.0
    latest.update(scan(columns("x"), [1.0, 2.0]))
    newer, seen = latest.since(version)
    assert newer == version + 1
    assert [(s.columns.device, int(s.quality[0])) for s in seen] == [
        ("x", 192),
        ("z", Quality.STALE),
        ("y", Quality.STALE),
    ]


def test_thinned_shows_everything_once():
    latest, d = Latest(StoppedClock()), columns()
    thinned = Thinned(latest)
    latest.update(scan(d, [1.0, math.nan]))
    assert [s.present for s in thinned.take()] == [None]
    assert thinned.take() == []
    thinned.forget()
    assert [s.present for s in thinned.take()] == [None]


def test_a_change_is_counted_from_what_was_last_shown():
    latest, d = Latest(StoppedClock()), columns(a=0.5, b=0.0)
    thinned = Thinned(latest)
    latest.update(scan(d, [10.0, 1.0]))
    thinned.take()
    for drift in (10.2, 10.4):
        latest.update(scan(d, [drift, 1.0]))
        assert thinned.take() == []
    latest.update(scan(d, [10.5, 1.0]))
    (news,) = thinned.take()
    assert news.present.tolist() == [True, False]
    latest.update(scan(d, [10.1, 1.0 + 1e-9]))
    (news,) = thinned.take()
    assert news.present.tolist() == [False, True]


def test_what_is_shown_of_one_point_does_not_hide_the_drift_of_another():
    latest, d = Latest(StoppedClock()), columns(a=0.0, b=0.5)
    thinned = Thinned(latest)
    for drift in (10.0, 10.4, 10.8):
        latest.update(scan(d, [drift, drift]))
        (news,) = thinned.take()
    assert news.present.tolist() == [True, True]


def test_quality_and_the_loss_of_a_number_are_always_shown():
    clock = StoppedClock()
    latest, d = Latest(clock), columns(a=5.0, b=5.0)
    thinned = Thinned(latest)
    latest.update(scan(d, [1.0, 1.0]))
    thinned.take()
    latest.update(scan(d, [math.nan, 1.0]))
    (news,) = thinned.take()
    assert news.present.tolist() == [True, False]
    clock.mono_s = 10.0
    (news,) = thinned.take()
    assert news.present.tolist() == [True, True]
    assert news.quality.tolist() == [Quality.STALE, Quality.STALE]


def test_memory_is_one_scan_a_device():
    latest = Latest(StoppedClock())
    for number in range(100):
        latest.update(scan(columns(), [number, number]))
    assert latest.devices() == ("d",)
    assert len(latest.since(0)[1]) == 1


def test_a_fast_device_is_not_stale_because_the_machine_was_busy_for_a_second():
    clock = StoppedClock()
    latest = Latest(clock)
    latest.update(scan(Columns("fast", (Point("fast", "flow"),), period_s=0.2), [1.0]))
    clock.mono_s = 1.9
    assert latest.of("fast").quality[0] == Quality.GOOD
    clock.mono_s = 2.1
    assert latest.of("fast").quality[0] == Quality.STALE
