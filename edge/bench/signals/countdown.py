"""`ria signal countdown`: the delay of ria over the seconds that its displays count.

Each run sees the same traffic as the others of its seed; what differs is for how long every change
of stage is announced and kept.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from control.countdown import WHOLE_GREEN_S
from edge.bench.signals.compare import One, Outputs, heading, run
from edge.bench.signals.spec import Controller, Result, Spec
from edge.bench.signals.table import Interval, Row, columns, difference_s, rows


@dataclass(frozen=True, slots=True)
class Point:
    """One length of countdown over all seeds."""

    row: Row
    over_none: Interval | None
    """Delay less that without countdown, paired by seed; nothing where it did not run."""

    @property
    def last_s(self) -> int:
        """Seconds on display."""
        return self.row.countdown_s

    @property
    def label(self) -> str:
        """`5` or `full`."""
        return "full" if self.last_s >= WHOLE_GREEN_S else str(self.last_s)

    @property
    def broken(self) -> int:
        """Promises that did not come true."""
        return sum(run.broken_promises for run in self.row.results)


def orders(pattern: Spec, lasts_s: Sequence[int], seeds: Sequence[int]) -> list[Spec]:
    """Every run there is to make, seed after seed."""
    return [
        replace(pattern, controller=Controller.RIA, seed=seed, countdown_s=last_s)
        for seed in seeds
        for last_s in lasts_s
    ]


def curve(results: Sequence[Result]) -> list[Point]:
    """From no countdown to the longest."""
    table = sorted(rows(results), key=lambda row: row.countdown_s)
    none = next((row for row in table if row.countdown_s == 0), None)
    return [
        Point(row, None if none is None or row is none else difference_s(row, none))
        for row in table
    ]


def measure(one: One, specs: Sequence[Spec], scenario: str, jobs: int, outputs: Outputs) -> int:
    """Run all, print the curve, write what is asked for; 0 where all ran and no promise broke.

    Raises:
        ConfigError: an output could not be written, seen before the first run starts.
        RunFailed: no run gave a result.
    """
    results = run(one, specs, jobs, outputs)
    points = curve(results)
    title = heading(scenario, specs[0], results[0])
    print(title)
    print(text(points))
    if outputs.json is not None:
        outputs.json.write_text(json.dumps(record(scenario, specs[0], points), indent=1) + "\n")
    if outputs.plot is not None:
        from edge.bench.signals.countdown_plot import draw  # noqa: PLC0415  heavy

        draw(points, title, outputs.plot)
    broken = sum(point.broken for point in points)
    return 0 if len(results) == len(specs) and not broken else 1


def text(points: Sequence[Point]) -> str:
    """The curve for a terminal."""
    return columns([_HEAD, *(_cells(point) for point in points)])


_HEAD = (
    "countdown s", "seeds", "delay s", "over none s", "call wait", "stops", "promises", "broken",
    "refused", "viol.",
)  # fmt: skip


def _cells(point: Point) -> tuple[str, ...]:
    runs = point.row.results
    return (
        point.label,
        str(len(runs)),
        str(point.row.delay_s),
        "" if point.over_none is None else point.over_none.signed,
        f"{max(run.max_call_wait_s for run in runs):.0f}",
        f"{fmean(run.stops for run in runs):.2f}",
        str(sum(run.promises for run in runs)),
        str(point.broken),
        str(sum(run.refusals for run in runs)),
        str(sum(run.violations for run in runs)),
    )


def record(scenario: str, pattern: Spec, points: Sequence[Point]) -> dict[str, Any]:
    """The JSON file; its fields are listed in docs/explanation/countdown.md."""
    return {
        "scenario": scenario,
        "timing": str(pattern.timing),
        "sensing": str(pattern.sensing),
        "sumo": points[0].row.results[0].sumo,
        "curve": [
            {
                "last_s": None if point.last_s >= WHOLE_GREEN_S else point.last_s,
                "delay_s": point.row.delay_s.mean,
                "delay_half_s": point.row.delay_s.finite_half,
                "promises": sum(run.promises for run in point.row.results),
                "broken_promises": point.broken,
                "results": [run.record() for run in point.row.results],
            }
            for point in points
        ],
    }
