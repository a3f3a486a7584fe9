"""When a phase was green, yellow and red, and into which bin of time something falls."""

from dataclasses import dataclass

import numpy as np

from control.measures.events import Code, Flags, Log, Times
from control.observe import Floats

NEVER_MS = 2**62
"""The end of the last cycle."""
_STATES = (int(Code.GREEN), int(Code.YELLOW), int(Code.RED_CLEARANCE))


@dataclass(frozen=True, slots=True)
class Cycles:
    """Greens with what followed them; only those with exactly one yellow and one red.

    A cycle in which one of the three is missing or doubled lost rows, and nothing about it holds.
    """

    green_ms: Times
    yellow_ms: Times
    red_ms: Times
    next_ms: Times
    """Begin of the next green, whole or not; `NEVER_MS` after the last."""


def cycles(log: Log, phase: int) -> Cycles:
    """All whole cycles of a phase, in order."""
    at_ms, code = log.rows(_STATES, phase)
    greens = np.flatnonzero(code == Code.GREEN)
    # two rows after the green, a yellow and a red, then the next green or the end
    ends = np.append(greens[1:], len(code)) if len(greens) else greens
    whole = greens[ends - greens == 3]
    whole = whole[(code[whole + 1] == Code.YELLOW) & (code[whole + 2] == Code.RED_CLEARANCE)]
    following = np.append(at_ms, NEVER_MS)
    return Cycles(at_ms[whole], at_ms[whole + 1], at_ms[whole + 2], following[whole + 3])


def states_at(log: Log, phase: int, at_ms: Times) -> Times:
    """What was shown at each instant: code 1, 8 or 10, the begin included; 0: not known."""
    since, code = log.rows(_STATES, phase)
    shown = np.concatenate(([0], code)).astype(np.int64)
    found: Times = shown[np.searchsorted(since, at_ms, side="right")]
    return found


def bin_starts(at_ms: Times, bin_ms: int) -> Times:
    """Begin of the bin in which each instant lies; bins count from midnight UTC of 1970."""
    return at_ms // bin_ms * bin_ms


def share_green(log: Log, phase: int, starts_ms: Times, bin_ms: int) -> Floats:
    """float64[bins]: green time over the time of known state; NaN where none is known."""
    since, code = log.rows(_STATES, phase)
    if not len(since):
        return np.full(len(starts_ms), np.nan)
    knots = np.append(since, max(log.at_ms[-1], since[-1]))
    green = on_time(knots, code == Code.GREEN)
    known = on_time(knots, np.ones(len(code), dtype=bool))
    ends_ms = starts_ms + bin_ms
    spans = np.interp(ends_ms, knots, known) - np.interp(starts_ms, knots, known)
    lit = np.interp(ends_ms, knots, green) - np.interp(starts_ms, knots, green)
    share: Floats = np.divide(lit, spans, out=np.full(len(spans), np.nan), where=spans > 0)
    return share


def on_time(knots_ms: Times, on: Flags) -> Floats:
    """float64[knots]: ms spent on until each knot; `on[i]` holds from knot i to knot i + 1."""
    spent = np.where(on, np.diff(knots_ms), 0)
    total: Floats = np.concatenate(([0.0], np.cumsum(spent, dtype=np.float64)))
    return total
