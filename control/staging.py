"""From the stage that is wanted to hold, force-off, omit and call, second by second.

A change ends every green as late as its intergreens allow and begins every green as early: a
group whose clearance is short keeps its green while the one with the long clearance runs out.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from control.model import Junction, Kind, Lamp
from control.observe import Floats

NEVER_S = 10_000
CLEARS_S = 14
"""Who has not left the junction so long after its green will not leave for our waiting."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to ask of the controller this second."""

    hold: frozenset[int]
    force_off: frozenset[int]
    omit: frozenset[int]
    call: frozenset[int]


@runtime_checkable
class Ordering(Protocol):
    """A strategy that at times knows what to ask of every group, not only of a stage."""

    order: Wish | None


def ordered(strategy: object) -> Wish | None:
    """What it asks of the groups themselves after its last decision; None: of its stage."""
    return strategy.order if isinstance(strategy, Ordering) else None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of stage, in seconds from its begin."""

    ends_s: dict[int, int]
    """Group → when its green ends."""
    begins_s: dict[int, int]
    """Group → when its green begins."""

    @property
    def lasts_s(self) -> int:
        """Until the whole new stage is green."""
        return max(self.begins_s.values(), default=max(self.ends_s.values(), default=0))


class Staging:
    """The changes of one junction; it remembers nothing, so that it may be asked at any second."""

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        count = len(junction.groups)
        self._all = frozenset(range(count))
        self._conflicting = [tuple(sorted(junction.conflicting(g))) for g in range(count)]
        self._yields_to = [
            tuple(sorted(h for g, h in junction.yields if g == k)) for k in range(count)
        ]

    def wish(
        self,
        lamps: tuple[Lamp, ...],
        age_s: tuple[int, ...],
        stage: int,
        inside: Floats | None = None,
    ) -> Wish:
        """Towards a stage, from what the groups show and for how long they have shown it.

        Args:
            lamps: of every group.
            age_s: for how long each has shown its lamp.
            stage: the number of the one that is wanted.
            inside: float64[groups], vehicles that stand within the junction, where that is seen.
                What they would be in the way of waits for them, for `CLEARS_S` at most.
        """
        target = self.junction.stages[stage].green
        green = {g for g, lamp in enumerate(lamps) if lamp is Lamp.GREEN}
        ending = self.ending(green, target)
        waiting = {g for g in target if g not in green or g in ending}
        early = self._in_the_way(lamps, age_s, waiting, inside)
        if not ending:
            return Wish(
                frozenset(green),
                frozenset(),
                (self._all - target) | early,
                frozenset(waiting - early),
            )
        ends = self._ends(lamps, age_s, ending, waiting)
        off = frozenset(g for g in ending if ends[g] <= 0)
        # beside a begun green that it yields to, a yielding one could no longer end (I31)
        early |= {h for g in ending - off for h in self._yields_to[g] if h in waiting}
        stands = green - off
        ready = {h for h in waiting - early if not any(g in stands for g in self._conflicting[h])}
        return Wish(frozenset(stands), off, (self._all - target) | early, frozenset(ready))

    def at_once(self, lamps: tuple[Lamp, ...], age_s: tuple[int, ...], due: frozenset[int]) -> Wish:
        """Towards these greens and no other, each as soon as it may; a plan has timed them."""
        green = {g for g, lamp in enumerate(lamps) if lamp is Lamp.GREEN}
        ending = {
            g
            for g in self.ending(green, due)
            if age_s[g] + 1 >= self.junction.groups[g].minimum_green_s
        }
        while trapped := {
            g for g in ending if any(h in green - ending for h in self._yields_to[g])
        }:
            ending -= trapped
        stands = green - ending
        ready = {h for h in due - green if not any(g in stands for g in self._conflicting[h])}
        return Wish(frozenset(stands), frozenset(ending), self._all - due, frozenset(ready))

    def _in_the_way(
        self,
        lamps: tuple[Lamp, ...],
        age_s: tuple[int, ...],
        waiting: set[int],
        inside: Floats | None,
    ) -> set[int]:
        """Groups whose way is held by vehicles of a green that has just ended."""
        if inside is None:
            return set()
        return {
            h
            for g in self._all
            if inside[g] > 0
            and lamps[g] is not Lamp.GREEN
            and self._since_green_s(lamps, age_s, g) <= CLEARS_S
            for h in self._conflicting[g]
            if h in waiting and lamps[h] is Lamp.RED
        }

    def ending(self, green: set[int], target: frozenset[int]) -> set[int]:
        """Greens that have to end; what a yielding one yields to ends with it (I31)."""
        ending = green - target
        while True:
            more = {h for g in ending for h in self._yields_to[g] if h in green and h not in ending}
            if not more:
                return ending
            ending |= more

    def change(self, from_stage: int, to_stage: int) -> Change:
        """How a change runs when every green has had its minimum."""
        green = self.junction.stages[from_stage].green
        target = self.junction.stages[to_stage].green
        lamps = tuple(Lamp.GREEN if g in green else Lamp.RED for g in sorted(self._all))
        age_s = tuple(NEVER_S for _ in lamps)
        ending = self.ending(set(green), target)
        waiting = {g for g in target if g not in green or g in ending}
        ends = self._ends(lamps, age_s, ending, waiting)
        begins: dict[int, int] = {}
        for h in waiting:
            begin = max(
                (
                    ends[g] + self.junction.intergreen_s[g, h]
                    for g in self._conflicting[h]
                    if g in ends
                ),
                default=0,
            )
            if h in ends:
                group = self.junction.groups[h]
                begin = max(begin, ends[h] + group.yellow_s + group.red_revert_s)
            begins[h] = max([begin, *(ends[g] for g in ends if h in self._yields_to[g])])
        return Change(ends, begins)

    def _ends(
        self,
        lamps: tuple[Lamp, ...],
        age_s: tuple[int, ...],
        ending: set[int],
        waiting: set[int],
    ) -> dict[int, int]:
        """Group → in how many seconds its green should end."""
        groups = self.junction.groups
        span = self.junction.intergreen_s
        soonest = {g: max(0, groups[g].minimum_green_s - age_s[g]) for g in ending}
        starts: dict[int, int] = {}
        for h in waiting:
            start = 0
            for g in self._conflicting[h]:
                if g in ending:
                    start = max(start, soonest[g] + span[g, h])
                elif lamps[g] is not Lamp.GREEN:
                    start = max(start, span[g, h] - self._since_green_s(lamps, age_s, g))
            if lamps[h] is Lamp.YELLOW:
                start = max(start, groups[h].yellow_s - age_s[h] - 1 + groups[h].red_revert_s)
            starts[h] = start
        whole = max(starts.values(), default=0)
        ends: dict[int, int] = {}
        for g in ending:
            bound = [starts[h] - span[g, h] for h in self._conflicting[g] if h in starts]
            latest = min(bound) if bound else whole - groups[g].yellow_s
            # walk that nobody waits for ends with the vehicles beside it, not before
            latest = whole if not bound and groups[g].kind is Kind.PEDESTRIAN else latest
            ends[g] = max(soonest[g], latest)
        for _ in ending:
            for g in ending:
                for h in self._yields_to[g]:
                    if h in ends:
                        ends[h] = max(soonest[h], min(ends[h], ends[g]))
                        ends[g] = max(ends[g], ends[h])
        return ends

    def _since_green_s(self, lamps: tuple[Lamp, ...], age_s: tuple[int, ...], g: int) -> int:
        """Since its green ended until what is asked now is obeyed, a second after the look.

        At the least: a red may be older than it shows.
        """
        yellow = 0 if lamps[g] is Lamp.YELLOW else self.junction.groups[g].yellow_s
        return age_s[g] + 1 + yellow
