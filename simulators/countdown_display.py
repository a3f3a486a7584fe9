"""The numerals beside the lamps: they count by themselves, and go dark rather than lie.

A display shows only what it was given, for groups that have one, and only as long as whoever
steers is heard every second: for a change that nobody is sure to ask for must not be promised.
"""

from collections.abc import Mapping, Sequence

from control.model import Junction, Lamp


class CountdownDisplay:
    """What the displays of one junction show: group → seconds; dark where it is not listed."""

    def __init__(self, junction: Junction) -> None:
        self._fitted = {countdown.group for countdown in junction.countdowns if countdown.last_s}
        self._lamps: tuple[Lamp, ...] = ()
        self.shown: dict[int, int] = {}

    def second(self, lamps: Sequence[Lamp], given: Mapping[int, int] | None) -> None:
        """Count on; take what was given; go dark where the lamp changed or nobody was heard."""
        if given is None:
            self.shown = {}
        else:
            counting = {g: left_s - 1 for g, left_s in self.shown.items()} | dict(given)
            self.shown = {
                g: left_s
                for g, left_s in counting.items()
                if left_s > 0 and g in self._fitted and (g in given or lamps[g] is self._lamps[g])
            }
        self._lamps = tuple(lamps)

    def blank(self) -> None:
        """Dark at once."""
        self.shown = {}
