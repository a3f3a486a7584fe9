"""What the countdown displays promise, and what is written to them: once said, kept or blanked."""

from collections.abc import Iterable, Sequence

from control.model import Junction, Lamp
from control.planner_words import Promise
from control.safety import Commitment, Verdict

BROKEN = "I11"


class Promises:
    """The displayed changes of one junction. A group has one promise at a time."""

    def __init__(self, junction: Junction) -> None:
        self._last_s = {one.group: one.last_s for one in junction.countdowns if one.last_s}
        self._due: dict[int, Commitment] = {}
        self._shown: set[int] = set()

    def hear(self, promised: Iterable[Promise], lamps: Sequence[Lamp], now_ms: int) -> None:
        """Take what the planner promises, for displays that exist and promise nothing yet."""
        for promise in promised:
            group = promise.group
            if group not in self._last_s or group in self._due or promise.in_s <= 0:
                continue
            if (lamps[group] is Lamp.GREEN) is not promise.begins:
                change_ms = now_ms + 1000 * promise.in_s
                self._due[group] = Commitment(group, promise.begins, change_ms)

    def pass_by(self, lamps: Sequence[Lamp], now_ms: int) -> None:
        """Forget what has happened, and what should have and has not."""
        self._due = {
            group: due
            for group, due in self._due.items()
            if (lamps[group] is Lamp.GREEN) is not due.begins and due.change_ms >= now_ms
        }

    @property
    def standing(self) -> tuple[Commitment, ...]:
        """All that is promised, for the shield."""
        return tuple(self._due.values())

    def withdraw(self, verdicts: Iterable[Verdict]) -> None:
        """Blank what the shield says cannot be kept."""
        for verdict in verdicts:
            if verdict.invariant == BROKEN:
                for group in list(self._due):
                    if verdict.reason.startswith(f"group {group} cannot"):
                        del self._due[group]

    def withdraw_all(self) -> None:
        """Nobody is there any more to keep a promise."""
        self._due.clear()

    def numerals(self, now_ms: int) -> dict[int, int]:
        """What to write to displays now: group → seconds, 0 to blank. They count by themselves."""
        wanted = {
            group: left_s
            for group, due in self._due.items()
            if 0 < (left_s := (due.change_ms - now_ms + 500) // 1000) <= self._last_s[group]
        }
        written = {group: left_s for group, left_s in wanted.items() if group not in self._shown}
        written |= dict.fromkeys(self._shown - wanted.keys(), 0)
        self._shown = set(wanted)
        return written
