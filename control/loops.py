"""From loops to queues: what came over the advance loop and has not left over the stop line.

Conservation drifts; three sights correct it. A stop line that stays free shows that nobody stands
there; one that is covered beside red shows that somebody does; an advance loop that is covered
for seconds shows a queue that reaches it. To which lane a vehicle comes and where it turns is
learned in `control.flows`.
"""

import numpy as np

from control.flows import Ahead, Bools, LaneSplit, Turning
from control.health import Health
from control.lanes import LaneTables
from control.model import Junction, Lamp, Role
from control.neighbours import Course
from control.observe import Floats, Observation
from control.picture import HORIZON_S, MOVES_VEH, PLACE_M, SPEEDS_UP_MS2, Picture, Saturation
from control.substitute import Substitute

FREE_S = 5
GAP_S = 4
"""A queue that flows leaves no longer gap over its stop line."""
START_S = 3
"""Of a green, until the first of a queue is over the line."""
COVERED_S = 4
HELD_S = 10
BLOCKED_S = 5
MEMORY_S = 180.0
TOLD = 0.7
"""Share of a lane's traffic that believed exits must see before they stand in for its stop line."""
HEARD_VEH = 0.3
"""Fewer in a second, of all who may have been its own, were others."""
CROSSING_M = 20.0
"""From the stop lines over a junction of the usual size."""
FOLLOWS_VEH = 1.0
"""Thought to come after whoever has just crossed, where nobody sees them come."""


