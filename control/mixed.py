"""Motorcycles four in five: an approach is an area that fills and empties in motorcycle units.

Where lanes are not kept, vehicles are no measure: a car takes the room and the time of 3.4
motorcycles, a bus that of 10.5 (Cao and Sano, J. Transp. Eng. 138(6), 2012, mid-block in Hanoi).
So flow, queue and room are counted in motorcycle units (MCU), by area and by width.

Pure: seconds of green are an argument, and what is learned comes back as a new value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from control.observe import Floats
from edge.errors import ConfigError

MCU: Mapping[str, float] = MappingProxyType(
    {"motorcycle": 1.0, "bicycle": 1.4, "car": 3.4, "minibus": 8.3, "bus": 10.5}
)
"""Motorcycle units of one vehicle (Cao and Sano 2012)."""

SATURATION_PRIOR = 0.5
"""MCU/s for each metre of width: 1,900 cars/h of 3.4 MCU in a lane of 3.5 m give 0.51, and the
capacities 13,358 and 21,725 MC/h of two and three lanes (Cao and Sano 2012) 0.53 and 0.57."""

LEARNING_BAND = 0.2
"""What is learned stays within this share of the prior: beyond it, a detector is wrong."""

JAM_MC_M2 = 0.35
"""Standing motorcycles on a square metre: the low end of 0.35 to 0.5, so room is never promised
that is not there."""

OCCUPIED_M2_PER_MCU = 1.85
"""Middle of the 1.7 to 2.0 m² of asphalt that a standing motorcycle covers for a camera."""


def mcu(counts: Mapping[str, float]) -> float:
    """Vehicles by class as motorcycle units.

    Raises:
        ConfigError: a class that nobody has measured.
    """
    unknown = sorted(set(counts) - set(MCU))
    if unknown:
        raise ConfigError(
            f"vehicle class {unknown[0]!r} has no motorcycle units; use one of {', '.join(MCU)}"
        )
    return sum(MCU[kind] * count for kind, count in counts.items())


def storage_mcu(area_m2: float, jam_mc_m2: float = JAM_MC_M2) -> float:
    """How many motorcycle units fit on an area when all stand."""
    return max(0.0, area_m2) * jam_mc_m2


def mcu_on(occupied_m2: float) -> float:
    """Motorcycle units that cover so much of a zone: for detectors that see area, not vehicles."""
    return max(0.0, occupied_m2) / OCCUPIED_M2_PER_MCU


@dataclass(frozen=True, slots=True)
class Discharge:
    """How an approach empties: first the motorcycles at its head alone, then all together."""

    saturation_mcu_s_m: float = SATURATION_PRIOR
    prior_mcu_s_m: float = SATURATION_PRIOR
    burst_s: int = 6
    """Seconds of green in which only motorcycles pass (5 to 8 s seen in Vietnam)."""
    burst_gain: float = 1.0
    """Flow of the burst over the saturation flow. Above 1 only where it was measured."""
    startup_s: float = 0.5
    """Lost at the begin of green; motorcycles lose less of it than cars."""
    four_wheeler_mcu: float = MCU["car"]
    friction: float = 1.0
    """kappa of `mixed_flow`: 1 where units simply add up; above, where cars hinder more."""

    def mixed_flow(self, width_m: float, four_wheeler_share: float) -> float:
        """Vehicles a second once all discharge: W s0 / (1 + p4 (MEU4 - 1) kappa)."""
        share = min(1.0, max(0.0, four_wheeler_share))
        weight = 1.0 + share * (self.four_wheeler_mcu - 1.0) * self.friction
        return width_m * self.saturation_mcu_s_m / weight

    def discharge(self, seconds_of_green: int, width_m: float, four_wheeler_share: float) -> float:
        """MCU that a standing queue sends in this second of green, the first being 0.

        Args:
            seconds_of_green: whole seconds since the begin of green; below 0 it is not green.
            width_m: effective width of the approach, kerb to median, without what parks there.
            four_wheeler_share: of the vehicles that wait, 0 to 1.
        """
        if seconds_of_green < 0 or width_m <= 0.0:
            return 0.0
        moving_s = min(1.0, max(0.0, seconds_of_green + 1 - self.startup_s))
        if self.in_burst(seconds_of_green, four_wheeler_share):
            return moving_s * width_m * self.saturation_mcu_s_m * self.burst_gain
        share = min(1.0, max(0.0, four_wheeler_share))
        each = 1.0 + share * (self.four_wheeler_mcu - 1.0)
        return moving_s * self.mixed_flow(width_m, share) * each

    def in_burst(self, seconds_of_green: int, four_wheeler_share: float) -> bool:
        """Whether this second's flow is motorcycles alone; where there are none, none is."""
        return seconds_of_green < self.burst_s and four_wheeler_share < 1.0

    def profile(self, horizon_s: int, width_m: float, four_wheeler_share: float) -> Floats:
        """float64[horizon_s]: `discharge` of each second of one green, for a planner's table."""
        return np.array(
            [self.discharge(s, width_m, four_wheeler_share) for s in range(horizon_s)],
            dtype=np.float64,
        )

    def learned(
        self, passed_mcu: float, seconds: float, width_m: float, gain: float = 0.1
    ) -> "Discharge":
        """After `seconds` of green with a queue throughout, in which so much passed.

        Only seconds after the burst, and before the queue's end, say anything of saturation. The
        weight of one observation grows with its length; the result stays within `LEARNING_BAND`.
        """
        if seconds <= 0.0 or width_m <= 0.0 or not np.isfinite(passed_mcu):
            return self
        seen = max(0.0, passed_mcu) / (seconds * width_m)
        weight = 1.0 - (1.0 - gain) ** (seconds / 10.0)
        moved = self.saturation_mcu_s_m + weight * (seen - self.saturation_mcu_s_m)
        low = self.prior_mcu_s_m * (1.0 - LEARNING_BAND)
        high = self.prior_mcu_s_m * (1.0 + LEARNING_BAND)
        return replace(self, saturation_mcu_s_m=float(min(high, max(low, moved))))


