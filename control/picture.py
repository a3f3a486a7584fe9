"""What the planner believes of the traffic, whoever told it."""

from dataclasses import dataclass

import numpy as np

from control.observe import Floats

HORIZON_S = 30
"""Farther ahead the fluid model's guesses outweigh what is known."""
PLACE_M = 7.5
"""Of a standing car and the gap before it."""
SPEEDS_UP_MS2, BRAKES_MS2 = 2.6, 4.5
"""A car's usual."""
SOON_S = 4
"""Whoever arrives within it is as good as there."""
MOVES_VEH = 0.5
"""Out of a lane in a second; one that lets out fewer beside its green stands."""
NOBODY_VEH = 0.7
"""Fewer than these stand or arrive soon: nobody does."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One junction's traffic at one second; arrays by lane of `LaneTables.lanes`."""

    queue: Floats
    """float64[lanes]: vehicles that stand or creep before the stop line."""
    standing: Floats
    """float64[lanes]: those, and whoever stands farther back for another reason; of lanes that are
    seen well enough to say how full the junction is, else 0."""
    arrivals: Floats
    """float64[lanes, HORIZON_S]: vehicles that would reach the stop line in each coming second."""
    shares: Floats
    """float64[lanes, groups]: where a lane's traffic wants to go; rows add up to 1."""
    saturation: Floats
    """float64[lanes]: veh/s."""
    room: Floats
    """float64[lanes]: vehicles that fit behind the junction."""
    refill: Floats
    """float64[lanes]: veh/s by which that room grows."""
    out: Floats
    """float64[lanes]: vehicles that left over the stop line in this second."""
    calls: frozenset[int]
    """Groups somebody stands and waits for."""
    misled: bool = False
    """A detector was found broken: what was reckoned till now may be its doing."""


def stop_cost_s(speed_ms: Floats) -> Floats:
    """Seconds lost by braking from a speed and coming back to it, the stand not counted."""
    return np.asarray(speed_ms / (2 * SPEEDS_UP_MS2) + speed_ms / (2 * BRAKES_MS2))


class Shares:
    """Where a lane's traffic goes, learned from who leaves it over which movement.

    A prior of one vehicle for each movement; counts fade with a memory of `memory_veh` vehicles a
    lane, so that a change of the day is followed within some cycles.
    """

    def __init__(self, uses: np.ndarray, memory_veh: float = 40.0) -> None:
        self._seen = uses.astype(float)
        self._prior = uses.astype(float)
        self._keep = 1.0 - 1.0 / memory_veh

    def saw(self, exits: Floats) -> None:
        """float64[lanes, groups]: vehicles that began each movement this second."""
        out = exits.sum(axis=1)
        if out.any():
            self._seen *= (self._keep**out)[:, None]
            self._seen += exits

    def by_lane(self) -> Floats:
        """float64[lanes, groups]; rows add up to 1."""
        weight = self._seen + 0.25 * self._prior
        return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9))


class Saturation:
    """Discharge of a standing queue, learned from the seconds in which it flows unhindered."""

    PRIOR_VEH_S = 0.5
    """1,800 veh/h (HCM 2010, base saturation flow 1,900 pc/h less what a city takes)."""

    def __init__(self, lanes: int, weight_s: float = 120.0) -> None:
        self._out = np.full(lanes, self.PRIOR_VEH_S * weight_s)
        self._time = np.full(lanes, weight_s)
        self._keep = 1.0 - 1.0 / (10.0 * weight_s)

    def saw(self, out: Floats, flowing: np.ndarray) -> None:
        """Vehicles out of each lane in a second; `flowing` where a queue stood behind a green."""
        self._out[flowing] = self._out[flowing] * self._keep + out[flowing]
        self._time[flowing] = self._time[flowing] * self._keep + 1.0

    def rate(self) -> Floats:
        """float64[lanes], veh/s, within what roads can carry."""
        return np.asarray(np.clip(self._out / self._time, 0.25, 0.75))
