"""What is only counted: why greens ended, pedestrians served, pulses, crossings after green."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from control.measures.cycles import bin_starts, cycles, states_at
from control.measures.detection import Channel, arrivals
from control.measures.events import Code, Log, Times
from control.observe import Floats

REASONS = (Code.GAP_OUT, Code.MAX_OUT, Code.FORCE_OFF)


@dataclass(frozen=True, slots=True)
class Terminations:
    """How the greens of one phase ended in one bin."""

    since_ms: int
    phase: int
    gap_outs: int
    max_outs: int
    force_offs: int


@dataclass(frozen=True, slots=True)
class Pedestrians:
    """One phase in one bin."""

    since_ms: int
    phase: int
    services: int
    """Begins of walk."""
    pushes: int


@dataclass(frozen=True, slots=True)
class Pulses:
    """One channel in one bin."""

    since_ms: int
    channel: int
    count: int


@dataclass(frozen=True, slots=True)
class Crossings:
    """Vehicles over the stop line, by how long before or after begin of red."""

    since_ms: int
    phase: int
    state: int
    """Shown then: 1, 8 or 10."""
    red_offset_s: float
    """To the nearest half second; negative before red."""
    count: int


def terminations(log: Log, phase: int, bin_ms: int) -> list[Terminations]:
    """Codes 4, 5 and 6, counted; as `atspm`'s terminations."""
    return [
        Terminations(since_ms, phase, *counts)
        for since_ms, counts in _counted(log, REASONS, phase, bin_ms)
    ]


def pedestrians(log: Log, phase: int, bin_ms: int) -> list[Pedestrians]:
    """Codes 21 and 90, counted; as `atspm`'s ped."""
    return [
        Pedestrians(since_ms, phase, *counts)
        for since_ms, counts in _counted(log, (Code.WALK, Code.BUTTON_ON), phase, bin_ms)
    ]


def pulses(log: Log, channel: int, bin_ms: int) -> list[Pulses]:
    """Code 82, counted; as `atspm`'s actuations."""
    return [
        Pulses(since_ms, channel, *counts)
        for since_ms, counts in _counted(log, (Code.DETECTOR_ON,), channel, bin_ms)
    ]


def yellow_red(
    log: Log,
    phase: int,
    channels: Sequence[Channel],
    bin_ms: int,
    *,
    latency_ms: int = 1_500,
    earliest_s: float = -8.0,
) -> list[Crossings]:
    """Pulses of whole cycles by their time from begin of red, in the bin of that red.

    As `atspm`'s yellow_red, with its latency.
    """
    at_ms, offset_s, red_ms = crossings(log, phase, channels, latency_ms)
    rounded = np.floor(np.abs(offset_s) * 2 + 0.5) / 2 * np.sign(offset_s) + 0.0
    state = states_at(log, phase, at_ms)
    kept = rounded >= earliest_s
    keys = np.column_stack((bin_starts(red_ms, bin_ms), state, rounded * 2))[kept]
    found, count = np.unique(keys.astype(np.int64), axis=0, return_counts=True)
    return [
        Crossings(int(since_ms), phase, int(shown), half / 2, int(n))
        for (since_ms, shown, half), n in zip(found.tolist(), count, strict=True)
    ]


def crossings(
    log: Log, phase: int, channels: Sequence[Channel], latency_ms: int = 1_500
) -> tuple[Times, Floats, Times]:
    """Each crossing in a whole cycle: when, seconds from begin of that cycle's red, that red."""
    whole = cycles(log, phase)
    at_ms = arrivals(log, channels, latency_ms)
    cycle = np.searchsorted(whole.green_ms, at_ms, side="right") - 1
    at_ms, cycle = at_ms[cycle >= 0], cycle[cycle >= 0]
    within = at_ms < whole.next_ms[cycle]
    at_ms, cycle = at_ms[within], cycle[within]
    red_ms = whole.red_ms[cycle]
    return at_ms, (at_ms - red_ms) / 1000, red_ms


def _counted(
    log: Log, codes: tuple[Code, ...], parameter: int, bin_ms: int
) -> list[tuple[int, tuple[int, ...]]]:
    """For each bin with any of the codes, how often each."""
    at_ms, code = log.rows(codes, parameter)
    bins = bin_starts(at_ms, bin_ms)
    return [
        (int(since_ms), tuple(int(np.sum((bins == since_ms) & (code == c))) for c in codes))
        for since_ms in np.unique(bins)
    ]
