"""Actuated with gap-out: the rung below the adaptive ones, needing nothing but loops and buttons.

A stage stays green while its detectors are passed, until a gap of `GAP_S` or its maximum; then the
call that has waited longest is served. What a detector does not say counts as a call and as
traffic: silence is no proof of an empty road (I23).
"""

import math

from control.model import Junction, Lamp, Role
from control.observe import Observation

GAP_S = 3
"""Between two passages: what a queue on the move does not leave (NTCIP 1202 phasePassage)."""
LONGEST_S = 60
"""Green while something else waits, where the junction does not say less."""


class Actuated:
    """One junction; a `Strategy`."""

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        self._stage = junction.start_stage
        self._waited_s = [0] * len(junction.groups)
        """Since the first call that is not served; 0 without one."""
        self._quiet_s = [0] * len(junction.groups)
        """Since anything of the group was last passed."""
        self._watched = frozenset().union(*(d.groups for d in junction.detectors))

    def decide(self, seen: Observation) -> int:
        """The number of a stage."""
        self._notice(seen)
        if seen.preempt is not None:
            return self._go_to(self._serving(seen.preempt))
        here = self.junction.stages[self._stage].green
        waiting = [g for g, waited_s in enumerate(self._waited_s) if waited_s and g not in here]
        if not waiting or not self._is_over(seen, here):
            return self._stage
        return self._go_to(self._serving(max(waiting, key=lambda g: (self._waited_s[g], -g))))

    def _notice(self, seen: Observation) -> None:
        called, passed = set(seen.calls), set[int]()
        for d, detector in enumerate(self.junction.detectors):
            count, covered = seen.count[d], seen.occupancy[d]
            silent = math.isnan(count) and math.isnan(covered)
            if silent or count > 0 or covered > 0:
                passed |= detector.groups
                if detector.role in {Role.STOP_LINE, Role.PUSH_BUTTON}:
                    called |= detector.groups
        blind = set(range(len(seen.lamps))) - self._watched
        for g, lamp in enumerate(seen.lamps):
            calls = g in called or g in blind
            self._waited_s[g] = self._waited_s[g] + 1 if calls or self._waited_s[g] else 0
            if lamp is Lamp.GREEN:
                self._waited_s[g] = 0
            self._quiet_s[g] = 0 if g in passed else self._quiet_s[g] + 1

    def _is_over(self, seen: Observation, here: frozenset[int]) -> bool:
        """Whether all that is green here has had its time, or nobody comes any more."""
        groups = self.junction.groups
        green = [g for g in here if seen.lamps[g] is Lamp.GREEN]
        if any(self._waited_s[g] for g in here if g not in green):
            return False  # the change to this stage is still under way
        if any(seen.age_s[g] < groups[g].minimum_green_s for g in green):
            return False
        longest = all(seen.age_s[g] >= min(LONGEST_S, groups[g].maximum_green_s) - 1 for g in green)
        return longest or all(self._quiet_s[g] >= GAP_S for g in green)

    def _serving(self, group: int) -> int:
        """The stage that serves a group and most of what else waits."""
        stages = self.junction.stages
        return max(
            (s for s in range(len(stages)) if group in stages[s].green),
            key=lambda s: (sum(self._waited_s[g] for g in stages[s].green), -s),
        )

    def _go_to(self, stage: int) -> int:
        self._stage = stage
        return stage
