"""`ria signal evaluate`: every controller, grid and seed of one scenario, then who was best.

All see the same traffic under the same intervals; how each is judged is in `docs/reference`.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge.bench.signals.fleet import RunFailed, run_all
from edge.bench.signals.progress import Board
from edge.bench.signals.spec import (
    EVERY_SECOND_S,
    Controller,
    Progress,
    Result,
    Sensing,
    Spec,
    Timing,
)
from edge.bench.signals.table import Row, bar, rows, text
from edge.errors import ConfigError

RESCO_GRID_S = 10
REMARKS = 3
"""Printed of each controller."""
GRIDS_S = (5, 10, 15, 20)
"""For greedy and max pressure, whose rule is worth little without its grid."""
_GRIDDED = (Controller.GREEDY, Controller.MAX_PRESSURE)
_OWN_PROGRAM = (Controller.FIXED, Controller.ACTUATED, Controller.DELAY)

One = Callable[[Spec, Progress], Result]
"""Runs one controller with one seed."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where results go besides the terminal."""

    json: Path | None = None
    plot: Path | None = None


def grids_s(controller: Controller, timing: Timing) -> tuple[int, ...]:
    """The grids on which a controller is tried under a timing."""
    if controller in _OWN_PROGRAM:
        return (EVERY_SECOND_S,)
    if timing is Timing.RESCO:
        return (RESCO_GRID_S,)
    return GRIDS_S if controller in _GRIDDED else (EVERY_SECOND_S,)


def orders(pattern: Spec, controllers: Sequence[Controller], seeds: Sequence[int]) -> list[Spec]:
    """Every run there is to make, seed after seed, so that early results already compare."""
    return [
        replace(
            pattern,
            controller=controller,
            grid_s=grid_s,
            seed=seed,
            countdown_s=pattern.countdown_s if controller is Controller.RIA else 0,
        )
        for seed in seeds
        for controller in controllers
        for grid_s in grids_s(controller, pattern.timing)
    ]


def run(one: One, specs: Sequence[Spec], jobs: int, outputs: Outputs) -> list[Result]:
    """Run all and show how far they are; what came of those that ended.

    Raises:
        ConfigError: an output could not be written, seen before the first run starts.
        RunFailed: no run gave a result.
    """
    writable(outputs)
    results: list[Result] = []
    board = Board(len(specs))
    with contextlib.closing(run_all(one, specs, jobs)) as news:
        for told in news:
            board.show(told)
            if told.outcome is not None:
                results.append(told.outcome)
    if not results:
        raise RunFailed("no run gave a result; the reasons stand above")
    return results


def compare(one: One, specs: Sequence[Spec], scenario: str, jobs: int, outputs: Outputs) -> int:
    """Run all, print the table, write what is asked for; 0 where every run gave a result.

    Raises:
        ConfigError: an output could not be written, seen before the first run starts.
        RunFailed: no run gave a result.
    """
    results = run(one, specs, jobs, outputs)
    table = rows(results)
    pattern = specs[0]
    against = None if pattern.sensing is Sensing.SITE else bar(table)
    title = heading(scenario, pattern, results[0])
    print(title)
    print(text(table, against))
    for line in _remarks(table, against, pattern):
        print(line)
    if outputs.json is not None:
        outputs.json.write_text(json.dumps(record(scenario, pattern, table), indent=1) + "\n")
    if outputs.plot is not None:
        from edge.bench.signals.plot import draw  # noqa: PLC0415  heavy

        draw(table, against, title, outputs.plot)
    return 0 if len(results) == len(specs) else 1


def record(scenario: str, pattern: Spec, table: Sequence[Row]) -> dict[str, Any]:
    """The JSON file; its fields are listed in docs/reference/evaluate-json.md."""
    results = [result for row in table for result in row.results]
    return {
        "scenario": scenario,
        "timing": str(pattern.timing),
        "sensing": str(pattern.sensing),
        "sumo": results[0].sumo,
        "results": [result.record() for result in results],
    }


def writable(outputs: Outputs) -> None:
    """Say before hours of work what cannot be written after them.

    Raises:
        ConfigError: the folder of an output is not there.
    """
    for out in (outputs.json, outputs.plot):
        if out is not None and not out.absolute().parent.is_dir():
            raise ConfigError(f"{out}: there is no folder {out.absolute().parent}; make it first")


def heading(scenario: str, pattern: Spec, result: Result) -> str:
    """What was run, in one line."""
    return (
        f"{scenario} {pattern.begin_s}-{pattern.end_s} s: {pattern.timing} timing, "
        f"{pattern.sensing} sensing, SUMO {result.sumo.removeprefix('SUMO ')}, "
        f"{result.n} vehicles due"
    )


def _remarks(table: Sequence[Row], against: Row | None, pattern: Spec) -> Iterator[str]:
    if against is None and pattern.sensing is not Sensing.SITE:
        yield "no bar: no classical controller ran without a locked run"
    stages = next((run.stage_list for row in table for run in row.results if run.stage_list), ())
    yield from stages
    for row in table:
        if row.buses:
            yield f"{row.name}: {row.bus_delay_s:.1f} s a bus, {row.buses} buses"
        for run in row.results:
            if run.locked:
                yield f"{row.name}, seed {run.seed}: locked; never a bar"
            if run.broken_promises:
                yield f"{row.name}, seed {run.seed}: {run.broken_promises} broken promises"
        told = [remark for run in row.results for remark in run.remarks]
        for remark in told[:REMARKS]:
            yield f"{row.name}: {remark}"
        if len(told) > REMARKS:
            yield f"{row.name}: and {len(told) - REMARKS} more of the kind"
