"""Max pressure by travel delay, in a fixed order of stages; it needs counts and nothing else.

Liu and Gayah (2022, arXiv 2202.03290) weigh a movement by the delay its vehicles have accumulated:
whoever waits long becomes heavy, so that nobody starves. That the order is fixed and empty stages
are skipped matters more than the weight (TRR 2022, 10.1177/03611981221095520).
"""

from control.fallback.rota import Rota


class SemiCyclic(Rota):
    """Leaves a stage when the next has the greater pressure, the price of the change included."""

    def enough(self, stage: int, after: int) -> bool:
        """Whether the waiting weigh more by what the change costs: while it lasts nobody leaves."""
        demand = self.demand
        lost_s = self.change_s[stage][after]
        price = sum(
            demand.saturation_s[g] * demand.queue[g] * lost_s
            for g in range(len(demand.queue))
            if not demand.blocked[g]
        )
        return self._pressure(after) > self._pressure(stage) + price

    def _pressure(self, stage: int) -> float:
        """Saturation flow times delay, in vehicles; what cannot leave presses nothing.

        The exit's own delay is not measured: a full exit takes the whole pressure away instead.
        """
        demand = self.demand
        return sum(
            demand.saturation_s[g] * demand.delay_s[g]
            for g in self.junction.stages[stage].green
            if not demand.blocked[g]
        )
