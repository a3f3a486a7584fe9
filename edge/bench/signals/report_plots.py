"""The diagrams that signal engineers know, as SVG.

Colours and axes are theirs: green, yellow and red lines over the time of day with a dot for each
vehicle; gap out green, max out red, force off blue.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from control.measures import arrivals, counts, splits, waits
from control.measures.cycles import bin_starts, states_at
from control.measures.detection import Function
from control.measures.events import Code, Flags, Log, Times
from control.observe import Floats
from edge.bench.signals.report import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FAINT = "#22313f", "#8a97a3"
GREEN, YELLOW, RED, BLUE = "#1a8f3c", "#e0a800", "#c8102e", "#1f5fbf"
_REASONS = (
    (Code.GAP_OUT, GREEN, "gap out · hết xe"),
    (Code.MAX_OUT, RED, "max out · hết xanh tối đa"),
    (Code.FORCE_OFF, BLUE, "force off · buộc kết thúc"),
)
_MANY = 1_500
"""From so many dots on they are drawn as pixels inside the SVG."""
_WIDTH_IN = 11.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One diagram, and under which heading of the page it stands."""

    measure: str
    caption: str
    svg: bytes


def pictures(found: Figures) -> Iterator[Picture]:
    """Every diagram for which the log has something to show."""
    for phase in found.phases(Function.ADVANCE):
        seen = arrivals.coordination(
            found.log, phase, found.of_phase(phase, Function.ADVANCE), found.latency_ms
        )
        if len(seen.begin_ms):
            caption = f"phase · pha {phase}: {len(seen.arrival_ms)} arrivals · xe"
            if seen.share_on_green is not None:
                caption += f", {seen.share_on_green:.0%} on green · lúc xanh"
            yield Picture(
                "coordination", caption, _drawn(3.4, partial(_coordination, found=found, seen=seen))
            )
    for phase in found.phases(Function.PRESENCE):
        here = found.of_phase(phase, Function.PRESENCE)
        full = splits.occupied(found.log, phase, here, found.bin_ms)
        failures = sum(row.failures for row in found.split_failures if row.phase == phase)
        if len(full.at_ms):
            caption = f"phase · pha {phase}: {failures} of {len(full.at_ms)} cycles · chu kỳ"
            yield Picture(
                "split_failures", caption, _drawn(2.6, partial(_occupancy, found=found, full=full))
            )
    if found.terminations:
        count = len(found.log.parameters(*counts.REASONS, Code.WALK))
        yield Picture(
            "terminations", "", _drawn(1.4 + 0.45 * count, partial(_terminations, found=found))
        )
    for phase in found.green_phases:
        lasted = splits.durations(found.log, phase)
        if len(lasted.begin_ms):
            yield Picture(
                "split_monitor",
                f"phase · pha {phase}",
                _drawn(2.4, partial(_durations, found=found, lasted=lasted, phase=phase)),
            )
    if found.phase_wait:
        wait = {p: waits.phase_waits(found.log, p) for p in found.log.parameters(Code.CALL)}
        yield Picture("phase_wait", "", _drawn(3.0, partial(_waits, by_phase=wait, found=found)))
    if found.pedestrian_delay:
        walk = {p: waits.pedestrian_waits(found.log, p) for p in found.walk_phases}
        yield Picture(
            "pedestrian_delay", "", _drawn(3.0, partial(_waits, by_phase=walk, found=found))
        )
    for phase in found.phases(Function.YELLOW_RED):
        here = found.of_phase(phase, Function.YELLOW_RED)
        at_ms, offset_s, _ = counts.crossings(found.log, phase, here, found.latency_ms)
        state = states_at(found.log, phase, at_ms)
        if len(offset_s):
            yield Picture(
                "yellow_red",
                f"phase · pha {phase}",
                _drawn(2.4, partial(_crossings, offset_s=offset_s, state=state)),
            )


