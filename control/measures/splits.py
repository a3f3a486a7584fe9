"""Whether a green was long enough, and how long phases were at all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from control.measures.cycles import bin_starts, cycles, on_time
from control.measures.detection import Channel
from control.measures.events import Code, Flags, Log, Numbers, Times
from control.observe import Floats

_RAPID_MS = 2_000
"""Two begins of a pulse closer than this are one vehicle behind another."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """How full the stop line was in each whole cycle."""

    at_ms: Times
    """int64[cycles]: end of the look at red; the cycle belongs to that bin."""
    green_s: Floats
    green_occupancy: Floats
    """GOR: share of green with a vehicle on a detector."""
    red_occupancy: Floats
    """ROR: the same of the first seconds of red."""


@dataclass(frozen=True, slots=True)
class SplitFailures:
    """One phase in one bin; means over its cycles."""

    since_ms: int
    phase: int
    cycles: int
    green_s: float
    green_occupancy: float
    red_occupancy: float
    failures: int
    """Cycles that left vehicles behind."""


def occupied(
    log: Log, phase: int, channels: Sequence[Channel], bin_ms: int, red_s: int = 5
) -> Occupied:
    """GOR and ROR of each whole cycle, over all channels together: any of them on counts.

    Freije et al., TRR 2438 (2014); rows that are missing are put in as `atspm` 2.1 does: between
    two begins more than 2 s apart an end half-way, between two ends a begin half-way. Cycles
    before the first pulse, and cycles whose look at red reaches the next green, are left out.
    """
    horizon_ms = int(bin_starts(log.at_ms[-1:], bin_ms)[0]) + bin_ms if len(log.at_ms) else 0
    knots, on = _presence(log, channels, horizon_ms)
    whole = cycles(log, phase)
    end_ms = whole.red_ms + red_s * 1000
    good = (end_ms < whole.next_ms) & (end_ms < horizon_ms) & (whole.yellow_ms > whole.green_ms)
    good &= whole.green_ms > (knots[0] if len(knots) else horizon_ms)
    spent = on_time(knots, on) if len(knots) else np.zeros(0)

    def between(since_ms: Times, until_ms: Times) -> Floats:
        if not len(knots):
            return np.empty(0)
        return np.interp(until_ms, knots, spent) - np.interp(since_ms, knots, spent)

    green, yellow, red = whole.green_ms[good], whole.yellow_ms[good], whole.red_ms[good]
    end_ms = end_ms[good]
    return Occupied(
        end_ms,
        (yellow - green) / 1000,
        between(green, yellow) / (yellow - green),
        between(red, end_ms) / (red_s * 1000),
    )


def split_failures(
    log: Log,
    phase: int,
    channels: Sequence[Channel],
    bin_ms: int,
    *,
    red_s: int = 5,
    green_threshold: float = 0.80,
    red_threshold: float = 0.80,
) -> list[SplitFailures]:
    """A cycle failed where GOR and ROR both reach their threshold: a queue before and after.

    Thresholds are `atspm`'s; udot-atspm takes more than 79 %.
    """
    seen = occupied(log, phase, channels, bin_ms, red_s)
    failed = (seen.green_occupancy >= green_threshold) & (seen.red_occupancy >= red_threshold)
    rows = []
    bins = bin_starts(seen.at_ms, bin_ms)
    for since_ms in np.unique(bins):
        here = bins == since_ms
        rows.append(
            SplitFailures(
                since_ms=int(since_ms),
                phase=phase,
                cycles=int(here.sum()),
                green_s=float(seen.green_s[here].mean()),
                green_occupancy=float(seen.green_occupancy[here].mean()),
                red_occupancy=float(seen.red_occupancy[here].mean()),
                failures=int(failed[here].sum()),
            )
        )
    return rows


def _presence(log: Log, channels: Sequence[Channel], horizon_ms: int) -> tuple[Times, Flags]:
    """Knots, and whether any channel was on from each to the next."""
    pulses = [
        _mended(*log.rows((Code.DETECTOR_ON, Code.DETECTOR_OFF), c))
        for c in sorted({c.channel for c in channels})
    ]
    at_ms = np.concatenate([at for at, _ in pulses] or [np.empty(0, dtype=np.int64)])
    step = np.concatenate([step for _, step in pulses] or [np.empty(0, dtype=np.int64)])
    if not len(at_ms):
        return at_ms, np.empty(0, dtype=bool)
    order = np.argsort(at_ms, kind="stable")
    on = np.cumsum(step[order]) > 0
    return np.append(at_ms[order], max(horizon_ms, int(at_ms.max()))), on


def _mended(at_ms: Times, code: Numbers) -> tuple[Times, Times]:
    """Pulses of one channel, begin (+1) and end (-1) in turn, from a begin on."""
    if not len(at_ms):
        return at_ms, at_ms
    on = code == Code.DETECTOR_ON
    gap_ms = np.diff(at_ms)
    half = at_ms[1:] - gap_ms // 2
    doubled_on = on[1:] & on[:-1]
    doubled_off = ~on[1:] & ~on[:-1]
    late_end = np.where(gap_ms <= _RAPID_MS, at_ms[1:], half)
    times = [at_ms, late_end[doubled_on], half[doubled_off]]
    steps = [np.where(on, 1, -1), np.full(doubled_on.sum(), -1), np.full(doubled_off.sum(), 1)]
    if not on[0]:
        times.append(at_ms[:1] - 1)
        steps.append(np.ones(1, dtype=np.int64))
    return np.concatenate(times), np.concatenate(steps).astype(np.int64)


@dataclass(frozen=True, slots=True)
class SplitMonitor:
    """How long one phase lasted in one bin, from begin of green to end of red clearance."""

    since_ms: int
    phase: int
    services: int
    median_s: float
    p85_s: float
    longest_s: float
    programmed_s: int | None
    """The split that its pattern gives it (codes 134 to 149), where one does."""


@dataclass(frozen=True, slots=True)
class Durations:
    """Each service of a phase."""

    begin_ms: Times
    length_s: Floats


def durations(log: Log, phase: int) -> Durations:
    """From begin of green to the first end of red clearance before the next green."""
    whole = cycles(log, phase)
    ends = np.append(log.times(Code.RED_CLEARANCE_END, phase), [2**62])
    end_ms = ends[np.searchsorted(ends, whole.red_ms)]
    known = (end_ms <= whole.next_ms) & (end_ms < 2**62)
    return Durations(whole.green_ms[known], (end_ms - whole.green_ms)[known] / 1000)


def split_monitor(log: Log, phase: int, bin_ms: int) -> list[SplitMonitor]:
    """Percentiles of the duration beside the programmed split, by the bin of begin of green.

    As udot-atspm's Split Monitor: 50th and 85th percentile.
    """
    lasted = durations(log, phase)
    bins = bin_starts(lasted.begin_ms, bin_ms)
    programmed = log.code == Code.SPLIT_1 + phase - 1
    changes_ms, splits_s = log.at_ms[programmed], log.parameter[programmed]
    rows = []
    for since_ms in np.unique(bins):
        here = lasted.length_s[bins == since_ms]
        place = int(np.searchsorted(changes_ms, since_ms + bin_ms)) - 1
        rows.append(
            SplitMonitor(
                since_ms=int(since_ms),
                phase=phase,
                services=len(here),
                median_s=float(np.percentile(here, 50)),
                p85_s=float(np.percentile(here, 85)),
                longest_s=float(here.max()),
                programmed_s=int(splits_s[place]) if place >= 0 and phase <= 16 else None,
            )
        )
    return rows
