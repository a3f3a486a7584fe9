"""What flows over a detector that cannot be believed: never nothing (I23).

The nearest witness speaks: detectors of the same approach in the usual proportion, then what the
neighbouring junction sends, then the same quarter of an hour of earlier days, then a vehicle for
every longest wait, which is what keeps a group on recall.
"""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from control.health import Verdict, siblings
from control.model import Junction, Role
from control.observe import Floats, Observation

LATELY_S = 180.0
"""Over which a rate is taken; more than a cycle, or red would read as an empty road."""
USUALLY_S = 3600.0
HINDSIGHT_S = 60
"""For so long a fault may go unseen: what is younger is not yet learned."""
QUARTERS = 96
QUARTER_S = 900
EARLIER_DAYS = 0.7
"""Weight of all earlier days beside the newest."""
KNOWN_S = 300.0
"""Seconds of good counts before what was usual, or a quarter of an hour, is believed."""
ENOUGH_VEH = 20.0
"""On the siblings, before a proportion is."""


class Source(IntEnum):
    """Where a rate comes from, best first."""

    MEASURED = 0
    SIBLING = 1
    UPSTREAM = 2
    PROFILE = 3
    RECALL = 4


@dataclass(frozen=True, slots=True)
class Rates:
    """What flows over every detector, in the order of `Junction.detectors`."""

    rate_s: Floats
    """float64[detectors]: vehicles a second, finite; above 0 where the source is not MEASURED."""
    source: NDArray[np.int8]
    """int8[detectors] of `Source`."""


class Substitute:
    """Learns how much usually flows over each detector while it is good, for when it is not."""

    def __init__(self, junction: Junction) -> None:
        detectors = junction.detectors
        n = len(detectors)
        waits_s = [group.longest_wait_s for group in junction.groups]
        self._floor = np.array(
            [1.0 / min((waits_s[g] for g in d.groups), default=120) for d in detectors]
        )
        both = siblings(detectors)
        self._siblings = np.maximum(both, both.T)
        place_m = np.array(
            [-d.distance_m if d.role is Role.EXIT else d.distance_m for d in detectors]
        )
        self._before = place_m[:, None] > place_m[None, :]
        """bool[detectors, detectors]: the column lies farther along the road than the row."""
        over = [[bool(side & set(d.lanes)) for side in junction.approaches] for d in detectors]
        at = np.array(over, np.float64).reshape(n, len(junction.approaches))
        self._near = at @ at.T > 0.0
        """bool[detectors, detectors]: on one approach."""
        lanes = {lane: i for i, lane in enumerate(junction.lanes)}
        self._over = np.zeros((n, len(lanes)))
        for i, detector in enumerate(detectors):
            for lane in detector.lanes:
                if lane in lanes:
                    self._over[i, lanes[lane]] = 1.0
        self._young: deque[Floats] = deque()
        """What is not yet learned: counts and good seconds, second by second."""
        # vehicles and good seconds: lately, usually, and by quarter of an hour
        self._lately = np.zeros((2, n))
        self._usually = np.zeros((2, n))
        # [i, j]: vehicles on i, and on j, while both were good, fading while something is learned
        self._own = np.zeros((n, n))
        self._beside = np.zeros((n, n))
        self._quarters = np.zeros((QUARTERS, 2, n))
        self._quarter = -1

    def rates(self, seen: Observation, verdict: Verdict, day_s: int | None = None) -> Rates:
        """The rate over every detector; one call a second.

        Args:
            seen: This second.
            verdict: What is believed of its detectors.
            day_s: Local second of the day; None while the clock is not to be trusted.
        """
        good = verdict.good & np.isfinite(seen.count)
        gain = np.array([np.where(good, seen.count, 0.0), good])
        self._lately = self._lately * (1.0 - 1.0 / LATELY_S) + gain
        self._young.append(gain)
        if len(self._young) > HINDSIGHT_S:
            self._learn(self._young.popleft() * good, day_s)
        lately = self._lately[0] / np.maximum(self._lately[1], 1.0)
        if verdict.good.all():
            return Rates(lately, np.zeros(len(lately), np.int8))
        return self._replaced(seen, verdict, lately)

    def _learn(self, gain: Floats, day_s: int | None) -> None:
        """One second's counts and good seconds of those that are still believed."""
        good = gain[1]
        # what is usual fades only while something is learned: a dead detector keeps its past
        keep = 1.0 - good / USUALLY_S
        self._usually = self._usually * keep + gain
        if self._siblings.any():
            both = self._siblings * np.outer(good, good)
            self._own = self._own * keep[:, None] + both * gain[0][:, None]
            self._beside = self._beside * keep[:, None] + both * gain[0]
        quarter = -1 if day_s is None else day_s // QUARTER_S % QUARTERS
        if quarter >= 0:
            if quarter != self._quarter:
                self._quarters[quarter] *= EARLIER_DAYS
            self._quarters[quarter] += gain
        self._quarter = quarter

    def _replaced(self, seen: Observation, verdict: Verdict, lately: Floats) -> Rates:
        good = verdict.good
        usual = self._usually[0] / np.maximum(self._usually[1], 1.0)
        source = np.full(len(lately), Source.RECALL, np.int8)
        rate = np.where(self._usually[1] > KNOWN_S, usual, 0.0)

        if self._quarter >= 0:
            vehicles, seconds = self._quarters[self._quarter]
            rate, source = _better(
                rate, source, vehicles / np.maximum(seconds, 1.0), seconds > KNOWN_S, Source.PROFILE
            )
        if seen.inflow is not None and seen.inflow.size:
            sent = np.nan_to_num(seen.inflow, nan=0.0, posinf=0.0, neginf=0.0).mean(axis=1)
            coming = self._over @ np.maximum(sent, 0.0)
            rate, source = _better(rate, source, coming, coming > 0.0, Source.UPSTREAM)
        witnesses, behind = self._witnesses(good & (self._beside > 0.0))
        beside = (witnesses * self._beside).sum(axis=1)
        own = (witnesses * self._own).sum(axis=1) / np.maximum(witnesses.sum(axis=1), 1.0)
        known = (beside > ENOUGH_VEH) & (self._usually[1] > KNOWN_S)
        share = own / np.where(known, beside, 1.0)
        now = share * (witnesses @ lately)
        now = np.where(behind, np.maximum(now, usual), now)
        rate, source = _better(rate, source, now, known, Source.SIBLING)

        rate = np.where(good, lately, np.maximum(rate, self._floor))
        return Rates(rate, np.where(good, Source.MEASURED, source).astype(np.int8))

    def _witnesses(self, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
        """float64[detectors, detectors]: who speaks for whom; bool[detectors]: from beyond a queue.

        Those of the same approach before others that share its green, for the hour changes them
        apart; and those abreast first: who lies beyond a queue tells what it lets through, which
        is no measure of who joins it.
        """
        siblings = self._siblings * known
        chosen = np.zeros_like(siblings)
        behind = np.zeros(len(siblings), np.bool_)
        for near in (self._near, ~self._near):
            for beyond in (~self._before, self._before):
                free = np.asarray(~chosen.any(axis=1))
                these = siblings * near * beyond * free[:, None]
                chosen += these
                behind |= these.any(axis=1) & (beyond is self._before)
        return chosen, behind


def _better(
    rate: Floats, source: NDArray[np.int8], other: Floats, known: NDArray[np.bool_], name: Source
) -> tuple[Floats, NDArray[np.int8]]:
    """The other rate where it is known."""
    return np.where(known, other, rate), np.where(known, name, source).astype(np.int8)
