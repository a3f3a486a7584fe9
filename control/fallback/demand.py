"""Who waits for what, as far as counts and cover tell; what cannot be told is asked for (I23)."""

import numpy as np

from control.health import Health, Verdict
from control.model import Detector, Junction, Kind, Lamp, Role
from control.observe import Observation
from control.substitute import Substitute

SATURATION_S = 0.5
"""Vehicles a second and lane that leave a queue, where nobody counts them."""
CLEARED_S = 3
"""A stop line that has been bare for longer in green has no queue before it."""
BLOCKED_S = 5
"""An exit covered for longer is full (I27; Cools, Gershenson, D'Hooghe 2013, rules 5 and 6)."""
GAP_S = 2.5
"""Longest gap within a queue that is being discharged."""
APPROACH_MS = 12.0
"""Speed at which vehicles come from an advance detector."""
COVERED = 0.98
_LONG_AGO_S = 999.0


class Demand:
    """By group: vehicles waiting, their delay so far, calls, full exits. One `look` a second."""

    def __init__(self, junction: Junction, health: Health | None = None) -> None:
        """`health`: where somebody else judges the same looks; None: its own."""
        groups = range(len(junction.groups))
        self.queue = [0.0 for _ in groups]
        """Vehicles before the stop line."""
        self.delay_s = [0.0 for _ in groups]
        """Delay that these vehicles have had so far, together."""
        self.called = [False for _ in groups]
        self.wait_s = [0 for _ in groups]
        """Since the call that stands was made."""
        self.moving = [False for _ in groups]
        """Whether the last vehicle over its detectors has left no gap yet."""
        self.blocked = [False for _ in groups]
        """Whether the road behind the junction is full."""
        self._walks = [group.kind is Kind.PEDESTRIAN for group in junction.groups]
        self._detectors = tuple((i, d, tuple(d.groups)) for i, d in enumerate(junction.detectors))
        self._at_line = [_serving(junction, Role.STOP_LINE, g) for g in groups]
        self._ahead = [_serving(junction, Role.ADVANCE, g) for g in groups]
        buttons = [_serving(junction, Role.PUSH_BUTTON, g) for g in groups]
        # a group that nothing can call is served in its turn
        self._always = [not (self._at_line[g] or self._ahead[g] or buttons[g]) for g in groups]
        self.saturation_s = [
            SATURATION_S * max(1, sum(_lanes(junction.detectors[i]) for i in self._at_line[g]))
            for g in groups
        ]
        """Vehicles a second that its queue can send."""
        self._quiet_s = [_LONG_AGO_S for _ in junction.detectors]
        self._cover_s = [0 for _ in junction.detectors]
        self._bare_s = [0 for _ in groups]
        self._locked = [False for _ in groups]
        self._health = health or Health(junction)
        self._substitute = Substitute(junction)

    def look(self, seen: Observation, day_s: int | None = None) -> None:
        """Take in one second; `day_s` is its local second of the day, where that is known."""
        verdict = self._health.judge(seen)
        rate_s = self._substitute.rates(seen, verdict, day_s).rate_s.tolist()
        good = (verdict.good & np.isfinite(seen.count)).tolist()
        count = seen.count.tolist()
        cover = np.where(np.isfinite(seen.occupancy), seen.occupancy, 0.0).tolist()
        green = [lamp is Lamp.GREEN for lamp in seen.lamps]
        for i, _, _ in self._detectors:
            active = good[i] and (count[i] > 0 or cover[i] > 0)
            self._quiet_s[i] = 0.0 if active else self._quiet_s[i] + 1.0
            self._cover_s[i] = self._cover_s[i] + 1 if good[i] and cover[i] >= COVERED else 0
        self._exits(seen)
        self._calls(seen, verdict, green, good)
        for g in range(len(green)):
            if not self._walks[g]:
                coming = self._coming(g, good, count, rate_s)
                self._flow(g, coming, self._leaving(g, good, count, green), green=green[g])
                self._clear(g, green=green[g], good=good)
            else:
                self._flow(g, 0.0, self.queue[g] if green[g] else 0.0, green=green[g])
            self.moving[g] = self._is_moving(g, good)

    def _exits(self, seen: Observation) -> None:
        full = {
            g
            for i, d, groups in self._detectors
            if d.role is Role.EXIT and self._cover_s[i] > BLOCKED_S
            for g in groups
        }
        room = seen.room.tolist() if seen.room is not None else [np.nan] * len(self.blocked)
        self.blocked = [g in full or room[g] < 1.0 for g in range(len(self.blocked))]

    def _calls(
        self, seen: Observation, verdict: Verdict, green: list[bool], good: list[bool]
    ) -> None:
        standing = set(seen.calls) | verdict.recall
        for i, d, groups in self._detectors:
            if good[i] and self._quiet_s[i] == 0.0 and d.role is not Role.EXIT:
                for g in groups:
                    if d.role is Role.ADVANCE and self._at_line[g]:
                        continue  # who comes over it will stand at the line
                    standing.add(g)
                    self._locked[g] |= d.locks_call and not green[g]
        for g, shows in enumerate(green):
            self._locked[g] &= not shows
            self._locked[g] |= g in seen.calls and not shows
            self.called[g] = not shows and (self._locked[g] or self._always[g] or g in standing)
            self.wait_s[g] = self.wait_s[g] + 1 if self.called[g] else 0

    def _coming(self, g: int, good: list[bool], count: list[float], rate_s: list[float]) -> float:
        """Vehicles that join the queue; one detector's are shared as the stop lines have it."""
        if not self._ahead[g]:
            return sum(rate_s[i] / len(self._detectors[i][2]) for i in self._at_line[g])
        coming = 0.0
        for i in self._ahead[g]:
            groups = self._detectors[i][2]
            weights = {
                h: sum(rate_s[j] / len(self._detectors[j][2]) for j in self._at_line[h])
                for h in groups
            }
            whole = sum(weights.values())
            share = weights[g] / whole if whole > 0 else 1.0 / len(groups)
            coming += share * (count[i] if good[i] else rate_s[i])
        return coming

    def _leaving(self, g: int, good: list[bool], count: list[float], green: list[bool]) -> float:
        leaving = 0.0
        for i in self._at_line[g]:
            _, d, groups = self._detectors[i]
            going = [h for h in groups if green[h]] or list(groups)
            if good[i]:
                leaving += count[i] / len(going) if g in going else 0.0
            elif green[g]:
                leaving += SATURATION_S * _lanes(d) / len(going)
        return leaving if self._at_line[g] else self.saturation_s[g] * green[g]

    def _flow(self, g: int, coming: float, leaving: float, *, green: bool) -> None:
        """Conservation; who leaves takes a mean share of the delay along (Liu, Gayah 2022)."""
        before = self.queue[g] + coming
        after = max(0.0, before - leaving)
        self.delay_s[g] *= after / before if before > 0 else 0.0
        self.queue[g] = max(after, 1.0) if self.called[g] and not green else after
        self.delay_s[g] += self.queue[g]

    def _clear(self, g: int, *, green: bool, good: list[bool]) -> None:
        """A stop line that is seen to be bare has no queue: what was counted wrong is forgotten."""
        seen = [i for i in self._at_line[g] if good[i]]
        bare = green and bool(seen) and all(self._quiet_s[i] > 0 for i in seen)
        self._bare_s[g] = self._bare_s[g] + 1 if bare else 0
        if self._bare_s[g] > CLEARED_S and len(seen) == len(self._at_line[g]):
            self.queue[g] = self.delay_s[g] = 0.0

    def _is_moving(self, g: int, good: list[bool]) -> bool:
        if not any(good[i] for i in self._at_line[g]):
            return self.queue[g] >= 1.0 and not self._walks[g]
        return any(
            good[i] and self._quiet_s[i] <= GAP_S + self._detectors[i][1].distance_m / APPROACH_MS
            for i in (*self._at_line[g], *self._ahead[g])
        )


def _serving(junction: Junction, role: Role, group: int) -> tuple[int, ...]:
    return tuple(
        i for i, d in enumerate(junction.detectors) if d.role is role and group in d.groups
    )


def _lanes(detector: Detector) -> int:
    return max(1, len(detector.lanes))
