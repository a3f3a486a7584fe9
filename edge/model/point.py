"""What can be measured: declared once, carried by reference."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt


class Kind(StrEnum):
    """How a point's readings add up over time."""

    GAUGE = "gauge"
    """A level: its mean over time means something."""
    COUNTER = "counter"
    """An accumulator: its differences mean something."""
    STATE = "state"
    """A code: the time spent in each value means something."""
    BIT = "bit"
    """A state with two values, 0 and 1."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A closed interval; NaN is never inside."""

    lower: float = float("-inf")
    upper: float = float("inf")

    def __contains__(self, value: float) -> bool:
        return self.lower <= value <= self.upper


ANYTHING = Bounds()


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a device measures, or that may be set on it."""

    device: str
    """Identity of the device in the site file."""
    name: str
    """Name of the point in the device's profile."""
    kind: Kind = Kind.GAUGE
    quantity: str = ""
    """What is measured, from `edge.model.units.QUANTITIES`: `voltage`, `volume_flow`, …"""
    unit: str = "1"
    """UCUM code."""
    plausible: Bounds = ANYTHING
    """Outside these a reading cannot be true."""
    modulus: float = 0.0
    """A counter's value where it rolls over to zero; 0 where it never does."""
    rate_limit: float = float("inf")
    """A counter's largest credible increase, in its unit per second."""
    period_s: float = 1.0
    """How often it is read."""
    deadband: float = 0.0
    """The smallest change worth showing live; what is summarised is never thinned."""
    raw: bool = False
    """Whether every cell goes to the operations centre, not only the summaries."""
    writable: Bounds | None = None
    """The bounds within which the site allows writing; None is never."""

    @property
    def id(self) -> str:
        """`device.name`, unique in a gateway."""
        return f"{self.device}.{self.name}"


@dataclass(frozen=True)
class Columns:
    """The points of one device that are read together, in the order of a Scan's values."""

    device: str
    points: tuple[Point, ...]
    period_s: float
    """How often the device is read; a subscription's keep-alive."""
    window_s: float = 60.0
    """Length of the summaries' windows."""
    facts: dict[str, str] = field(default_factory=dict, compare=False)
    """Texts read at connect: serial number, firmware."""

    def __post_init__(self) -> None:
        names = [point.name for point in self.points]
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"{self.device}: point named twice: {', '.join(twice)}")

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The points' names, in order."""
        return tuple(point.name for point in self.points)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits that change when what a value means changes."""
        text = repr(
            [self.device, self.window_s]
            + [(p.name, p.kind.value, p.unit, p.modulus, p.raw) for p in self.points]
        )
        return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()

    @cached_property
    def lower(self) -> npt.NDArray[np.float64]:
        """Least plausible value of each point."""
        return np.array([p.plausible.lower for p in self.points], np.float64)

    @cached_property
    def upper(self) -> npt.NDArray[np.float64]:
        """Largest plausible value of each point."""
        return np.array([p.plausible.upper for p in self.points], np.float64)

    def where(self, *kinds: Kind) -> npt.NDArray[np.intp]:
        """Positions of the points of these kinds, in order."""
        return np.array([i for i, p in enumerate(self.points) if p.kind in kinds], np.intp)

    @cached_property
    def raw(self) -> npt.NDArray[np.intp]:
        """Positions of the points whose every cell is sent."""
        return np.array([i for i, p in enumerate(self.points) if p.raw], np.intp)

    @cached_property
    def bits(self) -> npt.NDArray[np.intp]:
        """Positions of the points that can only be 0 or 1."""
        return self.where(Kind.BIT)

    @cached_property
    def deadband(self) -> npt.NDArray[np.float64]:
        """The smallest change of each point that is worth showing live."""
        return np.array([p.deadband for p in self.points], np.float64)
