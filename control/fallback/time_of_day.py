"""A fixed plan by the clock: what is left when no detector can be believed."""

from control.fallback.rota import stage_shown
from control.model import Junction
from control.observe import Observation
from control.plan_cycle import plan_at, slots
from control.staging import Staging, Wish
from edge.errors import ConfigError


class TimeOfDay:
    """Runs the plan of the hour, its cycle held to the clock so that neighbours stay in step."""

    def __init__(self, junction: Junction, local_minus_monotonic_s: int = 0) -> None:
        """Take the clock as local Unix seconds less monotonic ones; it may be set anew later.

        Raises:
            ConfigError: the junction has no plan.
        """
        if not junction.plans:
            raise ConfigError(f"junction {junction.id!r} has no time plan; add one under plans")
        self.junction = junction
        self.local_minus_monotonic_s = local_minus_monotonic_s
        self._staging = Staging(junction)
        self._slots = [slots(junction, plan) for plan in junction.plans]

    def decide(self, seen: Observation) -> int:
        """The stage that the plan has for this second."""
        if seen.preempt is not None:
            return self._with(seen, seen.preempt)
        number, local_s = self._now(seen)
        found = self._slots[number]
        position_s = (local_s - self.junction.plans[number].offset_s) % found[-1][1]
        return next(stage for stage, end_s in found if position_s < end_s)

    def order(self, seen: Observation) -> Wish | None:
        """What to ask of every group, where the plan says more than stages."""
        number, local_s = self._now(seen)
        plan = self.junction.plans[number]
        if not plan.greens or seen.preempt is not None:
            return None
        cycle_s = sum(plan.green_s)
        position_s = (local_s - plan.offset_s) % cycle_s
        due = {
            g
            for g, begin_s, end_s in plan.greens
            if (position_s - begin_s) % cycle_s < end_s - begin_s
        }
        return self._staging.at_once(seen.lamps, seen.age_s, frozenset(due))

    def _now(self, seen: Observation) -> tuple[int, int]:
        """The plan of the hour, and the local second."""
        local_s = seen.at_s + self.local_minus_monotonic_s
        return plan_at(self.junction.plans, local_s), local_s

    def _with(self, seen: Observation, group: int) -> int:
        """A stage that serves the group, best the one that is shown."""
        stages = self.junction.stages
        shown = stage_shown(self.junction, seen.lamps)
        return next((k for k in (shown, *range(len(stages))) if group in stages[k].green), shown)
