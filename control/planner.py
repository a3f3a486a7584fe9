"""The adaptive strategy: play the candidates forward, take the best, let nobody wait too long.

Where queues no longer clear within one cycle of the junction's plan, that plan's long greens waste
less than any short-sighted choice; it then runs, and gives a green on when nobody is left in it.
"""

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from control.duty import Duty
from control.estimate import PositionEstimator
from control.fallback.time_of_day import TimeOfDay
from control.health import Health
from control.kerbs import Kerbs
from control.kernels import rollout
from control.lanes import LaneTables, by_group, tables
from control.loops import LoopEstimator
from control.model import Junction, Lamp
from control.neighbours import Outflow, outflow
from control.observe import Floats, Observation
from control.picture import HORIZON_S, MOVES_VEH, NOBODY_VEH, SOON_S, Picture, stop_cost_s
from control.priority import Priority
from control.rows import Play, Row, Rows
from control.staging import Wish

STAYS_S = (0, 3, 6, 10)
"""How long to stay before a change, in the candidates."""
LAST_COST_S = 15.0
"""Charged for a vehicle that still waits at the horizon."""
MARGIN = 0.05
"""By how much of the cost a plan must beat the base policy: less is the model's own noise."""
DEADLINE_S = 0.020
SEARCH_S = 0.75 * DEADLINE_S
"""No further candidates after that: the one that is begun has to be in time, too."""
LOAD_MEMORY_S = 60.0
SATURATED = 0.5
"""Share of the plan's cycle that the standing queues may need."""
CITY_MS = 50 / 3.6
SLOWEST_MS = 5.0
BLOCKED_S = 5
"""Beside a green that serves it, a lane that stands so long waits for a gap or another green."""
STUCK_S = 15
"""Beside any green: for the junction itself to clear."""
BASE = 10_000
"""A stay that leaves the decision to the base policy."""
NEVER_S = 10_000
STALE_S = 10
"""A plan that is older, for a change runs or another decides, says no more what will leave."""


