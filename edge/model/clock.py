"""Time as an argument."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NewType, Protocol

Instant = NewType("Instant", int)
"""Nanoseconds since 1970-01-01T00:00:00Z, UTC. SQLite, numpy and JSON take it whole."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class ClockQuality(IntEnum):
    """What the wall clock is worth."""

    UNKNOWN = 0
    """Never set since the machine booted."""
    SAVED = 1
    """From a battery clock or from the last time the machine was up."""
    SYNCED = 2
    """Disciplined by a time server."""
    HOLDOVER = 3
    """Was disciplined, is running free."""


class Clock(Protocol):
    """The only source of time: always handed in, never reached for."""

    boot: str
    """Identity of this boot of the machine: `mono_ns` of two boots do not compare."""

    def now(self) -> Instant:
        """Wall time."""
        ...

    def mono_ns(self) -> int:
        """Monotonic time of this boot, the event loop's own."""
        ...

    def quality(self) -> ClockQuality:
        """What `now()` is worth at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """`since <= t < until`, aligned to the Unix epoch so that two gateways agree."""

    since: Instant
    until: Instant

    @classmethod
    def containing(cls, at: Instant, length_ns: int) -> "Window":
        """The aligned window of `length_ns` nanoseconds in which `at` lies."""
        since = at - at % length_ns
        return cls(Instant(since), Instant(since + length_ns))
