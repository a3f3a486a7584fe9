import numpy as np

from edge.analytics.quality_changes import QualityChanges
from edge.model.clock import ClockQuality, Instant
from edge.model.event import EventKind
from edge.model.point import Columns, Point
from edge.model.quality import Quality
from edge.model.scan import Scan

COLUMNS = Columns("d", (Point("d", "a"), Point("d", "b"), Point("d", "c")), period_s=1.0)
GOOD, FAULT, RANGE = Quality.GOOD, Quality.DEVICE_FAULT, Quality.OUT_OF_RANGE
LOST = [Quality.TIMEOUT] * 3


def scan(quality, present=None, at=7):
    return Scan(
        COLUMNS,
        Instant(at),
        at,
        "boot",
        ClockQuality.SYNCED,
        np.zeros(3),
        np.array(quality, np.uint8),
        None if present is None else np.array(present),
    )


def told(events):
    assert all(e.kind is EventKind.QUALITY_CHANGED and e.subject == "d" for e in events)
    return [(e.detail["from"], e.detail["to"], e.detail["points"]) for e in events]


def test_a_point_is_expected_to_begin_good():
    changes = QualityChanges()
    assert changes.watch(scan([GOOD] * 3)) == []
    refused = [GOOD, Quality.REFUSED, GOOD]
    assert told(QualityChanges().watch(scan(refused))) == [("good", "refused", ["b"])]


def test_one_event_for_each_transition_and_none_while_nothing_changes():
    changes = QualityChanges()
    assert told(changes.watch(scan([FAULT, RANGE, FAULT]))) == [
        ("good", "device_fault", ["a", "c"]),
        ("good", "out_of_range", ["b"]),
    ]
    assert changes.watch(scan([FAULT, RANGE, FAULT])) == []
    assert told(changes.watch(scan([GOOD, RANGE, RANGE]))) == [
        ("device_fault", "out_of_range", ["c"]),
        ("device_fault", "good", ["a"]),
    ]


def test_an_outage_of_the_device_is_not_told_of_its_points():
    changes = QualityChanges()
    changes.watch(scan([GOOD, FAULT, GOOD]))
    assert changes.watch(scan(LOST)) == []
    assert changes.watch(scan([Quality.LINK_DOWN] * 3)) == []
    assert changes.watch(scan([GOOD, FAULT, GOOD])) == [], "as it was before"
    changes.watch(scan(LOST))
    assert told(changes.watch(scan([GOOD, GOOD, RANGE]))) == [
        ("device_fault", "good", ["b"]),
        ("good", "out_of_range", ["c"]),
    ]


def test_part_of_a_device_that_cannot_be_reached_is_told():
    changes = QualityChanges()
    assert told(changes.watch(scan([Quality.TIMEOUT, GOOD, GOOD]))) == [("good", "timeout", ["a"])]


def test_absent_cells_have_not_changed():
    changes = QualityChanges()
    changes.watch(scan([GOOD] * 3))
    assert changes.watch(scan([0, 0, 0], [False, False, False])) == []
    assert told(changes.watch(scan([0, FAULT, 0], [False, True, False]))) == [
        ("good", "device_fault", ["b"])
    ]
    assert changes.watch(scan([GOOD, FAULT, GOOD])) == []


def test_what_came_back_unsaid_is_told_with_the_next_whole_scan():
    changes = QualityChanges()
    changes.watch(scan([GOOD] * 3))
    changes.watch(scan(LOST))
    changes.watch(scan([GOOD, 0, 0], [True, False, False]))
    assert told(changes.watch(scan([GOOD, Quality.TIMEOUT, Quality.TIMEOUT]))) == [
        ("good", "timeout", ["b", "c"])
    ]


def test_a_restart_does_not_tell_it_again():
    changes = QualityChanges()
    changes.watch(scan([FAULT, GOOD, GOOD]))
    changes.watch(scan(LOST))
    again = QualityChanges()
    again.restore("d", changes.state_of("d"))
    assert again.watch(scan(LOST)) == []
    assert again.watch(scan([FAULT, GOOD, GOOD])) == []
    assert QualityChanges().state_of("d") == b""
