"""What a countdown shows is a promise: the lamp changes when the numbers run out, or they go out.

A number that was shown binds all that comes after it. The end of a green that will be counted down
is therefore decided before the first number appears; until then it is free. Only an emergency or a
fault breaks a promise, and then the display goes blank first and stays so until the lamp changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from control.model import Junction, Lamp
from control.staging import Change

WHOLE_GREEN_S = 999
"""On display: more than any green lasts."""


class Reason(StrEnum):
    """Why numbers went out before they had run out."""

    PREEMPT = "preempt"
    FAULT = "fault"
    LINK = "link"
    FLASH = "flash"
    """The lamps went dark, or flash."""
    BROKEN = "broken"
    """The lamp changed at another time than was shown: the controller did not follow."""


@dataclass(frozen=True, slots=True)
class Blanked:
    """One display that went blank; for the log (I11)."""

    at_s: int
    group: int
    reason: Reason
    promised_s: int
    """When the lamp would have changed."""


@dataclass(frozen=True, slots=True)
class _Promise:
    change_at_s: int
    next: int


class _Display:
    """One display, its lamp, and what it has promised."""

    def __init__(self, group: int, last_s: int, notice_s: int, red_s: int, longest_s: int) -> None:
        self.group = group
        self.last_s = last_s
        self.notice_s = notice_s
        self.red_s = red_s
        self.longest_s = longest_s
        self.lamp = Lamp.DARK
        self.since_s = 0
        self.promise: _Promise | None = None
        self.shown = False
        self.blank_since_s: int | None = None

    @property
    def binding(self) -> _Promise | None:
        """The promise that people have seen."""
        return self.promise if self.shown else None

    def forget(self) -> None:
        self.promise = None
        self.shown = False


class Ledger:
    """All promises of one junction. Once a second: `watch`, decide and `commit`, `display`."""

    def __init__(self, junction: Junction, notice_s: int | None = None) -> None:
        """Blank displays; each counts for at least `notice_s`, without it for all its seconds."""
        self._at_s = 0
        self._events: list[Blanked] = []
        self._displays: dict[int, _Display] = {}
        for countdown in junction.countdowns:
            if countdown.last_s > 0:
                g = countdown.group
                before_s = (s for (_, h), s in junction.intergreen_s.items() if h == g)
                self._displays[g] = _Display(
                    g,
                    countdown.last_s,
                    countdown.last_s if notice_s is None else min(notice_s, countdown.last_s),
                    countdown.last_s + max(before_s, default=0),
                    junction.groups[g].maximum_green_s,
                )

    def watch(self, at_s: int, lamps: tuple[Lamp, ...], *, linked: bool = True) -> None:
        """Take in what the groups show, before anything is decided in this second.

        Args:
            at_s: Monotonic whole seconds; grows by one.
            lamps: As read back.
            linked: Whether the controller still obeys; without it no promise can be kept.
        """
        self._at_s = at_s
        for display in self._displays.values():
            lamp = lamps[display.group]
            if not linked and lamp not in {Lamp.DARK, Lamp.FLASH}:
                # whoever no longer hears of a promise does not break it
                self._blank(display, Reason.LINK)
            if lamp is not display.lamp:
                self._changed(display, lamp)
            if lamp in {Lamp.DARK, Lamp.FLASH}:
                self._blank(display, Reason.FLASH)
            elif not linked:
                self._blank(display, Reason.LINK)
            elif display.binding is not None and display.binding.change_at_s < at_s - 1:
                self._blank(display, Reason.BROKEN)

    def _changed(self, display: _Display, lamp: Lamp) -> None:
        """The lamp has changed: the promise is kept, or it was broken."""
        binding = display.binding
        if lamp in {Lamp.DARK, Lamp.FLASH}:
            self._blank(display, Reason.FLASH)
        elif binding is not None and abs(binding.change_at_s - self._at_s) > 1:
            self._blank(display, Reason.BROKEN)
        display.forget()
        display.lamp = lamp
        display.since_s = self._at_s
        display.blank_since_s = None

    def _blank(self, display: _Display, reason: Reason) -> None:
        if display.binding is not None:
            promised_s = display.binding.change_at_s
            self._events.append(Blanked(self._at_s, display.group, reason, promised_s))
        display.forget()
        if display.blank_since_s is None:
            display.blank_since_s = self._at_s

    @property
    def next_stage(self) -> int | None:
        """The stage that a shown promise leads to; nobody may choose another (I13)."""
        for display in self._displays.values():
            if display.binding is not None:
                return display.binding.next
        return None

    def earliest_end_s(self, group: int, at_s: int) -> int:
        """The soonest second at which a green could end if that were decided now."""
        display = self._displays.get(group)
        if display is None or display.lamp is not Lamp.GREEN:
            return at_s
        if display.binding is not None:
            return display.binding.change_at_s
        if display.blank_since_s is not None:
            return max(at_s, display.blank_since_s + 1)
        if at_s <= display.since_s:
            return at_s + 1  # decided at its very begin, it is counted down as a whole
        # that it ends at its maximum has been known all along
        at_maximum_s = max(at_s + 1, display.since_s + display.longest_s)
        return min(at_s + display.notice_s, at_maximum_s)

    def earliest_change_s(self, change: Change, at_s: int) -> int:
        """The soonest second at which a change of stage can begin so that every promise is kept."""
        ends = change.ends_s.items()
        return max((self.earliest_end_s(g, at_s) - end_s for g, end_s in ends), default=at_s)

    def commit(self, group: int, change_at_s: int, next: int) -> bool:  # noqa: A002
        """Promise that the lamp of a group changes then, on the way to stage `next`.

        Returns:
            Whether it could be promised: not against what is shown, not sooner than the whole
            countdown takes, not to another stage than the one already promised. A promise of which
            no number was shown yet is replaced.
        """
        display = self._displays.get(group)
        if display is None or display.blank_since_s is not None:
            return True
        promise = _Promise(change_at_s, next)
        if display.binding is not None:
            return display.binding == promise
        green = display.lamp is Lamp.GREEN
        if self.next_stage not in {None, next} or display.lamp not in {Lamp.GREEN, Lamp.RED}:
            return False
        if change_at_s <= self._at_s:
            return False
        if green and change_at_s < self.earliest_end_s(group, self._at_s):
            return False
        display.promise = promise
        return True

    def commit_change(self, change: Change, begin_s: int, next: int) -> bool:  # noqa: A002
        """Promise a whole change of stage that begins at `begin_s`; all of it, or nothing."""
        moves = [(g, begin_s + s) for g, s in change.ends_s.items() if self._shows(g, Lamp.GREEN)]
        moves += [(g, begin_s + s) for g, s in change.begins_s.items() if self._shows(g, Lamp.RED)]
        before = {g: display.promise for g, display in self._displays.items()}
        if all(self.commit(g, at_s, next) for g, at_s in moves):
            return True
        for g, promise in before.items():
            self._displays[g].promise = promise
        return False

    def _shows(self, group: int, lamp: Lamp) -> bool:
        return group in self._displays and self._displays[group].lamp is lamp

    def withdraw(self, group: int) -> bool:
        """Take a promise back; False where a number of it has been shown."""
        display = self._displays.get(group)
        if display is not None and not display.shown:
            display.forget()
        return display is None or not display.shown

    def display(self, at_s: int) -> dict[int, int | None]:
        """Group → the seconds to show now, None for blank. What is returned counts as shown."""
        numbers: dict[int, int | None] = {}
        for group, display in self._displays.items():
            longest_s = display.last_s if display.lamp is Lamp.GREEN else display.red_s
            left_s = display.promise.change_at_s - at_s if display.promise else 0
            shows = 1 <= left_s <= longest_s
            display.shown |= shows
            numbers[group] = left_s if shows else None
        return numbers

    def may_end(self, group: int, at_s: int) -> bool:
        """Whether the green of a group may end at this second without a broken promise (I11)."""
        display = self._displays.get(group)
        if display is None or display.lamp is not Lamp.GREEN:
            return True
        if display.promise is not None:
            return at_s >= display.promise.change_at_s
        return display.blank_since_s is not None and at_s > display.blank_since_s

    def may_begin(self, group: int, at_s: int) -> bool:
        """Whether the green of a group may begin at this second without a broken promise."""
        display = self._displays.get(group)
        return display is None or display.binding is None or at_s >= display.binding.change_at_s

    def due(self, at_s: int) -> frozenset[int]:
        """Groups whose promised change is to happen now."""
        return frozenset(
            group
            for group, display in self._displays.items()
            if display.promise is not None and display.promise.change_at_s <= at_s
        )

    def blank(self, reason: Reason, groups: Iterable[int] | None = None) -> None:
        """Put numbers out, all or some; what they spoke of is free from the next second on."""
        for group in self._displays if groups is None else groups:
            if group in self._displays:
                self._blank(self._displays[group], reason)

    def events(self) -> list[Blanked]:
        """What went blank since the last call."""
        told, self._events = self._events, []
        return told