def _drawn(height_in: float, draw: "Callable[[Axes], None]") -> bytes:
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    # the same log gives the same bytes
    with mpl.rc_context({"svg.hashsalt": "ria", "font.size": 9, "axes.edgecolor": FAINT}):
        figure: Figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=150, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.25, lw=0.6)
        axes.set_axisbelow(True)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _clock(axes: "Axes", log: Log) -> None:
    """The time of day along the bottom, the same in all diagrams of a log."""
    import matplotlib.dates as mdates  # noqa: PLC0415

    locator = mdates.AutoDateLocator(minticks=5, maxticks=12)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    written = mdates.ConciseDateFormatter(  # type: ignore[no-untyped-call]
        locator, show_offset=False
    )
    axes.xaxis.set_major_formatter(written)
    first, last = _day(log.at_ms[[0, -1]])
    axes.set_xlim(float(first), float(last) + 1e-6)


def _day(at_ms: "Times | Floats") -> Floats:
    """Days since 1970, as matplotlib counts."""
    return np.asarray(at_ms, dtype=np.float64) / 86_400_000


def _legend(axes: "Axes") -> None:
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=6,
        frameon=False,
        fontsize=8,
        handlelength=1.6,
        borderaxespad=0.1,
    )


def _coordination(axes: "Axes", found: Figures, seen: arrivals.Coordination) -> None:
    # each cycle is a step as wide as it lasted, so that a dot stands under its own cycle's lines
    ends_ms = seen.begin_ms + np.round(seen.red_s * 1000).astype(np.int64)
    gaps = np.append(np.flatnonzero(ends_ms[:-1] != seen.begin_ms[1:]), len(ends_ms) - 1)
    after = np.repeat(gaps + 1, 2)
    x = np.insert(_day(seen.begin_ms), after, np.repeat(_day(ends_ms[gaps]), 2))

    def steps(heights: Floats) -> Floats:
        """The last height of a run to its end, then nothing."""
        last = np.column_stack((heights[gaps], np.full(len(gaps), np.nan))).ravel()
        made: Floats = np.insert(heights, after, last)
        return made

    for heights, colour, name in (
        (seen.green_s, GREEN, "begin of green · bắt đầu xanh"),
        (seen.yellow_s, YELLOW, "yellow · vàng"),
        (seen.red_s, RED, "red · đỏ"),
    ):
        axes.plot(x, steps(heights), color=colour, lw=1.3, drawstyle="steps-post", label=name)
    axes.fill_between(
        x, steps(seen.green_s), steps(seen.yellow_s), step="post", color=GREEN, alpha=0.09, lw=0
    )
    many = len(seen.arrival_ms) > _MANY
    for shown, colour, name in (
        (~seen.on_green, INK, "arrival · xe đến"),
        (seen.on_green, GREEN, "arrival on green · đến lúc xanh"),
    ):
        axes.plot(
            _day(seen.arrival_ms[shown]),
            seen.in_cycle_s[shown],
            ".",
            ms=5,
            mew=0,
            alpha=0.8,
            color=colour,
            label=name,
            rasterized=many,
        )
    # a phase that rested in green for an hour shall not flatten all the others
    axes.set_ylim(0, 1.05 * float(min(seen.red_s.max(), 3 * np.median(seen.red_s))))
    axes.set_ylabel("s in cycle · trong chu kỳ")
    _clock(axes, found.log)
    _legend(axes)


def _occupancy(axes: "Axes", found: Figures, full: splits.Occupied) -> None:
    failed = (full.green_occupancy >= 0.8) & (full.red_occupancy >= 0.8)
    axes.vlines(
        _day(full.at_ms[failed]),
        0,
        1,
        color=YELLOW,
        lw=2.5,
        alpha=0.6,
        label="failure · thiếu xanh",
    )
    axes.axhline(0.8, color=FAINT, lw=0.8, ls="--")
    for share, colour, mark, name in (
        (full.green_occupancy, GREEN, "o", "GOR: green · xanh"),
        (full.red_occupancy, RED, "s", "ROR: 5 s red · đỏ"),
    ):
        axes.plot(_day(full.at_ms), share, mark, ms=3, mew=0, color=colour, label=name)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("occupied · chiếm dụng")
    _clock(axes, found.log)
    _legend(axes)


