"""The plan file, good and broken."""

from pathlib import Path

import pytest

from control import plan_file
from control.model import Junction, Kind, Role, SignalGroup, Stage, TimePlan
from edge.document.problem import render

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "deploy" / "junction.example.yaml"
BROKEN = sorted((ROOT / "tests" / "broken_plans").glob("*.yaml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_plan_is_told(path):
    with pytest.raises(plan_file.Problems) as refused:
        plan_file.read(path)
    problems = refused.value.problems
    assert render(problems, "FILE") + "\n" == path.with_suffix(".txt").read_text()
    assert all(problem.what and problem.remedy for problem in problems)


def test_there_are_thirty_broken_plans():
    assert len(BROKEN) >= 30


def test_what_stands_in_the_example_is_read():
    junction = plan_file.read(EXAMPLE)
    main, left, side = (junction.index(name) for name in ("main", "left", "side"))
    walk = junction.index("walk-side")
    assert junction.groups[main] == SignalGroup("main", 3, 10, 70)
    assert junction.groups[walk] == SignalGroup(
        "walk-side", 8, 7, longest_wait_s=90, kind=Kind.PEDESTRIAN
    )
    assert {(main, left), (left, main)} <= junction.conflicts
    assert junction.intergreen_s[main, left] == 5
    assert junction.intergreen_s[walk, side] == 9
    assert junction.stages[0] == Stage("main", frozenset({main, walk}))
    assert junction.start_stage == 0
    assert junction.longest_cycle_s == 150
    advance = junction.detectors[1]
    assert (advance.role, advance.distance_m, advance.lanes) == (
        Role.ADVANCE, 80.0, ("main-1", "main-2"),
    )  # fmt: skip
    assert junction.plans[1] == TimePlan(
        "peak", (0, 1, 2), (58, 20, 36), 12, (6 * 3600, 16 * 3600), frozenset(range(5))
    )
    assert junction.countdowns[0].last_s == 9
    assert junction.opposing["side-south"] == {"side-north"}
    assert junction.lanes["side-north"] == {side, junction.index("side-left")}


def test_what_was_written_is_read_back_equal():
    junction = plan_file.read(EXAMPLE)
    again = plan_file.read_text(plan_file.write(junction))
    assert again == junction
    assert list(again.lanes) == list(junction.lanes)


def test_a_pair_needs_to_be_listed_once_only():
    text = EXAMPLE.read_text()
    both = text.replace("  side: [walk-side]\n", "  side: [walk-side, main]\n", 1)
    assert both != text
    assert plan_file.read_text(both) == plan_file.read_text(text)


def test_names_that_yaml_reads_otherwise_are_quoted():
    groups = (SignalGroup("17", 3, 7), SignalGroup("true", 3, 7), SignalGroup("Lê: #2", 3, 7))
    pairs = frozenset((g, h) for g in range(3) for h in range(3) if g != h)
    junction = Junction(
        "~", groups, pairs, frozenset(), dict.fromkeys(pairs, 5),
        tuple(Stage(str(g), frozenset({g})) for g in range(3)),
        lanes={":j_1": frozenset({2}), "-a#1_0": frozenset({0})},
    )  # fmt: skip
    assert plan_file.read_text(plan_file.write(junction)) == junction


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(plan_file.Problems, match="cannot be read"):
        plan_file.read(tmp_path / "none.yaml")
