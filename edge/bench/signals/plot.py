"""Delay of each controller as a picture: a dot a seed, the mean, its 95 % interval, the bar."""

import math
from collections.abc import Sequence
from pathlib import Path

from edge.bench.signals.table import Row

INK, BAR, LOCKED = "#1b4965", "#c1121f", "#bc6c25"


def draw(table: Sequence[Row], against: Row | None, title: str, out: Path) -> None:
    """Write a PNG; rows from the best at the top to the worst."""
    # heavy, and needed by whoever asks for a picture only
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(8, 1.6 + 0.4 * len(table)), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = range(len(table))
    for place, row in zip(places, table, strict=True):
        delay = row.delay_s
        colour = LOCKED if row.locked else INK
        half = delay.half if math.isfinite(delay.half) else 0.0
        axes.errorbar(delay.mean, place, xerr=half, fmt="|", ms=14, color=colour, capsize=4, lw=1.5)
        seeds = list(row.delay_by_seed().values())
        axes.plot(seeds, [place] * len(seeds), "o", ms=4, alpha=0.5, color=colour)
    if against is not None:
        axes.axvline(against.delay_s.mean, color=BAR, lw=1, ls="--", label=f"bar: {against.name}")
        axes.legend(loc="upper right", frameon=False)
    axes.set_yticks(
        list(places), [f"{row.name} (locked)" if row.locked else row.name for row in table]
    )
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("delay, s per vehicle: a dot a seed, mean and 95 % interval")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(out)
