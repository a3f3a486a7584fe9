"""Whether a detector can be believed: stuck, chattering, silent or contradicting itself.

Traffic tells a broken detector from an empty road. The seconds and the vehicles on neighbouring
detectors that pass without a sign of life from this one are weighed against what it used to count:
for `a` vehicles in an exposure `b`, the chance of none in a further `x` is `(b / (b + x)) ** a`
(gamma-Poisson predictive). Below one in a million it is the detector.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from control.model import Detector, Junction, Lamp, Role
from control.observe import Floats, Ints, Observation
from control.stillness import Cover, Lull

Bools = NDArray[np.bool_]

IMPROBABLE = -math.log(1e-6)
"""Surprise, in nats, at which silence is a fault."""
DISPERSION = 3.0
"""Variance of counts over their mean: vehicles come in platoons, and the hour changes."""
KNOWN_VEH = 60.0
"""More say no more of a stream: its share between lanes changes with the hour."""
MEMORY_S = 1800.0
"""Over which the usual counts are learned."""
SILENCE_S = 120
"""An upstream signal can keep a road empty for that long."""
COMMON_SILENCE_S = 300
"""For one whose siblings are as silent: rather an empty road than all of them broken at once."""
NO_PRESS_S = 86_400
"""Nobody may want to walk for a night: a button is silent only after a day."""
FIRST_SIGN_VEH = 500.0
"""Vehicles on the siblings of a detector that never gave a sign before it is called dead; for one
of several advance loops, those over its own stop line. An exit never is: some lead nobody away."""
MISSING_S = 3
COVERED = 0.98
BEYOND = 1.5
"""A share of the second that no rounding explains: percent, or counts, in its place."""
STUCK_BUTTON_S = 60
UNDER_WAY = 0.25
"""Of what fits before a bare stop line: nobody stands there, but some drive."""
VEHICLE_M = 5.0
"""Road that a standing vehicle takes at the least: what fits between two detectors."""
DENSEST_VEH_S = 2.5
"""By lane: motorcycles abreast at the begin of green; nothing passes faster."""
SHORTEST_PULSE_S = 0.06
"""A motorcycle at 60 km/h covers a point for 0.11 s."""
UNCOUNTED = 20
"""Vehicles that came and went over the detector without being counted."""
TEN_S = 10.0
"""Memory of the latest rate: a steady rate adds up to ten seconds of it."""
PLAIN_VEH = 5.0
"""Within the latest ten seconds: a queue that is let go, on one lane."""
PEAK_S = 30
ENOUGH_VEH = 30.0
"""Vehicles after which a detector's own peak says more than what is physically possible."""
RECOVERY_S = 60
SIGNS = 3
"""Vehicles to be counted before a stuck detector is believed again."""
FORGIVEN_S = 86_400
"""After a good day earlier relapses do not count."""


