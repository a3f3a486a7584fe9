"""The page of `ria signal report`: one file, all its diagrams inside, nothing from elsewhere."""

import base64
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from control.measures import arrivals
from control.measures.detection import Channel, Function
from control.measures.events import Code, Event, Log
from edge.bench.signals.report import figures_of
from edge.bench.signals.report_page import page
from edge.bench.signals.report_plots import pictures

CHANNELS = [
    Channel("<j>", 1, 5, Function.ADVANCE),
    Channel("<j>", 1, 6, Function.PRESENCE),
    Channel("<j>", 1, 6, Function.YELLOW_RED),
]


@pytest.fixture(scope="module")
def found():
    """Eight cycles, of which the fourth lost its yellow."""
    rows = []
    for number in range(8):
        begin_ms = 1_767_254_400_000 + 60_000 * number
        cycle = [
            (0, Code.GREEN, 1),
            (12, Code.DETECTOR_ON, 5),
            (13, Code.DETECTOR_OFF, 5),
            (2, Code.DETECTOR_ON, 6),
            (27, Code.DETECTOR_OFF, 6),
            (20, Code.FORCE_OFF, 1),
            (20, Code.YELLOW, 1),
            (23, Code.RED_CLEARANCE, 1),
            (25, Code.RED_CLEARANCE_END, 1),
            (50, Code.CALL, 1),
            (30, Code.BUTTON_ON, 2),
            (40, Code.WALK, 2),
            (45, Code.PED_CLEARANCE, 2),
        ]
        if number == 3:
            cycle.remove((20, Code.YELLOW, 1))
        rows += [Event(begin_ms + 1000 * s, code, n) for s, code, n in cycle]
    return figures_of(Log.of_events("<j>", rows), CHANNELS, 120_000)


def test_every_measure_has_its_diagram(found):
    drawn = list(pictures(found))
    assert [picture.measure for picture in drawn] == [
        "coordination",
        "split_failures",
        "terminations",
        "split_monitor",
        "phase_wait",
        "pedestrian_delay",
        "yellow_red",
    ]
    text = page("log.csv", ("the hashes hold", "nguyên vẹn"), [(found, drawn)])
    assert "<h1>&lt;j&gt;</h1>" in text
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", text)
    inside = re.findall(r"base64,([\w+/=]+)", text)
    assert len(inside) == len(drawn)
    for picture in inside:
        assert ET.fromstring(base64.b64decode(picture)).tag.endswith("svg")


def test_the_lost_cycle_leaves_a_gap(found):
    seen = arrivals.coordination(found.log, 1, CHANNELS[:1])
    ends_ms = seen.begin_ms + (seen.red_s * 1000).astype(np.int64)
    assert np.count_nonzero(ends_ms[:-1] != seen.begin_ms[1:]) == 1
    first = next(pictures(found))
    assert first.caption == "phase · pha 1: 5 arrivals · xe, 100% on green · lúc xanh"


def test_a_log_without_greens_has_no_diagrams():
    some = figures_of(Log.of_events("j", [Event(0, Code.DETECTOR_ON, 5)]), CHANNELS, 60_000)
    assert list(pictures(some)) == []
