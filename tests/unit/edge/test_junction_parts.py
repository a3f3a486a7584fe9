"""The gateway's side of a junction, part by part: promises, orders, and what a scan says."""

import numpy as np
import pytest

from control.model import Lamp
from control.planner_words import Promise
from control.requests import LOCAL, Actuation
from control.safety import Commitment, Verdict
from edge.assembly.cabinet_orders import CabinetOrders, reason_of
from edge.assembly.promises import Promises
from edge.assembly.signal_view import SignalView
from edge.model.command import Applied, Expired, Refused, Unreachable
from edge.model.point import Columns, Point
from edge.model.quality import Quality
from edge.model.scan import Scan
from simulators.clock import ManualClock
from tests.integration.signals.crossing import WALK, E, N, S, cabinet_of, crossing

GREENS = tuple(Lamp.GREEN if g in (N, S) else Lamp.RED for g in range(5))


# Promises


def test_a_promise_is_shown_in_its_last_seconds_and_blanked_when_it_cannot_be_kept():
    promises = Promises(crossing())
    promises.hear([Promise(N, begins=False, in_s=12)], GREENS, 0)
    assert promises.standing == (Commitment(N, False, 12_000),)
    assert promises.numerals(0) == {}
    assert promises.numerals(3_000) == {N: 9}
    assert promises.numerals(4_000) == {}  # the display counts by itself
    promises.withdraw([Verdict(1, False, f"group {N} cannot change in 8 ms: blank", "I11")], GREENS)
    assert promises.standing == ()
    assert promises.numerals(5_000) == {N: 0}
    promises.hear([Promise(N, begins=False, in_s=6)], GREENS, 6_000)
    assert promises.numerals(6_000) == {}  # blank for good, until the lamp has changed
    red = (Lamp.RED, *GREENS[1:])
    promises.pass_by(red, 7_000)
    promises.hear([Promise(N, begins=True, in_s=14)], red, 7_000)
    assert promises.numerals(7_000) == {N: 14}  # red is counted for the intergreen longer


@pytest.mark.parametrize(
    "promise",
    [
        Promise(WALK, begins=False, in_s=5),  # no display
        Promise(N, begins=True, in_s=5),  # it is green
        Promise(E, begins=False, in_s=5),  # it is red
        Promise(N, begins=False, in_s=0),  # too late to be one
    ],
)
def test_what_cannot_be_promised_is_not_shown(promise):
    promises = Promises(crossing())
    promises.hear([promise], GREENS, 0)
    assert promises.standing == ()


@pytest.mark.parametrize(
    ("then", "standing"),
    [
        ([Promise(N, begins=False, in_s=7)], [8_000]),
        ([Promise(N, begins=False, in_s=3)], []),
        ([Promise(N, begins=False, in_s=8)], []),
        ([], []),
    ],
)
def test_a_promise_is_said_again_or_blanked(then, standing):
    promises = Promises(crossing())
    promises.hear([Promise(N, begins=False, in_s=8)], GREENS, 0)
    promises.hear(then, GREENS, 1_000)
    assert [due.change_ms for due in promises.standing] == standing


def test_what_happened_and_what_did_not_is_over():
    promises = Promises(crossing())
    promises.hear([Promise(g, begins=False, in_s=2) for g in (N, S)], GREENS, 0)
    promises.pass_by((Lamp.YELLOW, *GREENS[1:]), 1_500)
    assert [due.group for due in promises.standing] == [S]
    promises.pass_by(GREENS, 3_000)
    assert promises.standing == ()


# Orders


class Recorder:
    """A driver that does as it is told, or one thing else."""

    device = "tlc"

    def __init__(self, fails_at=None, outcome=None):
        self.written = []
        self.fails_at = fails_at
        self.outcome = outcome

    async def execute(self, command):
        if command.point == self.fails_at:
            return self.outcome
        self.written.append((command.point, command.value))
        return Applied(command.issued_at, command.value)


HELD = dict.fromkeys(("hold", "force_off", "omit", "call", "pattern", "remote"), 0.0) | {
    "sequence": 41.0
}
STEER = Actuation(hold=frozenset({0}), omit=frozenset({1, 3}), remote=True)


async def given(driver, told, numerals=None, held=HELD):
    orders = CabinetOrders(driver, ManualClock(), "j1")
    return await orders.give(told, numerals or {}, held)


