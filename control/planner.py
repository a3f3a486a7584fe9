"""The adaptive strategy: play the candidates forward, take the best, let nobody wait too long."""

import os
import time

import numpy as np

from control.estimate import PositionEstimator
from control.kernels import rollout
from control.lanes import LaneTables, tables
from control.loops import LoopEstimator
from control.model import Junction, Lamp
from control.observe import Observation
from control.picture import HORIZON_S, Picture

STAYS_S = tuple(int(x) for x in os.environ.get("ST","0,3,6,10").split(","))
DEADLINE_S = 0.020
CITY_MS = 50 / 3.6
SLOWEST_MS = 5.0
import os

LAST_COST_S = float(os.environ.get("LC", "15"))
BLOCKED_S = 5
STUCK_S = 15
BASE = 10_000
"""A stay that leaves the decision to the base policy."""


class Planner:
    """Chooses the stage of one junction, once a second, from a picture of its traffic."""

    def __init__(self, junction: Junction, reach_m: float | None = None) -> None:
        """`reach_m`: how far positions are seen; None: there are loops only."""
        self.junction = junction
        self.tables: LaneTables = tables(junction)
        speed_ms = np.array(
            [max(SLOWEST_MS, junction.speed_ms.get(lane, CITY_MS)) for lane in self.tables.lanes]
        )
        self._estimator: LoopEstimator | PositionEstimator = (
            LoopEstimator(junction, self.tables, speed_ms)
            if reach_m is None
            else PositionEstimator(self.tables, speed_ms, reach_m)
        )
        stages, lanes = len(junction.stages), len(self.tables.lanes)
        self._stage: int | None = None
        self._target = 0
        self._settled_s = 0
        self._served = np.zeros(lanes)
        self._wait_s = np.zeros(len(junction.groups))
        self._shown = np.zeros(len(junction.groups), dtype=bool)
        self._still_s = np.zeros(lanes)
        self._flowing_s = np.zeros(lanes)
        # braking from and speeding up to the lane's speed: 4.5 and 2.6 m/s2 are a car's usual
        self._stop_cost = speed_ms / (2 * 2.6) + speed_ms / (2 * 4.5)
        self._scratch = np.zeros((lanes, HORIZON_S))
        self.departures = np.zeros((lanes, HORIZON_S))
        """float64[lanes, seconds]: what the chosen plan would let out."""
        self._costs = np.zeros(len(STAYS_S) * stages + 1)
        self.took_ns: list[int] = []

    def decide(self, seen: Observation) -> int:
        """The number of a stage."""
        begun_ns = time.perf_counter_ns()
        picture = self.picture = self._estimator.see(seen)
        self._follow(seen, picture)
        if self._stage is None or len(self.junction.stages) == 1:
            return self._target
        self._target = self._choose(picture, begun_ns)
        if self._target != self._stage:
            self._stage = None
        self.took_ns.append(time.perf_counter_ns() - begun_ns)
        return self._target

    def _follow(self, seen: Observation, picture: Picture) -> None:
        """Where the signal is: whole in its target stage, or still on the way."""
        green = frozenset(g for g, lamp in enumerate(seen.lamps) if lamp is Lamp.GREEN)
        whole = green == self.junction.stages[self._target].green
        if whole and self._stage is None:
            self._stage = self._target
            self._settled_s = 0
        elif self._stage is not None:
            self._settled_s += 1
        for g in range(len(self.junction.groups)):
            if g in green or g not in picture.calls:
                self._wait_s[g] = 0 if g in green else self._wait_s[g] + (self._wait_s[g] > 0)
            else:
                self._wait_s[g] += 1
        self._ages = seen.age_s
        self._discharge(seen, picture)

    def _discharge(self, seen: Observation, picture: Picture) -> None:
        """What each lane has let out of its green, and whether its head stands in the way."""
        t = self.tables
        shown = np.array([lamp is Lamp.GREEN for lamp in seen.lamps])
        going = (t.uses & shown).any(axis=1)
        same = (t.uses & shown == t.uses & self._shown).all(axis=1)
        self._shown = shown
        self._served = np.where(going & same, self._served + picture.out, 0.0)
        still = going & same & (picture.out < 0.5) & (picture.queue >= 1.0)
        self._still_s = np.where(still, self._still_s + 1, 0)
        self._flowing_s = np.where(going & same & (picture.queue >= 1.0), self._flowing_s + 1, 0)

    def _choose(self, picture: Picture, begun_ns: int) -> int:
        now = self._stage
        assert now is not None
        t = self.tables
        stages = len(self.junction.stages)
        left_s = max(
            (
                self.junction.groups[g].minimum_green_s - self._ages[g]
                for g in self.junction.stages[now].green
            ),
            default=0,
        )
        ready_s = max(0, left_s)
        protected = (t.green & ~t.gives_way) @ picture.shares.T
        yielding = (t.green & t.gives_way) @ picture.shares.T
        weight = protected + 0.4 * yielding
        stays: list[int] = []
        thens: list[int] = []
        forced = self._overdue(now)
        for then in range(stages):
            if then == now or (forced is not None and then != forced):
                continue
            for stay in STAYS_S:
                if forced is not None and stay > 0:
                    break
                stays.append(max(stay, ready_s))
                thens.append(then)
        if forced is None:
            # last: where the base policy would change at once it is one of those above
            stays.append(BASE)
            thens.append(now)
        hinder = np.select([self._still_s >= STUCK_S, self._still_s >= BLOCKED_S], [2.0, 1.0], 0.0)
        if os.environ.get("MODE") == "base":
            if left_s > 0:
                return now
            return (
                rollout.best_stage(
                    now,
                    picture.queue,
                    picture.arrivals[:, :4].sum(1),
                    weight,
                    t.lasts_s,
                    picture.saturation,
                    t.needs_s,
                )
                if forced is None
                else forced
            )
        base_wants = (
            rollout.best_stage(
                now,
                picture.queue,
                picture.arrivals[:, :4].sum(1),
                np.where((np.arange(stages) == now)[:, None] & (hinder > 0)[None, :], 0, weight),
                t.lasts_s,
                picture.saturation,
                t.needs_s,
            )
            if left_s <= 0
            else now
        )
        winner = rollout.best(
            np.array(stays), np.array(thens), now, self._settled_s, picture.queue, self._served, hinder,
            picture.arrivals, picture.saturation, protected, yielding, t.opposes, weight,
            t.ends_s, t.begins_s, t.lasts_s, t.needs_s, picture.room, picture.refill,
            self._stop_cost, LAST_COST_S, self._costs, self.departures, self._scratch,
        )  # fmt: skip
        pick = thens[winner] if stays[winner] <= 0 else now
        M = float(os.environ.get("MARGIN","0.05"))
        if M and forced is None and pick != base_wants:
            mine = [
                self._costs[i]
                for i in range(len(stays))
                if (stays[i] <= 0 and thens[i] == base_wants)
                or (base_wants == now and stays[i] > 0)
            ]
            if mine and self._costs[winner] > min(mine) * (1 - M):
                pick = base_wants
        return pick

    def _overdue(self, now: int) -> int | None:
        """The stage that must come next lest a call wait too long; None while all is in time."""
        t = self.tables
        waiting = np.flatnonzero(self._wait_s > 0)
        waiting = [g for g in waiting if g not in self.junction.stages[now].green]
        if not waiting:
            return None
        waiting.sort(key=lambda g: -self._wait_s[g])
        at_s, stage = 0.0, now
        first: int | None = None
        for g in waiting:
            if g in self.junction.stages[stage].green:
                continue
            serving = [k for k in range(len(self.junction.stages)) if t.green[k, g]]
            if not serving:
                continue
            # of the stages that serve it, the one that serves most of those who wait
            best = max(
                serving, key=lambda k: sum(self._wait_s[h] for h in waiting if t.green[k, h])
            )
            at_s += t.lasts_s[stage, best]
            if first is None:
                first = best
            if self._wait_s[g] + at_s + 6 >= self.junction.groups[g].longest_wait_s - 10:
                return first
            at_s += t.needs_s[best]
            stage = best
        return None
