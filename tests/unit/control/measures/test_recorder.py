"""Lamps, calls and edges of one second become the rows that readers of logs expect."""

import pytest

from control.measures.events import Code, Event, Flash
from control.measures.recorder import Edge, Recorder, Second, commitment
from control.model import Detector, Junction, Kind, Lamp, Role, SignalGroup, Stage

R, Y, G, F = Lamp.RED, Lamp.YELLOW, Lamp.GREEN, Lamp.FLASH


@pytest.fixture
def junction():
    """Two roads and a crossing; from the first road to the second 3 s yellow and 2 s red."""
    return Junction(
        id="j",
        groups=(
            SignalGroup("main", yellow_s=3, minimum_green_s=5),
            SignalGroup("side", yellow_s=3, minimum_green_s=5),
            SignalGroup("walk", yellow_s=6, minimum_green_s=7, kind=Kind.PEDESTRIAN),
        ),
        conflicts=frozenset({(0, 1), (1, 0), (0, 2), (2, 0)}),
        yields=frozenset(),
        intergreen_s={(0, 1): 5, (1, 0): 3, (0, 2): 4, (2, 0): 8},
        stages=(Stage("a", frozenset({0})), Stage("b", frozenset({1, 2}))),
        detectors=(
            Detector("loop", Role.STOP_LINE, frozenset({0})),
            Detector("button", Role.PUSH_BUTTON, frozenset({2})),
        ),
    )


def written(junction, shown, **more):
    """The rows of lamps given second by second, as `(second, code, phase)`."""
    recorder = Recorder(junction)
    rows = []
    for second, lamps in enumerate(shown):
        now = Second(1000 * second, lamps, **{k: v[second] for k, v in more.items()})
        rows += [(at / 1000, code, n) for at, code, n in recorder.second(now)]
    return rows


def test_a_green_its_yellow_and_its_red(junction):
    shown = [(R, R, R), (G, R, R), (Y, R, R), (R, R, R), (R, R, R), (R, G, R)]
    reasons = [{}, {}, {0: Code.FORCE_OFF}, {}, {}, {}]
    assert written(junction, shown, ended_by=reasons) == [
        (1, Code.GREEN, 1),
        (2, Code.FORCE_OFF, 1),
        (2, Code.GREEN_END, 1),
        (2, Code.YELLOW, 1),
        (3, Code.YELLOW_END, 1),
        (3, Code.RED_CLEARANCE, 1),
        (5, Code.GREEN, 2),
        (5, Code.RED_CLEARANCE_END, 1),
    ]


def test_without_red_clearance_both_its_ends_are_one_instant(junction):
    rows = written(junction, [(R, G, R), (R, Y, R), (R, R, R)])
    assert rows[-2:] == [(2, Code.RED_CLEARANCE, 2), (2, Code.RED_CLEARANCE_END, 2)]


def test_a_crossing_has_codes_of_its_own(junction):
    rows = written(junction, [(R, R, R), (R, R, G), (R, R, Y), (R, R, R)])
    assert rows == [(1, Code.WALK, 3), (2, Code.PED_CLEARANCE, 3), (3, Code.DONT_WALK, 3)]


def test_a_green_found_running_has_no_begin(junction):
    assert written(junction, [(G, R, R), (G, R, R)]) == []


def test_flash_ends_a_green_without_yellow(junction):
    rows = written(
        junction,
        [(G, R, R), (F, F, F), (R, R, R)],
        flash=[Flash.NOT_FLASH, Flash.FAULT_MONITOR, Flash.NOT_FLASH],
    )
    assert rows == [
        (1, Code.GREEN_END, 1),
        (1, Code.FLASH_STATUS, Flash.FAULT_MONITOR),
        (2, Code.DONT_WALK, 3),
        (2, Code.FLASH_STATUS, Flash.NOT_FLASH),
    ]


def test_calls_of_vehicles_drop_and_calls_of_walkers_are_only_made(junction):
    none, both = frozenset(), frozenset({1, 2})
    rows = written(junction, [(R, R, R)] * 3, calls=[none, both, none])
    assert rows == [(1, Code.CALL, 2), (1, Code.PED_CALL, 3), (2, Code.CALL_DROPPED, 2)]


def test_a_button_is_written_under_the_phase_it_calls(junction):
    edges = [Edge(900, 0, on=True), Edge(950, 1, on=True), Edge(990, 1, on=False)]
    assert Recorder(junction).second(Second(1000, (R, R, R), edges)) == [
        Event(900, Code.DETECTOR_ON, 1),
        Event(950, Code.BUTTON_ON, 3),
        Event(990, Code.BUTTON_OFF, 3),
    ]


def test_an_emergency_vehicle_from_call_to_exit(junction):
    shown = [(R, R, R), (R, R, R), (G, R, R), (G, R, R), (G, R, R)]
    rows = written(junction, shown, preempt=[None, 0, 0, 0, None])
    assert [(at, code) for at, code, n in rows if code >= Code.PREEMPT_CALL] == [
        (1, Code.PREEMPT_CALL),
        (1, Code.PREEMPT_ENTRY),
        (2, Code.PREEMPT_DWELL),
        (4, Code.PREEMPT_CALL_OFF),
        (4, Code.PREEMPT_EXIT),
    ]


def test_patterns_alarms_and_faults_are_written_when_they_change(junction):
    rows = written(
        junction,
        [(R, R, R)] * 4,
        pattern=[1, 1, 254, None],
        alarms=[frozenset(), frozenset({7}), frozenset({7}), frozenset()],
        faults=[{}, {0: Code.FAULT_STUCK_ON}, {0: Code.FAULT_CHATTER}, {}],
    )
    assert rows == [
        (0, Code.PATTERN, 1),
        (1, Code.FAULT_STUCK_ON, 1),
        (1, Code.ALARM_ON, 7),
        (2, Code.FAULT_CHATTER, 1),
        (2, Code.PATTERN, 254),
        (3, Code.RESTORED, 1),
        (3, Code.ALARM_OFF, 7),
    ]


def test_a_commitment_holds_phase_and_seconds():
    assert commitment(5, group=2, remaining_s=17) == Event(5, Code.COMMITMENT, 3017)