async def test_the_number_comes_last_and_only_changes_are_sent():
    driver = Recorder()
    await given(driver, STEER, {N: 9})
    assert dict(driver.written) == {
        "hold": 1, "omit": 10, "remote": 1, "display_1": 9, "sequence": 42,
    }  # fmt: skip
    assert driver.written[-1] == ("sequence", 42)
    driver.written.clear()
    await given(driver, STEER, held=HELD | {"hold": 1.0, "omit": 10.0, "remote": 1.0})
    assert driver.written == [("sequence", 42)]


async def test_numbers_go_on_and_round():
    driver = Recorder()
    orders = CabinetOrders(driver, ManualClock(), "j1")
    for _ in range(3):
        await orders.give(STEER, {}, HELD | {"sequence": 65534.0})
    assert [value for point, value in driver.written if point == "sequence"] == [65535, 0, 1]


async def test_who_is_alone_is_not_told_so_again():
    driver = Recorder()
    assert await given(driver, LOCAL) is None
    assert await given(driver, LOCAL, held={}) is None
    assert driver.written == []
    await given(driver, LOCAL, held=HELD | {"remote": 1.0})
    assert driver.written == [("remote", 0), ("sequence", 42)]


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Refused("no"), "no"),
        (Unreachable("away"), "away"),
        (Expired(), "its time had passed before it could be given"),
    ],
)
async def test_an_order_that_breaks_off_has_no_number(outcome, why):
    driver = Recorder("omit", outcome)
    assert reason_of(await given(driver, STEER)) == why
    assert "sequence" not in dict(driver.written)


# What a scan says


def scan_of(cabinet, **changes):
    outputs = cabinet.outputs() | changes
    names = tuple(outputs)
    columns = Columns("tlc", tuple(Point("tlc", name) for name in names), 1.0)
    values = np.array(list(outputs.values()))
    quality = np.where(np.isnan(values), np.uint8(Quality.UNAVAILABLE), np.uint8(Quality.GOOD))
    clock = ManualClock()
    return Scan(columns, clock.now(), 0, "b", clock.quality(), values, quality)


def view_of(scan):
    plan = crossing()
    return SignalView(plan, scan.columns, [detector.id for detector in plan.detectors])


def test_a_scan_is_a_read_back_and_an_observation():
    cabinet = cabinet_of(crossing(), vph=900.0)
    for _ in range(60):
        cabinet.second()
    scan = scan_of(cabinet, preempt=2.0)
    view = view_of(scan)
    seen = view.read_back(scan, 400)
    assert seen.lamps == cabinet.seen()
    assert seen.age_ms == 400
    assert not seen.remote
    assert not seen.flash
    first = view.observation(scan, seen, 60)
    assert np.isnan(first.count).all()
    assert first.age_s == tuple(cabinet.controller.age_s)
    assert first.preempt == E
    assert seen.calls == {g for g, called in enumerate(cabinet.controller.calls) if called}
    counted = cabinet.outputs()["count_1"]
    later = scan_of(cabinet, count_1=(counted + 3) % 65536, occupancy_2=np.nan)
    second = view.observation(later, seen, 61)
    assert second.count[0] == 3
    assert np.isnan(second.occupancy[1])


def test_counts_roll_over_and_begin_anew_with_a_start():
    cabinet = cabinet_of(crossing())
    before = scan_of(cabinet, count_1=65535.0)
    view = view_of(before)
    seen = view.read_back(before, 0)
    view.observation(before, seen, 0)
    assert view.observation(scan_of(cabinet, count_1=1.0), seen, 1).count[0] == 2
    fresh = view.observation(scan_of(cabinet, count_1=0.0, starts=2.0), seen, 2)
    assert np.isnan(fresh.count).all()


@pytest.mark.parametrize(
    "changes",
    [{"signal_2": np.nan}, {"signal_2": 6.0}, {"config_hash": np.nan}, {"calls": np.nan}],
)
def test_what_was_not_read_whole_is_no_read_back(changes):
    scan = scan_of(cabinet_of(crossing()), **changes)
    assert view_of(scan).read_back(scan, 0) is None
    assert view_of(scan).read_back(None, 0) is None


@pytest.mark.parametrize(
    ("changes", "flash", "fault"),
    [
        ({"conflict_monitor": 1.0}, True, False),
        (dict.fromkeys((f"signal_{k}" for k in range(1, 6)), 4.0), True, False),
        ({"signal_1": 5.0}, False, True),
        ({"controller_mode": 8.0}, False, True),
    ],
)
def test_flash_and_faults_are_told(changes, flash, fault):
    scan = scan_of(cabinet_of(crossing()), **changes)
    seen = view_of(scan).read_back(scan, 0)
    assert (seen.flash, seen.fault) == (flash, fault)