@dataclass(frozen=True, slots=True)
class AreaQueue:
    """Who waits on an approach area, by the two classes that leave it differently."""

    motorcycles: float = 0.0
    four_wheelers: float = 0.0
    """Vehicles, not units."""

    def mcu(self, model: Discharge) -> float:
        """All of them in motorcycle units."""
        return self.motorcycles + self.four_wheelers * model.four_wheeler_mcu

    @property
    def four_wheeler_share(self) -> float:
        """Of the vehicles that wait; 0 where nobody does."""
        together = self.motorcycles + self.four_wheelers
        return self.four_wheelers / together if together > 0.0 else 0.0

    def step(
        self,
        model: Discharge,
        seconds_of_green: int,
        width_m: float,
        arriving: "AreaQueue",
        room_mcu: float = float("inf"),
    ) -> tuple["AreaQueue", "AreaQueue"]:
        """One second: what waits after it, and what left.

        Nothing is lost or made: before plus arriving is after plus left, class by class. Never
        more leaves than has room behind the junction (`room_mcu`).
        """
        there = AreaQueue(
            self.motorcycles + arriving.motorcycles, self.four_wheelers + arriving.four_wheelers
        )
        share = there.four_wheeler_share
        able = min(model.discharge(seconds_of_green, width_m, share), max(0.0, room_mcu))
        if model.in_burst(seconds_of_green, share):
            first = min(there.motorcycles, able)
            # motorcycles that have run out leave their part of the second to the cars behind
            rest = min(there.four_wheelers, (able - first) / model.four_wheeler_mcu)
            left = AreaQueue(first, rest)
        else:
            waiting = there.mcu(model)
            part = min(1.0, able / waiting) if waiting > 0.0 else 0.0
            left = AreaQueue(there.motorcycles * part, there.four_wheelers * part)
        after = AreaQueue(
            there.motorcycles - left.motorcycles, there.four_wheelers - left.four_wheelers
        )
        return after, left


@dataclass(frozen=True, slots=True)
class EndOfQueue:
    """A queue of motorcycles has no last gap; it ends where the flow over the stop line drops.

    Gap-out on a full-width zone never comes, since some motorcycle is always there: below 0.6 of
    the saturation flow for 3 s running, the rest are arrivals.
    """

    share: float = 0.6
    seconds: int = 3
    below_s: int = 0

    def seen(self, passed_mcu: float, saturated_mcu: float) -> "EndOfQueue":
        """After one more second of green; `saturated_mcu` is what a queue would have sent.

        A second of which nothing is known (NaN) changes nothing: silence ends no queue.
        """
        if not np.isfinite(passed_mcu):
            return self
        below = passed_mcu < self.share * saturated_mcu
        return replace(self, below_s=self.below_s + 1 if below else 0)

    @property
    def reached(self) -> bool:
        """Whether the queue is over."""
        return self.below_s >= self.seconds