def _terminations(axes: "Axes", found: Figures) -> None:
    log = found.log
    known = log.parameters(*counts.REASONS, Code.WALK)
    for code, colour, name in _REASONS:
        at_ms = [log.times(code, phase) for phase in known]
        places = np.repeat(np.arange(len(known)), [len(times) for times in at_ms])
        axes.plot(_day(np.concatenate(at_ms)), places, "o", ms=3.6, mew=0, color=colour, label=name)
    walks = [log.times(Code.WALK, phase) for phase in known]
    if any(len(times) for times in walks):
        places = np.repeat(np.arange(len(known)), [len(times) for times in walks])
        axes.plot(
            _day(np.concatenate(walks)), places - 0.25, "v", ms=4, color=YELLOW, mew=0,
            label="walk · người đi bộ",
        )  # fmt: skip
    axes.set_yticks(range(len(known)), [str(phase) for phase in known])
    axes.set_ylim(-0.6, len(known) - 0.4)
    axes.set_ylabel("phase · pha")
    _clock(axes, found.log)
    _legend(axes)


def _durations(axes: "Axes", found: Figures, lasted: splits.Durations, phase: int) -> None:
    ends_ms = lasted.begin_ms + np.round(lasted.length_s * 1000).astype(np.int64)
    left: Flags = np.ones(len(ends_ms), dtype=bool)
    for code, colour, name in _REASONS:
        ended = found.log.times(code, phase)
        place = np.searchsorted(ended, lasted.begin_ms)
        here = np.append(ended, 2**62)[place] < ends_ms
        _dots(axes, lasted.begin_ms[here], lasted.length_s[here], colour, name)
        left &= ~here
    _dots(axes, lasted.begin_ms[left], lasted.length_s[left], FAINT, "not told · không rõ")
    for name, style, share in (("p50", "-", "median_s"), ("p85", "--", "p85_s")):
        rows = [row for row in found.split_monitor if row.phase == phase]
        starts = np.array([row.since_ms for row in rows], dtype=np.int64)
        heights = np.array([getattr(row, share) for row in rows])
        axes.hlines(
            heights,
            _day(starts),
            _day(starts + found.bin_ms),
            color=INK,
            lw=1,
            ls=style,
            label=name,
        )
    axes.set_ylim(0, 1.08 * float(lasted.length_s.max()))
    axes.set_ylabel("s")
    _clock(axes, found.log)
    _legend(axes)


def _waits(axes: "Axes", by_phase: dict[int, waits.Waits], found: Figures) -> None:
    for number, (phase, some) in enumerate(by_phase.items()):
        if not len(some.end_ms):
            continue
        colour = f"C{number}"
        _dots(axes, some.end_ms, some.length_s, colour, f"phase · pha {phase}")
        bins = bin_starts(some.end_ms, found.bin_ms)
        starts = np.unique(bins)
        means = [float(some.length_s[bins == start].mean()) for start in starts]
        axes.hlines(means, _day(starts), _day(starts + found.bin_ms), color=colour, lw=1.6)
    longest_s = max(float(some.length_s.max(initial=0)) for some in by_phase.values())
    axes.set_ylim(0, 1.08 * max(longest_s, 1))
    axes.set_ylabel("s waited · chờ")
    _clock(axes, found.log)
    _legend(axes)


def _crossings(axes: "Axes", offset_s: Floats, state: Times) -> None:
    edges = np.arange(-8, 10.5, 0.5)
    below = np.zeros(len(edges) - 1)
    for code, colour, name in (
        (Code.GREEN, GREEN, "green · xanh"),
        (Code.YELLOW, YELLOW, "yellow · vàng"),
        (Code.RED_CLEARANCE, RED, "red · đỏ"),
    ):
        tally, _ = np.histogram(offset_s[state == code], edges)
        axes.bar(edges[:-1], tally, 0.46, below, align="edge", color=colour, label=name)
        below += tally
    axes.axvline(0, color=INK, lw=1)
    axes.set_xlim(-8, 10)
    axes.set_ylim(0, max(4.0, 1.08 * float(below.max())))
    axes.set_xlabel("s from begin of red · tính từ lúc bắt đầu đỏ")
    axes.set_ylabel("crossings · xe qua")
    _legend(axes)


def _dots(axes: "Axes", at_ms: Times, height: Floats, colour: str, name: str) -> None:
    if len(at_ms):
        axes.plot(
            _day(at_ms), height, "o", ms=3, mew=0, alpha=0.7, color=colour, label=name,
            rasterized=len(at_ms) > _MANY,
        )  # fmt: skip
