"""The invariants of `docs/reference/invariants.md`, read from the lamps alone, second by second.

Nothing here is shared with the shield or the controller: a log of lamps and calls goes in, what it
breaks comes out. `Memory` is what must be known of the past; its clocks stop where no rule looks.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from control.model import Junction, Kind, Lamp

RED, YELLOW, GREEN = int(Lamp.RED), int(Lamp.YELLOW), int(Lamp.GREEN)
LAMP_RULES = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I18", "I31")


class Memory(NamedTuple):
    """What the log has shown so far; entries by group."""

    lamps: tuple[int, ...]
    clock_s: tuple[int, ...]
    """For a green how long it has lasted, else how long ago the last one ended."""
    wait_s: tuple[int, ...]
    """For how long a call has stood; -1: none."""
    red_s: int
    """All red since flash or darkness; -1: neither came."""


class Watch:
    """One junction's rules. `fired` counts how often each rule had something to judge."""

    def __init__(self, junction: Junction) -> None:
        self.junction = junction
        self.fired: Counter[str] = Counter()
        groups = junction.groups
        count = range(len(groups))
        self._conflicts = [sorted(junction.conflicting(g)) for g in count]
        self._pairs = [(g, h) for g, h in junction.conflicts if g < h]
        self._priority = [[h for y, h in junction.yields if y == g] for g in count]
        self._cap = [
            max(
                [
                    group.yellow_s + group.red_revert_s,
                    group.minimum_green_s,
                    group.maximum_green_s + 1,
                ]
                + [junction.intergreen_s[g, h] for h in self._conflicts[g]]
            )
            for g, group in enumerate(groups)
        ]
        self._wait_cap = [
            max(group.longest_wait_s, *(groups[h].maximum_green_s for h in self._conflicts[g]), 0)
            + 1
            for g, group in enumerate(groups)
        ]

    def first(self, lamps: Iterable[int]) -> Memory:
        """Nothing is known of what was before."""
        shown = tuple(int(lamp) for lamp in lamps)
        clock_s = tuple(0 if lamp == GREEN else self._cap[g] for g, lamp in enumerate(shown))
        return Memory(shown, clock_s, (-1,) * len(shown), -1)

    def forget_calls(self, memory: Memory) -> Memory:
        """The gateway has restarted: what it had been told of calls is gone."""
        return memory._replace(wait_s=(-1,) * len(memory.lamps))

    def step(
        self,
        memory: Memory,
        lamps: Iterable[int],
        called: Iterable[int] = (),
        *,
        steered: bool = True,
    ) -> tuple[Memory, list[str]]:
        """One second later: what is known now, and each rule that this second breaks.

        Args:
            memory: of the second before.
            lamps: shown from now on.
            called: groups that somebody asked for in the second before.
            steered: whether the controller obeyed somebody; maximum green and the longest wait
                are judged while it did, for otherwise they are its own program's.
        """
        shown = tuple(lamps)
        broken: list[str] = []
        if any(lamp > GREEN for lamp in shown):
            self.fired["I18"] += 1
            clock_s = tuple(
                0 if lamp == GREEN else min(clock + 1, self._cap[g])
                for g, (lamp, clock) in enumerate(zip(memory.lamps, memory.clock_s, strict=True))
            )
            return Memory(shown, clock_s, (-1,) * len(shown), 0), broken
        red_s = self._start_up(memory, shown, broken)
        clocks = list(memory.clock_s)
        for group, lamp in enumerate(shown):
            was = memory.lamps[group]
            clocks[group] = min(clocks[group] + 1, self._cap[group])
            if lamp == was:
                continue
            if was > GREEN:
                was = RED
            self.fired["I3"] += 1
            if lamp == GREEN:
                self._began(group, was, clocks, shown, memory, broken)
                clocks[group] = 0
            elif was == GREEN:
                self._ended(group, lamp, clocks[group], shown, memory, broken)
                clocks[group] = 0
            elif lamp == RED and was == YELLOW:
                self._cleared(group, clocks[group], broken)
            elif lamp == YELLOW:
                broken.append(f"I3 group {group} went from red to yellow")
        waits = self._waits(memory, shown, clocks, called, broken, steered)
        for g, h in self._pairs:
            if shown[g] != RED or shown[h] != RED:
                self.fired["I1"] += 1
                if shown[g] != RED and shown[h] != RED:
                    broken.append(f"I1 groups {g} and {h} are shown together")
        return Memory(shown, tuple(clocks), waits, red_s), broken

    def _start_up(self, memory: Memory, shown: tuple[int, ...], broken: list[str]) -> int:
        if memory.red_s < 0:
            return -1
        if any(shown):
            self.fired["I18"] += 1
            if memory.red_s < self.junction.startup_red_s:
                broken.append(f"I18 all red for {memory.red_s} s only after flash")
            return -1
        return min(memory.red_s + 1, self.junction.startup_red_s)

    def _began(
        self,
        group: int,
        was: int,
        clocks: list[int],
        shown: tuple[int, ...],
        memory: Memory,
        broken: list[str],
    ) -> None:
        if was == YELLOW:
            broken.append(f"I3 group {group} went from yellow to green")
        rules = self.junction.groups[group]
        self.fired["I5"] += 1
        if clocks[group] < rules.yellow_s + rules.red_revert_s:
            broken.append(f"I5 group {group} was red too short")
        for other in self._conflicts[group]:
            if memory.lamps[other] == GREEN:
                since_s = 0
            else:
                since_s = min(memory.clock_s[other] + 1, self._cap[other])
            needed_s = self.junction.intergreen_s[other, group]
            self.fired["I2"] += 1
            if shown[other] != RED or since_s < needed_s:
                broken.append(f"I2 group {group} began {since_s} s after {other}, not {needed_s} s")
                if self.junction.groups[other].kind is Kind.PEDESTRIAN:
                    broken.append(f"I9 group {group} began before walkers of {other} were clear")

    def _ended(
        self,
        group: int,
        lamp: int,
        lasted_s: int,
        shown: tuple[int, ...],
        memory: Memory,
        broken: list[str],
    ) -> None:
        rules = self.junction.groups[group]
        walks = rules.kind is Kind.PEDESTRIAN
        self.fired["I6"] += 1
        self.fired["I9"] += walks
        if lasted_s < rules.minimum_green_s:
            broken.append(f"I6 group {group} was green for {lasted_s} s only")
            if walks:
                broken.append(f"I9 group {group} showed walk for {lasted_s} s only")
        if lamp == RED and rules.yellow_s:
            broken.append(f"I3 group {group} went from green to red")
        for other in self._priority[group]:
            self.fired["I31"] += 1
            if memory.lamps[other] == GREEN and shown[other] == GREEN:
                broken.append(f"I31 group {group} turns yellow while {other} stays green")

    def _cleared(self, group: int, lasted_s: int, broken: list[str]) -> None:
        rules = self.junction.groups[group]
        self.fired["I4"] += 1
        if lasted_s != rules.yellow_s:
            broken.append(f"I4 the yellow of group {group} lasted {lasted_s} s")
            if rules.kind is Kind.PEDESTRIAN:
                broken.append(f"I9 the clearance of group {group} lasted {lasted_s} s")

    def _waits(
        self,
        memory: Memory,
        shown: tuple[int, ...],
        clocks: list[int],
        called: Iterable[int],
        broken: list[str],
        steered: bool,
    ) -> tuple[int, ...]:
        waits = list(memory.wait_s)
        for group, before_s in enumerate(memory.wait_s):
            if shown[group] == GREEN:
                self.fired["I10"] += before_s >= 0
                waits[group] = -1
            elif before_s >= 0:
                self.fired["I8"] += 1
                wait_s = min(before_s + 1, self._wait_cap[group]) if steered else 0
                waits[group] = wait_s
                if wait_s > self.junction.groups[group].longest_wait_s:
                    broken.append(f"I8 the call of group {group} waits {wait_s} s")
                for other in self._conflicts[group]:
                    if shown[other] == GREEN:
                        self.fired["I7"] += 1
                        longest_s = self.junction.groups[other].maximum_green_s
                        # standing at the second's begin: it lasts to its end at least
                        if min(wait_s, clocks[other]) >= longest_s:
                            broken.append(f"I7 group {other} stays green against {group}")
        for group in called:
            if shown[group] != GREEN and waits[group] < 0:
                waits[group] = 0
        return tuple(waits)
