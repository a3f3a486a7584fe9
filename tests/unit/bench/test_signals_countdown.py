"""The cost of a countdown as a curve: which runs it takes, and how its points are reckoned."""

import argparse
from pathlib import Path

import pytest

from control.countdown import WHOLE_GREEN_S
from edge.bench.signals import compare
from edge.bench.signals.countdown import curve, measure, orders, record, text
from edge.bench.signals.spec import Controller, Result, Sensing, Spec, Stages, Timing, named
from edge.cli.signal import countdown, countdowns
from edge.errors import ConfigError

PATTERN = Spec(
    Path("t.sumocfg"), Controller.RIA, 0, Timing.SCENARIO, Sensing.FULL, 0, 3600, Stages.NET,
    countdown_s=5,
)  # fmt: skip


def result(seed, last_s, delay_s, broken=0):
    return Result(
        "ria", 1, seed, 100, delay_s, delay_s, delay_s, 60.0, 60.0, 1.0, 100, 0, 0, 0, False, 1.0,
        0.5, 1.0, 0, 0, countdown_s=last_s, promises=40, broken_promises=broken,
    )  # fmt: skip


RESULTS = [
    result(seed, last_s, delay_s + seed, broken)
    for seed in (1, 2)
    for last_s, delay_s, broken in ((WHOLE_GREEN_S, 30.0, 1), (0, 20.0, 0), (5, 22.0, 0))
]


def test_seconds_or_full():
    assert countdown("5") == 5
    assert countdown("full") == WHOLE_GREEN_S
    assert countdowns("0,3,full,3") == [0, 3, WHOLE_GREEN_S]
    for wrong in ("", "-1", "100", "five", "1.5"):
        with pytest.raises(argparse.ArgumentTypeError, match="write 0 to 99 seconds, or full"):
            countdown(wrong)


@pytest.mark.parametrize(
    ("grid_s", "last_s", "name"),
    [
        (1, 0, "ria"),
        (10, 0, "ria 10 s"),
        (1, 5, "ria, countdown 5 s"),
        (1, WHOLE_GREEN_S, "ria, countdown full"),
    ],
)
def test_the_name_says_the_countdown(grid_s, last_s, name):
    assert named("ria", grid_s, last_s) == name


def test_every_seed_runs_every_countdown():
    made = orders(PATTERN, [0, 8], [1, 2])
    assert [(spec.seed, spec.countdown_s) for spec in made] == [(1, 0), (1, 8), (2, 0), (2, 8)]


def test_only_ria_has_displays_beside_others():
    made = compare.orders(PATTERN, [Controller.FIXED, Controller.RIA], [1])
    assert [(spec.controller, spec.countdown_s) for spec in made] == [("fixed", 0), ("ria", 5)]


def test_points_go_from_none_to_all_and_pair_by_seed():
    points = curve(RESULTS)
    assert [point.label for point in points] == ["0", "5", "full"]
    assert points[0].over_none is None
    assert points[2].over_none.mean == 10.0
    assert points[2].over_none.half == 0.0
    assert [point.broken for point in points] == [0, 0, 2]


def test_without_a_run_without_countdown_there_is_nothing_to_compare_with():
    assert [point.over_none for point in curve([result(1, 5, 22.0)])] == [None]


def test_the_table_and_the_file_say_the_same():
    points = curve(RESULTS)
    lines = text(points).splitlines()
    assert lines[2].split() == [
        "5", "2", "23.5±6.4", "+2.0±0.0", "60", "1.00", "80", "0", "0", "0",
    ]  # fmt: skip
    told = record("town", PATTERN, points)
    assert [each["last_s"] for each in told["curve"]] == [0, 5, None]
    assert told["curve"][1]["delay_s"] == 23.5
    assert told["curve"][2]["broken_promises"] == 2
    # the file of `evaluate` has what it always had
    assert "countdown_s" not in told["curve"][1]["results"][0]


def test_a_single_seed_has_no_interval():
    told = record("town", PATTERN, curve([result(1, 5, 22.0)]))
    assert told["curve"][0]["delay_half_s"] is None


def test_a_file_that_could_not_be_written_is_told_first(tmp_path):
    outputs = compare.Outputs(json=tmp_path / "none" / "curve.json")
    with pytest.raises(ConfigError, match="there is no folder"):
        measure(None, [PATTERN], "town", 1, outputs)
