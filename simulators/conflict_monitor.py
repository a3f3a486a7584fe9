"""The hardware conflict monitor of a cabinet: sees lamps, knows its card, latches to flash.

Written from the monitor's side (NEMA TS 2, 4: malfunction management unit) and on purpose without
the controller's code: two readings of one conflict list, so that a mistake in one is seen by the
other. It looks once a second, so that whatever it sees has stood longer than the 300 ms after
which a monitor trips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from control.model import Junction, Kind

LEAST_YELLOW_S = 2.7
"""No card can be made for less (NEMA TS 2, 4.4.5)."""
_NEVER = 10**6


class Burning(NamedTuple):
    """What current flows through on one channel. A pedestrian channel: don't walk, clear, walk."""

    red: bool = False
    yellow: bool = False
    green: bool = False


class Trip(IntEnum):
    """Why the monitor took the lamps away; the codes stand in the register map."""

    NONE = 0
    CONFLICT = 1
    """Two channels without permission for each other were green or yellow together."""
    RED_FAIL = 2
    """A channel showed nothing at all."""
    DUAL_INDICATION = 3
    """A channel showed two colours."""
    SHORT_YELLOW = 4
    SKIPPED_YELLOW = 5
    """Red straight after green, or green straight after yellow."""
    SHORT_CLEARANCE = 6
    """A green began before what it crosses had the time to leave."""
    DISAGREEMENT = 7
    """A lamp burned that was not switched on, or the other way round."""


@dataclass(frozen=True, slots=True)
class Card:
    """The program card: soldered once by a person, from the same drawing as the controller's."""

    permitted: frozenset[frozenset[int]]
    """Pairs of channels that may go together."""
    yellow_s: tuple[float, ...]
    clearance_s: dict[frozenset[int], dict[tuple[int, int], int]]
    """For each forbidden pair, from the end of one green to the begin of the other."""

    @classmethod
    def soldered(cls, drawing: Junction) -> "Card":
        """The card for a drawing; what it forbids in one direction is forbidden in both."""
        channels = range(len(drawing.groups))
        forbidden = {frozenset(pair) for pair in drawing.conflicts}
        every = {frozenset((a, b)) for a in channels for b in channels if a < b}
        clearance: dict[frozenset[int], dict[tuple[int, int], int]] = {}
        for pair in forbidden:
            a, b = sorted(pair)
            times = drawing.intergreen_s
            clearance[pair] = {(a, b): times[a, b], (b, a): times[b, a]}
        yellow = tuple(
            max(LEAST_YELLOW_S, group.yellow_s)
            if group.kind is Kind.VEHICLE and group.yellow_s
            else float(group.yellow_s)
            for group in drawing.groups
        )
        return cls(frozenset(every - forbidden), yellow, clearance)


class ConflictMonitor:
    """Looks at the lamps every second; once tripped it stays so until a person resets it."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._channels = len(card.yellow_s)
        self.trip = Trip.NONE
        """Kept in a memory that needs no power."""
        self.channels: tuple[int, ...] = ()
        """Where it saw it."""
        self._seen: tuple[Burning, ...] | None = None
        self._yellow_looks = [0] * self._channels
        self._looks_since_green = [_NEVER] * self._channels

    def look(self, burning: Sequence[Burning], switched: Sequence[Burning]) -> Trip:
        """See the lamps as they burn and as the controller switched them; the trip, if any."""
        if self.trip is Trip.NONE:
            for trip, channels in self._faults(burning, switched):
                self.trip, self.channels = trip, channels
                break
        self._remember(burning)
        return self.trip

    def blind(self) -> None:
        """The lamps flash or are dark on purpose: what comes after has no before."""
        self._seen = None
        self._yellow_looks = [0] * self._channels
        self._looks_since_green = [_NEVER] * self._channels

    def reset_by_hand(self) -> None:
        """A person has pressed the button on its front, the only way out."""
        self.trip, self.channels = Trip.NONE, ()
        self.blind()

    def _faults(
        self, burning: Sequence[Burning], switched: Sequence[Burning]
    ) -> Iterable[tuple[Trip, tuple[int, ...]]]:
        moving = [c for c, lamp in enumerate(burning) if lamp.green or lamp.yellow]
        for a in moving:
            for b in moving:
                if a < b and frozenset((a, b)) not in self._card.permitted:
                    yield Trip.CONFLICT, (a, b)
        for channel, lamp in enumerate(burning):
            if not any(lamp):
                yield Trip.RED_FAIL, (channel,)
            elif sum(lamp) > 1:
                yield Trip.DUAL_INDICATION, (channel,)
        for channel, (lamp, meant) in enumerate(zip(burning, switched, strict=True)):
            if lamp != meant:
                yield Trip.DISAGREEMENT, (channel,)
        if self._seen is not None:
            for channel, (before, lamp) in enumerate(zip(self._seen, burning, strict=True)):
                yield from self._change(channel, before, lamp)

    def _change(
        self, channel: int, before: Burning, lamp: Burning
    ) -> Iterable[tuple[Trip, tuple[int, ...]]]:
        has_yellow = self._card.yellow_s[channel] > 0
        if (before.green and lamp.red and has_yellow) or (before.yellow and lamp.green):
            yield Trip.SKIPPED_YELLOW, (channel,)
        if (
            before.yellow
            and lamp.red
            and self._yellow_looks[channel] < self._card.yellow_s[channel]
        ):
            yield Trip.SHORT_YELLOW, (channel,)
        if lamp.green and not before.green:
            for pair, times in self._card.clearance_s.items():
                if channel not in pair:
                    continue
                (other,) = pair - {channel}
                if self._looks_since_green[other] < times[other, channel]:
                    yield Trip.SHORT_CLEARANCE, (other, channel)

    def _remember(self, burning: Sequence[Burning]) -> None:
        for channel, lamp in enumerate(burning):
            self._yellow_looks[channel] = self._yellow_looks[channel] + 1 if lamp.yellow else 0
            was_green = self._seen is not None and self._seen[channel].green
            if lamp.green:
                self._looks_since_green[channel] = 0
            elif was_green:
                # the look that finds it ended is the first of the clearance
                self._looks_since_green[channel] = 1
            else:
                self._looks_since_green[channel] += 1
        self._seen = tuple(burning)
