"""Runs in processes of their own: results come back, the dead are named, none is left behind."""

import importlib
import json
import multiprocessing
from pathlib import Path

import pytest

from edge.bench.signals.compare import Outputs, compare, orders
from edge.bench.signals.fleet import RunFailed, run_all
from edge.bench.signals.spec import Controller, Sensing, Spec, Stages, Timing
from edge.errors import ConfigError

RUNS = """
import os, time
from edge.bench.signals.spec import Result
from edge.errors import ConfigError

def echo(order, progress):
    progress(0.5)
    return order * 2

def dies(order, progress):
    os.write(2, b"Error: the road has gone")
    os._exit(3) if order == 2 else None
    return order

def refuses(order, progress):
    raise ConfigError("no such net; choose another")

def raises(order, progress):
    return order / 0

def forever(order, progress):
    progress(0.1)
    time.sleep(600)

def judged(spec, progress):
    if spec.controller == "greedy" and spec.seed == 2:
        raise ConfigError("greedy has no second seed")
    delay_s = {"fixed": 40.0, "greedy": 30.0, "ria": 20.0}[spec.controller] + spec.seed
    locked = spec.controller == "greedy" and spec.grid_s == 5
    return Result(
        str(spec.controller), spec.grid_s, spec.seed, 100, delay_s, delay_s, delay_s + 1, 90.0,
        150.0, 1.2, 95, 4, 1, 0, locked, 12.0, 0.1, 0.4, 0, 0, sumo="SUMO 9.9",
        remarks=("17 s, signal A: link 1 turned yellow",), stage_list=("signal A, stage 1: Gr",),
    )
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A module that processes can import by the path they inherit."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "runs_of_a_test.py").write_text(RUNS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("runs_of_a_test")


def test_every_order_has_its_outcome(runs):
    news = list(run_all(runs.echo, [1, 2, 3], jobs=2))
    assert {told.order: told.outcome for told in news if told.outcome} == {1: 2, 2: 4, 3: 6}
    assert [told.share for told in news if told.order == 1] == [0.5, 1.0]


def test_a_run_that_dies_takes_no_other_with_it(runs):
    news = {told.order: told for told in run_all(runs.dies, [1, 2, 3], jobs=1)}
    assert news[1].outcome == 1
    assert news[3].outcome == 3
    assert news[2].failure == "the run ended with code 3: Error: the road has gone"


def test_what_a_run_refuses_and_where_it_breaks_is_told(runs):
    (refused,) = run_all(runs.refuses, [1], jobs=1)
    assert refused.failure == "no such net; choose another"
    (broken,) = run_all(runs.raises, [1], jobs=1)
    assert "ZeroDivisionError" in broken.failure


def test_whoever_stops_listening_ends_the_runs(runs):
    news = run_all(runs.forever, [1, 2], jobs=2)
    assert next(news).share == 0.1
    assert len(multiprocessing.active_children()) == 2
    news.close()
    assert multiprocessing.active_children() == []


def pattern():
    return Spec(
        Path("t.sumocfg"), Controller.FIXED, 0, Timing.SCENARIO, Sensing.LOOPS, 0, 3600, Stages.NET
    )


def test_the_whole_comparison(runs, tmp_path, capsys):
    specs = orders(pattern(), [Controller.FIXED, Controller.RIA], [1, 2])
    outputs = Outputs(tmp_path / "out.json", tmp_path / "out.png")
    assert compare(runs.judged, specs, "town", 2, outputs) == 0
    shown = capsys.readouterr()
    assert "town 0-3600 s: scenario timing, loops sensing, SUMO 9.9, 100 vehicles due" in shown.out
    assert "-20.0±0.0" in shown.out
    assert "the bar" in shown.out
    assert "signal A, stage 1: Gr" in shown.out
    assert "fixed: 17 s, signal A: link 1 turned yellow" in shown.out
    assert "[4/4] " in shown.err
    told = json.loads(outputs.json.read_text())
    assert list(told) == ["scenario", "timing", "sensing", "sumo", "results"]
    assert [(r["controller"], r["seed"], r["delay_s"]) for r in told["results"]] == [
        ("ria", 1, 21.0),
        ("ria", 2, 22.0),
        ("fixed", 1, 41.0),
        ("fixed", 2, 42.0),
    ]
    assert outputs.plot.read_bytes().startswith(b"\x89PNG")


def test_a_missing_result_is_an_exit_code_and_a_locked_run_no_bar(runs, capsys):
    specs = [spec for spec in orders(pattern(), [Controller.GREEDY], [1, 2]) if spec.grid_s == 5]
    assert compare(runs.judged, specs, "town", 2, Outputs()) == 1
    shown = capsys.readouterr()
    assert "greedy 5 s, seed 2: no result, greedy has no second seed" in shown.err
    assert "greedy 5 s, seed 1: locked; never a bar" in shown.out
    assert "no bar: no classical controller ran without a locked run" in shown.out


def test_no_result_at_all_is_an_error(runs, capsys):
    specs = [s for s in orders(pattern(), [Controller.GREEDY], [2]) if s.grid_s == 5]
    with pytest.raises(RunFailed, match="the reasons stand above"):
        compare(runs.judged, specs, "town", 1, Outputs())


def test_an_output_that_cannot_be_written_is_told_before_anything_runs(runs, tmp_path):
    with pytest.raises(ConfigError, match="there is no folder"):
        compare(runs.forever, [pattern()], "town", 1, Outputs(json=tmp_path / "no" / "out.json"))
