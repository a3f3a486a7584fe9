"""What the shield let out becomes register writes: prepared one by one, in force with a number."""

import math
from collections.abc import Mapping

import numpy as np

from control.requests import PATTERN_LOCAL, Actuation
from control.safety_tables import mask_of
from edge.model.clock import NS_PER_MS, Clock, Instant
from edge.model.command import Applied, Command, Expired, Outcome, Refused, Unreachable
from edge.ports import Driver

MASKS = ("hold", "force_off", "omit", "call")
NEEDED = (*MASKS, "pattern", "remote", "sequence")
"""Points that a site must allow to be written before its junction can be timed."""
LIFE_MS = 900
"""An order that could not be given within its second is void."""


class CabinetOrders:
    """The written side of one controller; only what differs from what it holds is sent."""

    def __init__(self, driver: Driver, clock: Clock, origin: str) -> None:
        self._driver = driver
        self._clock = clock
        self._origin = origin
        self._sequence: int | None = None
        self.given = 0
        """Orders that took effect."""

    async def give(
        self, told: Actuation, numerals: Mapping[int, int], held: Mapping[str, float]
    ) -> Outcome | None:
        """Bring the controller to this.

        Args:
            told: What the shield let out.
            numerals: Group → seconds for its display, 0 to blank it.
            held: What stands in the controller's registers by its last scan; NaN where unknown.

        Returns:
            The first outcome that was not as asked, else the last; None where nothing was to do.
        """
        wanted = self._wanted(told, numerals)
        changed = {point: value for point, value in wanted.items() if held.get(point) != value}
        if not told.remote:
            # what it holds is not known: nothing is commanded, it comes back by itself (I19)
            changed = {p: v for p, v in changed.items() if not math.isnan(held.get(p, math.nan))}
            if not changed:
                return None
        if self._sequence is None:
            self._sequence = int(np.nan_to_num(held.get("sequence", 0)))
        self._sequence = (self._sequence + 1) % 65536
        outcome: Outcome | None = None
        for point, value in {**changed, "sequence": self._sequence}.items():
            outcome = await self._driver.execute(self._command(point, value))
            if not isinstance(outcome, Applied):
                return outcome
        self.given += 1
        return outcome

    def _wanted(self, told: Actuation, numerals: Mapping[int, int]) -> dict[str, int]:
        wanted = {"remote": int(told.remote), "pattern": told.pattern or PATTERN_LOCAL}
        if told.remote:
            groups = (told.hold, told.force_off, told.omit, told.call)
            wanted |= {mask: mask_of(each) for mask, each in zip(MASKS, groups, strict=True)}
        return wanted | {f"display_{group + 1}": left_s for group, left_s in numerals.items()}

    def _command(self, point: str, value: int) -> Command:
        now = self._clock.now()
        return Command(
            id=f"{self._origin}-{self._sequence}-{point}",
            device=self._driver.device,
            point=point,
            value=float(value),
            issued_at=now,
            expires_at=Instant(now + LIFE_MS * NS_PER_MS),
            origin=self._origin,
        )


def reason_of(outcome: Outcome | None) -> str:
    """Why an order did not take effect; empty where it did."""
    match outcome:
        case Refused(reason=why) | Unreachable(reason=why):
            return why
        case Expired():
            return "its time had passed before it could be given"
        case _:
            return ""
