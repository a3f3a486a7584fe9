"""Our measures beside those of the `atspm` package (2.1), bin by bin.

On its own sample data, which is part of the package: two hours of one signal in Oregon, 37,152
rows, with its detector configuration. And on a log of our recorder with what the sample lacks:
maximum outs, preemption, cycle lengths, many pedestrians, lost rows, and our private codes.
"""

import random
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest

from control.measures import arrivals, counts, csv_log, detection, splits, waits
from control.measures.detection import Channel, Function, channels_of, of_phase, phases
from control.measures.events import Code, Event, Log
from control.measures.recorder import Edge, Recorder, Second
from control.model import Detector, Junction, Kind, Lamp, Role, SignalGroup, Stage
from control.requests import Actuation
from simulators.signal_controller import SignalController

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

BIN_MS = 15 * 60_000
SHORTEST_S = 0.2
AGGREGATIONS = {
    "arrival_on_green": {"latency_offset_seconds": 0},
    "split_failures": {
        "red_time": 5,
        "red_occupancy_threshold": 0.80,
        "green_occupancy_threshold": 0.80,
        "by_approach": True,
        "by_cycle": False,
    },
    "terminations": {},
    "ped": {},
    "actuations": {},
    "timeline": {"min_duration": SHORTEST_S, "cushion_time": 60},
    "ped_delay": {},
    "phase_wait": {},
    "yellow_red": {"latency_offset_seconds": 1.5, "min_red_offset": -8},
}


class Rows:
    """A result that is read to its end at once."""

    def __init__(self, cursor):
        self.description = cursor.description
        self.rows = cursor.fetchall()

    def fetchone(self):
        return self.rows[0] if self.rows else None


class Connection:
    """What atspm 2.1 asks of DuckDB 1: version 2 refuses work beside a result half read."""

    def __init__(self, connection):
        self.connection = connection

    def execute(self, sql):
        return Rows(self.connection.execute(sql))

    query = execute

    def close(self):
        self.connection.close()


def oracle(data, config):
    """The package's tables: name -> list of rows as dicts."""
    import duckdb
    from atspm import SignalDataProcessor

    processor = SignalDataProcessor(
        raw_data=str(data),
        detector_config=str(config),
        bin_size=15,
        verbose=0,
        aggregations=[{"name": name, "params": dict(p)} for name, p in AGGREGATIONS.items()],
    )
    processor.conn.close()
    processor.conn = Connection(duckdb.connect())
    processor.load()
    processor.aggregate()
    tables = {}
    for name in AGGREGATIONS:
        found = processor.conn.query(f"SELECT * FROM {name}")
        columns = [column[0] for column in found.description]
        tables[name] = [dict(zip(columns, row, strict=True)) for row in found.rows]
    processor.close()
    return tables


@dataclass
class Beside:
    """One log, what the package makes of it, and how many rows a table has at least."""

    tables: dict
    log: Log
    channels: list
    bins: dict

    def of_phase(self, phase, function):
        return of_phase(self.channels, self.log.device, phase, function)

    def phases(self, function):
        return phases(self.channels, self.log.device, function)

    def theirs(self, table, *columns, number="Phase"):
        rows = self.tables[table]
        assert len(rows) >= self.bins[table], table
        return {
            (ms(row["TimeStamp"]), row[number]): tuple(row[column] for column in columns)
            for row in rows
        }


def ms(moment):
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def sample():
    """The two hours that the package brings."""
    import atspm
    import duckdb

    folder = Path(atspm.__file__).parent / "data"
    data, config = folder / "sample_raw_data.parquet", folder / "sample_config.parquet"
    connection = duckdb.connect()
    columns = connection.execute(
        f"SELECT epoch_ms(TimeStamp), EventId, Parameter FROM '{data}'"
    ).fetchnumpy()
    at_ms, code, parameter = (np.asarray(column) for column in columns.values())
    log = Log.of("1136", at_ms.astype(np.int64), code.astype(np.int32), parameter.astype(np.int32))
    known = {function.value for function in Function}
    rows = connection.execute(f"SELECT Phase, Parameter, Function FROM '{config}'").fetchall()
    channels = [Channel("1136", p, c, Function(f)) for p, c, f in rows if f in known]
    connection.close()
    bins = {
        "arrival_on_green": 32,
        "split_failures": 32,
        "terminations": 43,
        "ped": 2,
        "actuations": 184,
        "ped_delay": 2,
        "phase_wait": 32,
        "yellow_red": 58,
    }
    return Beside(oracle(data, config), log, channels, bins)


