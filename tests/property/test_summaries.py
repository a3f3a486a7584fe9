"""The digest says what its naive twin says, and a restart at any instant changes nothing."""

import importlib.util
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.analytics.device_health import DeviceHealth
from edge.analytics.quality_changes import QualityChanges
from edge.intake import admit
from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.event import EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.scan import Scan
from edge.model.summary import Summary
from edge.summarise.summariser import Summariser

TWIN = Path(__file__).parents[1] / "naive" / "summaries.py"
spec = importlib.util.spec_from_file_location("naive_summaries", TWIN)
naive = importlib.util.module_from_spec(spec)
spec.loader.exec_module(naive)

MIDNIGHT = 1_700_006_400 * NS_PER_S
COLUMNS = Columns(
    "d",
    (
        Point("d", "flow"),
        Point("d", "level"),
        Point("d", "energy", Kind.COUNTER, rate_limit=4.0, modulus=64.0),
        Point("d", "pulses", Kind.COUNTER, modulus=1024.0),
        Point("d", "mode", Kind.STATE),
        Point("d", "pump", Kind.BIT),
    ),
    period_s=1.0,
    window_s=5.0,
)
N = len(COLUMNS)

quality = st.sampled_from([192, 192, 192, 192, 192, 216, 64, 67, 0, 1, 2, 3])
cell = st.tuples(
    st.sampled_from([0.0, 0.1, 1.0, -3.7, 20.3, math.nan, math.inf]),
    st.sampled_from([-0.0, 5.0, 1e9]),
    st.integers(0, 63).map(float),
    st.sampled_from([0.0, 1.0, 2.0, 900.0, 1000.0, 1010.0, 1023.0]),
    st.integers(0, 3).map(float),
    st.sampled_from([0.0, 1.0, 1.0, 7.0]),
)
# how far monotonic time goes, and how much farther the wall clock goes, in milliseconds
ordinary = st.tuples(st.integers(300, 1700), st.integers(-100, 100))
gap = st.tuples(st.integers(1900, 40_000), st.just(0))
late = st.tuples(st.integers(-3000, 0), st.just(0))
stepped = st.tuples(
    st.integers(0, 3000), st.one_of(st.integers(-60_000, -501), st.integers(501, 60_000))
)
rebooted = st.tuples(st.just(None), st.integers(-10_000, 30_000))
calm = st.one_of(ordinary, ordinary, ordinary, gap)
passing = st.one_of(ordinary, ordinary, ordinary, gap, late, stepped, rebooted)


@st.composite
def looks(draw, times, partial=True):
    """Scans of one device, as the digest gets them."""
    wall_ms = draw(st.integers(0, 10_000))
    mono_ms, boot, scans = 50_000, 0, []
    steady = draw(st.booleans())
    for mono_step, wall_step in draw(st.lists(times, min_size=1, max_size=25)):
        if mono_step is None:
            boot, mono_ms, wall_ms = boot + 1, draw(st.integers(0, 60_000)), wall_ms + wall_step
        else:
            mono_ms, wall_ms = mono_ms + mono_step, wall_ms + mono_step + wall_step
        marks = [192] * N if steady else draw(st.lists(quality, min_size=N, max_size=N))
        present = None
        if partial and draw(st.booleans()):
            present = np.array(draw(st.lists(st.booleans(), min_size=N, max_size=N)))
        scan = Scan(
            COLUMNS,
            Instant(MIDNIGHT + wall_ms * 1_000_000),
            mono_ms * 1_000_000,
            f"boot{boot}",
            ClockQuality.SYNCED,
            np.array(draw(cell)),
            np.array(marks, np.uint8),
            present,
        )
        scans.append(admit(scan))
    return scans


def digest():
    return Summariser({"d": COLUMNS}, [DeviceHealth(), QualityChanges()])


END = Instant(MIDNIGHT + 10_000_000 * NS_PER_S)


def of_windows(letters):
    return [letter for letter in letters if letter.lane is Lane.INTERVAL]


