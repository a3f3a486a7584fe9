"""How long people and vehicles waited for a green after they asked for it."""

from dataclasses import dataclass

import numpy as np

from control.measures.cycles import bin_starts
from control.measures.events import Code, Log, Times
from control.observe import Floats

FREE_CYCLE_S = 140.0
"""Taken for a cycle where none is set (`atspm`: assumed_cycle_length)."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Each wait of one phase, by its end."""

    begin_ms: Times
    end_ms: Times

    @property
    def length_s(self) -> Floats:
        """float64[waits]."""
        return (self.end_ms - self.begin_ms) / 1000


@dataclass(frozen=True, slots=True)
class PedestrianDelay:
    """One phase in one bin."""

    since_ms: int
    phase: int
    waits: int
    mean_s: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class PhaseWait:
    """One phase in one bin."""

    since_ms: int
    phase: int
    waits: int
    mean_s: float
    longest_s: float
    skipped: int
    """Waits longer than one and a half cycles: the phase was passed over."""


def pedestrian_waits(log: Log, phase: int, shortest_s: float = 0.0) -> Waits:
    """From the first push since the last clearance to the next walk.

    A push during walk asks for nothing; later pushes wait no longer than the first. As `atspm`'s
    timeline "Ped Delay".
    """
    at_ms, code = log.rows((Code.WALK, Code.PED_CLEARANCE, Code.BUTTON_ON), phase)
    if not len(at_ms):
        return Waits(at_ms, at_ms)
    pushed = code == Code.BUTTON_ON
    first = pushed & np.append(True, code[:-1] == Code.PED_CLEARANCE)
    walks_ms = at_ms[~pushed]
    following = np.cumsum(~pushed)
    answered = first & (following < len(walks_ms))
    return _no_shorter(Waits(at_ms[answered], walks_ms[following[answered]]), shortest_s)


def pedestrian_delay(
    log: Log, phase: int, bin_ms: int, shortest_s: float = 0.0
) -> list[PedestrianDelay]:
    """Mean of the waits by the bin in which walk began; as `atspm`'s ped_delay."""
    waits = pedestrian_waits(log, phase, shortest_s)
    return [
        PedestrianDelay(since_ms, phase, len(s), float(s.mean()), float(s.max()))
        for since_ms, s in _binned(waits, bin_ms)
    ]


def phase_waits(log: Log, phase: int, recovery_s: float = 120.0, shortest_s: float = 0.0) -> Waits:
    """From the last call (43) before a green to that green (1).

    Waits that begin under preemption, or within `recovery_s` of its end, are left out. As
    `atspm`'s phase_wait.
    """
    at_ms, code = log.rows((Code.CALL, Code.GREEN), phase)
    served = (code[:-1] == Code.CALL) & (code[1:] == Code.GREEN)
    begin_ms, end_ms = at_ms[:-1][served], at_ms[1:][served]
    kept = np.ones(len(begin_ms), dtype=bool)
    for since_ms, until_ms in preemptions(log, shortest_s):
        kept &= (begin_ms < since_ms) | (begin_ms >= until_ms + recovery_s * 1000)
    return _no_shorter(Waits(begin_ms[kept], end_ms[kept]), shortest_s)


def phase_wait(
    log: Log,
    phase: int,
    bin_ms: int,
    *,
    recovery_s: float = 120.0,
    free_cycle_s: float = FREE_CYCLE_S,
    skip_cycles: float = 1.5,
    shortest_s: float = 0.0,
) -> list[PhaseWait]:
    """Mean of the waits by the bin in which green began; as `atspm`'s phase_wait."""
    waits = phase_waits(log, phase, recovery_s, shortest_s)
    set_cycles = log.code == Code.CYCLE_LENGTH
    known_s = np.append(free_cycle_s, log.parameter[set_cycles].astype(np.float64))
    place = np.searchsorted(log.at_ms[set_cycles], waits.begin_ms, side="right")
    cycle_s = np.where(known_s[place] > 0, known_s[place], free_cycle_s)
    skipped = waits.length_s > cycle_s * skip_cycles
    bins = bin_starts(waits.end_ms, bin_ms)
    return [
        PhaseWait(
            since_ms,
            phase,
            len(s),
            float(s.mean()),
            float(s.max()),
            int(skipped[bins == since_ms].sum()),
        )
        for since_ms, s in _binned(waits, bin_ms)
    ]


def preemptions(log: Log, shortest_s: float = 0.0) -> list[tuple[int, int]]:
    """Begin and end of each preemption whose call (102) was followed by its end (104)."""
    found = []
    for number in log.parameters(Code.PREEMPT_CALL):
        at_ms, code = log.rows((Code.PREEMPT_CALL, Code.PREEMPT_CALL_OFF), number)
        pairs = (code[:-1] == Code.PREEMPT_CALL) & (code[1:] == Code.PREEMPT_CALL_OFF)
        for begin_ms, end_ms in zip(at_ms[:-1][pairs], at_ms[1:][pairs], strict=True):
            if end_ms - begin_ms >= shortest_s * 1000:
                found.append((int(begin_ms), int(end_ms)))
    return sorted(found)


def _no_shorter(waits: Waits, shortest_s: float) -> Waits:
    kept = waits.length_s >= shortest_s
    return Waits(waits.begin_ms[kept], waits.end_ms[kept])


def _binned(waits: Waits, bin_ms: int) -> list[tuple[int, Floats]]:
    bins = bin_starts(waits.end_ms, bin_ms)
    return [(int(since_ms), waits.length_s[bins == since_ms]) for since_ms in np.unique(bins)]
