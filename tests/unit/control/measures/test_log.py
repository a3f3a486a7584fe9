"""Logs as columns, as CSV and as a chain."""

import pytest

from control.measures import csv_log, detection
from control.measures.chain import GENESIS, first_break, link
from control.measures.detection import Channel, Function, channels_of
from control.measures.events import Code, Event, Log
from control.model import Detector, Junction, Kind, Role, SignalGroup
from edge.errors import ConfigError

EVENTS = [
    Event(1_700_000_000_250, Code.GREEN, 2),
    Event(1_700_000_001_000, Code.DETECTOR_ON, 14),
    Event(1_700_000_001_000, Code.REQUEST, 70_000),
]


def test_rows_are_ordered_and_none_stands_twice():
    log = Log.of_events("j", [EVENTS[2], EVENTS[0], EVENTS[1], EVENTS[0]])
    assert list(zip(log.at_ms, log.code, log.parameter, strict=True)) == EVENTS
    assert log.parameters(Code.GREEN, Code.DETECTOR_ON) == [2, 14]
    assert list(log.times(Code.GREEN, 2)) == [EVENTS[0].at_ms]


def test_what_is_written_is_read():
    text = list(csv_log.lines("j", EVENTS))
    assert text[1].startswith("2023-11-14 22:13:20.250,j,1,2,")
    found = csv_log.read(text)
    assert (found.chained, found.break_line) == (True, None)
    (log,) = found.logs
    assert log.device == "j"
    assert list(zip(log.at_ms, log.code, log.parameter, strict=True)) == EVENTS


@pytest.mark.parametrize("alter", ["change", "leave out", "swap", "forge"])
def test_an_altered_row_is_found(alter):
    text = list(csv_log.lines("j", EVENTS))
    if alter == "change":
        text[2] = text[2].replace(",82,14,", ",82,15,")
    elif alter == "leave out":
        del text[2]
    elif alter == "swap":
        text[2], text[3] = text[3], text[2]
    else:  # a row changed, with a hash that fits it: the next one does not
        row = text[1].rpartition(",")[0].replace(",1,2", ",1,3")
        text[1] = f"{row},{link(GENESIS, row)}"
    assert csv_log.read(text).break_line == 3


def test_a_chain_goes_on_from_its_last_hash():
    first = link(GENESIS, "a")
    assert first_break([("a", first), ("b", link(first, "b"))]) is None
    assert first_break([("b", link(first, "b"))], previous=first) is None
    assert first_break([("b", link(first, "b"))]) == 0


def test_other_spellings_zones_and_devices():
    found = csv_log.read(
        [
            "Signal_ID,Timestamp,Event Code,Event Param\n",
            "9,2026-01-31T13:00:00.1+07:00,1,2\n",
            "\n",
            '"8",2026-01-31 06:00:00.1,1,2\n',
        ]
    )
    assert [log.device for log in found.logs] == ["8", "9"]
    assert found.logs[0].at_ms == found.logs[1].at_ms
    assert not found.chained


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("yesterday,j,1,2", "line 2 is no event: 'yesterday,j,1,2'"),
        ("2026-01-31 06:00:00,j,1", "line 2 is no event"),
        ("2026-01-31 06:00:00,j,1.5,2", "line 2 is no event"),
        ("2026-01-31 06:00:00,j,1,-2", "parameter -2 is not between 0 and 2147483647"),
        ("2026-01-31 06:00:00,j,3000000000,2", "code 3000000000 is not between"),
    ],
)
def test_a_bad_line_is_named(row, said):
    with pytest.raises(ConfigError) as error:
        csv_log.read([",".join(csv_log.COLUMNS), row])
    assert said in str(error.value)


def test_a_missing_column_is_named():
    with pytest.raises(ConfigError) as error:
        csv_log.read(["TimeStamp,DeviceId,Event"])
    assert "no column EventId and no Parameter" in str(error.value)


def test_an_empty_file_has_no_columns():
    with pytest.raises(ConfigError):
        csv_log.read([])


def test_channels_of_a_junction_survive_their_file():
    junction = Junction(
        id="j",
        groups=(
            SignalGroup("main", 3, 5),
            SignalGroup("walk", 6, 7, kind=Kind.PEDESTRIAN),
        ),
        conflicts=frozenset(),
        yields=frozenset(),
        intergreen_s={},
        stages=(),
        detectors=(
            Detector("b", Role.PUSH_BUTTON, frozenset({1})),
            Detector("s", Role.STOP_LINE, frozenset({0})),
            Detector("a", Role.ADVANCE, frozenset({0}), distance_m=75.0),
            Detector("x", Role.EXIT, frozenset({0})),
        ),
    )
    channels = channels_of(junction, speed_ms=12.5)
    assert [(c.phase, c.channel, c.function) for c in channels] == [
        (1, 2, Function.PRESENCE),
        (1, 2, Function.YELLOW_RED),
        (1, 3, Function.ADVANCE),
    ]
    assert channels[2].travel_ms == 6000
    assert detection.read(detection.write(channels).splitlines()) == channels


def test_a_file_of_another_program_is_read_for_what_is_known():
    text = ["DeviceId,Phase,Parameter,Function", "9,2,4,Presence", "9,2,5,stop bar count"]
    assert detection.read(text) == [Channel("9", 2, 4, Function.PRESENCE)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (["DeviceId,Phase,Function"], "no column Parameter"),
        (["DeviceId,Phase,Parameter,Function", "9,two,4,Presence"], "line 2: phase 'two'"),
    ],
)
def test_a_bad_detector_file_is_named(text, said):
    with pytest.raises(ConfigError) as error:
        detection.read(text)
    assert said in str(error.value)
