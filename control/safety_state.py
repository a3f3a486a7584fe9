"""What passes through the shield, and what it remembers from one second to the next."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from control.model import Lamp
from control.requests import NOBODY, Request

LIFE_MS = 2_000
"""The longest life of a request (I14)."""
WATCHDOG_MS = 2_000
"""Without a valid request for so long, control falls back to the controller (I15)."""
STALE_MS = 1_500
"""What the controller showed longer ago says nothing of now."""
MISMATCH_MS = 1_500
"""A second in which the controller acts, and the 500 ms that a disagreement may stand (I16)."""
STRIKES = 2
"""More disagreements than these in `STRIKES_WITHIN_MS` lock us out (I16)."""
STRIKES_WITHIN_MS = 600_000

NO_CALL = -1
AGREED = 0
UNSEEN = -1
SETTLED = -2
FLASHING = -1


class Mode(Enum):
    """Who decides upon the greens."""

    WATCHING = auto()
    """The controller itself; a valid request may take over."""
    STEERING = auto()
    """Whoever sends requests."""
    RELEASED = auto()
    """The controller, after a disagreement, until another takeover (`Shield.take_over`)."""
    LOCKED = auto()
    """The controller, until an operator resets (`Shield.reset`)."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the controller showed when it was last asked."""

    lamps: tuple[Lamp, ...]
    remote: bool
    """Whether it obeys us."""
    config_hash: str
    flash: bool = False
    fault: bool = False
    calls: frozenset[int] = NOBODY
    """Groups whose call it holds."""
    age_ms: int = 0
    """For how long the lamps have certainly stood so: 0 where they were read this moment; 1,000
    in lockstep, where they came with the step of a second ago."""


class Verdict(NamedTuple):
    """What became of a request, or of a part of it; also why control was released."""

    sequence: int
    accepted: bool
    reason: str = ""
    invariant: str = ""


class Commitment(NamedTuple):
    """A displayed promise: `group` turns green, or ends its green, at `change_ms` (I11)."""

    group: int
    begins: bool
    change_ms: int


class State(NamedTuple):
    """The shield's memory; masks have a bit a group, tuples an entry, clocks stop at their caps."""

    config_hash: str
    token: str
    mode: Mode
    now_ms: int
    sequence: int
    standing: Request | None
    """The last valid request, until it expires."""
    silent_ms: int
    """Since the last valid request."""
    known: bool
    """Whether there was a full read-back."""
    lag_ms: int
    """How old the last read-back is."""
    green: int
    yellow: int
    least_ms: tuple[int, ...]
    """A green: it has certainly lasted so long. Others: the last green has been over so long."""
    most_ms: tuple[int, ...]
    """The same clocks, at most."""
    wait_ms: tuple[int, ...]
    """How long a call has waited; `NO_CALL` without one."""
    ending: int
    """Told to end and not yet seen to."""
    omitted: int
    """Kept from beginning by the last word."""
    barred: int
    """Kept from beginning by the last two."""
    steered: int
    """Words given to a controller that obeys, at most two are counted."""
    odd_ms: int
    """For how long a green has stood that was told to end; `UNSEEN` after a missing look."""
    flash_ms: int
    """All red since the end of flash; `FLASHING`, or `SETTLED` when start-up is over."""
    strikes: tuple[int, ...]
    """When there were disagreements."""
