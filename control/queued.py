"""Which of those who stand wait for the signal: a queue grows from its stop line.

Whoever stands farther back, the road before him open, waits for something else: a gap at the mouth
of a side road, one who turns round, a bus at its stop. A green would be shown to nobody.
"""

import numpy as np
from numpy.typing import NDArray

from control.observe import Floats, Vehicles

STANDING_MS = 2.0
STARTING_MS = 6.0
"""Whoever is faster has left his place so long ago that the one behind him would have followed."""
NEXT_M, STARTED_M = 12.0, 15.0
"""From one place in a queue to the next, at most; and behind one that has just started."""
SAME_M = 3.0
"""Nobody who stands is elsewhere a second later."""
GAP_S = 5.0
"""Between two who enter from where they have to wait for a gap."""


class Queues:
    """Follows the queues of a junction; a place in one is kept until its vehicle moves."""

    def __init__(self, lanes: int) -> None:
        self._stood: list[list[float]] = [[] for _ in range(lanes)]

    def see(self, vehicles: Vehicles) -> tuple[NDArray[np.bool_], Floats]:
        """Once a second, everybody before the stop lines.

        Returns:
            bool[vehicles], who stands in a queue; float64[vehicles], by how many seconds somebody
            comes later than his distance says, for he stands elsewhere.
        """
        queued = np.zeros(len(vehicles.lane), dtype=np.bool_)
        late_s = np.zeros(len(vehicles.lane))
        lanes, speed_ms = vehicles.lane.tolist(), vehicles.speed_ms.tolist()
        distance_m = vehicles.distance_m.tolist()
        stood: list[list[float]] = [[] for _ in self._stood]
        before, ahead_m, linked, held = -1, 0.0, True, 0
        for k in np.lexsort((vehicles.distance_m, vehicles.lane)).tolist():
            lane, at_m = lanes[k], distance_m[k]
            if lane != before:
                before, ahead_m, linked, held = lane, 0.0, True, 0
            gap_m = at_m - ahead_m
            if speed_ms[k] >= STANDING_MS:
                linked = linked and speed_ms[k] < STARTING_MS and gap_m <= STARTED_M
            else:
                linked = (linked and gap_m <= NEXT_M) or any(
                    abs(at_m - place_m) < SAME_M for place_m in self._stood[lane]
                )
                queued[k] = linked
                if linked:
                    stood[lane].append(at_m)
                else:
                    held += 1
                    late_s[k] = held * GAP_S
            ahead_m = at_m
        self._stood = stood
        return queued, late_s
