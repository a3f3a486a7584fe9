"""The moves of the adversary: fewer than there are, and still all that makes a difference.

Every group calls all the time, so the omits alone decide what begins. Of the groups that could
begin in this second the adversary lets through each set that may be green together, and omits the
rest; ending greens and holding them is tried in every combination. Requests live one second: one
that lives two acts like the same sent again.
"""

from collections.abc import Iterable, Iterator

from control.requests import NOBODY, PATTERN_FREE, Request
from edge.bench.safety.explorer import SECOND_MS, Move, Situation, World
from edge.bench.safety.ledger import Display
from edge.bench.safety.twin import Orders

REDUCTION = (
    "every group calls permanently, so that omits alone decide what begins",
    "of the groups that could begin in the second, each independent set is let through and all "
    "else omitted",
    "greens are forced off in every combination; the rest is held or left, where that differs",
    "requests live one second; a longer life is the same request sent again",
    "refused requests act as none: tried are silence, a replayed sequence and a foreign token",
    "a preemption is a request: end what conflicts, omit all else",
    "where looks are honest and a call or a promise is followed, the memory of omits, which only "
    "judges looks, is left out; the run without either keeps it",
    "flash lasts until every yellow and clearance would have ended",
)


def subsets(mask: int) -> Iterator[int]:
    """All subsets of a mask, itself first."""
    part = mask
    while True:
        yield part
        if not part:
            return
        part = (part - 1) & mask


class Adversary:
    """Moves for one junction; `observed` is the one group whose call is seen, or -1."""

    def __init__(
        self,
        world: World,
        *,
        observed: int = -1,
        gateway: bool = True,
        promises_s: tuple[int, ...] = (),
        pairs: tuple[int, ...] = (),
    ) -> None:
        self.world = world
        self.observed = observed
        self.gateway = gateway
        self.promises_s = promises_s
        self.units = pairs or tuple(1 << g for g in range(world.twin.count))
        """Groups that are asked for together."""
        self._conflicts = [
            sum(1 << h for h in world.junction.conflicting(g)) for g in range(world.twin.count)
        ]

    def moves(self, world: World, situation: Situation) -> Iterator[Move]:
        """All moves from here."""
        controller = situation.controller
        if controller.stopped:
            yield Move("still flashing")
            if controller.clock_s == world.twin.first().clock_s:
                yield Move("reset", start=True)
            return
        may_press = (
            self.observed >= 0
            and situation.memory.wait_s[self.observed] < 0
            and not controller.green >> self.observed & 1
        )
        for move in self._requests(situation):
            yield move
            if may_press:
                yield move._replace(name=f"{move.name}, button", pressed=self.observed)
            if situation.display is None:
                yield from self._offers(situation, move)
        if self.gateway:
            yield Move("restart", restart=True)
            yield Move("monitor trips", stop=True)

    def _offers(self, situation: Situation, move: Move) -> Iterator[Move]:
        if not self.promises_s or move.request is None:
            return
        green = situation.controller.green
        for group in range(self.world.twin.count):
            for left_s in self.promises_s:
                offer = Display(group, not green >> group & 1, left_s)
                yield move._replace(name=f"{move.name}, show {offer}", offer=offer)

    def _requests(self, situation: Situation) -> Iterator[Move]:
        yield Move("silence")
        yield Move("pattern", request=_request(pattern=PATTERN_FREE))
        green = situation.controller.green
        every = self.world.twin.every
        for begin in self._beginnings(situation):
            omit = self.world.groups(every & ~begin)
            call = self.world.groups(begin)
            for off in self._ends(green):
                for hold in {0, green & ~off} if self._closing(off, green) & ~off else {0}:
                    name = f"off {off:b} begin {begin:b}" + (f" hold {hold:b}" if hold else "")
                    yield Move(
                        name,
                        request=_request(
                            hold=self.world.groups(hold),
                            force_off=self.world.groups(off),
                            omit=omit,
                            call=call,
                        ),
                    )

    def _ends(self, green: int) -> Iterable[int]:
        units = [unit & green for unit in self.units if unit & green]
        for chosen in range(1 << len(units)):
            yield sum(unit for n, unit in enumerate(units) if chosen >> n & 1)

    def _closing(self, off: int, green: int) -> int:
        for y, h in self.world.junction.yields:
            if off >> y & 1 and green >> h & 1:
                off |= 1 << h
        return off

    def _beginnings(self, situation: Situation) -> list[int]:
        able = self._able(situation)
        units = [unit & able for unit in self.units if unit & able]
        sets = []
        for chosen in range(1 << len(units)):
            begin = sum(unit for n, unit in enumerate(units) if chosen >> n & 1)
            if all(
                not self._conflicts[g] & begin
                for g in range(self.world.twin.count)
                if begin >> g & 1
            ):
                sets.append(begin)
        return sets

    def _able(self, situation: Situation) -> int:
        """Groups that could begin in this second."""
        every = self.world.twin.every
        controller = situation.controller
        if controller.startup_s:
            return 0
        able = 0
        for g in range(self.world.twin.count):
            bit = 1 << g
            if controller.green & bit:
                continue
            alone = self.world.twin.step(
                controller._replace(calls=every), Orders(True, omit=every & ~bit)
            )
            able |= alone.green & bit
        return able


def _request(
    hold: frozenset[int] = NOBODY,
    force_off: frozenset[int] = NOBODY,
    omit: frozenset[int] = NOBODY,
    call: frozenset[int] = NOBODY,
    pattern: int | None = None,
) -> Request:
    return Request(1, SECOND_MS + 1, "", hold, force_off, omit, call, pattern)
