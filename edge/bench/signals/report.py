"""Every figure of one signal's log: bin by bin for machines, phase by phase for people."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np

from control.measures import arrivals, counts, splits, waits
from control.measures.csv_log import stamp
from control.measures.detection import Channel, Function, of_phase, phases
from control.measures.events import Code, Log

Row = TypeVar("Row")
_ALL_MS = 2**52
"""A bin that holds every instant there will be."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one log says, by bins of `bin_ms`; of measures without their detectors nothing."""

    log: Log
    channels: Sequence[Channel]
    bin_ms: int
    latency_ms: int
    """How late the detectors tell."""
    arrivals_on_green: list[arrivals.ArrivalsOnGreen]
    split_failures: list[splits.SplitFailures]
    terminations: list[counts.Terminations]
    split_monitor: list[splits.SplitMonitor]
    phase_wait: list[waits.PhaseWait]
    pedestrian_delay: list[waits.PedestrianDelay]
    pedestrians: list[counts.Pedestrians]
    yellow_red: list[counts.Crossings]
    pulses: list[counts.Pulses]

    def of_phase(self, phase: int, function: Function) -> list[Channel]:
        """The channels of one phase in one function."""
        return of_phase(self.channels, self.log.device, phase, function)

    def phases(self, function: Function) -> list[int]:
        """Phases with channels of the function that were green in the log."""
        known = phases(self.channels, self.log.device, function)
        return [phase for phase in known if phase in self.green_phases]

    @property
    def green_phases(self) -> list[int]:
        """Phases that were green at least once."""
        return self.log.parameters(Code.GREEN)

    @property
    def walk_phases(self) -> list[int]:
        """Phases with a walk or a button."""
        return self.log.parameters(Code.WALK, Code.BUTTON_ON)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase over the whole log; `None` where nothing was measured."""

    phase: int
    greens: int
    share_on_green: float | None
    platoon_ratio: float | None
    cycles: int
    """Those in which the stop line was watched."""
    split_failures: int
    gap_outs: int
    max_outs: int
    force_offs: int
    median_s: float | None
    p85_s: float | None
    wait_s: float | None
    longest_wait_s: float | None
    skipped: int
    on_red: int | None
    """Crossings after begin of red."""
    walks: int
    walk_wait_s: float | None
    longest_walk_wait_s: float | None


def figures_of(log: Log, channels: Sequence[Channel], bin_ms: int, latency_ms: int = 0) -> Figures:
    """Every measure of one log."""
    device = log.device
    advance, presence, stop_line = (
        {phase: of_phase(channels, device, phase, f) for phase in phases(channels, device, f)}
        for f in (Function.ADVANCE, Function.PRESENCE, Function.YELLOW_RED)
    )
    green, walk = log.parameters(Code.GREEN), log.parameters(Code.WALK, Code.BUTTON_ON)
    return Figures(
        log,
        channels,
        bin_ms,
        latency_ms,
        _rows(
            arrivals.arrivals_on_green(log, p, c, bin_ms, latency_ms) for p, c in advance.items()
        ),
        _rows(splits.split_failures(log, p, c, bin_ms) for p, c in presence.items()),
        _rows(counts.terminations(log, p, bin_ms) for p in log.parameters(*counts.REASONS)),
        _rows(splits.split_monitor(log, p, bin_ms) for p in green),
        _rows(waits.phase_wait(log, p, bin_ms) for p in log.parameters(Code.CALL)),
        _rows(waits.pedestrian_delay(log, p, bin_ms) for p in walk),
        _rows(counts.pedestrians(log, p, bin_ms) for p in walk),
        _rows(
            counts.yellow_red(log, p, c, bin_ms, latency_ms=latency_ms)
            for p, c in stop_line.items()
        ),
        _rows(counts.pulses(log, c, bin_ms) for c in log.parameters(Code.DETECTOR_ON)),
    )


def _rows(tables: Iterable[list[Row]]) -> list[Row]:
    return [row for table in tables for row in table]


def summaries(found: Figures) -> list[Phase]:
    """One row a phase, over the whole log."""
    return [_summary(found, phase) for phase in sorted({*found.green_phases, *found.walk_phases})]


def _summary(found: Figures, phase: int) -> Phase:
    log = found.log
    advance = found.of_phase(phase, Function.ADVANCE)
    came = arrivals.arrivals_on_green(log, phase, advance, _ALL_MS, found.latency_ms)
    failed = [row for row in found.split_failures if row.phase == phase]
    ended = [row for row in found.terminations if row.phase == phase]
    lasted = splits.durations(log, phase).length_s
    waited = waits.phase_waits(log, phase).length_s
    skipped = sum(row.skipped for row in found.phase_wait if row.phase == phase)
    walked = waits.pedestrian_waits(log, phase).length_s
    crossed = [row for row in found.yellow_red if row.phase == phase]
    return Phase(
        phase=phase,
        greens=len(log.times(Code.GREEN, phase)),
        share_on_green=came[0].share_on_green if came else None,
        platoon_ratio=came[0].platoon_ratio if came else None,
        cycles=sum(row.cycles for row in failed),
        split_failures=sum(row.failures for row in failed),
        gap_outs=sum(row.gap_outs for row in ended),
        max_outs=sum(row.max_outs for row in ended),
        force_offs=sum(row.force_offs for row in ended),
        median_s=float(np.percentile(lasted, 50)) if len(lasted) else None,
        p85_s=float(np.percentile(lasted, 85)) if len(lasted) else None,
        wait_s=float(waited.mean()) if len(waited) else None,
        longest_wait_s=float(waited.max()) if len(waited) else None,
        skipped=skipped,
        on_red=sum(row.count for row in crossed if row.state == Code.RED_CLEARANCE)
        if found.of_phase(phase, Function.YELLOW_RED)
        else None,
        walks=len(log.times(Code.WALK, phase)),
        walk_wait_s=float(walked.mean()) if len(walked) else None,
        longest_walk_wait_s=float(walked.max()) if len(walked) else None,
    )


def as_json(found: Figures) -> dict[str, Any]:
    """Plain values: `since` beside each `since_ms`, one list a measure."""
    log = found.log
    tables: dict[str, Sequence[Any]] = {
        "arrivals_on_green": found.arrivals_on_green,
        "split_failures": found.split_failures,
        "terminations": found.terminations,
        "split_monitor": found.split_monitor,
        "phase_wait": found.phase_wait,
        "pedestrian_delay": found.pedestrian_delay,
        "pedestrians": found.pedestrians,
        "yellow_red": found.yellow_red,
        "pulses": found.pulses,
    }
    made: dict[str, Any] = {
        "device": log.device,
        "rows": len(log.at_ms),
        "since": stamp(int(log.at_ms[0])),
        "until": stamp(int(log.at_ms[-1])),
        "bin_min": found.bin_ms / 60_000,
        "phases": [asdict(row) for row in summaries(found)],
    }
    for name, rows in tables.items():
        made[name] = [{"since": stamp(row.since_ms), **asdict(row)} for row in rows]
    return made


def table(found: Figures) -> list[str]:
    """Lines for a terminal: a phase a line."""
    log = found.log
    lines = [
        f"{log.device}: {len(log.at_ms):,} rows, "
        f"{stamp(int(log.at_ms[0]))} to {stamp(int(log.at_ms[-1]))}"
    ]
    rows = [tuple(en for en, _ in heads()), *map(cells, summaries(found))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines += [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return lines


def heads() -> tuple[tuple[str, str], ...]:
    """What `cells` holds, in English and Vietnamese."""
    return (
        ("phase", "pha"),
        ("greens", "số lần xanh"),
        ("on green", "đến lúc xanh"),
        ("Rp", "hệ số đoàn xe"),
        ("split fail", "thiếu xanh"),
        ("gap/max/force", "hết xe/tối đa/buộc"),
        ("p50 s", "trung vị s"),
        ("p85 s", "p85 s"),
        ("wait s", "chờ s"),
        ("max s", "lâu nhất s"),
        ("skipped", "bị bỏ qua"),
        ("on red", "qua lúc đỏ"),
        ("walks", "người đi bộ"),
        ("walk wait s", "đi bộ chờ s"),
        ("max s", "lâu nhất s"),
    )


def cells(row: Phase) -> tuple[str, ...]:
    """One phase as text; `-` where nothing was measured."""
    reasons = (row.gap_outs, row.max_outs, row.force_offs)
    return (
        str(row.phase),
        str(row.greens or "-"),
        _number(row.share_on_green, ".0%"),
        _number(row.platoon_ratio, ".2f"),
        f"{row.split_failures}/{row.cycles}" if row.cycles else "-",
        "/".join(map(str, reasons)) if any(reasons) else "-",
        _number(row.median_s, ".1f"),
        _number(row.p85_s, ".1f"),
        _number(row.wait_s, ".1f"),
        _number(row.longest_wait_s, ".1f"),
        str(row.skipped) if row.wait_s is not None else "-",
        _number(row.on_red, "d"),
        str(row.walks or "-"),
        _number(row.walk_wait_s, ".1f"),
        _number(row.longest_walk_wait_s, ".1f"),
    )


def _number(value: float | None, how: str) -> str:
    return "-" if value is None else format(value, how)


def chain_words(*, chained: bool, break_line: int | None) -> tuple[str, str]:
    """A sentence on the hashes of a log, in English and Vietnamese."""
    if not chained:
        return (
            "the log carries no hashes; nothing shows whether it was altered",
            "nhật ký không có chuỗi băm; không thể biết nó có bị sửa hay không",
        )
    if break_line is None:
        return ("the hashes of the log hold", "chuỗi băm của nhật ký nguyên vẹn")
    return (
        f"line {break_line} does not follow from those before it: the log was altered or cut",
        f"dòng {break_line} không nối tiếp các dòng trước: nhật ký đã bị sửa hoặc cắt",
    )
