"""The words of `ria signal evaluate`, and which runs they ask for."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import pytest

from edge.bench.signals.compare import orders
from edge.bench.signals.spec import Controller, Sensing, Spec, Stages, Timing
from edge.cli.main import parser, run
from edge.cli.signal import controllers, failures, positive, seeds, simulator
from edge.errors import ConfigError


def pattern(timing):
    return Spec(Path("t.sumocfg"), Controller.FIXED, 0, timing, Sensing.FULL, 0, 3600, Stages.NET)


def test_without_words_everything_is_compared():
    arguments = parser().parse_args(["signal", "evaluate", "t.sumocfg"])
    assert arguments.controllers == list(Controller)
    assert arguments.seeds == [1, 2, 3, 4, 5]
    assert (arguments.timing, arguments.sensing) == ("scenario", "loops")
    assert not arguments.bus_priority


@pytest.mark.parametrize(
    ("words", "found"),
    [("1-5", [1, 2, 3, 4, 5]), ("7", [7]), ("1,3,8-10", [1, 3, 8, 9, 10]), ("2,2,1-2", [2, 1])],
)
def test_seeds(words, found):
    assert seeds(words) == found


@pytest.mark.parametrize("words", ["", "5-1", "1-", "a", "1..5", "-3", "1-999999999"])
def test_seeds_that_are_none(words):
    with pytest.raises(argparse.ArgumentTypeError, match="lists no seeds; write 1-5"):
        seeds(words)


def test_controllers_by_name_each_once():
    assert controllers("ria, fixed,ria") == [Controller.RIA, Controller.FIXED]
    with pytest.raises(argparse.ArgumentTypeError, match=r"'webster'.*choose of fixed,actuated"):
        controllers("fixed,webster")


def test_a_countdown_is_not_for_a_grid():
    told = replace(pattern(Timing.RESCO), countdown_s=5)
    with pytest.raises(ConfigError, match=r"grid of 10 s of this timing.*--timing scenario"):
        orders(told, [Controller.RIA], [1])
    assert len(orders(told, [Controller.FIXED, Controller.GREEDY], [1])) == 2


def test_failures_are_a_share_and_a_second():
    assert failures("0.3@1800") == (0.3, 1800)
    assert failures("1@0") == (1.0, 0)
    for wrong in ("0.3", "3@1800", "x@1", "0.3@-1", "0.3@1.5", "nan@5"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"as 0\.3@1800"):
            failures(wrong)


def test_a_simulator_is_a_program(tmp_path):
    assert simulator("libsumo") is None
    program = tmp_path / "sumo"
    program.write_text("")
    with pytest.raises(argparse.ArgumentTypeError, match="is no simulator"):
        simulator(f"traci:{program}")
    program.chmod(0o755)
    assert simulator(f"traci:{program}") == program
    for wrong in (str(program), f"traci:{tmp_path}", "traci:"):
        with pytest.raises(argparse.ArgumentTypeError, match="write libsumo, or traci:"):
            simulator(wrong)


def test_a_count_is_at_least_one():
    assert positive("3") == 3
    for wrong in ("0", "-1", "two"):
        with pytest.raises(argparse.ArgumentTypeError, match="write 1 or more"):
            positive(wrong)


def test_greedy_and_max_pressure_run_on_every_grid():
    made = orders(pattern(Timing.SCENARIO), list(Controller), [1, 2])
    assert len(made) == 2 * (3 + 4 + 4 + 1)
    names = [spec.name for spec in made[:12]]
    assert names[:4] == ["fixed", "actuated", "delay", "greedy 5 s"]
    assert names[-1] == "ria"
    assert {spec.seed for spec in made[:12]} == {1}


def test_published_timing_has_one_grid():
    made = orders(pattern(Timing.RESCO), list(Controller), [1])
    assert [spec.grid_s for spec in made] == [1, 1, 1, 10, 10, 10]


@pytest.mark.parametrize(
    ("times", "words", "said"),
    [
        ("", [], "sets no end; say --end"),
        (
            '<end value="100"/>',
            ["--begin", "100"],
            "nothing lies between second 100 and second 100",
        ),
        ('<end value="100"/>', ["--begin", "-5"], "between second -5"),
    ],
)
def test_a_window_that_is_none_is_told(tmp_path, capsys, times, words, said):
    cfg = tmp_path / "t.sumocfg"
    cfg.write_text(f'<configuration><net-file value="t.net.xml"/>{times}</configuration>')
    assert run(["signal", "evaluate", str(cfg), *words]) == 2
    assert said in capsys.readouterr().err


def test_runs_at_once_are_as_many_as_processors():
    arguments = parser().parse_args(["signal", "evaluate", "t.sumocfg"])
    assert arguments.jobs == len(os.sched_getaffinity(0))