class Condition(IntEnum):
    """What is the matter with a detector."""

    GOOD = 0
    MISSING = 1
    CHATTER = 2
    STUCK_ON = 3
    STUCK_OFF = 4
    IMPLAUSIBLE = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is believed of every detector, in the order of `Junction.detectors`."""

    state: NDArray[np.int8]
    """int8[detectors] of `Condition`."""
    since_s: Ints
    """int64[detectors]: the second of the latest change of state."""
    recall: frozenset[int]
    """Groups that are to be served without being asked, for want of their detectors (I23)."""

    @property
    def good(self) -> Bools:
        """bool[detectors]."""
        good: Bools = self.state == Condition.GOOD
        return good


class Health:
    """Looks once a second; pure but for what it remembers."""

    def __init__(self, junction: Junction) -> None:
        detectors = junction.detectors
        n = len(detectors)
        groups = junction.groups
        self._detectors = detectors
        self._siblings = siblings(detectors)
        self._stream = streams(junction)
        self._storage = np.array(
            [_storage(detectors, self._siblings), _storage(detectors, self._stream)]
        )
        self._lanes = np.array([max(1, len(d.lanes)) for d in detectors], np.float64)
        role = np.array([d.role for d in detectors], np.object_)
        button, ahead = role == Role.PUSH_BUTTON, role == Role.ADVANCE
        common_s = np.where(self._siblings.any(axis=1), COMMON_SILENCE_S, SILENCE_S)
        self._vehicular = ~button
        self._at_line = role == Role.STOP_LINE
        self._silence_s = np.where(button, NO_PRESS_S, common_s).astype(np.float64)
        self._longest_cover_s = np.array(
            [
                STUCK_BUTTON_S
                if d.role is Role.PUSH_BUTTON
                else max((groups[g].longest_wait_s for g in d.groups), default=0)
                + max((groups[g].maximum_green_s for g in d.groups), default=0)
                for d in detectors
            ],
            np.float64,
        )
        self._first_sign = np.where(role == Role.EXIT, math.inf, FIRST_SIGN_VEH)
        # who passes beside it may join its lane behind it
        self._joined = ahead & (self._siblings @ ahead > 0)
        # 1 where vehicles may pass in every lamp; 0 where only their green lets them
        self._always = (ahead | button).astype(np.float64)
        self._of_group = np.zeros((n, len(groups)))
        for i, d in enumerate(detectors):
            self._of_group[i, list(d.groups)] = 1.0
        self._state = np.zeros(n, np.int8)
        self._since_s = np.zeros(n, np.int64)
        self._trusted = np.ones(n, np.bool_)
        self._failing = False
        self._none = np.zeros(n, np.int8)
        # usually: vehicles, and the seconds and the vehicles on the siblings that went by meanwhile
        self._usual = np.ones((4, n))
        self._usual[0] = 0.0
        # since the last sign of life: seconds, those in which one was due, vehicles on the siblings
        self._since = np.zeros((4, n))
        self._cover = Cover(detectors, self._stream > 0.0)
        self._lull = Lull(detectors)
        self._lamps: tuple[Lamp, ...] = ()
        self._due = self._always
        self._unsaid_s = np.zeros(n)
        self._covered = np.zeros(n, np.bool_)
        self._occupied = np.zeros(n, np.bool_)
        self._uncounted = np.zeros(n)
        self._lately = np.zeros(n)
        self._cover_lately = np.zeros(n)
        self._peak, self._risen, self._rising = np.zeros(n), np.zeros(n), np.zeros(n)
        self._densest = TEN_S * self._lanes * DENSEST_VEH_S
        self._limit = self._densest.copy()
        self._well_s = np.zeros(n)
        self._signs = np.zeros(n)
        self._relapses = np.zeros(n)
        self._verdict = self._told()
        self._judged: Observation | None = None

    def judge(self, seen: Observation) -> Verdict:
        """What is to be believed in this second; who asks again of the same look learns the same.

        One look a second.
        """
        if seen is self._judged:
            return self._verdict
        self._judged = seen
        said = np.isfinite(seen.count)
        count = np.where(said, np.maximum(seen.count, 0.0), 0.0)
        occupancy = np.where(np.isfinite(seen.occupancy), seen.occupancy, 0.0)
        symptom = self._symptoms(seen, said, count, occupancy)
        self._learn_peak(seen.at_s)
        if symptom is not None or self._failing:
            self._settle(seen.at_s, self._none if symptom is None else symptom, count)
        return self._verdict

    def _symptoms(
        self, seen: Observation, said: Bools, count: Floats, occupancy: Floats
    ) -> NDArray[np.int8] | None:
        """int8[detectors]: what this second speaks for; None where it speaks for no fault."""
        covered, occupied = occupancy >= COVERED, occupancy > 0.0
        if seen.lamps != self._lamps:
            self._lamps = seen.lamps
            green = np.array([lamp is Lamp.GREEN for lamp in seen.lamps], np.float64)
            self._due = np.minimum(self._always + self._of_group @ green, 1.0)

        self._unsaid_s = (self._unsaid_s + 1.0) * ~said
        self._since[0] += said
        self._since[1] += self._due * said
        # one that counts as never before may be broken itself
        beside = count * (self._trusted & (self._lately <= np.maximum(self._peak, PLAIN_VEH)))
        self._since[2] += self._siblings @ beside
        self._since[3] += self._stream @ beside
        alive = (count > 0.0) | (occupied & ~covered) | (covered != self._covered)
        still = ~alive
        quiet, dead = self._improbable(still, occupied)
        too_long = self._since[0] > self._longest_cover_s
        jammed = self._cover.surprise(covered, self._due * said, self._trusted) > IMPROBABLE
        lull = self._lull.surprise(
            alive, self._due * said, self._trusted, self._usual[0] / DISPERSION, self._usual[1]
        )
        self._learn(alive, count)

        self._uncounted += self._occupied & ~occupied & said
        self._uncounted *= count == 0.0
        self._covered, self._occupied = covered, occupied
        self._lately = 0.9 * self._lately + count
        self._cover_lately = 0.9 * self._cover_lately + occupancy
        thin = (self._lately > 5.0) & (self._cover_lately < SHORTEST_PULSE_S * self._lately)
        chatter = (self._lately > self._limit) | (thin & np.isfinite(seen.occupancy))
        missing = self._unsaid_s > MISSING_S
        stuck_on = covered & (dead | too_long | jammed) & still
        stuck_off = (dead | quiet) & ~occupied
        if lull > IMPROBABLE:
            stuck_on |= covered & self._vehicular
            stuck_off |= ~occupied & self._vehicular & said
        odd = (self._uncounted >= UNCOUNTED) | (occupancy > BEYOND) | (occupancy < 0.0)
        odd |= seen.count < 0.0
        if not (chatter | missing | stuck_on | stuck_off | odd).any():
            return None
        symptom = np.zeros(len(count), np.int8)
        symptom[odd] = Condition.IMPLAUSIBLE
        symptom[stuck_off] = Condition.STUCK_OFF
        symptom[stuck_on] = Condition.STUCK_ON
        symptom[chatter] = Condition.CHATTER
        symptom[missing] = Condition.MISSING
        return symptom

    def _improbable(self, still: Bools, occupied: Bools) -> tuple[Bools, Bools]:
        """bool[detectors], twice: seconds, or vehicles beside it, in which it should have lived."""
        exposed = self._since[1:].copy()
        stored = self._storage
        stored = np.array(
            [stored[0], np.where(self._at_line & ~occupied, UNDER_WAY, 1.0) * stored[1]]
        )
        exposed[1:] = np.maximum(exposed[1:] - stored, 0.0)
        counted = self._usual[0]
        weight = np.array(
            [counted / DISPERSION, counted / DISPERSION, np.minimum(counted, KNOWN_VEH)]
        )
        surprise = np.log1p(exposed / self._usual[1:]) * weight
        quiet, dead, lost = (surprise > IMPROBABLE) & still
        dead |= lost
        foretold = np.where(self._joined, exposed[2], exposed[1])
        dead |= (counted == 0.0) & (foretold > self._first_sign)
        return quiet & (self._since[0] > self._silence_s), dead

    def _learn(self, alive: Bools, count: Floats) -> None:
        """What passed since the last sign of life joins the usual, and the clocks start anew."""
        at = np.flatnonzero(alive & self._trusted)
        gain = self._since[:, at]
        keep = MEMORY_S / (MEMORY_S + gain[0])
        gain[0] = count[at]
        self._usual[:, at] = self._usual[:, at] * keep + gain
        self._since *= ~alive

    def _learn_peak(self, at_s: int) -> None:
        """What it has been seen to do, doubled, is too much; a vehicle a second and lane is not.

        A peak counts once a minute has passed: what rises into a fault is no measure for it.
        """
        np.maximum(self._rising, self._lately * self._trusted, out=self._rising)
        if at_s % PEAK_S:
            return
        self._peak = np.maximum(self._peak, self._risen)
        self._risen = self._rising * self._trusted
        self._rising = np.zeros(len(self._peak))
        bound = np.maximum(TEN_S * self._lanes, 2.0 * self._peak)
        known = (self._usual[0] > ENOUGH_VEH) & (self._peak > 0.0)
        self._limit = np.where(known, np.minimum(self._densest, bound), self._densest)

    def _settle(self, at_s: int, symptom: NDArray[np.int8], count: Floats) -> None:
        """A symptom is a fault at once; health must last, and the longer the more relapses."""
        sick = symptom != Condition.GOOD
        failed = self._state != Condition.GOOD
        self._well_s = (self._well_s + 1.0) * ~sick
        self._signs = (self._signs + count) * ~sick
        patience_s = RECOVERY_S * 2.0 ** np.clip(self._relapses - 1.0, 0.0, 4.0)
        shown = (self._state < Condition.STUCK_ON) | (self._signs >= SIGNS)
        cured = failed & (self._well_s >= patience_s) & shown
        fresh = sick & ~failed
        changed = fresh | cured
        if changed.any():
            forgiven = fresh & (at_s - self._since_s > FORGIVEN_S)
            self._relapses = np.where(forgiven, 0.0, self._relapses) + fresh
            self._state = np.where(fresh, symptom, np.where(cured, 0, self._state)).astype(np.int8)
            self._since_s = np.where(changed, at_s, self._since_s)
            self._trusted = self._state == Condition.GOOD
            self._failing = not self._trusted.all()
            self._verdict = self._told()

    def _told(self) -> Verdict:
        lost = np.flatnonzero(self._state)
        asking = (d for d in (self._detectors[i] for i in lost) if d.role is not Role.EXIT)
        recall = frozenset(g for detector in asking for g in detector.groups)
        return Verdict(self._state, self._since_s, recall)


def siblings(detectors: Iterable[Detector]) -> Floats:
    """float64[detectors, detectors]: 1 where the column's vehicles foretell the row's.

    Detectors of one approach foretell one another, and those at its stop line the exit; an exit
    foretells nobody, for it is also fed by others.
    """
    detectors = tuple(detectors)
    matrix = np.zeros((len(detectors), len(detectors)))
    for i, one in enumerate(detectors):
        foretelling = {Role.STOP_LINE} if one.role is Role.EXIT else {Role.STOP_LINE, Role.ADVANCE}
        if one.role is Role.PUSH_BUTTON:
            continue
        for j, other in enumerate(detectors):
            if i != j and other.role in foretelling and one.groups & other.groups:
                matrix[i, j] = 1.0
    return matrix


def streams(junction: Junction) -> Floats:
    """float64[detectors, detectors]: 1 where the column's vehicles pass the row, or have passed it.

    The advance loops and the stop line of one lane, and the stop lines before an exit.
    """
    detectors = junction.detectors
    leads: dict[str, set[str]] = {}
    for lane, _, away in junction.ways:
        leads.setdefault(away, set()).add(lane)
    matrix = np.zeros((len(detectors), len(detectors)))
    for i, one in enumerate(detectors):
        lanes = set(one.lanes)
        roles = {Role.STOP_LINE: Role.ADVANCE, Role.ADVANCE: Role.STOP_LINE}
        if one.role is Role.EXIT:
            lanes = {lane for away in one.lanes for lane in leads.get(away, ())}
        for j, other in enumerate(detectors):
            if other.role is roles.get(one.role, Role.STOP_LINE) and lanes & set(other.lanes):
                matrix[i, j] = 1.0
    return matrix


def _storage(detectors: tuple[Detector, ...], matrix: Floats) -> Floats:
    """float64[detectors]: vehicles that fit between it and its siblings, and pass only those."""
    place = np.array([-d.distance_m if d.role is Role.EXIT else d.distance_m for d in detectors])
    lanes = np.array([max(1, len(d.lanes)) for d in detectors], np.float64)
    between = np.abs(place[:, None] - place[None, :]) / VEHICLE_M * np.minimum.outer(lanes, lanes)
    stored: Floats = (matrix * between).sum(axis=1)
    return stored