def crossroads():
    """Two roads, a crossing with its button; each road with a stop line of two loops."""
    pairs = [(0, 1), (0, 2)]
    return Junction(
        id="crossroads",
        groups=(
            SignalGroup("main", yellow_s=3, minimum_green_s=7, maximum_green_s=30),
            SignalGroup("side", yellow_s=3, minimum_green_s=7, maximum_green_s=20),
            SignalGroup("walk", yellow_s=8, minimum_green_s=7, kind=Kind.PEDESTRIAN),
        ),
        conflicts=frozenset([*pairs, *((h, g) for g, h in pairs)]),
        yields=frozenset(),
        intergreen_s={(0, 1): 5, (0, 2): 5, (1, 0): 5, (2, 0): 10},
        stages=(Stage("main", frozenset({0})), Stage("side", frozenset({1, 2}))),
        detectors=(
            Detector("main-1", Role.STOP_LINE, frozenset({0})),
            Detector("main-2", Role.STOP_LINE, frozenset({0})),
            Detector("main-advance", Role.ADVANCE, frozenset({0}), distance_m=80),
            Detector("side-1", Role.STOP_LINE, frozenset({1})),
            Detector("side-advance", Role.ADVANCE, frozenset({1}), distance_m=80),
            Detector("button", Role.PUSH_BUTTON, frozenset({2})),
        ),
    )


def recorded(folder):
    """Two hours of a signal controller in random traffic, with rows lost, through a CSV file."""
    junction = crossroads()
    controller, recorder, chance = SignalController(junction), Recorder(junction), random.Random(3)
    begin_ms = 1_767_254_400_000
    on = [False] * len(junction.detectors)
    rows = [Event(begin_ms, Code.CYCLE_LENGTH, 0), Event(begin_ms + 1, Code.REQUEST, 40_000)]
    for second in range(7_200):
        at_ms = begin_ms + 1000 * second
        if second == 4_000:
            rows.append(Event(at_ms, Code.CYCLE_LENGTH, 20))
        edges = []
        for number, turn in enumerate((0.4, 0.3, 0.5, 0.2, 0.3, 0.05)):
            while chance.random() < turn:
                on[number] = not on[number]
                edges.append(Edge(at_ms - 100 * chance.randrange(10), number, on[number]))
        edges = sorted({(e.at_ms, e.detector): e for e in edges}.values(), key=lambda e: e.at_ms)
        called = frozenset(g for g in range(3) if chance.random() < 0.05)
        preempted = 2_000 <= second < 2_060
        before = list(controller.lamps)
        controller.step(Actuation(call=called | {0} if preempted else called))
        calls = frozenset(g for g, waiting in enumerate(controller.calls) if waiting)
        ended_by = {
            g: chance.choice(counts.REASONS)
            for g, lamp in enumerate(controller.lamps)
            if before[g] is Lamp.GREEN and lamp is not Lamp.GREEN
        }
        rows += recorder.second(
            Second(
                at_ms,
                tuple(controller.lamps),
                edges,
                calls,
                ended_by,
                preempt=0 if preempted else None,
            )
        )
    rows = [row for row in rows if chance.random() > 0.01]
    data, config = folder / "events.csv", folder / "detectors.csv"
    data.write_text("\n".join(csv_log.lines(junction.id, rows)))
    channels = [replace(channel, distance_m=0.0) for channel in channels_of(junction)]
    config.write_text(detection.write(channels))
    (log,) = csv_log.read(data.read_text().splitlines()).logs
    assert np.any(log.code >= 60_000)
    return oracle(data, config), log, channels


@pytest.fixture(scope="module", params=["sample", "recorded"])
def beside(request, tmp_path_factory):
    if request.param == "sample":
        return sample()
    tables, log, channels = recorded(tmp_path_factory.mktemp("recorded"))
    bins = {
        "arrival_on_green": 16,
        "split_failures": 16,
        "terminations": 48,
        "ped": 8,
        "actuations": 40,
        "ped_delay": 8,
        "phase_wait": 16,
        "yellow_red": 1000,
    }
    return Beside(tables, log, channels, bins)


def by_phase(measure, numbers, *values):
    """`{(bin, number): values}` of a measure called once a phase."""
    return {
        (row.since_ms, number): tuple(getattr(row, value) for value in values)
        for number in numbers
        for row in measure(number)
    }


def same(ours, expected):
    """Equal bin by bin: counts exactly, means as far as the package's 32 bits reach."""
    assert ours.keys() == expected.keys()
    for key, values in expected.items():
        assert ours[key] == pytest.approx(values, rel=2e-6), key


