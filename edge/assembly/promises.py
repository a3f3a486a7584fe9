"""What the countdown displays promise, and what is written to them: once said, kept or blanked."""

from collections.abc import Iterable, Sequence

from control.model import Junction, Lamp
from control.planner_words import Promise
from control.safety import Commitment, Verdict

BROKEN = "I11"


class Promises:
    """The displayed changes of one junction; a group has one promise, or is blank."""

    def __init__(self, junction: Junction) -> None:
        self._last_s: dict[tuple[int, bool], int] = {}
        """(group, whether it begins) → for how long its display may count."""
        for one in junction.countdowns:
            if one.last_s:
                # red is known for longer: from the first number of the green before it
                before_s = (s for (_, h), s in junction.intergreen_s.items() if h == one.group)
                self._last_s[one.group, False] = one.last_s
                self._last_s[one.group, True] = one.last_s + max(before_s, default=0)
        self._due: dict[int, Commitment] = {}
        self._shown: set[int] = set()
        self._void: dict[int, Lamp] = {}
        """Groups that were blanked, by what they showed then: dark until that has changed."""

    def hear(self, promised: Iterable[Promise], lamps: Sequence[Lamp], now_ms: int) -> None:
        """Take all that the planner promises now; what it promises no more goes blank."""
        heard: dict[int, Commitment] = {}
        for promise in promised:
            group, begins = promise.group, promise.begins
            now_green = lamps[group] is Lamp.GREEN
            if (group, begins) in self._last_s and now_green is not begins and promise.in_s > 0:
                heard[group] = Commitment(group, begins, now_ms + 1000 * promise.in_s)
        for group, due in list(self._due.items()):
            if due.change_ms > now_ms and not _same(due, heard.get(group)):
                self._blank(group, lamps)
        for group, due in heard.items():
            if group not in self._due and group not in self._void:
                self._due[group] = due

    def pass_by(self, lamps: Sequence[Lamp], now_ms: int) -> None:
        """Forget what has happened, and what should have and has not."""
        self._void = {g: lamp for g, lamp in self._void.items() if lamps[g] is lamp}
        for group, due in list(self._due.items()):
            if (lamps[group] is Lamp.GREEN) is due.begins:
                del self._due[group]
            elif due.change_ms < now_ms:
                self._blank(group, lamps)

    def _blank(self, group: int, lamps: Sequence[Lamp]) -> None:
        del self._due[group]
        self._void[group] = lamps[group]

    @property
    def standing(self) -> tuple[Commitment, ...]:
        """All that is promised, for the shield."""
        return tuple(self._due.values())

    def withdraw(self, verdicts: Iterable[Verdict], lamps: Sequence[Lamp]) -> None:
        """Blank what the shield says cannot be kept."""
        for verdict in verdicts:
            if verdict.invariant == BROKEN:
                for group in list(self._due):
                    if verdict.reason.startswith(f"group {group} cannot"):
                        self._blank(group, lamps)

    def withdraw_all(self) -> None:
        """Nobody is there any more to keep a promise."""
        self._due.clear()

    def numerals(self, now_ms: int) -> dict[int, int]:
        """What to write to displays now: group → seconds, 0 to blank. They count by themselves."""
        wanted = {
            group: left_s
            for group, due in self._due.items()
            if 0
            < (left_s := (due.change_ms - now_ms + 500) // 1000)
            <= self._last_s[group, due.begins]
        }
        written = {group: left_s for group, left_s in wanted.items() if group not in self._shown}
        written |= dict.fromkeys(self._shown - wanted.keys(), 0)
        self._shown = set(wanted)
        return written


def _same(one: Commitment, other: Commitment | None) -> bool:
    """Whether it is still the same promise; the planner counts in whole seconds."""
    return other is not None and abs(one.change_ms - other.change_ms) < 1000
