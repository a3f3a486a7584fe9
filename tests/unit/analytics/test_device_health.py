import numpy as np
import pytest

from edge.analytics.device_health import DeviceHealth
from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.event import EventKind
from edge.model.point import Columns, Point
from edge.model.quality import Quality
from edge.model.scan import Scan

COLUMNS = Columns("d", (Point("d", "a"), Point("d", "b"), Point("d", "c")), period_s=1.0)


def scan(at_s, quality, present=None, boot="boot", wall_s=None):
    return Scan(
        COLUMNS,
        Instant(int((at_s if wall_s is None else wall_s) * NS_PER_S)),
        int(at_s * NS_PER_S),
        boot,
        ClockQuality.SYNCED,
        np.zeros(3),
        np.array(quality, np.uint8),
        None if present is None else np.array(present),
    )


UP, DOWN = [192, 192, 192], [Quality.TIMEOUT] * 3


def told(events):
    return [(event.kind, event.detail) for event in events]


def test_the_first_scan_says_which_of_the_two():
    assert told(DeviceHealth().watch(scan(0, UP))) == [(EventKind.DEVICE_UP, {})]
    first = DeviceHealth().watch(scan(0, DOWN))
    assert told(first) == [(EventKind.DEVICE_DOWN, {"cause": "timeout"})]
    assert (first[0].subject, first[0].at) == ("d", 0)


def test_down_and_up_are_told_once_with_cause_and_length():
    health = DeviceHealth()
    health.watch(scan(0, UP))
    assert health.watch(scan(1, UP)) == []
    down = health.watch(scan(90.5, DOWN))
    assert told(down) == [(EventKind.DEVICE_DOWN, {"cause": "timeout", "up_s": 90.5})]
    assert health.watch(scan(91, DOWN)) == []
    assert health.watch(scan(92, [Quality.LINK_DOWN] * 3)) == [], "another cause, still down"
    up = health.watch(scan(100.5, UP))
    assert told(up) == [(EventKind.DEVICE_UP, {"cause": "timeout", "down_s": 10.0})]


def test_the_length_is_told_by_the_monotonic_clock_of_one_boot():
    health = DeviceHealth()
    health.watch(scan(0, UP, wall_s=1000))
    (down,) = health.watch(scan(5, DOWN, wall_s=9000))
    assert down.detail["up_s"] == 5.0
    (up,) = health.watch(scan(1, UP, wall_s=9060, boot="next boot"))
    assert up.detail["down_s"] == 60.0
    (down,) = health.watch(scan(3, DOWN, wall_s=99_999, boot="next boot"))
    assert down.detail["up_s"] == 2.0


@pytest.mark.parametrize(
    "quality",
    [[1, 2, 192], [1, 2, Quality.DEVICE_FAULT], [Quality.REFUSED] * 3, [0, 0, 0], [1, 2, 64]],
)
def test_a_device_that_answers_anything_is_up(quality):
    assert [e.kind for e in DeviceHealth().watch(scan(0, quality))] == [EventKind.DEVICE_UP]


def test_the_cause_is_what_most_cells_say():
    (down,) = DeviceHealth().watch(scan(0, [Quality.LINK_DOWN, Quality.TIMEOUT, Quality.TIMEOUT]))
    assert down.detail["cause"] == "timeout"


def test_one_lost_node_of_a_server_is_not_the_server():
    health = DeviceHealth()
    health.watch(scan(0, UP))
    lost = [Quality.LINK_DOWN] * 3
    assert health.watch(scan(1, lost, [True, False, False])) == []
    assert health.watch(scan(2, lost, [False, True, False])) == []
    down = health.watch(scan(3, lost, [False, False, True]))
    assert [e.kind for e in down] == [EventKind.DEVICE_DOWN]
    assert health.watch(scan(4, UP, [False, False, False])) == [], "nothing came"
    up = health.watch(scan(5, UP, [False, True, False]))
    assert [e.kind for e in up] == [EventKind.DEVICE_UP]


def test_a_restart_does_not_tell_it_again():
    health = DeviceHealth()
    health.watch(scan(0, UP))
    health.watch(scan(10, DOWN))
    again = DeviceHealth()
    again.restore("d", health.state_of("d"))
    assert again.watch(scan(11, DOWN)) == []
    (up,) = again.watch(scan(12, UP))
    assert up.detail == {"cause": "timeout", "down_s": 2.0}


def test_an_unseen_device_has_no_state():
    health = DeviceHealth()
    assert health.state_of("d") == b""
    health.restore("d", b"")
    assert len(health.watch(scan(0, UP))) == 1


def test_other_points_are_no_other_device():
    health = DeviceHealth()
    health.watch(scan(0, UP))
    other = Columns("d", (Point("d", "z"),), period_s=1.0)
    renewed = Scan(
        other, Instant(9), 9, "boot", ClockQuality.SYNCED, np.zeros(1), np.full(1, 192, np.uint8)
    )
    assert health.watch(renewed) == []
