"""`ria signal report` on logs short enough to know the answer."""

import argparse
import json
import sys

import pytest

from control.measures import csv_log
from control.measures.events import Code, Event
from edge.cli.signal_report import add_arguments, report
from edge.errors import ConfigError

CONFIG = """DeviceId,Phase,Parameter,Function
j,1,5,Advance
j,1,6,Presence
j,1,6,Yellow_Red
"""


@pytest.fixture
def log(tmp_path):
    """Ten cycles of a minute: 20 s of green, an arrival in green and one in red, a walk."""
    events = []
    for begin_s in range(0, 600, 60):
        rows = [
            (0, Code.GREEN, 1),
            (5, Code.DETECTOR_ON, 5),
            (6, Code.DETECTOR_OFF, 5),
            (8, Code.DETECTOR_ON, 6),
            (24, Code.DETECTOR_OFF, 6),
            (20, Code.MAX_OUT, 1),
            (20, Code.YELLOW, 1),
            (23, Code.RED_CLEARANCE, 1),
            (25, Code.RED_CLEARANCE_END, 1),
            (30, Code.DETECTOR_ON, 5),
            (31, Code.DETECTOR_OFF, 5),
            (30, Code.CALL, 1),
            (30, Code.BUTTON_ON, 2),
            (40, Code.WALK, 2),
            (45, Code.PED_CLEARANCE, 2),
        ]
        events += sorted(Event(1000 * (begin_s + s), code, n) for s, code, n in rows)
    path = tmp_path / "log.csv"
    path.write_text("\n".join(csv_log.lines("j", events)) + "\n")
    return path


@pytest.fixture
def run(log):
    """Call the command with these words after the log's name."""

    def call(*words):
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        return report(parser.parse_args([str(log), *map(str, words)]))

    return call


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "detectors.csv"
    path.write_text(CONFIG)
    return path


def test_a_phase_a_line(run, config, capsys):
    assert run("--config", config) == 0
    device, head, first, second, chain = capsys.readouterr().out.splitlines()
    assert device.startswith("j: 150 rows, 1970-01-01 00:00:00.000")
    assert head.split()[:2] == ["phase", "greens"]
    assert first.split() == [
        "1", "10", "50%", "1.46", "0/9", "0/10/0", "25.0", "25.0", "30.0", "30.0", "0", "0",
        "-", "-", "-",
    ]  # fmt: skip
    assert second.split()[-3:] == ["10", "10.0", "10.0"]
    assert chain == "the hashes of the log hold"


def test_every_bin_in_json(run, config, tmp_path):
    run("--config", config, "--json", tmp_path / "out.json", "--bin", "5min")
    (signal,) = json.loads((tmp_path / "out.json").read_text())["signals"]
    assert signal["bin_min"] == 5
    assert [(row["since"], row["arrivals"]) for row in signal["arrivals_on_green"]] == [
        ("1970-01-01 00:00:00.000", 10),
        ("1970-01-01 00:05:00.000", 10),
    ]
    assert [row["max_outs"] for row in signal["terminations"]] == [5, 5]
    assert signal["split_failures"][1]["green_occupancy"] == pytest.approx(0.6)
    assert signal["split_failures"][1]["red_occupancy"] == pytest.approx(0.2)


def test_without_detectors_what_needs_them_is_left_out(run, capsys, tmp_path):
    assert run("--json", tmp_path / "out.json") == 0
    assert "without --config" in capsys.readouterr().out
    (signal,) = json.loads((tmp_path / "out.json").read_text())["signals"]
    assert signal["arrivals_on_green"] == signal["split_failures"] == []
    assert signal["phases"][0]["share_on_green"] is None
    assert signal["phases"][0]["greens"] == 10


def test_an_altered_log_is_reported_on_and_told(run, log, capsys):
    text = log.read_text()
    log.write_text(text.replace(",j,5,1,", ",j,4,1,", 1))
    assert run() == 1
    assert "does not follow from those before it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no column TimeStamp"),
        ("TimeStamp,DeviceId,EventId,Parameter\n", "holds no events"),
        ("TimeStamp,DeviceId,EventId,Parameter\nnever,j,1,1\n", "line 2 is no event"),
    ],
)
def test_a_file_that_is_no_log(run, log, text, said):
    log.write_text(text)
    with pytest.raises(ConfigError) as error:
        run()
    assert str(log) in str(error.value)
    assert said in str(error.value)


def test_no_such_file(run, tmp_path):
    with pytest.raises(ConfigError) as error:
        run("--config", tmp_path / "none.csv")
    assert "none.csv cannot be read" in str(error.value)


def test_pictures_need_matplotlib(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError) as error:
        run("--html", tmp_path / "out.html")
    assert "install ria-gateway[sim]" in str(error.value)
    assert not (tmp_path / "out.html").exists()
