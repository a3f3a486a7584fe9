"""What a junction expects of its neighbours: their plans' outflow, as far as they have planned it.

Every second a junction tells what left it and what its chosen plan would let out next (SURTRAC,
Xie, Smith, Lu & Barlow, Transp. Res. C 24, 2012, section 3.4); the next one hears it a journey
later, drawn apart on the way (Robertson, TRANSYT, RRL report LR 253, 1969). Whoever turns off or
joins in between is not heard of: the receiver takes the course of time from it, and the number of
vehicles from its own loops.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from control.model import Junction
from control.observe import Floats
from control.picture import HORIZON_S, Picture

PAST_S = 90
"""Departures are kept for as long as the farthest traveller is on its way."""
STALE_S = 5
"""A message older than that says nothing of what comes."""
MEMORY_S = 600
LEAD_S, SUM_S = 8, 5
"""The seconds by which a tale is judged: so far ahead, so many together."""
SOONEST_SHARE = 0.8
"""Of the mean travel time, after which the first of a platoon come (Robertson's beta)."""
DISPERSION = 0.35
"""Robertson's alpha: moderate friction, the usual city street."""


@dataclass(frozen=True, slots=True)
class Outflow:
    """What one junction sends: this second and the next, by exit lane."""

    junction: str
    at_s: int
    by_exit: Mapping[str, Floats]
    """Exit lane → float64[1 + HORIZON_S]: vehicles that leave the stop lines now, then later."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A road that ends in one of our lanes."""

    sender: str
    exit_lane: str
    lane: int
    """Number of ours."""
    share: float
    """Of the exit lane's vehicles, before anything is learned: one over the lanes they reach."""
    travel_s: float


def outflow(junction: Junction, at_s: int, picture: Picture, departures: Floats | None) -> Outflow:
    """What a junction tells its neighbours.

    Args:
        junction: Whose.
        at_s: The second that was seen.
        picture: Of that second.
        departures: float64[lanes, seconds] of the chosen plan, None without one. For seconds
            that it does not reach, the mean of what arrives is told.
    """
    number = {lane: k for k, lane in enumerate(junction.lanes)}
    planned = np.zeros((len(number), 0)) if departures is None else departures
    mean = picture.arrivals.mean(axis=1, keepdims=True)
    more = np.repeat(mean, HORIZON_S - planned.shape[1], axis=1)
    leaving = np.concatenate([picture.out[:, None], planned, more], axis=1)
    by_exit: dict[str, Floats] = {}
    beside: dict[tuple[str, int], int] = {}
    for lane, group, _ in junction.ways:
        beside[lane, group] = beside.get((lane, group), 0) + 1
    for lane, group, away in junction.ways:
        if lane not in number:
            continue
        share = picture.shares[number[lane], group] / beside[lane, group]
        sent = by_exit.setdefault(away, np.zeros(1 + HORIZON_S))
        sent += leaving[number[lane]] * share
    return Outflow(junction.id, at_s, by_exit)


class Inflow:
    """What comes to one junction from those around it."""

    def __init__(self, feeds: Iterable[Feed], lanes: int) -> None:
        self._feeds = tuple(feeds)
        self._journeys = [journey(feed.travel_s) for feed in self._feeds]
        self._lanes = lanes
        self._past: dict[tuple[str, str], deque[tuple[int, float]]] = {}
        self._next: dict[tuple[str, str], tuple[int, Floats]] = {}
        self._wanted = {(feed.sender, feed.exit_lane) for feed in self._feeds}

    def hear(self, told: Outflow) -> None:
        """Keep what a neighbour tells; one that is no neighbour is not listened to."""
        for exit_lane, sent in told.by_exit.items():
            key = (told.junction, exit_lane)
            if key in self._wanted:
                past = self._past.setdefault(key, deque(maxlen=PAST_S))
                if not past or told.at_s > past[-1][0]:
                    past.append((told.at_s, float(sent[0])))
                    self._next[key] = (told.at_s, sent[1:])

    def expected(self, at_s: int) -> Floats | None:
        """float64[lanes, HORIZON_S]: vehicles at our stop lines by second from `at_s`.

        NaN for a lane that no neighbour speaks for; None where none speaks at all.
        """
        expected = np.full((self._lanes, HORIZON_S), np.nan)
        heard = False
        for feed, journey in zip(self._feeds, self._journeys, strict=True):
            key = (feed.sender, feed.exit_lane)
            if key not in self._next or at_s - self._next[key][0] > STALE_S:
                continue
            heard = True
            came = self._course(key, at_s) @ journey
            expected[feed.lane] = np.nan_to_num(expected[feed.lane]) + feed.share * came
        return expected if heard else None

    def _course(self, key: tuple[str, str], at_s: int) -> Floats:
        """float64[PAST_S + HORIZON_S]: who left in each second, the next after `at_s` at PAST_S."""
        course = np.zeros(PAST_S + HORIZON_S)
        for then_s, left in self._past[key]:
            if 0 <= then_s - at_s + PAST_S - 1 < PAST_S:
                course[then_s - at_s + PAST_S - 1] = left
        told_s, later = self._next[key]
        first = PAST_S + told_s - at_s
        end = min(len(course), first + len(later))
        course[first:end] = later[: end - first]
        return course


def journey(travel_s: float) -> Floats:
    """Who left in one second comes over many: Robertson's dispersion as one table.

    Args:
        travel_s: mean time from the sender's stop line to the receiver's.

    Returns:
        float64[PAST_S + HORIZON_S, HORIZON_S]: the share of those who left in a second (the
        second `PAST_S` being the next) that comes in each second from then on. A vehicle that left
        comes once, so a row adds up to at most 1.
    """
    soonest_s = round(SOONEST_SHARE * travel_s)
    keep = 1.0 / (1.0 + DISPERSION * SOONEST_SHARE * travel_s)
    left_s = np.arange(PAST_S + HORIZON_S)[:, None]
    after_s = PAST_S + np.arange(HORIZON_S)[None, :] - left_s - soonest_s
    return np.where(after_s >= 0, keep * (1.0 - keep) ** np.maximum(after_s, 0), 0.0)


class Course:
    """Beyond what is seen: a lane's own rate, in the course of time its neighbours tell of.

    How far the tale is followed is earned: the slope of what came upon what had been told, by
    least squares, between none and all of it.
    """

    def __init__(self, sight_s: Floats) -> None:
        """`sight_s`: float64[lanes], how long before the stop line a vehicle comes into view."""
        lanes = len(sight_s)
        first = np.minimum(sight_s.astype(np.int64) + LEAD_S, HORIZON_S - SUM_S)
        self._window = first[:, None] + np.arange(SUM_S)[None, :]
        self._sent = np.zeros(lanes)
        self._said: deque[Floats] = deque(maxlen=LEAD_S + SUM_S)
        self._came: deque[Floats] = deque(maxlen=SUM_S)
        self._means = np.zeros((2, lanes))
        self._spread = np.zeros((2, lanes))
        self._seconds = 0
        self.trust = np.zeros(lanes)
        """float64[lanes], 0 to 1."""

    def beyond(self, rate: Floats, inflow: Floats | None, came: Floats) -> Floats:
        """float64[lanes, HORIZON_S], veh/s; once a second.

        Args:
            rate: float64[lanes], what has come lately, veh/s.
            inflow: float64[lanes, HORIZON_S] of the neighbours; NaN, or None, where nobody tells.
            came: float64[lanes], vehicles that came into view this second.
        """
        mean = np.maximum(rate, 0.0)[:, None]
        if inflow is None:
            return np.repeat(mean, HORIZON_S, axis=1)
        self._seconds += 1
        weight = 1.0 / min(self._seconds, MEMORY_S)
        told = np.asarray(~np.isnan(inflow).any(axis=1))
        sent = np.nan_to_num(inflow)
        self._sent += (sent[:, 0] - self._sent) * weight * told
        usual = self._sent[:, None]
        # of those they send some turn off, and others join
        theirs = sent * np.minimum(1.0, mean / np.maximum(usual, 1e-6))
        whole = np.maximum(mean - usual, 0.0) + theirs
        self._learn(np.take_along_axis(whole, self._window, axis=1).sum(axis=1), came)
        return np.asarray(mean + (self.trust * told)[:, None] * (whole - mean))

    def _learn(self, said: Floats, came: Floats) -> None:
        """What came in the latest seconds beside what was told of them."""
        self._came.append(came)
        if len(self._said) == LEAD_S + SUM_S:
            both = np.array([self._said[0], np.sum(self._came, axis=0)])
            weight = 1.0 / min(self._seconds, MEMORY_S)
            off = both - self._means
            self._means += off * weight
            self._spread += (off[0] * off - self._spread) * weight
            slope = self._spread[1] / np.maximum(self._spread[0], 1e-6)
            self.trust = np.clip(slope, 0.0, 1.0) * min(1.0, self._seconds / MEMORY_S)
        self._said.append(said)


def feeds(roads: Sequence[tuple[str, str, str, float]], lanes: Sequence[str]) -> tuple[Feed, ...]:
    """The roads that end in these lanes: (sender, exit lane, lane, travel_s) each."""
    number = {lane: k for k, lane in enumerate(lanes)}
    reached: dict[tuple[str, str], int] = {}
    for sender, exit_lane, lane, _ in roads:
        if lane in number:
            reached[sender, exit_lane] = reached.get((sender, exit_lane), 0) + 1
    return tuple(
        Feed(sender, exit_lane, number[lane], 1.0 / reached[sender, exit_lane], travel_s)
        for sender, exit_lane, lane, travel_s in roads
        if lane in number
    )
