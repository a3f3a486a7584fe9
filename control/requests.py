"""What may be asked of a signal controller: verbs of NTCIP 1202's phase control, never a time.

A controller times its own intervals (yellow, red clearance, minimum green, walk, pedestrian
clearance); whoever steers it can only retain a green, end it, keep one from starting, call one, or
choose a pattern (NTCIP 1202 v03, 5.2.5 phaseControlGroupTable; 5.5 systemPatternControl).
"""

from dataclasses import dataclass

NOBODY: frozenset[int] = frozenset()

PATTERN_LOCAL = 0
PATTERN_FREE = 254
PATTERN_FLASH = 255


@dataclass(frozen=True, slots=True)
class Request:
    """One wish with its number and the end of its life; groups are numbers of the junction."""

    sequence: int
    """Grows with every request of one holder of control."""
    expires_ms: int
    """On the monotonic clock; at most 2,000 ms ahead (I14)."""
    token: str
    """Names the takeover it belongs to; another takeover makes it void."""
    hold: frozenset[int] = NOBODY
    force_off: frozenset[int] = NOBODY
    omit: frozenset[int] = NOBODY
    call: frozenset[int] = NOBODY
    pattern: int | None = None


@dataclass(frozen=True, slots=True)
class Actuation:
    """What reaches the controller in one second: the shield's answer to a request."""

    hold: frozenset[int] = NOBODY
    force_off: frozenset[int] = NOBODY
    omit: frozenset[int] = NOBODY
    call: frozenset[int] = NOBODY
    pattern: int | None = None
    remote: bool = False
    """Whether anybody but the controller itself has control."""


LOCAL = Actuation()
"""Control is the controller's own."""
