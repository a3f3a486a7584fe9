"""Controllers beside one another: means over seeds, and paired differences to the bar.

The bar is the classical controller with the least mean delay, none of whose runs locked: chosen
with hindsight, in favour of what is to be beaten. Seeds pair, for they make the same traffic.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from edge.bench.signals.spec import Controller, Result, named

_T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, two-sided 95 %, for 1 to 30 degrees of freedom."""
_Z_975 = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and half the width of its 95 % interval; infinite for a single value."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.1f}±{self._width}"

    @property
    def signed(self) -> str:
        """Of a difference."""
        return f"{self.mean:+.1f}±{self._width}"

    @property
    def finite_half(self) -> float | None:
        """Nothing for a single value."""
        return self.half if math.isfinite(self.half) else None

    @property
    def _width(self) -> str:
        return f"{self.half:.1f}" if math.isfinite(self.half) else "?"


@dataclass(frozen=True, slots=True)
class Row:
    """One controller over all its seeds."""

    controller: str
    grid_s: int
    results: tuple[Result, ...]
    countdown_s: int = 0

    @property
    def name(self) -> str:
        """`greedy 10 s`."""
        return named(self.controller, self.grid_s, self.countdown_s)

    @property
    def delay_s(self) -> Interval:
        """Over seeds."""
        return interval([result.delay_s for result in self.results])

    @property
    def locked(self) -> int:
        """Runs that locked."""
        return sum(result.locked for result in self.results)

    @property
    def buses(self) -> int:
        """Over all seeds."""
        return sum(result.buses for result in self.results)

    @property
    def bus_delay_s(self) -> float:
        """Mean over all of them; 0 where there is none."""
        lost_s = sum(result.buses * result.bus_delay_s for result in self.results)
        return lost_s / max(1, self.buses)

    def delay_by_seed(self) -> Mapping[int, float]:
        """Seed → delay."""
        return {result.seed: result.delay_s for result in self.results}


def t_975(freedom: int) -> float:
    """Student's t, two-sided 95 %; above 30 by Fisher's expansion, to within 0.001."""
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    z = _Z_975
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def interval(values: Sequence[float]) -> Interval:
    """The mean with its 95 % interval, for values drawn from a normal distribution."""
    if len(values) < 2:
        return Interval(fmean(values), math.inf)
    half = t_975(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(fmean(values), half)


def rows(results: Iterable[Result]) -> list[Row]:
    """One row a controller, grid and countdown, best mean delay first."""
    found: dict[tuple[str, int, int], list[Result]] = {}
    for result in results:
        kind = (result.controller, result.grid_s, result.countdown_s)
        found.setdefault(kind, []).append(result)
    made = [
        Row(controller, grid_s, tuple(sorted(runs, key=lambda result: result.seed)), countdown_s)
        for (controller, grid_s, countdown_s), runs in found.items()
    ]
    return sorted(made, key=lambda row: row.delay_s.mean)


def bar(table: Iterable[Row]) -> Row | None:
    """The best classical controller of which no run locked; nothing where there is none."""
    able = [row for row in table if Controller(row.controller).classical and not row.locked]
    return min(able, key=lambda row: row.delay_s.mean, default=None)


def difference_s(row: Row, against: Row) -> Interval | None:
    """Delay less that of another, paired by seed; nothing where they share no seed."""
    other = against.delay_by_seed()
    pairs = [delay - other[seed] for seed, delay in row.delay_by_seed().items() if seed in other]
    return interval(pairs) if pairs else None


def text(table: Sequence[Row], against: Row | None) -> str:
    """The table for a terminal."""
    return columns([_HEAD, *(_cells(row, against) for row in table)])


def columns(cells: Sequence[Sequence[str]]) -> str:
    """Lines of equal columns: the first to the left, the others to the right."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


_HEAD = (
    "controller", "seeds", "delay s", "to the bar s", "%", "drained", "publ.", "call wait",
    "empty", "veh. wait", "stops", "unfin.", "pend.", "locked", "telep.", "CO2 kg", "p99 ms",
    "refused", "viol.",
)  # fmt: skip


def _cells(row: Row, against: Row | None) -> tuple[str, ...]:
    runs = row.results
    gap = None if against is None or row is against else difference_s(row, against)
    share = (
        "" if gap is None or against is None else f"{100 * gap.mean / against.delay_s.mean:+.1f}"
    )
    return (
        row.name,
        str(len(runs)),
        str(row.delay_s),
        "the bar" if row is against else "" if gap is None else gap.signed,
        share,
        f"{fmean(run.delay_drained_s for run in runs):.1f}",
        f"{fmean(run.delay_published_s for run in runs):.1f}",
        f"{max(run.max_call_wait_s for run in runs):.0f}",
        str(sum(run.empty_greens for run in runs)),
        f"{max(run.max_vehicle_wait_s for run in runs):.0f}",
        f"{fmean(run.stops for run in runs):.2f}",
        f"{fmean(run.unfinished for run in runs):.0f}",
        f"{fmean(run.pending for run in runs):.0f}",
        str(row.locked),
        str(sum(run.teleports for run in runs)),
        f"{fmean(run.co2_kg for run in runs):.0f}",
        f"{max(run.decision_p99_ms for run in runs):.2f}",
        str(sum(run.refusals for run in runs)),
        str(sum(run.violations for run in runs)),
    )
