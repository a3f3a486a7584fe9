"""Delay over the seconds on display: a dot a seed, the mean, its 95 % interval."""

from collections.abc import Sequence
from pathlib import Path

from edge.bench.signals.countdown import Point
from edge.bench.signals.plot import INK


def draw(points: Sequence[Point], title: str, out: Path) -> None:
    """Write a PNG; a whole green stands apart, to the right of all numbers."""
    # heavy, and needed by whoever asks for a picture only
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    counted = [point for point in points if point.label != "full"]
    whole = [point for point in points if point.label == "full"]
    apart_s = max((point.last_s for point in counted), default=0) + 4
    places = [float(point.last_s) for point in counted] + [float(apart_s) for _ in whole]
    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(
        places[: len(counted)],
        [point.row.delay_s.mean for point in counted],
        "-",
        color=INK,
        lw=1.5,
    )
    for place, point in zip(places, [*counted, *whole], strict=True):
        delay = point.row.delay_s
        axes.errorbar(
            place, delay.mean, yerr=delay.finite_half or 0.0, fmt="_", ms=12, color=INK, capsize=4
        )
        seeds = list(point.row.delay_by_seed().values())
        axes.plot([place] * len(seeds), seeds, "o", ms=4, alpha=0.5, color=INK)
        axes.annotate(
            f"{delay.mean:.1f}", (place, delay.mean), (8, -11), textcoords="offset points",
            fontsize=9, color=INK,
        )  # fmt: skip
    if whole and counted:
        axes.axvline(apart_s - 2, color="0.8", lw=1, ls=":")
    axes.set_xticks(places, [point.label for point in (*counted, *whole)])
    axes.set_xlim(min(places) - 1, max(places) + 1.5)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds on display before every change")
    axes.set_ylabel("delay, s per vehicle")
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    figure.savefig(out)
