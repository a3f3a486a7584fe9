"""The planner while it can be believed, else the best rung below it that still works.

All rungs see every second, whoever decides: none has to learn when it is taken. The planner goes
on deciding while another is in charge, for only so is it known whether it works again.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from control.fallback.actuated import Actuated
from control.fallback.demand import Demand
from control.fallback.rota import Rota, stage_shown
from control.fallback.semi_cyclic import SemiCyclic
from control.fallback.time_of_day import TimeOfDay
from control.health import Health, Verdict
from control.ladder import EVERY, MISSES, Ladder, Rung, Symptoms
from control.model import Junction, Lamp, Role
from control.observe import Observation, Strategy
from control.planner import DEADLINE_S, Planner
from control.staging import Wish, ordered

log = logging.getLogger("ria.planner")

DAY_S = 86_400


class Planning(Strategy, Protocol):
    """A strategy that another may relieve."""

    def stand(self, stage: int) -> None:
        """Start from the stage that is run, whoever chose it."""
        ...


class Adaptive:
    """One junction's strategy with its fallbacks; `decide` once a second."""

    def __init__(
        self,
        junction: Junction,
        reach_m: float | None = None,
        local_minus_monotonic_s: int = 0,
        *,
        planner: Planning | None = None,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Take what there is to see.

        Args:
            junction: What is steered.
            reach_m: How far positions are seen; None: there are loops only.
            local_minus_monotonic_s: Local Unix seconds less those of `Observation.at_s`.
            planner: In the place of the usual one.
            clock_ns: By which the planner has its deadline.
        """
        self.junction = junction
        self.health = Health(junction)
        self.planner: Planning = planner or Planner(
            junction, reach_m, self.health, local_minus_monotonic_s, clock_ns
        )
        self.ladder = Ladder(rungs=EVERY if junction.plans else EVERY - {Rung.TIME_OF_DAY})
        self.took_ns: deque[int] = deque(maxlen=DAY_S)
        """How long the decisions of the last day took."""
        self._clock_ns = clock_ns
        self._positions = reach_m is not None
        self._demand = Demand(junction, self.health)
        self._semi_cyclic = SemiCyclic(junction, self._demand)
        self._actuated = Actuated(junction, self._demand)
        self._plan = TimeOfDay(junction, local_minus_monotonic_s) if junction.plans else None
        self._telling = _telling(junction)
        self._misses = 0
        self._target: int | None = None
        self.order: Wish | None = None
        """What to ask of every group in this second, where a plan runs as it is."""
        self._changing = False
        """Whether a change runs that another rung has begun."""

    @property
    def rung(self) -> Rung:
        """Who decides."""
        return self.ladder.rung

    def decide(self, seen: Observation) -> int:
        """The number of a stage."""
        begun_ns = self._clock_ns()
        verdict = self.health.judge(seen)
        self._demand.look(seen)
        if self._target is None:
            self._target = stage_shown(self.junction, seen.lamps)
        planned = self._planned(seen, self._target)
        before = self.rung
        rung = self.ladder.step(seen.at_s, self._symptoms(seen, verdict))
        if rung is not before:
            self._changing = True
            log.warning(
                "junction %s at_s=%d: %s after %s",
                self.junction.id, seen.at_s, rung.name, before.name,
            )  # fmt: skip
        self._changing = self._changing and not self._whole(seen, self._target)
        self.order = None
        if seen.preempt is not None:
            self._target = self._serving(seen, seen.preempt, self._target)
        elif not self._changing:
            self._target = self._asked(rung, seen, planned, self._target)
            self.order = self._ordered(rung, seen, planned)
        self.took_ns.append(self._clock_ns() - begun_ns)
        return self._target

    def _planned(self, seen: Observation, target: int) -> int | None:
        """What the planner chooses; None where it raises, is late, or names no stage (I17)."""
        begun_ns = self._clock_ns()
        stage = -1
        try:
            self.planner.stand(target)
            stage = self.planner.decide(seen)
        except Exception:  # whatever breaks it, the rungs below stand
            if self._misses == 0:
                log.exception("junction %s at_s=%d: no plan", self.junction.id, seen.at_s)
        took_ns = self._clock_ns() - begun_ns
        if 0 <= stage < len(self.junction.stages) and took_ns <= DEADLINE_S * 1e9:
            self._misses = 0
            return stage
        if self._misses == 0:
            log.warning(
                "junction %s at_s=%d: stage %d stands; the planner said %s after %.1f ms",
                self.junction.id, seen.at_s, target, stage, took_ns / 1e6,
            )  # fmt: skip
        self._misses += 1
        return None

    def _symptoms(self, seen: Observation, verdict: Verdict) -> Symptoms:
        told = np.asarray((self._telling & verdict.good).any(axis=1))
        failed = float((~told).mean()) if told.size else 1.0
        if self._positions and seen.vehicles is not None and self._misses < MISSES:
            failed = 0.0  # the planner needs no detector then; every rung below does
        return Symptoms(planner_misses=self._misses, failed_detectors=failed)

    def _asked(self, rung: Rung, seen: Observation, planned: int | None, target: int) -> int:
        match rung:
            case Rung.ADAPTIVE:
                return target if planned is None else planned
            case Rung.SEMI_CYCLIC:
                return self._in_turn(self._semi_cyclic, seen, target)
            case Rung.TIME_OF_DAY if self._plan is not None:
                return self._plan.decide(seen)
            case _:  # with no plan to fall to, everybody in turn: all are on recall (I23)
                return self._in_turn(self._actuated, seen, target)

    def _ordered(self, rung: Rung, seen: Observation, planned: int | None) -> Wish | None:
        if rung is Rung.TIME_OF_DAY and self._plan is not None:
            return self._plan.order(seen)
        return ordered(self.planner) if rung is Rung.ADAPTIVE and planned is not None else None

    def _in_turn(self, rota: Rota, seen: Observation, target: int) -> int:
        rota.stage = target
        return rota.choose(seen)

    def _serving(self, seen: Observation, group: int, target: int) -> int:
        """A stage with the group: the one that is run to, the one shown, or any; else no change."""
        stages = self.junction.stages
        shown = stage_shown(self.junction, seen.lamps)
        order = (target, shown, *range(len(stages)))
        return next((k for k in order if group in stages[k].green), target)

    def _whole(self, seen: Observation, stage: int) -> bool:
        green = frozenset(g for g, lamp in enumerate(seen.lamps) if lamp is Lamp.GREEN)
        return green == self.junction.stages[stage].green


def _telling(junction: Junction) -> np.ndarray:
    """bool[lanes, detectors]: which tell who comes by each lane, before or at its stop line.

    An exit tells nothing, nor a button of vehicles. Detectors without lanes stand for one each.
    """
    vehicles = {Role.STOP_LINE, Role.ADVANCE}
    roles = {d.role for d in junction.detectors}
    kinds = vehicles if roles & vehicles else {Role.PUSH_BUTTON}
    lanes: dict[str, set[int]] = {}
    for k, detector in enumerate(junction.detectors):
        if detector.role in kinds:
            for lane in detector.lanes or (detector.id,):
                lanes.setdefault(lane, set()).add(k)
    telling = np.zeros((len(lanes), len(junction.detectors)), dtype=bool)
    for row, mine in enumerate(lanes.values()):
        telling[row, sorted(mine)] = True
    return telling