class Planner:
    """Chooses the stage of one junction, once a second, from a picture of its traffic."""

    def __init__(
        self,
        junction: Junction,
        reach_m: float | None = None,
        health: Health | None = None,
        local_minus_monotonic_s: int = 0,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Take what there is to see.

        Args:
            junction: What is steered.
            reach_m: How far positions are seen; None: there are loops only.
            health: Where somebody else judges the same looks; None: its own.
            local_minus_monotonic_s: Local Unix seconds less those of `Observation.at_s`.
            clock_ns: By which the search ends in time.
        """
        self.junction = junction
        self._clock_ns = clock_ns
        self.tables: LaneTables = tables(junction)
        speed_ms = np.array(
            [max(SLOWEST_MS, junction.speed_ms.get(lane, CITY_MS)) for lane in self.tables.lanes]
        )
        self._estimator: LoopEstimator | PositionEstimator = (
            LoopEstimator(junction, self.tables, speed_ms, health)
            if reach_m is None
            else PositionEstimator(self.tables, speed_ms, reach_m)
        )
        lanes = len(self.tables.lanes)
        self._stage: int | None = None
        self._target = 0
        self._settled_s = 0
        self._served = np.zeros(lanes)
        self._plan = TimeOfDay(junction, local_minus_monotonic_s) if junction.plans else None
        self._need_s = 0.0
        self.saturated = False
        """Queues no longer clear within a cycle: the plan's long greens waste less than ours."""
        self._wait_s = np.zeros(len(junction.groups))
        self._shown = np.zeros(len(junction.groups), dtype=bool)
        self._still_s = np.zeros(lanes)
        self._flowing_s = np.zeros(lanes)
        self._stop_cost = stop_cost_s(speed_ms)
        self._rows = Rows(self.tables, by_group(junction), self._stop_cost)
        self._duty = Duty(junction)
        self._kerbs = Kerbs(junction)
        self.priority = Priority(junction, self.tables)
        self.departures = np.zeros((lanes, HORIZON_S))
        """float64[lanes, seconds]: what the chosen plan would let out from `_planned_s` on."""
        self._space = np.zeros((2, lanes, HORIZON_S))
        self._stays_s: Sequence[int] = STAYS_S
        self._every_s, self._most_veh = rollout.EVERY_S, 0.0
        self._costs = np.zeros(len(STAYS_S))
        self._planned_s = -NEVER_S
        self._replays = False
        self.order: Wish | None = None
        """What to ask of every group in this second, where the plan of the hour runs as it is."""
        self.took_ns: list[int] = []

    def decide(self, seen: Observation) -> int:
        """The number of a stage."""
        begun_ns = self._clock_ns()
        self._at_s = seen.at_s
        self.order = None
        picture = self.picture = self._estimator.see(seen)
        if picture.misled:
            self._need_s, self.saturated = 0.0, False
        self._follow(seen, picture)
        if self._stage is None or len(self.junction.stages) == 1:
            self._replay(seen, picture)
            return self._target
        self._weigh(picture)
        forced = self._overdue(self._stage)
        if forced is not None:
            self._target = forced if self._ready_s(self._stage) == 0 else self._stage
        else:
            wanted = self._wanted(seen, self._stage, picture, begun_ns)
            before = self._duty.behind(self.tables, self._stage, wanted, self._wait_s)
            self._target = wanted if before is None else before
        self._replays = forced is None and self.saturated and self._on_plan(seen)
        if self._target != self._stage:
            self._stage = None
        self.took_ns.append(self._clock_ns() - begun_ns)
        return self._target

    def outflow(self) -> Outflow:
        """What the neighbours are told after a decision."""
        age_s = self._at_s - self._planned_s
        if age_s > STALE_S:
            return outflow(self.junction, self._at_s, self.picture, None)
        return outflow(self.junction, self._at_s, self.picture, self.departures[:, age_s:])

    def stand(self, stage: int) -> None:
        """Start from the stage that is run, or run to, where another than this planner chose it."""
        if stage != self._target:
            self._target = stage
            self._stage = None

    def _wanted(self, seen: Observation, now: int, picture: Picture, begun_ns: int) -> int:
        """What is best for all who wait; where a bus would have it otherwise, as far as granted."""
        on_foot = list(self._kerbs.rows(self._wait_s))
        if self.saturated:
            plain = self._planned(seen, now, picture)
        else:
            plain = self._choose(now, self._play(picture, on_foot), begun_ns)
            self._planned_s = seen.at_s
        buses = list(self.priority.rows(picture))
        if not buses or seen.preempt is not None:
            return plain
        kept = self.departures.copy()
        if self.saturated:
            wished = now if self.priority.holds(now) else plain
        else:
            wished = self._choose(now, self._play(picture, on_foot + buses), begun_ns)
        if wished == plain:
            return plain
        late = self._duty.behind(self.tables, now, wished, self._wait_s) is not None
        if not late and self.priority.grants(now, plain, wished, self._wait_s):
            return wished
        self.departures[:, :] = kept
        return plain

    def _planned(self, seen: Observation, now: int, picture: Picture) -> int:
        """The plan of the hour; a green in which nobody is left is given on."""
        if self._plan is None:  # never saturated without one
            return now
        stage = self._plan.decide(seen)
        if stage == now and self._idle(now, picture):
            order = self.junction.plans[0].stages
            place = order.index(now)
            for after in (*order[place + 1 :], *order[:place]):
                if not self._idle(after, picture):
                    return after
        elif stage != now and self._idle(stage, picture) and not self._idle(now, picture):
            return now
        return stage

    def _replay(self, seen: Observation, picture: Picture) -> None:
        """The plan goes on through its changes, while queues last and every call is in time."""
        if self._replays and self._plan is not None:
            self._weigh(picture)
            stage = self._plan.decide(seen)
            self._replays = self.saturated and self._overdue(stage) is None
            if self._replays:
                self._target = stage
                self.order = self._plan.order(seen)

    def _on_plan(self, seen: Observation) -> bool:
        """Whether the plan's own stage is wanted: then every group follows it to the second."""
        if self._plan is None or self._target != self._plan.decide(seen):
            return False
        self.order = self._plan.order(seen)
        return self.order is not None

    def _idle(self, stage: int, picture: Picture) -> bool:
        """Whether nobody stands or comes to the lanes and kerbs of a stage within some seconds."""
        green = self.junction.stages[stage].green
        if any(row.group in green for row in self._kerbs.rows(self._wait_s)):
            return False
        lanes = (self.tables.uses & self.tables.green[stage]).any(axis=1)
        coming = picture.arrivals[lanes, :SOON_S].sum()
        return bool(picture.queue[lanes].sum() + coming < NOBODY_VEH)

    def _weigh(self, picture: Picture) -> None:
        """Whether the standing queues could still be cleared within one cycle of the plan."""
        if self._plan is None:
            return
        t = self.tables
        serves = (t.green & ~t.gives_way) @ picture.shares.T
        clear_s = picture.standing / picture.saturation
        home = serves.argmax(axis=0)
        need_s = sum(clear_s[home == stage].max(initial=0.0) for stage in range(serves.shape[0]))
        self._need_s += (need_s - self._need_s) / LOAD_MEMORY_S
        limit_s = SATURATED * sum(self.junction.plans[0].green_s)
        self.saturated = self._need_s > (limit_s / 2 if self.saturated else limit_s)

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
        self._kerbs.see(green, self._wait_s)
        self.priority.see(seen, picture)
        self._discharge(seen, picture)

    def _discharge(self, seen: Observation, picture: Picture) -> None:
        """What each lane has let out of its green, and whether its head stands in the way."""
        t = self.tables
        shown = np.array([lamp is Lamp.GREEN for lamp in seen.lamps])
        going = (t.uses & shown).any(axis=1)
        same = (t.uses & shown == t.uses & self._shown).all(axis=1)
        self._shown = shown
        self._served = np.where(going & same, self._served + picture.out, 0.0)
        still = going & same & (picture.out < MOVES_VEH) & (picture.queue >= 1.0)
        self._still_s = np.where(still, self._still_s + 1, 0)
        self._flowing_s = np.where(going & same & (picture.queue >= 1.0), self._flowing_s + 1, 0)

    def _ready_s(self, stage: int) -> int:
        """Until every green of a stage has had its minimum."""
        groups = self.junction.groups
        green = self.junction.stages[stage].green
        return max(0, max((groups[g].minimum_green_s - self._ages[g] for g in green), default=0))

    def _play(self, picture: Picture, rows: Sequence[Row] = ()) -> Play:
        """What the candidates are played on; the heads of lanes that do not move are in it."""
        still_s = self._still_s
        hinder = np.select([still_s >= STUCK_S, still_s >= BLOCKED_S], [2.0, 1.0], 0.0)
        return self._rows.play(picture, self._served, hinder, rows)

    def _choose(self, now: int, play: Play, begun_ns: int) -> int:
        """The cheapest first decision; the base policy's own where the gain is within the noise."""
        ready_s = self._ready_s(now)
        usual = self._usual(now, play) if ready_s == 0 else now
        best_cost, best = np.inf, (BASE, now)
        usual_cost = np.inf
        others = [then for then in range(len(self.junction.stages)) if then != now]
        for then in (now, *others):
            stays = (BASE,) if then == now else tuple(max(stay, ready_s) for stay in self._stays_s)
            winner, found = self._best(stays, then, now, self._settled_s, play, self._costs)
            for stay, cost in zip(stays, self._costs, strict=False):
                action = then if stay <= 0 else now
                if action == usual:
                    usual_cost = min(usual_cost, cost)
            if self._costs[winner] < best_cost:
                best_cost, best = self._costs[winner], (stays[winner], then)
                self.departures[:, :] = found
            if self._clock_ns() - begun_ns > SEARCH_S * 1e9:
                break
        action = best[1] if best[0] <= 0 else now
        return usual if best_cost > usual_cost * (1 - MARGIN) else action

    def _best(
        self, stays_s: Iterable[int], then: int, now: int, settled_s: int, play: Play, costs: Floats
    ) -> tuple[int, Floats]:
        """Which of several stays before one change is the cheapest, and what the lanes let out."""
        stays = np.array(tuple(stays_s))
        if self._space.shape[1] != len(play.queue):
            self._space = np.zeros((2, len(play.queue), HORIZON_S))
        found, scratch = self._space
        winner = rollout.best(
            stays, np.full(len(stays), then), now, settled_s, *play, LAST_COST_S, self._every_s,
            self._most_veh, costs, found, scratch,
        )  # fmt: skip
        return int(winner), found[: len(self.tables.lanes)]

    def _usual(self, now: int, play: Play) -> int:
        """What the base policy would do at once."""
        seen = play.weight.copy()
        seen[now, play.hinder > 0] = 0.0
        soon = play.arrivals[:, :SOON_S].sum(axis=1)
        return int(
            rollout.best_stage(
                now, play.queue, soon, seen, play.lasts_s, play.saturation, play.needs_s
            )
        )

    def _overdue(self, now: int, waited_s: Floats | None = None) -> int | None:
        """The stage that must come next lest a call wait too long; None while all is in time."""
        return self._duty.first(self.tables, now, self._wait_s if waited_s is None else waited_s)
