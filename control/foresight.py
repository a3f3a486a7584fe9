"""The planner under countdowns: it reckons with the announcement, or settles whole greens."""

from dataclasses import replace

import numpy as np

from control.lanes import LaneTables, by_group
from control.model import Junction
from control.planner import Planner
from control.rows import Rows

LENGTHS_S = range(0, 48, 3)
"""Beyond the minimum, what a green may be settled at: what the picture's horizon can judge."""


class Announcing(Planner):
    """A planner whose every change of stage is announced before it begins."""

    def __init__(self, junction: Junction, reach_m: float | None = None, notice_s: int = 0) -> None:
        """Plan with changes that begin `notice_s` after they are decided."""
        super().__init__(junction, reach_m)
        self.tables = announced(self.tables, notice_s)
        self._rows = Rows(self.tables, announced(by_group(junction), notice_s), self._stop_cost)

    def foresee(self, now: int) -> tuple[int, int]:
        """Seconds from now on that stage `now` stays, and the stage after it; both are settled.

        The cheapest of all lengths and followers when played forward, as far as nobody waits too
        long; while queues do not clear within a cycle, the plan's.
        """
        found = self._settled(now)
        self.stand(found[1])
        return found

    def _settled(self, now: int) -> tuple[int, int]:
        ready_s = self._ready_s(now)
        followers = [then for then in range(len(self.junction.stages)) if then != now]
        if not followers:
            return ready_s, now
        lengths_s = {then: self._in_time(now, then, ready_s) for then in followers}
        if not any(lengths_s.values()):
            forced = self._overdue(now)
            return ready_s, followers[0] if forced is None else forced
        plan = self.junction.plans[0] if self.junction.plans else None
        if self.saturated and plan is not None and now in plan.stages:
            place = plan.stages.index(now)
            then = plan.stages[(place + 1) % len(plan.stages)]
            if lengths_s.get(then):
                stay_s = plan.green_s[place] - int(self.tables.lasts_s[now, then])
                return max(ready_s, min(stay_s, lengths_s[then][-1])), then
        return self._cheapest(now, {then: found for then, found in lengths_s.items() if found})

    def _in_time(self, now: int, then: int, ready_s: int) -> list[int]:
        """The lengths after which every call is served in time, though `then` comes first."""
        t = self.tables
        groups = self.junction.groups
        green = self.junction.stages[now].green
        longest_s = min((groups[g].maximum_green_s - self._ages[g] for g in green), default=0)
        after_s = int(t.lasts_s[now, then] + t.needs_s[then])
        waited_s = self._wait_s
        found = []
        for stay_s in (ready_s + more_s for more_s in LENGTHS_S):
            before = np.where(waited_s > 0, waited_s + stay_s, 0.0)
            after = np.where((waited_s > 0) & ~t.green[then], waited_s + stay_s + after_s, 0)
            late = self._overdue(now, before) is not None
            if late or stay_s > longest_s or self._overdue(then, after) is not None:
                break
            found.append(stay_s)
        return found

    def _cheapest(self, now: int, lengths_s: dict[int, list[int]]) -> tuple[int, int]:
        on_foot = tuple(self._kerbs.rows(self._wait_s))
        unhindered = np.zeros(len(self.tables.lanes))
        play = self._rows.play(self.picture, self._served, unhindered, on_foot)
        costs = np.zeros(len(LENGTHS_S))
        best_cost, best = np.inf, (0, now)
        for then, stays_s in lengths_s.items():
            winner, _ = self._best(stays_s, then, now, 0, play, costs)
            if costs[winner] < best_cost:
                best_cost, best = costs[winner], (stays_s[winner], then)
        return best


def announced(lanes: LaneTables, notice_s: int) -> LaneTables:
    """The same junction, but old greens go on for `notice_s` of every change."""
    changes = ~np.eye(len(lanes.needs_s), dtype=bool)
    later_s = notice_s * changes.astype(np.int64)
    return replace(
        lanes,
        ends_s=lanes.ends_s + later_s[:, :, np.newaxis],
        begins_s=lanes.begins_s + later_s[:, :, np.newaxis],
        lasts_s=lanes.lasts_s + later_s,
    )
