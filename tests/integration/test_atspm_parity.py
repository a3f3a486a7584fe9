"""Our measures beside those of the `atspm` package (2.1), bin by bin, on its own sample data.

Two hours of one signal in Oregon, 37,152 rows, with its detector configuration; both are part of
the package.
"""

from datetime import UTC
from pathlib import Path

import numpy as np
import pytest

from control.measures import arrivals, counts, splits, waits
from control.measures.detection import Channel, Function, of_phase, phases
from control.measures.events import Code, Log

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

BIN_MS = 15 * 60_000
DEVICE = "1136"
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


def oracle(data, config, aggregations):
    """The package's tables: name -> list of rows as dicts."""
    import duckdb
    from atspm import SignalDataProcessor

    processor = SignalDataProcessor(
        raw_data=str(data),
        detector_config=str(config),
        bin_size=15,
        verbose=0,
        aggregations=[{"name": name, "params": dict(p)} for name, p in aggregations.items()],
    )
    processor.conn.close()
    processor.conn = Connection(duckdb.connect())
    processor.load()
    processor.aggregate()
    tables = {}
    for name in aggregations:
        found = processor.conn.query(f"SELECT * FROM {name}")
        columns = [column[0] for column in found.description]
        tables[name] = [dict(zip(columns, row, strict=True)) for row in found.rows]
    processor.close()
    return tables


def ms(moment):
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def files():
    """The package's sample: `(events, detectors)`."""
    import atspm

    folder = Path(atspm.__file__).parent / "data"
    return folder / "sample_raw_data.parquet", folder / "sample_config.parquet"


@pytest.fixture(scope="module")
def sample(files):
    """`(tables of the package, the same log and channels as ours)`."""
    import duckdb

    data, config = files
    connection = duckdb.connect()
    columns = connection.execute(
        f"SELECT epoch_ms(TimeStamp), EventId, Parameter FROM '{data}'"
    ).fetchnumpy()
    at_ms, code, parameter = (np.asarray(column) for column in columns.values())
    log = Log.of(DEVICE, at_ms.astype(np.int64), code.astype(np.int32), parameter.astype(np.int32))
    known = {function.value for function in Function}
    rows = connection.execute(f"SELECT Phase, Parameter, Function FROM '{config}'").fetchall()
    channels = [Channel(DEVICE, p, c, Function(f)) for p, c, f in rows if f in known]
    connection.close()
    return oracle(data, config, AGGREGATIONS), log, channels


def by_phase(measure, numbers, *values):
    """`{(bin, number): values}` of a measure called once a phase."""
    return {
        (row.since_ms, number): tuple(getattr(row, value) for value in values)
        for number in numbers
        for row in measure(number)
    }


def theirs(rows, *columns, number="Phase"):
    return {
        (ms(row["TimeStamp"]), row[number]): tuple(row[column] for column in columns)
        for row in rows
    }


def same(ours, expected, bins):
    """Equal bin by bin: counts exactly, means as far as the package's 32 bits reach."""
    assert len(expected) == bins
    assert ours.keys() == expected.keys()
    for key, values in expected.items():
        assert ours[key] == pytest.approx(values, rel=2e-6), key


def test_arrivals_on_green(sample):
    tables, log, channels = sample

    def measure(phase):
        here = of_phase(channels, DEVICE, phase, Function.ADVANCE)
        return arrivals.arrivals_on_green(log, phase, here, BIN_MS)

    ours = by_phase(
        measure, phases(channels, DEVICE, Function.ADVANCE), "arrivals", "share_on_green"
    )
    # the package has no row for a bin without any arrival on green
    ours = {key: values for key, values in ours.items() if values[1] > 0}
    same(ours, theirs(tables["arrival_on_green"], "Total_Actuations", "Percent_AOG"), bins=32)


def test_split_failures(sample):
    tables, log, channels = sample

    def measure(phase):
        here = of_phase(channels, DEVICE, phase, Function.PRESENCE)
        return splits.split_failures(log, phase, here, BIN_MS)

    ours = by_phase(
        measure,
        phases(channels, DEVICE, Function.PRESENCE),
        "green_s",
        "green_occupancy",
        "red_occupancy",
        "failures",
    )
    columns = ("Green_Time", "Green_Occupancy", "Red_Occupancy", "Split_Failure")
    expected = theirs(tables["split_failures"], *columns)
    assert sum(values[3] for values in expected.values()) > 0
    same(ours, expected, bins=32)


def test_terminations(sample):
    tables, log, _ = sample
    expected = {}
    names = {"GapOut": "gap_outs", "MaxOut": "max_outs", "ForceOff": "force_offs"}
    for row in tables["terminations"]:
        key = (ms(row["TimeStamp"]), row["Phase"], names[row["PerformanceMeasure"]])
        expected[key] = row["Total"]
    ours = {
        (row.since_ms, phase, name): getattr(row, name)
        for phase in log.parameters(*counts.REASONS)
        for row in counts.terminations(log, phase, BIN_MS)
        for name in names.values()
        if getattr(row, name)
    }
    assert len(expected) == 43
    assert ours == expected


def test_pedestrians(sample):
    tables, log, _ = sample
    ours = by_phase(
        lambda phase: counts.pedestrians(log, phase, BIN_MS),
        log.parameters(Code.WALK, Code.BUTTON_ON),
        "services",
        "pushes",
    )
    same(ours, theirs(tables["ped"], "PedServices", "PedActuation"), bins=2)


def test_pedestrian_delay(sample):
    tables, log, _ = sample
    ours = by_phase(
        lambda phase: waits.pedestrian_delay(log, phase, BIN_MS, SHORTEST_S),
        log.parameters(Code.BUTTON_ON),
        "mean_s",
        "waits",
    )
    same(ours, theirs(tables["ped_delay"], "AvgPedDelay", "Samples"), bins=2)


def test_phase_wait(sample):
    tables, log, _ = sample
    ours = by_phase(
        lambda phase: waits.phase_wait(log, phase, BIN_MS, shortest_s=SHORTEST_S),
        log.parameters(Code.CALL),
        "mean_s",
        "skipped",
    )
    same(ours, theirs(tables["phase_wait"], "AvgPhaseWait", "TotalSkips"), bins=32)


def test_pulses(sample):
    tables, log, _ = sample
    ours = by_phase(
        lambda channel: counts.pulses(log, channel, BIN_MS),
        log.parameters(Code.DETECTOR_ON),
        "count",
    )
    same(ours, theirs(tables["actuations"], "Total", number="Detector"), bins=184)


def test_crossings_on_yellow_and_red(sample):
    tables, log, channels = sample
    expected = {
        (ms(row["TimeStamp"]), row["Phase"], row["Signal_State"], row["Red_Offset"]): row["Count"]
        for row in tables["yellow_red"]
    }
    ours = {
        (row.since_ms, phase, row.state, row.red_offset_s): row.count
        for phase in phases(channels, DEVICE, Function.YELLOW_RED)
        for row in counts.yellow_red(
            log, phase, of_phase(channels, DEVICE, phase, Function.YELLOW_RED), BIN_MS
        )
    }
    assert len(expected) == 58
    assert ours == expected


def test_durations_are_those_the_controller_wrote_itself(sample):
    """Codes 301 to 316 of that maker: the length of the phase just ended, in whole seconds."""
    _, log, _ = sample
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
