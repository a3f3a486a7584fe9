"""Whose turn it is lest a call wait too long, reckoned before the shield has to say so."""

import numpy as np

from control.lanes import LaneTables
from control.model import Junction
from control.observe import Floats
from control.safety_duty import overdue
from control.safety_state import NO_CALL
from control.safety_tables import tables

SPARE_S = 16
"""Kept in hand of the longest wait: what a change can last longer than foreseen."""
AHEAD_MS = 2_000
"""So much sooner than the shield."""


class Duty:
    """The longest waits of one junction's calls, and what it takes to keep them."""

    def __init__(self, junction: Junction) -> None:
        self._junction = junction
        self._rounds = tables(junction)

    def first(self, lanes: LaneTables, now: int, wait_s: Floats) -> int | None:
        """The stage that must come next; None while all is in time.

        Args:
            lanes: how long changes and minimum greens last.
            now: the stage that stands.
            wait_s: float64[groups], how long each call has stood; 0 where there is none.
        """
        shown = self._junction.stages[now].green
        waiting = [int(g) for g in np.flatnonzero(wait_s > 0) if g not in shown]
        stage = self._by_changes(lanes, now, wait_s, waiting)
        return self._by_rounds(wait_s, waiting) if stage is None else stage

    def behind(self, lanes: LaneTables, now: int, then: int, wait_s: Floats) -> int | None:
        """The stage that would come too late behind `then`; None where there is none."""
        if then == now:
            return None
        waits = wait_s > 0
        meanwhile_s = np.where(waits, wait_s + lanes.lasts_s[now, then], 0.0)
        soonest = self.first(lanes, now, meanwhile_s)
        if soonest is not None and (waits & lanes.green[soonest] & ~lanes.green[then]).any():
            return soonest
        after_s = np.where(waits & ~lanes.green[then], meanwhile_s + lanes.needs_s[then], 0.0)
        return self.first(lanes, then, after_s)

    def _by_changes(
        self, lanes: LaneTables, now: int, wait_s: Floats, waiting: list[int]
    ) -> int | None:
        """As the changes of this junction last, to the stage that serves most of them."""
        waiting = sorted(waiting, key=lambda g: -wait_s[g])
        at_s, stage = 0.0, now
        first: int | None = None
        for g in waiting:
            if g in self._junction.stages[stage].green:
                continue
            serving = [k for k in range(len(self._junction.stages)) if lanes.green[k, g]]
            if not serving:
                continue
            best = max(serving, key=lambda k: sum(wait_s[h] for h in waiting if lanes.green[k, h]))
            at_s += lanes.lasts_s[stage, best]
            if first is None:
                first = best
            if wait_s[g] + at_s + SPARE_S >= self._junction.groups[g].longest_wait_s:
                return first
            at_s += lanes.needs_s[best]
            stage = best
        return None

    def _by_rounds(self, wait_s: Floats, waiting: list[int]) -> int | None:
        """As the shield will reckon `AHEAD_MS` later: the home stage of whoever is due first."""
        rounds = self._rounds
        waited_ms = [NO_CALL] * len(wait_s)
        for g in waiting:
            waited_ms[g] = 1_000 * int(wait_s[g])
        if not overdue(rounds, waited_ms, AHEAD_MS):
            return None
        return rounds.home[min(waiting, key=lambda g: rounds.wait_ms[g] - waited_ms[g])]
