"""What a fault makes of the values of a device, before they become bytes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from drivers.profile import Profile
from edge.model.point import Kind
from simulators.faults import (
    AnyFault,
    BadStatus,
    Frozen,
    NotANumber,
    ResetCounter,
    Sentinel,
    ValueFault,
)


class Shown(NamedTuple):
    """What the device tells."""

    values: dict[str, float]
    nan: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    """Points that carry the device's own mark for "not available"."""
    status: Mapping[str, str] = {}
    """Points with another status than good, by its OPC UA name."""


class ValueSpoiler:
    """The memory that value faults need: what stood still, and where counters began again."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._frozen: dict[AnyFault, dict[str, float]] = {}
        self._reset_at: dict[str, float] = {}
        self._begun: set[AnyFault] = set()

    def spoil(self, values: Mapping[str, float], faults: Sequence[AnyFault]) -> Shown:
        """The values as these faults show them; call it whenever either changes."""
        active = [f for f in faults if isinstance(f, ValueFault)]
        self._begun.intersection_update(active)
        for gone in self._frozen.keys() - set(active):
            del self._frozen[gone]
        shown = dict(values)
        nan: set[str] = set()
        marked: set[str] = set()
        status: dict[str, str] = {}
        for fault in active:
            if isinstance(fault, ResetCounter) and fault not in self._begun:
                for name in self._points(fault, values):
                    if self._profile.by_name[name].kind is Kind.COUNTER:
                        self._reset_at[name] = values[name]
            self._begun.add(fault)
        for name, since in self._reset_at.items():
            modulus = self._profile.by_name[name].modulus
            counted = values[name] - since
            shown[name] = counted % modulus if modulus else counted
        for fault in active:
            names = self._points(fault, values)
            match fault:
                case Frozen():
                    still = self._frozen.setdefault(fault, {n: shown[n] for n in names})
                    shown |= still
                case NotANumber():
                    nan.update(names)
                case Sentinel():
                    marked.update(names)
                case BadStatus(status=name):
                    status |= dict.fromkeys(names, name)
                case _:
                    pass
        return Shown(shown, frozenset(nan), frozenset(marked), status)

    def _points(self, fault: ValueFault, values: Mapping[str, float]) -> list[str]:
        return [name for name in fault.points or values if name in values]
