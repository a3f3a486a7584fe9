"""From positions to queues and arrivals: the estimator for cameras and all-knowing sensing."""

import numpy as np

from control.lanes import LaneTables
from control.model import Lamp
from control.neighbours import Course
from control.observe import Floats, Observation
from control.picture import HORIZON_S, Picture, Saturation, Shares
from control.queued import STANDING_MS, Queues

CALL_MS = 0.1
FLOWS_S = 5
"""Of a green, until a standing queue flows as it will."""


class PositionEstimator:
    """Vehicles within a reach of the stop lines become a queue and its arrivals.

    Beyond the reach a lane's own recent rate goes on (a mean over three minutes).
    """

    def __init__(self, tables: LaneTables, speed_ms: Floats, reach_m: float) -> None:
        self._tables = tables
        self._speed_ms = speed_ms
        self._reach_s = reach_m / speed_ms
        self.shares = Shares(tables.uses)
        self.saturation = Saturation(len(tables.lanes))
        self._rate = np.zeros(len(tables.lanes))
        self._before = np.zeros(len(tables.lanes))
        self._served_s = np.zeros(len(tables.lanes))
        self._seconds = 0
        self._course = Course(self._reach_s)
        self._queues = Queues(len(tables.lanes))

    def see(self, seen: Observation) -> Picture:
        """The picture of this second."""
        vehicles = seen.vehicles
        if vehicles is None:
            raise ValueError(f"no positions at {seen.at_s} s; this estimator needs them")
        lanes = len(self._tables.lanes)
        queue = np.zeros(lanes)
        arrivals = np.zeros((lanes, HORIZON_S))
        self.shares.saw(vehicles.exits)
        out = vehicles.exits.sum(axis=1)
        there = np.bincount(vehicles.lane, minlength=lanes).astype(float)
        # in = what is more, and what has left
        came = there - self._before + out
        self._before = there
        self._seconds += 1
        self._rate += (came - self._rate) / min(self._seconds, 180.0)
        shown = np.array([lamp is Lamp.GREEN for lamp in seen.lamps])
        served = (self._tables.uses <= shown).all(axis=1)
        self._served_s = np.where(served, self._served_s + 1, 0)
        queued, late_s = self._queues.see(vehicles)
        np.add.at(queue, vehicles.lane[queued], 1.0)
        self.saturation.saw(out, (self._served_s > FLOWS_S) & (queue >= 2))
        lane = vehicles.lane[~queued]
        comes_s = vehicles.distance_m[~queued] / self._speed_ms[lane] + late_s[~queued]
        eta = np.floor(comes_s).astype(np.int64)
        np.add.at(arrivals, (lane, np.clip(eta, 0, HORIZON_S - 1)), 1.0)
        later = np.arange(HORIZON_S)[None, :] >= self._reach_s[:, None]
        arrivals += later * self._course.beyond(self._rate, seen.inflow, came)
        close = queued & (vehicles.speed_ms < CALL_MS) & (vehicles.distance_m < 60.0)
        waiting = np.zeros(lanes, dtype=bool)
        waiting[vehicles.lane[close]] = True
        uses = self._tables.uses
        red = np.array([lamp is not Lamp.GREEN for lamp in seen.lamps])
        calls = frozenset(np.flatnonzero(red & uses[waiting].any(axis=0)).tolist()) | seen.calls
        shares = self.shares.by_lane()
        room, refill = room_by_lane(shares, uses, seen.room)
        stands = vehicles.lane[vehicles.speed_ms < STANDING_MS]
        standing = np.bincount(stands, minlength=lanes).astype(float)
        return Picture(
            queue, standing, arrivals, shares, self.saturation.rate(), room, refill, out, calls
        )


def room_by_lane(shares: Floats, uses: np.ndarray, room: Floats | None) -> tuple[Floats, Floats]:
    """What fits behind a lane: the nearest limit of its movements, and a slow flow onward."""
    lanes = shares.shape[0]
    fits = np.full(lanes, 1e6)
    refill = np.zeros(lanes)
    if room is None:
        return fits, refill
    for lane in range(lanes):
        wants = uses[lane] & (shares[lane] > 0.05) & ~np.isnan(room)
        if wants.any():
            fits[lane] = float(np.min(room[wants] / shares[lane][wants]))
            refill[lane] = 0.15
    return fits, refill
