"""What a strategy decides is announced before it is done: displays count, then the stage changes.

With the last N seconds on display, a change that is decided now begins in N; until then the green
stands and the decision with it (I11, I13). With whole greens on display there is no deciding on
the way: as soon as a stage is whole, its length and what follows are settled (a group that was
green before its stage was whole shows nothing until then: nobody knew).
"""

from dataclasses import replace
from typing import Protocol

from control.countdown import Ledger, Reason
from control.model import Countdown, Junction, Lamp
from control.observe import Observation, Strategy
from control.staging import Change, Staging


class Foresight(Protocol):
    """Says at the begin of a green how long it shall be, and abides by what it said."""

    def foresee(self, now: int) -> tuple[int, int]:
        """Seconds from now on that stage `now` stays, and the stage after it."""
        ...


class Promised:
    """A strategy under displays at every group; one stage at a time is announced and kept."""

    def __init__(
        self,
        strategy: Strategy,
        junction: Junction,
        last_s: int,
        foresight: Foresight | None = None,
    ) -> None:
        """Put displays of the last `last_s` seconds on every group; 0: none.

        Args:
            strategy: Whose decisions are announced; asked every second, announced or not.
            junction: Its own displays are replaced.
            last_s: Seconds.
            foresight: Given, each length is settled at once and counted down as a whole.
        """
        self.junction = replace(
            junction, countdowns=tuple(Countdown(g, last_s) for g in range(len(junction.groups)))
        )
        self.ledger = Ledger(self.junction, notice_s=None if foresight is None else 1)
        self.shown: dict[int, int | None] = {}
        """Group → the number on its display this second, None for blank."""
        self.promises = 0
        """Changes of stage that were announced."""
        self.broken = 0
        """Displays that had said something else than came."""
        self.strategy = strategy
        self._foresight = foresight
        self._last_s = last_s
        self._staging = Staging(self.junction)
        self._stage: int | None = None
        self._next: tuple[int, int] | None = None
        """When the announced change begins, and to which stage."""

    def decide(self, seen: Observation) -> int:
        """The stage that was announced for this second."""
        wanted = self.strategy.decide(seen)
        if self._last_s == 0:
            return wanted
        self.ledger.watch(seen.at_s, seen.lamps)
        broken = sum(event.reason is Reason.BROKEN for event in self.ledger.events())
        self.broken += broken
        dark = any(lamp in {Lamp.DARK, Lamp.FLASH} for lamp in seen.lamps)
        if seen.preempt is not None or dark or broken:
            self.ledger.blank(Reason.FAULT if seen.preempt is None else Reason.PREEMPT)
            self._stage, self._next = wanted, None
        elif self._stage is None:
            self._stage = wanted
        elif self._next is None and self._whole(seen, self._stage):
            self._announce(seen, self._stage, wanted)
        if self._next is not None and seen.at_s >= self._next[0]:
            self._stage, self._next = self._next[1], None
        self.shown = self.ledger.display(seen.at_s)
        return self._stage

    def _whole(self, seen: Observation, stage: int) -> bool:
        green = {g for g, lamp in enumerate(seen.lamps) if lamp is Lamp.GREEN}
        return green == self.junction.stages[stage].green

    def _announce(self, seen: Observation, now: int, wanted: int) -> None:
        """Commit the change that is wanted as soon as it can be, or else at its foreseen time."""
        stay_s = 0
        if self._foresight is not None:
            stay_s, wanted = self._foresight.foresee(now)
        if wanted == now:
            return
        change = self._staging.change(now, wanted)
        begin_s = max(
            seen.at_s + max(1, stay_s, self._possible_s(seen, change)),
            self.ledger.earliest_change_s(change, seen.at_s),
        )
        if self.ledger.commit_change(change, begin_s, wanted):
            self._next = (begin_s, wanted)
            self.promises += 1

    def _possible_s(self, seen: Observation, change: Change) -> int:
        """Until the change runs as `Staging.change` has it: what came before is then forgotten."""
        groups = self.junction.groups
        rest_s = 0
        for g, end_s in change.ends_s.items():
            rest_s = max(rest_s, groups[g].minimum_green_s - seen.age_s[g] - end_s)
        for h, begin_s in change.begins_s.items():
            if seen.lamps[h] is Lamp.GREEN:
                continue
            yellow_s = groups[h].yellow_s if seen.lamps[h] is Lamp.YELLOW else 0
            revert_s = yellow_s + groups[h].red_revert_s
            rest_s = max(rest_s, revert_s - seen.age_s[h] - begin_s)
            for g in self.junction.conflicting(h):
                if seen.lamps[g] is not Lamp.GREEN:
                    red = seen.lamps[g] is Lamp.RED
                    gone_s = seen.age_s[g] + (groups[g].yellow_s if red else 0)
                    rest_s = max(rest_s, self.junction.intergreen_s[g, h] - gone_s - begin_s)
        return rest_s
