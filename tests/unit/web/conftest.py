"""The least that the page can look at."""

import numpy as np
import pytest

from edge.model.clock import ClockQuality, Instant
from edge.model.point import Columns, Kind, Point
from edge.model.quality import Quality
from edge.model.scan import Scan
from edge.web.cells import cells_of
from edge.web.source import (
    DeviceHealth,
    DeviceView,
    LaneView,
    Latest,
    PointView,
    SiteView,
    StoreView,
    SyncView,
)


class SetClock:
    boot = "b"

    def __init__(self):
        self.at_s = 1_700_000_000

    def now(self):
        return Instant(self.at_s * 1_000_000_000)

    def mono_ns(self):
        return self.at_s * 1_000_000_000

    def quality(self):
        return ClockQuality.HOLDOVER


class Source:
    """One device with two points; what it says is set by the test."""

    def __init__(self, clock):
        self.clock = clock
        points = [
            PointView(name="flow", kind=Kind.GAUGE),
            PointView(name="total", kind=Kind.COUNTER),
        ]
        self.view = SiteView(
            gateway="g1", version="0.1.0", devices=[DeviceView(id="inlet", points=points)]
        )
        self.columns = Columns(
            "inlet", (Point("inlet", "flow"), Point("inlet", "total", Kind.COUNTER)), 1.0
        )
        self.happened = []
        self.asked = []
        self.version = 0
        self.cells = []
        self.stored = StoreView(
            bytes=10, limit_bytes=100, last_commit_ms=1_700_000_000_000, commits=3, cells=12
        )

    def scan(self, flow, total, quality=Quality.GOOD):
        return Scan(
            self.columns,
            self.clock.now(),
            0,
            "b",
            ClockQuality.SYNCED,
            np.array([flow, total]),
            np.array([quality] * 2, np.uint8),
        )

    def read(self, flow, total):
        self.version += 1
        self.cells = [cells_of(self.scan(flow, total))]

    def site(self):
        return self.view

    def latest(self, since):
        self.asked.append(since)
        return Latest(version=self.version, cells=self.cells if since < self.version else [])

    def health(self):
        return [
            DeviceHealth(
                device="inlet", state="up", last_scan_ms=1_700_000_000_000, scans=9, failed=2
            )
        ]

    def sync(self):
        lane = LaneView(lane="interval", stored=9, sent=8, confirmed=7, waiting=2)
        return SyncView(connected=True, receiver_seen_ms=1_700_000_000_500, lanes=[lane])

    def store(self):
        return self.stored

    def events(self, limit):
        return self.happened[:limit]


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def source(clock):
    return Source(clock)
