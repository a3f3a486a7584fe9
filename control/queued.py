"""Which of those who stand wait for the signal: a queue grows from its stop line.

Whoever stands farther back, the road before him open, waits for something else: a gap at the mouth
of a side road, one who turns round, a bus at its stop. A green would be shown to nobody.
"""

import numpy as np
from numpy.typing import NDArray

from control.observe import Floats, Vehicles
from control.picture import SPEEDS_UP_MS2

STANDING_MS = 2.0
STARTING_MS = 8.0
"""Whoever is faster has left his place so long ago that the one behind him would have followed."""
NEXT_M = 16.0
"""From one place in a queue to the next, at most: behind a bus."""
SAME_M = 3.0
"""Nobody of a queue is farther from where he was expected a second later."""
GAP_S = 5.0
"""Between two who enter from where they have to wait for a gap."""


class Queues:
    """Follows the queues of a junction, through their starting and stopping again."""

    def __init__(self, lanes: int) -> None:
        self._places_m: list[list[float]] = [[] for _ in range(lanes)]

    def see(self, vehicles: Vehicles) -> tuple[NDArray[np.bool_], Floats]:
        """Once a second, everybody before the stop lines.

        Returns:
            bool[vehicles], who stands in a queue; float64[vehicles], by how many seconds somebody
            comes later than his distance says, for he stands elsewhere.
        """
        queued = np.zeros(len(vehicles.lane), dtype=np.bool_)
        late_s = np.zeros(len(vehicles.lane))
        lanes, distance_m = vehicles.lane.tolist(), vehicles.distance_m.tolist()
        speed_ms = vehicles.speed_ms.tolist()
        places_m: list[list[float]] = [[] for _ in self._places_m]
        before, ahead_m, ahead_ms, linked, held = -1, 0.0, 0.0, True, 0
        for k in np.lexsort((vehicles.distance_m, vehicles.lane)).tolist():
            lane, at_m, ms = lanes[k], distance_m[k], speed_ms[k]
            if lane != before:
                before, ahead_m, ahead_ms, linked, held = lane, 0.0, 0.0, True, 0
            # as far as the one ahead has come since he left the place before this
            near = at_m - ahead_m <= NEXT_M + ahead_ms**2 / (2 * SPEEDS_UP_MS2)
            known = any(abs(at_m - place_m) < SAME_M for place_m in self._places_m[lane])
            linked = ms < STARTING_MS and ((linked and near) or known)
            if linked:
                places_m[lane].append(at_m - ms)
            if ms < STANDING_MS:
                queued[k] = linked
                held += not linked
                late_s[k] = 0.0 if linked else held * GAP_S
            ahead_m, ahead_ms = at_m, ms
        self._places_m = places_m
        return queued, late_s
