"""How long a call waits: from the first vehicle standing at red until the green that serves it.

A green in which nothing discharges serves nobody: it is counted apart, and the wait goes on. A
call is a link's, and it is made by the vehicle at the head of the link's lane; whoever stands
behind somebody who goes another way calls for nothing yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

_GREEN = frozenset("Gg")
_RED = frozenset("rus")


class Place(Enum):
    """Where a vehicle that called is now."""

    BEFORE = auto()
    """Before the stop line, for the same link."""
    PASSED = auto()
    ELSEWHERE = auto()
    """Before the line, but for another link, as after a change of lane."""


Where = Callable[[str, int], Place]
"""(vehicle, link it called) → where it is."""


@dataclass(slots=True)
class _Call:
    since_s: int
    vehicle: str
    red_s: int
    """Since when it stands at this red; later than `since_s` after an empty green."""
    green_s: int | None = None
    """Begin of the green that may serve it."""


class Calls:
    """The calls of one signal, second by second."""

    def __init__(self) -> None:
        self.longest_s = 0
        """Until the green in which the caller left."""
        self.longest_red_s = 0
        """Until any green of its link; shorter than `longest_s` only by empty greens."""
        self.empty_greens = 0
        self._open: dict[int, _Call] = {}

    def second(self, at_s: int, state: str, heads: Mapping[int, str], where: Where) -> None:
        """Take one second.

        Args:
            at_s: now.
            state: the signal's lamp string.
            heads: link → the vehicle that stands first at its stop line, if one does.
            where: asked of few vehicles only, those whose call is open.
        """
        for link, call in list(self._open.items()):
            letter = state[link]
            if letter in _GREEN and call.green_s is None:
                call.green_s = at_s
                self.longest_red_s = max(self.longest_red_s, at_s - call.red_s)
            place = Place.BEFORE if heads.get(link) == call.vehicle else where(call.vehicle, link)
            if place is Place.PASSED:
                if call.green_s is not None:
                    self._close(call.green_s - call.since_s)
                del self._open[link]
            elif letter in _RED and call.green_s is not None:
                self.empty_greens += 1
                call.green_s = None
                call.red_s = at_s
            if place is Place.ELSEWHERE:
                if link in heads:
                    call.vehicle = heads[link]
                else:
                    del self._open[link]
        for link, vehicle in heads.items():
            if state[link] in _RED and link not in self._open:
                self._open[link] = _Call(at_s, vehicle, at_s)

    def end(self, at_s: int) -> None:
        """The run is over; what still waits has waited until now."""
        for call in self._open.values():
            self._close(at_s - call.since_s)
            if call.green_s is None:
                self.longest_red_s = max(self.longest_red_s, at_s - call.red_s)
        self._open.clear()

    def _close(self, wait_s: int) -> None:
        self.longest_s = max(self.longest_s, wait_s)