def plain(letters):
    """Letters in a form whose equality is bit for bit."""

    def of(value):
        return (value.dtype.str, value.tobytes()) if isinstance(value, np.ndarray) else value

    return [
        tuple(of(getattr(letter.body, f.name)) for f in fields(letter.body)) for letter in letters
    ]


def assert_says(summary: Summary, row):
    (since, until), stepped, points = row
    assert (summary.window.since, summary.window.until) == (since, until)
    assert summary.clock_stepped == stepped
    for i, expected in enumerate(points):
        for name, value in expected.items():
            ours = getattr(summary, name)[i]
            close = pytest.approx(value, rel=1e-12, abs=1e-9, nan_ok=True)
            assert ours == (close if isinstance(value, float) else value), (i, name)


@settings(deadline=None, max_examples=150)
@given(looks(passing))
def test_says_what_the_naive_twin_says(scans):
    summariser = digest()
    letters = [letter for scan in scans for letter in summariser.absorb(scan)]
    letters += summariser.close_until(END)
    rows, steps = naive.summarise(scans)
    summaries = [x.body for x in of_windows(letters)]
    assert len(summaries) == len(rows)
    for summary, row in zip(summaries, rows, strict=True):
        assert_says(summary, row)
    told = [
        letter.body.detail["step_ms"]
        for letter in letters
        if letter.lane is Lane.EVENT and letter.body.kind is EventKind.CLOCK_STEPPED
    ]
    assert told == [round(step / 1_000_000) for _, step in steps]


@settings(deadline=None, max_examples=150)
@given(looks(passing), st.sets(st.integers(0, 24)))
def test_every_cell_is_counted_in_exactly_one_summary(scans, restarts):
    summariser, letters = digest(), []
    for number, scan in enumerate(scans):
        letters += summariser.absorb(scan)
        if number in restarts:
            letters += summariser.close_until(scan.measured_at)
    letters += summariser.close_until(END)
    counted = sum((x.body.count for x in of_windows(letters)), np.zeros(N, np.int64))
    came = sum(
        (np.ones(N, np.int64) if s.present is None else s.present.astype(np.int64) for s in scans),
        np.zeros(N, np.int64),
    )
    assert counted.tolist() == came.tolist()


@settings(deadline=None, max_examples=150)
@given(looks(passing), st.sets(st.integers(0, 24)), st.sets(st.integers(0, 24)))
@example([], set(), set())
def test_a_restart_at_any_instant_changes_nothing(scans, restarts, closings):
    without, with_restarts = digest(), digest()
    for number, scan in enumerate(scans):
        assert plain(with_restarts.absorb(scan)) == plain(without.absorb(scan))
        if number in closings:
            now = Instant(scan.measured_at + NS_PER_S)
            ours, theirs = (d.close_until(now, grace_s=0) for d in (with_restarts, without))
            assert plain(ours) == plain(theirs)
        if number in restarts:
            state = with_restarts.state_of("d")
            with_restarts = digest()
            with_restarts.restore("d", state)
            assert with_restarts.state_of("d") == state
    assert plain(with_restarts.close_until(END)) == plain(without.close_until(END))


@settings(deadline=None, max_examples=100)
@given(looks(calm.map(lambda passed: (passed[0], 0))), st.lists(st.floats(0, 1), max_size=24))
def test_closing_by_the_clock_says_the_same_earlier(scans, asked):
    by_scan, by_clock = digest(), digest()
    by_scan_letters, by_clock_letters = [], []
    for number, scan in enumerate(scans):
        by_scan_letters += by_scan.absorb(scan)
        by_clock_letters += by_clock.absorb(scan)
        if number < len(asked) and number + 1 < len(scans):
            until_next = scans[number + 1].measured_at - scan.measured_at
            now = Instant(scan.measured_at + int(asked[number] * until_next))
            by_clock_letters += by_clock.close_until(now, grace_s=0)
    by_scan_letters += by_scan.close_until(END)
    by_clock_letters += by_clock.close_until(END)
    assert plain(of_windows(by_clock_letters)) == plain(of_windows(by_scan_letters))
