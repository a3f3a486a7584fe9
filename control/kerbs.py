"""Who stands at the kerbs: one who pushed, and those who have come since.

A button tells that somebody waits, never how many. How often people come is learned from how long
the first of each red lets wait for himself; a call that stands from the first second of red tells
nothing (a recall, or a button that sticks).
"""

from collections.abc import Iterator

import numpy as np

from control.model import Junction, Kind
from control.observe import Floats
from control.picture import HORIZON_S
from control.rows import PERSONS_PER_CAR, Row

PRIOR_S = 60.0
"""One person a minute, until it is known better."""
MEMORY_S = 3600.0
"""Of seconds in which a call could have come: the hours of a day differ."""
AT_ONCE = 1e3
"""Car loads a second: all who wait step off together."""


class Kerbs:
    """People on foot at one junction; `see` once a second."""

    def __init__(self, junction: Junction) -> None:
        self._groups = [
            g for g, group in enumerate(junction.groups) if group.kind is Kind.PEDESTRIAN
        ]
        self._first = dict.fromkeys(self._groups, 1.0)
        self._quiet_s = dict.fromkeys(self._groups, PRIOR_S)
        self._quiet = dict.fromkeys(self._groups, False)

    def see(self, green: frozenset[int], wait_s: Floats) -> None:
        """What is shown, and for how many seconds each group's call has waited."""
        for g in self._groups:
            if g in green:
                self._quiet[g] = False
            elif wait_s[g] == 0:
                self._learn(g, came=0.0)
                self._quiet[g] = True
            elif self._quiet[g]:
                self._learn(g, came=1.0)
                self._quiet[g] = False

    def _learn(self, g: int, came: float) -> None:
        keep = 1.0 - 1.0 / MEMORY_S
        self._first[g] = self._first[g] * keep + came
        self._quiet_s[g] = self._quiet_s[g] * keep + 1.0

    def rate(self, group: int) -> float:
        """Persons a second."""
        return self._first[group] / self._quiet_s[group]

    def rows(self, wait_s: Floats) -> Iterator[Row]:
        """One for each kerb at which somebody waits."""
        for g in self._groups:
            if wait_s[g] > 0:
                waiting = 1.0 + self.rate(g) * (wait_s[g] - 1.0)
                coming = np.full(HORIZON_S, self.rate(g) / PERSONS_PER_CAR)
                yield Row(g, waiting / PERSONS_PER_CAR, coming, AT_ONCE, on_foot=True)
