"""Buses that ask for their green, and how much of other people's they get (I26).

A call is believed by the planner only as far as it can do no harm: whatever is called, also
falsely and without end, a bus has its way only as a grant, which is

- an extension: what would have ended stays, `EXTENSION_S` in all; or
- an early green: a stage that serves the bus begins sooner than it would have, after every minimum
  green (walk among them) that runs, and only if no other call would wait too long for it.

What a grant costs is given back: who waited through one, or lost its green to one, has a green
that no bus cuts short, until nobody is left in it or it ends of itself, before anything is granted
again. So no wait is lengthened by two grants, and no direction has two in one cycle.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from control.lanes import LaneTables
from control.model import Junction, Kind, Lamp
from control.observe import BusCall, Floats, Observation
from control.picture import HORIZON_S, NOBODY_VEH, SOON_S, Picture
from control.rows import PERSONS_PER_CAR, Row

log = logging.getLogger("ria.planner")

EXTENSION_S = 15
"""The usual 10 to 15 s."""
COUNTS_S = 180
"""From its first second: what asks longer is no bus, or in a queue that no priority clears."""
MOST_CALLS = 16
"""Of those that stand, in one second: the soonest."""
PASSES_S = 3
"""A bus that is due has passed once its lanes were empty for so long beside its green."""


@dataclass(slots=True)
class _Asked:
    """One call, since it was first heard."""

    since_s: int
    passing_s: int = 0


@dataclass(slots=True)
class _Grant:
    """What is being given, and at whose cost."""

    groups: frozenset[int]
    held_s: int = 0
    begun: bool = False
    """Whether their green has come."""
    lost: set[int] = field(default_factory=set)


class Priority:
    """The ledger of one junction: `see` once a second, `grants` where a bus would change a plan."""

    def __init__(self, junction: Junction, tables: LaneTables) -> None:
        self._junction = junction
        self._tables = tables
        self._vehicles = {
            g for g, group in enumerate(junction.groups) if group.kind is Kind.VEHICLE
        }
        self._asked: dict[str, _Asked] = {}
        self._calls: tuple[BusCall, ...] = ()
        self._at_s = 0
        self._green: frozenset[int] = frozenset()
        self._grant: _Grant | None = None
        self._owed: dict[int, bool] = {}
        """Group → whether the green that makes up for its loss has begun."""
        self.granted = 0
        """Since the begin."""

    @property
    def asking(self) -> frozenset[int]:
        """Groups for which a bus counts in this second."""
        return frozenset(call.group for call in self._calls)

    @property
    def owed(self) -> frozenset[int]:
        """Groups that have lost by a grant, until they have been served for it."""
        return frozenset(self._owed)

    def see(self, seen: Observation, picture: Picture) -> None:
        """What is called and what is shown."""
        self._at_s = seen.at_s
        self._green = frozenset(g for g, lamp in enumerate(seen.lamps) if lamp is Lamp.GREEN)
        self._calls = self._counting(seen.buses, picture) if seen.buses else ()
        self._asked = {call.id: self._asked[call.id] for call in self._calls_heard(seen.buses)}
        self._repay(picture)
        grant = self._grant
        if grant is not None:
            here = bool(grant.groups & self._green)
            if not grant.groups & self.asking or (grant.begun and not here):
                self._owed |= dict.fromkeys(grant.lost, False)
                self._grant = None
            grant.begun = grant.begun or here

    def _repay(self, picture: Picture) -> None:
        for g, begun in list(self._owed.items()):
            shown = g in self._green
            if (begun and not shown) or (shown and self._empty(g, picture)):
                del self._owed[g]
            else:
                self._owed[g] = begun or shown

    def _empty(self, group: int, picture: Picture) -> bool:
        """Whether nobody stands in the lanes of a group or comes within some seconds."""
        lanes = self._tables.uses[:, group]
        soon = picture.arrivals[lanes, :SOON_S].sum()
        return bool(picture.queue[lanes].sum() + soon < NOBODY_VEH)

    def _calls_heard(self, buses: Sequence[BusCall]) -> Iterator[BusCall]:
        return (call for call in buses if call.id in self._asked)

    def _counting(self, buses: Sequence[BusCall], picture: Picture) -> tuple[BusCall, ...]:
        soonest = sorted(buses, key=lambda call: call.arrives_s)[:MOST_CALLS]
        return tuple(
            call
            for call in soonest
            if call.group in self._vehicles
            and self._at_s < call.expires_s
            and call.persons > 0
            and self._still_comes(call, picture)
        )

    def _still_comes(self, call: BusCall, picture: Picture) -> bool:
        """Whether it has asked for too long, or is past the stop line by what is seen there."""
        asked = self._asked.setdefault(call.id, _Asked(self._at_s))
        due = self._at_s >= call.arrives_s and call.group in self._green
        passing = due and self._empty(call.group, picture)
        asked.passing_s = asked.passing_s + 1 if passing else 0
        if asked.passing_s >= PASSES_S:
            asked.since_s = self._at_s - COUNTS_S
        return self._at_s - asked.since_s < COUNTS_S

    def rows(self, picture: Picture) -> Iterator[Row]:
        """One for each group that a bus asks for.

        A bus that stands behind others leaves when they have left: it takes all of their time to
        let its load go.
        """
        for g in sorted(self.asking):
            arrivals = np.zeros(HORIZON_S)
            queue, loads, calls = 0.0, 0.0, 0
            soonest_s = HORIZON_S
            for call in self._calls:
                in_s = max(0, call.arrives_s - self._at_s)
                if call.group != g or in_s >= HORIZON_S:
                    continue
                load = call.persons / PERSONS_PER_CAR
                if in_s == 0:
                    queue += load
                else:
                    arrivals[in_s] += load
                loads, calls = loads + load, calls + 1
                soonest_s = min(soonest_s, in_s)
            if calls:
                ahead_s = self._ahead_s(g, picture, soonest_s)
                yield Row(g, queue, arrivals, loads / (1.0 + ahead_s), load=loads / calls)

    def _ahead_s(self, group: int, picture: Picture, in_s: int) -> float:
        """Seconds of green for whoever will stand before a bus when it comes."""
        lanes = self._tables.uses[:, group]
        if not lanes.any():
            return 0.0
        ahead_s = float((picture.queue[lanes] / picture.saturation[lanes]).mean())
        return max(0.0, ahead_s - in_s) if group in self._green else ahead_s

    def holds(self, now: int) -> bool:
        """Whether a bus is about to pass in the green that runs, within what an extension gives."""
        green = self._junction.stages[now].green
        held_s = 0 if self._grant is None else self._grant.held_s
        return any(
            call.group in green and call.arrives_s - self._at_s < EXTENSION_S - held_s
            for call in self._calls
        )

    def grants(self, now: int, plain: int, wished: int, wait_s: Floats) -> bool:
        """Whether `wished` may stand in the place of `plain`; it is charged if it may.

        Args:
            now: the stage that runs, whole.
            plain: what would be chosen if no bus were there.
            wished: what would be chosen for the bus.
            wait_s: float64[groups], for how long each group's call has waited.
        """
        stages = self._junction.stages
        if wished != now and not stages[wished].green & self.asking:
            return False
        grant = self._grant
        same_bus = grant is not None and bool(stages[wished].green & grant.groups)
        waiting = set(np.flatnonzero(wait_s > 0).tolist())
        if grant is None:
            if self._owed.keys() & (waiting | self._green):
                return False
            served = stages[wished].green & self.asking
            grant = self._grant = _Grant(served or self.asking)
            self.granted += 1
            log.info(
                "junction %s at_s=%d: stage %s for a bus in place of %s",
                self._junction.id, self._at_s, stages[wished].id, stages[plain].id,
            )  # fmt: skip
        elif not (grant.held_s < EXTENSION_S if wished == now else same_bus):
            return False
        grant.held_s += wished == now
        grant.lost |= (waiting | stages[now].green) - stages[wished].green
        return True
