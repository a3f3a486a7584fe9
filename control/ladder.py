"""Which way of steering a junction is fit for what still works, from adaptive down to flash.

Down at once, as far as needed; up only after five minutes in which a higher rung would have worked
without a break, and only so often in an hour (I22). What cannot work is never stood on.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

HEALTHY_S = 300
"""Health that has to last before anything is tried again."""
CHANGES_AN_HOUR = 6
"""Upward changes of rung; downward ones are never refused."""
HOUR_S = 3600
MISSES = 3
"""Deadlines missed in a row by the planner before it counts as dead (I15)."""
LOCKOUT_DISAGREEMENTS = 2
LOCKOUT_S = 600
"""More disagreements than that within this time: an operator has to look (I16)."""
FAILED_ADAPTIVE, FAILED_COUNTS, FAILED_CALLS = 0.5, 0.75, 1.0
"""Shares of unseen lanes from which on a rung cannot work: estimates need one in two, a count is
wanted of one in four, gaps and calls of any at all."""


class Rung(IntEnum):
    """From the best to the last."""

    ADAPTIVE = 0
    SEMI_CYCLIC = 1
    ACTUATED = 2
    TIME_OF_DAY = 3
    LOCAL = 4
    """Control is released; the controller follows its own plan."""
    FLASH = 5


EVERY = frozenset(Rung)


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What is wrong in this second."""

    planner_misses: int = 0
    """Deadlines missed in a row; a planner that has died misses every one."""
    failed_detectors: float = 0.0
    """Share of the lanes of which no detector is to be believed, 0 to 1; NaN: of all of them."""
    clock_good: bool = True
    """Whether the local time is known; without it there is no time of day."""
    linked: bool = True
    """Whether the controller answers."""
    disagreed: bool = False
    """Whether the lamps read back are not those that were asked for (I16)."""
    flashing: bool = False
    """Whether the controller itself, or its monitor, has gone to flash."""


class Ladder:
    """A state machine of whole seconds: `step` once a second."""

    def __init__(self, start: Rung = Rung.ADAPTIVE, rungs: frozenset[Rung] = EVERY) -> None:
        """Begin on `start`, or at once below it; `rungs` are those that this junction has."""
        self.rung = start
        self.rungs = rungs | {Rung.LOCAL, Rung.FLASH}
        self.locked_out = False
        """Too many disagreements: LOCAL at best, until an operator resets it (I16)."""
        self._healthy_since_s: int | None = None
        self._worst = start
        """The lowest rung that was best in the healthy time."""
        self._climbed_s: deque[int] = deque()
        self._disagreed_s: deque[int] = deque()

    def step(self, at_s: int, symptoms: Symptoms) -> Rung:
        """The rung to stand on from this second on.

        Args:
            at_s: Monotonic whole seconds.
            symptoms: What is wrong.
        """
        if symptoms.disagreed:
            self._disagree(at_s)
        best = self.best(symptoms)
        if self.rung is Rung.FLASH and best is not Rung.FLASH:
            self.rung = Rung.LOCAL  # flash is cleared by hand, and then the controller runs itself
        if best >= self.rung:
            self.rung = best
            self._healthy_since_s = None
            return self.rung
        if self._healthy_since_s is None:
            self._healthy_since_s, self._worst = at_s, best
        self._worst = max(self._worst, best)
        if at_s - self._healthy_since_s >= HEALTHY_S and self._may_climb(at_s):
            self.rung = self._worst
            self._climbed_s.append(at_s)
            self._healthy_since_s = None
        return self.rung

    def best(self, symptoms: Symptoms) -> Rung:
        """The highest rung that what still works would carry."""
        if symptoms.flashing:
            return Rung.FLASH
        if not symptoms.linked or symptoms.disagreed or self.locked_out:
            return Rung.LOCAL
        return next((rung for rung in Rung if self._carries(rung, symptoms)), Rung.LOCAL)

    def reset(self) -> None:
        """An operator has looked at the controller."""
        self.locked_out = False
        self._disagreed_s.clear()

    def _carries(self, rung: Rung, symptoms: Symptoms) -> bool:
        share = symptoms.failed_detectors
        if rung not in self.rungs:
            return False
        match rung:
            case Rung.ADAPTIVE:
                return symptoms.planner_misses < MISSES and share < FAILED_ADAPTIVE
            case Rung.SEMI_CYCLIC:
                return share < FAILED_COUNTS
            case Rung.ACTUATED:
                return share < FAILED_CALLS
            case Rung.TIME_OF_DAY:
                return symptoms.clock_good
            case Rung.LOCAL | Rung.FLASH:
                return True

    def _may_climb(self, at_s: int) -> bool:
        while self._climbed_s and self._climbed_s[0] <= at_s - HOUR_S:
            self._climbed_s.popleft()
        return len(self._climbed_s) < CHANGES_AN_HOUR

    def _disagree(self, at_s: int) -> None:
        self._disagreed_s.append(at_s)
        while self._disagreed_s[0] <= at_s - LOCKOUT_S:
            self._disagreed_s.popleft()
        self.locked_out |= len(self._disagreed_s) > LOCKOUT_DISAGREEMENTS
