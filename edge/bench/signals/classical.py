"""The classical rules that decide on a grid: greedy (max-wave) and max pressure.

Both see every vehicle within 200 m, in their favour. They choose among the same stages, and the
same controller times their changes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from control.gridded import WAVE_M
from control.model import Junction, Lamp
from control.observe import Floats, Observation, Vehicles

STOPPED_MS = 0.1


def positions(seen: Observation) -> Vehicles:
    """What these rules live on.

    Raises:
        ValueError: nobody looked.
    """
    if seen.vehicles is None:
        raise ValueError(f"no positions at {seen.at_s} s; the classical rules need them")
    return seen.vehicles


class OnGrid(ABC):
    """Keeps the stage with the highest score, asked on multiples of the grid only."""

    def __init__(self, junction: Junction, grid_s: int) -> None:
        self.junction = junction
        self.grid_s = grid_s
        self._target = junction.start_stage
        lanes = list(junction.lanes.values())
        self.serves = np.array(
            [
                [float(bool(groups & (stage.green - stage.yielding))) for groups in lanes]
                for stage in junction.stages
            ]
        )

    def decide(self, seen: Observation) -> int:
        """The stage of the highest score; the running one while there is a tie or a change."""
        green = frozenset(g for g, lamp in enumerate(seen.lamps) if lamp is Lamp.GREEN)
        whole = green == self.junction.stages[self._target].green
        if seen.at_s % self.grid_s == 0 and (whole or not green):
            scores = self.score(seen)
            best = int(np.argmax(scores))
            if scores[best] > scores[self._target]:
                self._target = best
        return self._target

    @abstractmethod
    def score(self, seen: Observation) -> Floats:
        """float64[stages]."""


class Greedy(OnGrid):
    """Max-wave of Ault & Sharon 2021: vehicles within 50 m on the lanes a stage serves."""

    def score(self, seen: Observation) -> Floats:
        """Vehicles that stand or approach."""
        vehicles = positions(seen)
        near = vehicles.lane[vehicles.distance_m <= WAVE_M]
        return np.asarray(self.serves @ np.bincount(near, minlength=self.serves.shape[1]))


class MaxPressure(OnGrid):
    """Varaiya 2013: queues that a stage serves, less those they would join."""

    def __init__(self, junction: Junction, grid_s: int, beyond: Callable[[], Floats]) -> None:
        super().__init__(junction, grid_s)
        self._beyond = beyond
        self._green = np.array(
            [
                [float(g in stage.green - stage.yielding) for g in range(len(junction.groups))]
                for stage in junction.stages
            ]
        )

    def score(self, seen: Observation) -> Floats:
        """Vehicles."""
        vehicles = positions(seen)
        stopped = vehicles.lane[vehicles.speed_ms < STOPPED_MS]
        before = self.serves @ np.bincount(stopped, minlength=self.serves.shape[1])
        return np.asarray(before - self._green @ self._beyond())
