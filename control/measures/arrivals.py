"""Whether vehicles come while it is green: coordination, seen from the street."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from control.measures.cycles import bin_starts, cycles, share_green, states_at
from control.measures.detection import Channel, arrivals
from control.measures.events import Code, Flags, Log, Times
from control.observe import Floats

_ARRIVAL_TYPES = (0.5, 0.85, 1.15, 1.5, 2.0)
"""Platoon ratios that part the arrival types 1 to 6 (HCM 2010, exhibit 18-8)."""


@dataclass(frozen=True, slots=True)
class ArrivalsOnGreen:
    """One phase in one bin."""

    since_ms: int
    phase: int
    arrivals: int
    on_green: int
    on_yellow: int
    share_on_green: float
    """`on_green / arrivals`."""
    share_green: float | None
    """Green time over the time of known state."""
    platoon_ratio: float | None
    """`share_on_green / share_green`: 1 is chance, 2 as good as it gets at half green."""
    arrival_type: int | None
    """1 (dense platoons on red) to 6 (on green)."""


def arrivals_on_green(
    log: Log, phase: int, channels: Sequence[Channel], bin_ms: int, latency_ms: int = 0
) -> list[ArrivalsOnGreen]:
    """AoG = arrivals in [green, yellow) / arrivals, by the bin of the arrival.

    Rp = AoG / (green time / time) (HCM 2010, eq. 18-8). As `atspm`'s arrival_on_green, which
    leaves out bins without any arrival on green.
    """
    at_ms = arrivals(log, channels, latency_ms)
    shown = states_at(log, phase, at_ms)
    starts, place = np.unique(bin_starts(at_ms, bin_ms), return_inverse=True)
    total = np.bincount(place, minlength=len(starts))
    green = np.bincount(place, shown == Code.GREEN, minlength=len(starts))
    yellow = np.bincount(place, shown == Code.YELLOW, minlength=len(starts))
    lit = share_green(log, phase, starts, bin_ms)
    rows = []
    for i, since_ms in enumerate(starts):
        share = float(green[i] / total[i])
        ratio = share / float(lit[i]) if lit[i] > 0 else None
        rows.append(
            ArrivalsOnGreen(
                since_ms=int(since_ms),
                phase=phase,
                arrivals=int(total[i]),
                on_green=int(green[i]),
                on_yellow=int(yellow[i]),
                share_on_green=share,
                share_green=None if np.isnan(lit[i]) else float(lit[i]),
                platoon_ratio=ratio,
                arrival_type=None if ratio is None else arrival_type(ratio),
            )
        )
    return rows


def arrival_type(platoon_ratio: float) -> int:
    """HCM's six types of arrival."""
    return 1 + sum(platoon_ratio > bound for bound in _ARRIVAL_TYPES)


@dataclass(frozen=True, slots=True)
class Coordination:
    """A Purdue coordination diagram: cycles from red to red, and a point for each arrival."""

    phase: int
    begin_ms: Times
    """int64[cycles]: begin of red."""
    green_s: Floats
    """float64[cycles]: from there to green; likewise the two that follow."""
    yellow_s: Floats
    red_s: Floats
    """The end of the cycle."""
    arrival_ms: Times
    """int64[arrivals]: time of day of each point."""
    in_cycle_s: Floats
    """float64[arrivals]: its height."""
    on_green: Flags

    @property
    def share_on_green(self) -> float | None:
        """Of all points."""
        return float(self.on_green.mean()) if len(self.on_green) else None


def coordination(
    log: Log, phase: int, channels: Sequence[Channel], latency_ms: int = 0
) -> Coordination:
    """Point (t, t - begin of red) of each arrival t in a whole cycle from red to red.

    Day et al., Performance Measures for Traffic Signal Systems (Purdue, 2014), ch. 6; as
    udot-atspm's RedToRedCycle.
    """
    whole = cycles(log, phase)
    # two whole cycles that touch: the first's red, then the second's green, yellow and red
    touching = np.flatnonzero(whole.next_ms[:-1] == whole.green_ms[1:])
    begin_ms = whole.red_ms[touching]
    green, yellow, red = (
        (edge[touching + 1] - begin_ms) / 1000
        for edge in (whole.green_ms, whole.yellow_ms, whole.red_ms)
    )
    at_ms = arrivals(log, channels, latency_ms)
    cycle = np.searchsorted(begin_ms, at_ms, side="right") - 1
    at_ms, cycle = at_ms[cycle >= 0], cycle[cycle >= 0]
    height = (at_ms - begin_ms[cycle]) / 1000 if len(begin_ms) else np.empty(0)
    within = height < red[cycle] if len(begin_ms) else np.empty(0, dtype=bool)
    at_ms, cycle, height = at_ms[within], cycle[within], height[within]
    on_green = (height >= green[cycle]) & (height < yellow[cycle])
    return Coordination(phase, begin_ms, green, yellow, red, at_ms, height, on_green)
