"""Means, intervals and the bar, against figures worked by hand or by tables of Student's t."""

import math
from dataclasses import replace

import pytest

from edge.bench.signals.spec import Result
from edge.bench.signals.table import bar, difference_s, interval, rows, t_975, text


def result(controller, seed, delay_s, *, grid_s=1, locked=False):
    return Result(
        controller=controller,
        grid_s=grid_s,
        seed=seed,
        n=100,
        delay_s=delay_s,
        delay_published_s=delay_s,
        delay_drained_s=delay_s + 1,
        max_call_wait_s=80.0,
        max_vehicle_wait_s=150.0,
        stops=1.0,
        arrived=95,
        unfinished=4,
        pending=1,
        teleports=0,
        locked=locked,
        co2_kg=12.0,
        decision_p50_ms=0.1,
        decision_p99_ms=0.4,
        refusals=0,
        violations=0,
    )


def test_the_interval_of_five_values():
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert found.half == pytest.approx(2.776 * math.sqrt(2.5) / math.sqrt(5))
    assert math.isinf(interval([7.0]).half)


@pytest.mark.parametrize(
    ("freedom", "t"),
    [(1, 12.706), (4, 2.776), (30, 2.042), (31, 2.0395), (60, 2.0003), (999, 1.9623)],
)
def test_quantiles_are_those_of_the_printed_table(freedom, t):
    assert t_975(freedom) == pytest.approx(t, abs=0.0006)


def test_a_difference_is_paired_by_seed():
    """Seeds differ by much, controllers by one second on each: the interval must not see seeds."""
    ours = [result("ria", seed, 10.0 * seed) for seed in (3, 1, 2)]
    theirs = [result("fixed", seed, 10.0 * seed + 1) for seed in (1, 2, 3)]
    first, second = rows([*theirs, *ours])
    assert (first.controller, second.controller) == ("ria", "fixed")
    gap = difference_s(first, second)
    assert gap.mean == pytest.approx(-1.0)
    assert gap.half == pytest.approx(0.0)
    assert difference_s(first, rows([result("fixed", 9, 1.0)])[0]) is None


def test_the_bar_is_the_best_classical_row_without_a_locked_run():
    results = [
        *(result("ria", seed, 5.0) for seed in (1, 2)),
        *(result("greedy", seed, 10.0, grid_s=5, locked=seed == 2) for seed in (1, 2)),
        *(result("greedy", seed, 12.0, grid_s=10) for seed in (1, 2)),
        *(result("fixed", seed, 30.0) for seed in (1, 2)),
    ]
    table = rows(results)
    assert bar(table).name == "greedy 10 s"
    assert bar(rows(results[:4])) is None
    shown = text(table, bar(table))
    assert [line.split("  ")[0] for line in shown.splitlines()] == [
        "controller",
        "ria",
        "greedy 5 s",
        "greedy 10 s",
        "fixed",
    ]
    assert "-7.0±0.0" in shown
    assert "-58.3" in shown


def test_the_file_has_the_fields_of_its_page_and_no_others():
    assert list(result("ria", 1, 5.0).record()) == [
        "controller",
        "grid_s",
        "seed",
        "n",
        "delay_s",
        "delay_published_s",
        "delay_drained_s",
        "max_call_wait_s",
        "max_vehicle_wait_s",
        "stops",
        "arrived",
        "unfinished",
        "pending",
        "teleports",
        "locked",
        "co2_kg",
        "decision_p50_ms",
        "decision_p99_ms",
        "refusals",
        "violations",
    ]


def test_buses_are_in_the_file_where_they_may_call():
    called = replace(result("ria", 1, 5.0), bus_priority=True, buses=3, bus_delay_s=9.5)
    told = called.record()
    assert (told["bus_priority"], told["buses"], told["bus_delay_s"]) == (True, 3, 9.5)
    assert len(told) == len(result("ria", 1, 5.0).record()) + 3


def test_a_bus_s_mean_is_over_all_buses_of_all_seeds():
    runs = [replace(result("ria", 1, 5.0), buses=3, bus_delay_s=10.0), result("ria", 2, 6.0)]
    runs.append(replace(result("ria", 3, 5.0), buses=1, bus_delay_s=30.0))
    (row,) = rows(runs)
    assert (row.buses, row.bus_delay_s) == (4, 15.0)
    assert rows([result("ria", 2, 6.0)])[0].bus_delay_s == 0.0