class LoopEstimator:
    """Counts and occupancy once a second; queue, arrivals and shares by lane come out."""

    def __init__(
        self,
        junction: Junction,
        tables: LaneTables,
        speed_ms: Floats,
        health: Health | None = None,
    ) -> None:
        """`health`: where somebody else judges the same looks; None: its own."""
        detectors = junction.detectors
        lanes = len(tables.lanes)
        number = {lane: k for k, lane in enumerate(tables.lanes)}
        self._tables = tables
        self._health = health or Health(junction)
        self._substitute = Substitute(junction)
        self._beside = [
            [number[o] for side in junction.approaches if lane in side for o in side if o != lane]
            for lane in tables.lanes
        ]
        self._stop = np.full(lanes, -1)
        self._ahead: list[Ahead] = []
        exits: list[tuple[int, list[tuple[int, int]]]] = []
        self._way_s = np.zeros(lanes)
        """float64[lanes]: of the first of a queue, from its stop line to an exit loop."""
        self._reach_s = np.zeros(lanes)
        self._fits = np.full(lanes, 1.0)
        self._watched = np.zeros(lanes, dtype=bool)
        self._over = np.zeros((lanes, len(detectors)), dtype=bool)
        """bool[lanes, detectors]: the advance loops that tell who comes."""
        for k, detector in enumerate(detectors):
            mine = [number[lane] for lane in detector.lanes if lane in number]
            if detector.role is Role.STOP_LINE:
                self._stop[mine] = k
            elif detector.role is Role.ADVANCE and mine:
                beside = {o for lane in mine for o in self._beside[lane]} - set(mine)
                self._ahead.append(
                    Ahead(k, tuple(mine), tuple(sorted(beside)), detector.distance_m)
                )
                for lane in mine:
                    self._reach_s[lane] = detector.distance_m / speed_ms[lane]
                    self._fits[lane] = max(1.0, detector.distance_m / PLACE_M)
                    self._watched[lane] = True
                    self._over[lane, k] = True
            elif detector.role is Role.EXIT:
                over = [
                    (number[lane], group)
                    for lane, group, away in junction.ways
                    if away in detector.lanes
                ]
                if over:
                    exits.append((k, over))
                    for lane, _ in over:
                        way_m = CROSSING_M + detector.distance_m
                        self._way_s[lane] = max(self._way_s[lane], _from_rest_s(way_m))
        self._exits = exits
        self._split = LaneSplit(self._ahead, lanes)
        self._turning = Turning(exits, tables.uses)
        self._shares = self._turning.by_lane()
        self.saturation = Saturation(lanes)
        self._queue = np.zeros(lanes)
        self._guessed = np.zeros(lanes)
        """Of the queue, who was never counted: a covered advance loop has told of them."""
        self._coming = np.zeros((lanes, HORIZON_S))
        """What is between the loops, by the second in which it would reach the stop line."""
        self._rate = np.full(lanes, 0.02)
        self._out_rate = np.full(lanes, 0.02)
        self._free_s = np.zeros(lanes)
        self._bare_s = np.zeros(lanes)
        self._unseen = np.zeros(lanes, dtype=bool)
        """bool[lanes]: one of the loops that tell who comes is not believed."""
        self._covered_s = np.zeros(len(detectors))
        self._seconds = 0
        self._course = Course(self._reach_s)
        self._going_s = np.zeros(lanes)
        clear_m = np.array([junction.kept_clear_m.get(lane, 0.0) for lane in number])
        self._late_s = _from_rest_s(PLACE_M + clear_m) - _from_rest_s(PLACE_M)
        """float64[lanes]: by how much longer the gap over a stop line is that keeps clear what lies
        behind the lane's only place: the next sets out once that place is free."""

    def see(self, seen: Observation) -> Picture:
        """The picture of this second."""
        health = self._health.judge(seen)
        good = health.good
        rates = self._substitute.rates(seen, health)
        count = np.where(good & ~np.isnan(seen.count), seen.count, rates.rate_s)
        covered = np.where(good & ~np.isnan(seen.occupancy), seen.occupancy, 0.0)
        self._covered_s = np.where(covered > 0.95, self._covered_s + 1, 0.0)
        self._seconds += 1
        stop_good = (self._stop >= 0) & good[self._stop]
        shown = np.array([lamp is Lamp.GREEN for lamp in seen.lamps])
        green = (self._tables.uses & shown).any(axis=1)
        self._going_s = np.where(green, self._going_s + 1, 0)
        out, told = self._left(count, good, stop_good, green, shown)
        self._learn(count, out, good, stop_good)
        self._unseen = told | (self._over & ~good).any(axis=1)
        came = self._arrive(count)
        self._leave(out)
        bare = np.where(told, out < HEARD_VEH, covered[self._stop] < 0.05)
        self._bare_s = np.where(bare, self._bare_s + 1, 0)
        # who has only just set out does not yet pass an exit
        early = told & (self._going_s <= START_S + self._way_s)
        sight = stop_good | (told & green & ~early)
        self._correct(covered, sight & bare, stop_good, green)
        self._follow(sight & self._unseen, green)
        flowing = green & (self._going_s > 5) & (self._queue >= 2) & stop_good
        self.saturation.saw(out, flowing)
        # where nobody is seen to leave, nobody is seen to stand in the way
        guessed = green & ~stop_good & (early | ~told)
        out = np.where(guessed, np.minimum(self._queue, MOVES_VEH), out)
        self._rate += (came - self._rate) / min(self._seconds + 20.0, MEMORY_S)
        later = np.arange(HORIZON_S)[None, :] >= self._reach_s[:, None]
        arrivals = self._coming + later * self._course.beyond(self._rate, seen.inflow, came)
        room, refill = self._room()
        return Picture(
            self._queue.copy(), np.where(stop_good & ~self._unseen, self._queue, 0.0), arrivals,
            self._shares, self.saturation.rate(), room, refill, out,
            self._calls(covered, stop_good, green, shown) | seen.calls,
            bool((health.since_s[~health.good] == seen.at_s).any()),
        )  # fmt: skip

    def _left(
        self, count: Floats, good: Bools, stop_good: Bools, green: Bools, shown: Bools
    ) -> tuple[Floats, Bools]:
        """float64[lanes]: vehicles over each stop line; bool[lanes]: where the exits told of them.

        They do where a stop line cannot be believed; where neither can, its green lets out what it
        usually does.
        """
        counted = np.where(self._stop >= 0, count[self._stop], 0.0)
        flows = np.where(green, self.saturation.rate(), 0.0)
        might = np.where(stop_good, counted, flows)
        heard, share = self._turning.saw(count, good, might, stop_good, shown)
        told = ~stop_good & (share > TOLD)
        thought = np.minimum(self._queue + self._coming[:, 0], flows)
        thought = np.where(told, heard / np.maximum(share, TOLD), thought)
        return np.where(stop_good, counted, thought), told

    def _learn(self, count: Floats, out: Floats, good: Bools, stop_good: Bools) -> None:
        """Slow means of what every lane lets out; to which lane and which way vehicles go."""
        weight = 1.0 / min(self._seconds + 20.0, 600.0)
        self._out_rate += (out - self._out_rate) * weight
        over = [each.detector for each in self._ahead]
        self._split.saw(count[over], good[over], out, stop_good)
        if self._seconds % 10 == 0:
            self._split.fit()
            self._shares = self._turning.by_lane()

    def _arrive(self, count: Floats) -> Floats:
        """Time passes for what is on its way; who crosses an advance loop sets out."""
        self._queue += self._coming[:, 0]
        self._coming[:, :-1] = self._coming[:, 1:]
        self._coming[:, -1] = 0.0
        came = np.zeros(len(self._queue))
        for each, parts in zip(self._ahead, self._split.by_lane, strict=True):
            if count[each.detector] <= 0:
                continue
            for lane in np.flatnonzero(parts).tolist():
                part = count[each.detector] * parts[lane]
                came[lane] += part
                self._coming[lane, min(int(self._reach_s[lane]), HORIZON_S - 1)] += part
        unwatched = ~self._watched
        if unwatched.any():
            came[unwatched] = self._out_rate[unwatched]
            self._coming[unwatched, 0] += self._out_rate[unwatched]
        return came

    def _leave(self, out: Floats) -> None:
        """Who crossed the stop line is gone; one too many came from a lane beside it."""
        for lane in np.flatnonzero(out).tolist():
            left = out[lane]
            taken = min(left, self._queue[lane])
            self._queue[lane] -= taken
            left -= taken
            for second in range(8):
                taken = min(left, self._coming[lane, second])
                self._coming[lane, second] -= taken
                left -= taken
            if left > 1e-6 and not self._unseen[lane]:
                for other in sorted(self._beside[lane], key=lambda each: -self._queue[each]):
                    taken = min(left, self._queue[other])
                    self._queue[other] -= taken
                    left -= taken

    def _correct(self, covered: Floats, free: Bools, stop_good: Bools, green: Bools) -> None:
        """What the loops prove about the queue."""
        # counted from the arrival of whom it would clear: a late platoon has not gone elsewhere
        self._free_s = np.where(free & (self._queue > 0.01), self._free_s + 1, 0)
        stands = stop_good & ~green & (covered[self._stop] > 0.9)
        # nobody waits at a line that stays free: who was thought to has changed lanes
        enough_s = np.where(self._going_s > START_S, GAP_S, FREE_S) + self._late_s
        for lane in np.flatnonzero((self._free_s >= enough_s) & (self._queue > 0.01)).tolist():
            waiting = [other for other in self._beside[lane] if stands[other]]
            waiting = [] if self._unseen[lane] else waiting
            counted = self._queue[lane] - self._guessed[lane]
            for other in waiting:
                self._queue[other] += counted / len(waiting)
            self._queue[lane] = 0.0
        self._queue = np.where(stands, np.maximum(self._queue, 1.0), self._queue)
        self._guessed = np.minimum(self._guessed, self._queue)
        empty = stop_good & (self._bare_s >= enough_s)
        for each in self._ahead:
            detector = each.detector
            # beside an empty lane it is the queue of the next one that its vehicles wait to join
            lanes = [lane for lane in each.lanes if not empty[lane]]
            lanes = lanes or [lane for lane in each.beside if not empty[lane]]
            if lanes and self._covered_s[detector] >= COVERED_S:
                over = self._rate[lanes] * (self._covered_s[detector] - COVERED_S)
                reach = self._fits[lanes]
                # the longest of the lanes that share the loop is the one that reaches it
                longest = int(np.argmax(self._queue[lanes]))
                lane = lanes[longest]
                least = reach[longest] + max(0.0, float(over.sum()))
                self._guessed[lane] += max(0.0, least - self._queue[lane])
                self._queue[lane] = max(self._queue[lane], least)
                self._coming[lane, :] = 0.0

    def _follow(self, unseen: Bools, green: Bools) -> None:
        """A queue that nobody saw come ends with a gap over the stop line, and not before."""
        flows = unseen & green & (self._bare_s < GAP_S + self._late_s) & (self._going_s > START_S)
        self._queue = np.where(flows, np.maximum(self._queue, FOLLOWS_VEH), self._queue)

    def _calls(
        self, covered: Floats, stop_good: Bools, green: Bools, shown: Bools
    ) -> frozenset[int]:
        """Groups before whose red somebody stands, or may: a failed stop line is on recall."""
        stop, uses = self._stop, self._tables.uses
        standing = stop_good & ~green & (covered[stop] > 0.9)
        # who stands so long beside the green of another movement waits for his own
        standing |= stop_good & (self._covered_s[stop] >= HELD_S)
        return frozenset(np.flatnonzero(~shown & uses[standing | ~stop_good].any(axis=0)).tolist())

    def _room(self) -> tuple[Floats, Floats]:
        """A covered exit lets nobody in."""
        lanes = len(self._queue)
        fits = np.full(lanes, 1e6)
        refill = np.zeros(lanes)
        for detector, over in self._exits:
            if self._covered_s[detector] >= BLOCKED_S:
                for lane in {lane for lane, _ in over}:
                    share = sum(self._shares[lane, group] for at, group in over if at == lane)
                    if share > 0.3:
                        fits[lane] = 0.0
                        refill[lane] = 0.15
        return fits, refill


def _from_rest_s(way_m: float | Floats) -> Floats:
    return np.sqrt(2 * np.asarray(way_m) / SPEEDS_UP_MS2)
