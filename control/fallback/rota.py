"""Stages in a fixed order, those without demand left out, everybody within the longest wait."""

from abc import ABC, abstractmethod

from control.fallback.demand import Demand
from control.model import Junction, Lamp
from control.observe import Observation
from control.staging import Staging


class Rota(ABC):
    """The frame of the demand-driven fallbacks; they differ in when a stage has had enough."""

    def __init__(self, junction: Junction, demand: Demand | None = None) -> None:
        """`demand`: one that others share and that is shown every look; None: its own."""
        self.junction = junction
        self.demand = demand or Demand(junction)
        self.stage: int | None = None
        staging, stages = Staging(junction), range(len(junction.stages))
        self.change_s = [
            [staging.change(i, j).lasts_s if i != j else 0 for j in stages] for i in stages
        ]
        """From the end of one stage until the whole of another is green."""
        self._least_s = [
            max((junction.groups[g].minimum_green_s for g in stage.green), default=0)
            for stage in junction.stages
        ]

    def decide(self, seen: Observation) -> int:
        """The stage to be in, or to go to, from this second on."""
        self.demand.look(seen)
        return self.choose(seen)

    def choose(self, seen: Observation) -> int:
        """The stage from this second on, where `demand` has been shown it already."""
        if self.stage is None:
            self.stage = stage_shown(self.junction, seen.lamps)
        if seen.preempt is not None:
            self.stage = self._with(seen.preempt, self.stage)
        elif self._settled(self.stage, seen):
            after = self._after(self.stage)
            if after is not None and (
                self._overdue(self.stage)
                or self._at_maximum(self.stage, seen)
                or self.enough(self.stage, after)
            ):
                self.stage = after
        return self.stage

    @abstractmethod
    def enough(self, stage: int, after: int) -> bool:
        """Whether `stage` should give way to `after`, for which somebody waits."""

    def _with(self, group: int, stage: int) -> int:
        """A stage that serves the group; the present one if it does."""
        stages = self.junction.stages
        serving = [k for k in (stage, *range(len(stages))) if group in stages[k].green]
        return serving[0] if serving else stage

    def _settled(self, stage: int, seen: Observation) -> bool:
        groups = self.junction.groups
        return all(
            seen.lamps[g] is Lamp.GREEN and seen.age_s[g] >= groups[g].minimum_green_s
            for g in self.junction.stages[stage].green
        )

    def _wanted(self, stage: int) -> bool:
        """Whether it would serve a call; one with a full exit only when it has waited too long."""
        demand, groups = self.demand, self.junction.groups
        return any(
            demand.called[g]
            and (not demand.blocked[g] or demand.wait_s[g] >= groups[g].longest_wait_s)
            for g in self.junction.stages[stage].green
        )

    def _order(self, stage: int) -> list[int]:
        count = len(self.junction.stages)
        return [(stage + ahead) % count for ahead in range(1, count)]

    def _after(self, stage: int) -> int | None:
        return next((k for k in self._order(stage) if self._wanted(k)), None)

    def _overdue(self, stage: int) -> bool:
        """Whether somebody would wait too long if this stage went on (I8)."""
        demand, groups = self.demand, self.junction.groups
        reached_s, before = 0, stage
        for k in self._order(stage):
            if not self._wanted(k):
                continue
            reached_s += self.change_s[before][k]
            for g in self.junction.stages[k].green:
                if demand.called[g] and demand.wait_s[g] + reached_s >= groups[g].longest_wait_s:
                    return True
            reached_s += self._least_s[k]
            before = k
        return False

    def _at_maximum(self, stage: int, seen: Observation) -> bool:
        groups = self.junction.groups
        return any(
            seen.age_s[g] >= groups[g].maximum_green_s for g in self.junction.stages[stage].green
        )


def stage_shown(junction: Junction, lamps: tuple[Lamp, ...]) -> int:
    """The stage nearest to what is green now; the start stage where nothing is."""
    green = {g for g, lamp in enumerate(lamps) if lamp is Lamp.GREEN}
    if not green:
        return junction.start_stage
    stages = junction.stages
    return min(range(len(stages)), key=lambda k: (len(green ^ stages[k].green), k))
