"""Green for as long as vehicles follow one another without a gap; for a junction without counts."""

from control.fallback.rota import Rota


class Actuated(Rota):
    """Gap-out, max-out, and no green into a full exit (self-organising lights, rules 5 and 6)."""

    def enough(self, stage: int, after: int) -> bool:  # noqa: ARG002  # whoever waits may come
        """Whether every movement of the stage has left a gap, or has nowhere to go."""
        demand = self.demand
        return not any(
            demand.moving[g] and not demand.blocked[g] for g in self.junction.stages[stage].green
        )