def test_arrivals_on_green(beside):
    def measure(phase):
        here = beside.of_phase(phase, Function.ADVANCE)
        return arrivals.arrivals_on_green(beside.log, phase, here, BIN_MS)

    ours = by_phase(measure, beside.phases(Function.ADVANCE), "arrivals", "share_on_green")
    # the package has no row for a bin without any arrival on green
    ours = {key: values for key, values in ours.items() if values[1] > 0}
    same(ours, beside.theirs("arrival_on_green", "Total_Actuations", "Percent_AOG"))


def test_split_failures(beside):
    def measure(phase):
        here = beside.of_phase(phase, Function.PRESENCE)
        return splits.split_failures(beside.log, phase, here, BIN_MS)

    names = ("green_s", "green_occupancy", "red_occupancy", "failures")
    columns = ("Green_Time", "Green_Occupancy", "Red_Occupancy", "Split_Failure")
    expected = beside.theirs("split_failures", *columns)
    assert sum(values[3] for values in expected.values()) > 0
    same(by_phase(measure, beside.phases(Function.PRESENCE), *names), expected)


def test_terminations(beside):
    names = {"GapOut": "gap_outs", "MaxOut": "max_outs", "ForceOff": "force_offs"}
    expected = {
        (ms(row["TimeStamp"]), row["Phase"], names[row["PerformanceMeasure"]]): row["Total"]
        for row in beside.tables["terminations"]
    }
    ours = {
        (row.since_ms, phase, name): getattr(row, name)
        for phase in beside.log.parameters(*counts.REASONS)
        for row in counts.terminations(beside.log, phase, BIN_MS)
        for name in names.values()
        if getattr(row, name)
    }
    assert len(expected) >= beside.bins["terminations"]
    assert ours == expected


def test_pedestrians(beside):
    ours = by_phase(
        lambda phase: counts.pedestrians(beside.log, phase, BIN_MS),
        beside.log.parameters(Code.WALK, Code.BUTTON_ON),
        "services",
        "pushes",
    )
    same(ours, beside.theirs("ped", "PedServices", "PedActuation"))


def test_pedestrian_delay(beside):
    ours = by_phase(
        lambda phase: waits.pedestrian_delay(beside.log, phase, BIN_MS, SHORTEST_S),
        beside.log.parameters(Code.BUTTON_ON),
        "mean_s",
        "waits",
    )
    same(ours, beside.theirs("ped_delay", "AvgPedDelay", "Samples"))


def test_phase_wait(beside):
    ours = by_phase(
        lambda phase: waits.phase_wait(beside.log, phase, BIN_MS, shortest_s=SHORTEST_S),
        beside.log.parameters(Code.CALL),
        "mean_s",
        "skipped",
    )
    expected = beside.theirs("phase_wait", "AvgPhaseWait", "TotalSkips")
    same(ours, expected)


def test_pulses(beside):
    ours = by_phase(
        lambda channel: counts.pulses(beside.log, channel, BIN_MS),
        beside.log.parameters(Code.DETECTOR_ON),
        "count",
    )
    same(ours, beside.theirs("actuations", "Total", number="Detector"))


def test_crossings_on_yellow_and_red(beside):
    expected = {
        (ms(row["TimeStamp"]), row["Phase"], row["Signal_State"], row["Red_Offset"]): row["Count"]
        for row in beside.tables["yellow_red"]
    }
    ours = {
        (row.since_ms, phase, row.state, row.red_offset_s): row.count
        for phase in beside.phases(Function.YELLOW_RED)
        for row in counts.yellow_red(
            beside.log, phase, beside.of_phase(phase, Function.YELLOW_RED), BIN_MS
        )
    }
    assert len(expected) >= beside.bins["yellow_red"]
    assert ours == expected


def test_durations_are_those_the_controller_wrote_itself():
    """Codes 301 to 316 of that maker: the length of the phase just ended, in whole seconds."""
    log = sample().log
    compared = 0
    for phase in (2, 5, 6, 8):
        told = log.code == 299 + phase
        lasted = splits.durations(log, phase)
        end_ms = lasted.begin_ms + lasted.length_s * 1000
        for at_ms, told_s in zip(log.at_ms[told], log.parameter[told], strict=True):
            near = np.flatnonzero(np.abs(end_ms - at_ms) <= 200)
            if len(near):
                compared += 1
                assert abs(lasted.length_s[near[0]] - told_s) <= 1, (phase, at_ms)
    assert compared > 300
