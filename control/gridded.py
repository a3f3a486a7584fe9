"""The planner where stages change on a grid of seconds only, as in published comparisons."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from control.kernels import rollout
from control.lanes import LaneTables, by_group
from control.model import Junction
from control.observe import Floats, Observation
from control.picture import PLACE_M, SOON_S, Picture
from control.planner import Planner
from control.rows import Play, Rows

LEFT_S = 2
"""How much of a minimum green may be left when its end is decided: 3 s of yellow and a green of 7 s
fill a step of 10 s, and because the lamps follow a second later they would else take two."""

WAVE_M = 50.0
"""Who is nearer than this to a stop line counts for the base policy."""


class Gridded(Planner):
    """Decides on multiples of the grid; in between what was decided stands.

    Its candidates stay for whole steps, and so does the base policy that goes on after them: to the
    stage with most vehicles near its stop lines (max-wave, Ault and Sharon 2021), which on a coarse
    grid is much better than the index. The plan of the hour is no help: it keeps to no grid.
    """

    def __init__(
        self,
        junction: Junction,
        reach_m: float | None,
        grid_s: int,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """Plan on multiples of `grid_s` of `Observation.at_s`; the rest is as the planner's."""
        super().__init__(junction, reach_m, clock_ns=clock_ns)
        self._grid_s = self._every_s = grid_s
        self._stays_s = (0, grid_s, 2 * grid_s)
        self._plan = None
        self._most_veh = WAVE_M / PLACE_M
        self._on_grid = False
        self.tables = _nearly(self.tables)
        self._rows = Rows(self.tables, _nearly(by_group(junction)), self._stop_cost)

    def decide(self, seen: Observation) -> int:
        """The number of a stage; another than before only on the grid."""
        self._on_grid = seen.at_s % self._grid_s == 0
        return super().decide(seen)

    def _wanted(self, seen: Observation, now: int, picture: Picture, begun_ns: int) -> int:
        return super()._wanted(seen, now, picture, begun_ns) if self._on_grid else now

    def _ready_s(self, stage: int) -> int:
        return max(0, super()._ready_s(stage) - LEFT_S)

    def _usual(self, now: int, play: Play) -> int:
        soon = play.arrivals[:, :SOON_S].sum(axis=1)
        return int(rollout.fullest_stage(now, play.queue, soon, play.protected, self._most_veh))

    def _overdue(self, now: int, waited_s: Floats | None = None) -> int | None:
        """As the planner, one step sooner; nothing is overdue where nothing may change."""
        if not self._on_grid:
            return None
        wait_s = self._wait_s if waited_s is None else waited_s
        return super()._overdue(now, np.where(wait_s > 0, wait_s + self._grid_s, 0.0))


def _nearly(lanes: LaneTables) -> LaneTables:
    return replace(lanes, needs_s=lanes.needs_s - LEFT_S)
