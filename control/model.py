"""What a junction is: groups, what may not meet, what must lie between, stages, detectors.

Groups are numbered by their place in `Junction.groups`; every other part speaks in those numbers
and in whole seconds, the unit in which the field engineer writes an intergreen matrix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Lamp(IntEnum):
    """What a group shows. A pedestrian group reads don't walk, clear, walk for the first three."""

    RED = 0
    YELLOW = 1
    GREEN = 2
    DARK = 3
    FLASH = 4


class Kind(StrEnum):
    """Who obeys a group."""

    VEHICLE = "vehicle"
    PEDESTRIAN = "pedestrian"


class Role(StrEnum):
    """What a detector is there for."""

    STOP_LINE = "stop_line"
    ADVANCE = "advance"
    EXIT = "exit"
    PUSH_BUTTON = "push_button"


@dataclass(frozen=True, slots=True)
class SignalGroup:
    """Lamps that always show the same; a movement or some that share them."""

    id: str
    yellow_s: int
    """For a pedestrian group: the clearance after walk, which nothing shortens (I9)."""
    minimum_green_s: int
    maximum_green_s: int = 120
    """Longest green while a conflicting call stands (I7)."""
    longest_wait_s: int = 120
    """A call is served within this (I8)."""
    red_revert_s: int = 2
    """Shortest red before the group may be green again (I5)."""
    kind: Kind = Kind.VEHICLE


@dataclass(frozen=True, slots=True)
class Stage:
    """Groups that are green together; `yielding` of them give way to others of the same stage."""

    id: str
    green: frozenset[int]
    yielding: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Detector:
    """One physical loop, zone or button, wherever it lies."""

    id: str
    role: Role
    groups: frozenset[int]
    """Whose traffic passes it; for an exit, whose traffic leaves over it."""
    distance_m: float = 0.0
    """Upstream of the stop line; for an exit downstream of the junction."""
    lanes: tuple[str, ...] = ()
    locks_call: bool = True
    """Whether a call outlives the vehicle that made it (I10)."""


@dataclass(frozen=True, slots=True)
class Countdown:
    """A display of the seconds that remain, for the last of them only."""

    group: int
    last_s: int
    """0: none; a large number: the whole green or red."""


@dataclass(frozen=True, slots=True)
class TimePlan:
    """A fixed cycle: how long each stage, in which order."""

    id: str
    stages: tuple[int, ...]
    green_s: tuple[int, ...]
    """From the begin of each stage's green to the begin of the next: the sum is the cycle."""
    offset_s: int = 0
    from_s: tuple[int, ...] = ()
    """Seconds of the local day at which it takes over; none: only where it is asked for."""
    days: frozenset[int] = frozenset(range(7))
    """On which days of the week, Monday 0."""
    greens: tuple[tuple[int, int, int], ...] = ()
    """(group, begin, end) of every green, in seconds of the cycle, whose second 0 is the begin of
    the first stage's green; an end beyond the cycle is one in the next. None: as the stages have
    it, every change at its shortest."""


@dataclass(frozen=True, slots=True)
class Junction:
    """One signal installation; `control.rules.faults` says what in it contradicts (I21)."""

    id: str
    groups: tuple[SignalGroup, ...]
    conflicts: frozenset[tuple[int, int]]
    """Both directions of every pair that may never be green or yellow together (I1)."""
    yields: frozenset[tuple[int, int]]
    """(g, h): while both are green, g gives way to h."""
    intergreen_s: Mapping[tuple[int, int], int]
    """(g, h): from the end of green of g to the begin of green of h, for all of `conflicts`."""
    stages: tuple[Stage, ...]
    detectors: tuple[Detector, ...] = ()
    countdowns: tuple[Countdown, ...] = ()
    plans: tuple[TimePlan, ...] = ()
    startup_red_s: int = 5
    """All red after power, and after flash, before anything may be green (I18)."""
    start_stage: int = 0
    longest_cycle_s: int = 240
    lanes: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Which groups a lane's traffic obeys."""
    opposing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Lane → lanes to whose traffic its yielding movements give way."""
    approaches: tuple[frozenset[str], ...] = ()
    """Lanes side by side, between which vehicles change on the way to the stop line."""
    ways: tuple[tuple[str, int, str], ...] = ()
    """(lane, group, exit lane) of every way across, where an exit detector names its lanes."""
    speed_ms: Mapping[str, float] = field(default_factory=dict)
    """Lane → its speed limit; 50 km/h where nothing is said."""
    kept_clear_m: Mapping[str, float] = field(default_factory=dict)
    """Lane with a place for one vehicle → the junction right before it, which nobody stands on."""

    def conflicting(self, group: int) -> frozenset[int]:
        """All that may not be green or yellow with it."""
        return frozenset(h for g, h in self.conflicts if g == group)

    def index(self, group_id: str) -> int:
        """The number of a group."""
        for number, group in enumerate(self.groups):
            if group.id == group_id:
                return number
        raise KeyError(group_id)
