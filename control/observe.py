"""What is known of one junction in one second, and who decides upon it.

Detectors come as arrays in the order of `Junction.detectors`. A detector that said nothing is NaN:
never zero, for silence is no proof of an empty road (I23).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from control.model import Lamp

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Positions seen by a camera or by all-knowing sensing; one entry a vehicle."""

    lane: Ints
    """Which of `Junction.lanes`, in their order, it stands on or will come to."""
    distance_m: Floats
    """To the stop line along the road."""
    speed_ms: Floats
    exits: Floats
    """float64[lanes, groups]: vehicles that entered the junction this second, and by which way."""
    inside: Floats | None = None
    """float64[groups]: vehicles that stand within the junction, by the way they take."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One look, once a second."""

    at_s: int
    """Monotonic whole seconds."""
    lamps: tuple[Lamp, ...]
    age_s: tuple[int, ...]
    """For how long each group has shown its lamp."""
    count: Floats
    """float64[detectors]: vehicles whose passage ended this second; NaN: nothing was said."""
    occupancy: Floats
    """float64[detectors]: share of this second, 0 to 1, for which it was covered; NaN likewise."""
    calls: frozenset[int] = frozenset()
    """Groups called by a button or from outside."""
    vehicles: Vehicles | None = None
    inflow: Floats | None = None
    """float64[lanes, seconds]: what the neighbours expect to send, by second from now."""
    room: Floats | None = None
    """float64[groups]: vehicles that still fit behind the junction; NaN: not known."""
    preempt: int | None = None
    """The group an authenticated emergency vehicle asks for."""


class Strategy(Protocol):
    """Chooses the stage that the junction should be in, or go to, from this second on."""

    def decide(self, seen: Observation) -> int:
        """The number of a stage of `Junction.stages`."""
        ...
