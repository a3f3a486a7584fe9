"""Which lane a vehicle comes to and which way it goes, learned from what passes the loops.

No loop tells either. But what an approach's advance loops let in comes out over its stop lines, so
that rows and columns of one table are known, which iterative proportional fitting fills (Deming &
Stephan, Ann. Math. Stat. 11, 1940). And who crosses an exit has left a stop line a few seconds
before, through a green: each exit is shared out among those who could have been it (the E-step of
Dempster, Laird & Rubin, J. R. Stat. Soc. B 39, 1977), and the shares follow what was seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from control.observe import Floats
from control.picture import Shares

Bools = NDArray[np.bool_]

BESIDE = 0.2
"""Vehicles that change to a lane beside, for one that stays, before anything is known."""
MEMORY_S = 1800.0
ENOUGH_VEH = 20.0
FITS = 8
LEAST, MOST = 0.3, 2.0
"""Vehicles at the stop lines for one over an advance loop: some turn off, some join behind it."""
SOONEST_S, LATEST_S = 2, 12
"""Between a stop line and an exit loop."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """An advance loop: its own lanes, and those beside them."""

    detector: int
    lanes: tuple[int, ...]
    beside: tuple[int, ...]
    distance_m: float


class LaneSplit:
    """How many vehicles come to each lane for one that crosses an advance loop."""

    def __init__(self, ahead: list[Ahead], lanes: int) -> None:
        self._prior = np.zeros((len(ahead), lanes))
        for row, each in enumerate(ahead):
            self._prior[row, list(each.beside)] = BESIDE
            self._prior[row, list(each.lanes)] = 1.0
        self._prior /= np.maximum(self._prior.sum(axis=1, keepdims=True), 1e-9)
        touch = self._prior > 0
        self._together = (touch.T.astype(float) @ touch.astype(float)) > 0
        """bool[lanes, lanes]: fed by one and the same loop."""
        self._touch = touch
        self._in = np.zeros(len(ahead))
        self._out = np.zeros(lanes)
        self.by_lane = self._prior.copy()
        """float64[ahead, lanes]; a row adds up to 1 where all who cross the loop come here."""

    def saw(self, came: Floats, came_good: Bools, out: Floats, out_good: Bools) -> None:
        """A second's vehicles; an approach of which one loop is not believed teaches nothing.

        Args:
            came: float64[ahead].
            came_good: bool[ahead], which of them are believed.
            out: float64[lanes], over the stop lines.
            out_good: bool[lanes].
        """
        sound = out_good & ~(~came_good @ self._touch)
        sound &= ~(~sound @ self._together)
        rows = (self._touch <= sound).all(axis=1)
        keep = 1.0 - 1.0 / MEMORY_S
        self._in = np.where(rows, self._in * keep + came, self._in)
        self._out = np.where(sound, self._out * keep + out, self._out)

    def fit(self) -> None:
        """Bring `by_lane` to what was seen; every few seconds is often enough."""
        flow = self._prior * (self._in + 1e-3)[:, None]
        for _ in range(FITS):
            rows = flow.sum(axis=1, keepdims=True)
            flow *= (self._in + 1e-3)[:, None] / np.maximum(rows, 1e-9)
            columns = flow.sum(axis=0)
            flow *= (self._out + 1e-3) / np.maximum(columns, 1e-9)
        share = flow / (self._in + 1e-3)[:, None]
        total = share.sum(axis=1, keepdims=True)
        share *= np.clip(total, LEAST, MOST) / np.maximum(total, 1e-9)
        known = (self._in / (self._in + ENOUGH_VEH))[:, None]
        self.by_lane = known * share + (1.0 - known) * self._prior


class Turning:
    """Where each lane's traffic goes, from who crossed which exit after whom."""

    def __init__(self, exits: list[tuple[int, list[tuple[int, int]]]], uses: Bools) -> None:
        """`exits`: a detector, and the (lane, group) that lead over it."""
        self._exits = exits
        self._shares = Shares(uses)
        lanes, groups = uses.shape
        self._out = np.zeros((LATEST_S + 1, lanes))
        self._green = np.zeros((LATEST_S + 1, groups), dtype=bool)
        self._leads = np.zeros((lanes, 1 + max((k for k, _ in exits), default=0)), dtype=bool)
        self._ways = np.zeros((lanes, groups, self._leads.shape[1]))
        """float64[lanes, groups, detectors]: the part of each movement that leaves over an exit."""
        for k, over in exits:
            self._leads[[lane for lane, _ in over], k] = True
            for way in over:
                self._ways[*way, k] = 1.0
        self._ways /= np.maximum(self._ways.sum(axis=2, keepdims=True), 1.0)

    def saw(
        self, count: Floats, good: Bools, out: Floats, known: Bools, shown: Bools
    ) -> tuple[Floats, Floats]:
        """One second.

        Args:
            count: float64[detectors].
            good: bool[detectors]; a lane one of whose exits is not believed learns nothing.
            out: float64[lanes], vehicles over the stop lines, or that may have crossed them.
            known: bool[lanes], where they were counted; the others learn nothing either.
            shown: bool[groups], green.

        Returns:
            float64[lanes], twice: vehicles that the exits saw of each lane, some seconds late, and
            the share of its traffic that they see.
        """
        self._out = np.roll(self._out, 1, axis=0)
        self._green = np.roll(self._green, 1, axis=0)
        self._out[0], self._green[0] = out, shown
        shares = self._shares.by_lane()
        left = self._out[SOONEST_S:].T @ self._green[SOONEST_S:]
        likely = shares * left
        seen = np.zeros_like(likely)
        for k, over in self._exits:
            if count[k] > 0 and good[k]:
                total = sum(likely[way] for way in over)
                if total > 1e-9:
                    for way in over:
                        seen[way] += count[k] * likely[way] / total
        believed = good[: self._leads.shape[1]]
        sound = ~(self._leads & ~believed).any(axis=1)
        self._shares.saw(seen * (sound & known)[:, None])
        return seen.sum(axis=1), (shares * (self._ways @ believed)).sum(axis=1)

    def by_lane(self) -> Floats:
        """float64[lanes, groups]; rows add up to 1."""
        return self._shares.by_lane()
