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
    """float64[groups]: vehicles that stand or creep within the junction, by the way they take."""


PERSONS = 40.0
"""In a bus of which nothing else is said."""
MOST_PERSONS = 300.0
"""A bi-articulated bus that is full."""
LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class BusCall:
    """A bus asks for its green: who vouches for it puts it into each second's look.

    It ends when it is left out (cancelled, or checked out behind the stop line), and by itself.
    """

    id: str
    """Of the vehicle or its run; the same every second."""
    group: int
    arrives_s: int
    """When it would reach the stop line unhindered, on the clock of `Observation.at_s`."""
    expires_s: int
    """From then on it counts no more, whoever still repeats it."""
    persons: float = PERSONS
    """Its weight: who is aboard; fewer where it is early, 0 where it asks for nothing."""

    def __post_init__(self) -> None:
        """Refuse what no bus says.

        Raises:
            ValueError: an id, a group or a number of persons out of its bounds.
        """
        if not 0 < len(self.id) <= LONGEST_ID:
            raise ValueError(
                f"a bus call of {len(self.id)} letters for an id; give it 1 to {LONGEST_ID}"
            )
        if self.group < 0:
            raise ValueError(f"bus call {self.id!r}: group {self.group}; groups count from 0")
        if not 0.0 <= self.persons <= MOST_PERSONS:
            raise ValueError(
                f"bus call {self.id!r}: {self.persons:g} persons; 0 to {MOST_PERSONS:g} can be "
                "aboard"
            )


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
    buses: tuple[BusCall, ...] = ()
    """All authenticated calls of buses that stand."""


class Strategy(Protocol):
    """Chooses the stage that the junction should be in, or go to, from this second on."""

    def decide(self, seen: Observation) -> int:
        """The number of a stage of `Junction.stages`."""
        ...
