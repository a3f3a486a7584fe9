"""What one device shows of the plant around it: signals in its own units, behind its own names."""

import random
from collections.abc import Mapping
from typing import NamedTuple

from drivers.settings import DeviceSettings
from edge.model.clock import Instant
from simulators.device import Step
from simulators.generic import GenericDevice
from simulators.mapping import Signal, signal_for

WRITTEN = "written."
"""Prefix of the inputs that a gateway wrote, by point; the others are signals of the plant."""


class _Wire(NamedTuple):
    point: str
    signal: str
    to_signal: float
    modulus: float


class Meter:
    """Points that the plant knows follow it; the rest move by themselves, as their kind says.

    A totaliser rolls over at its modulus, as the drum of a real one does.
    """

    def __init__(
        self, settings: DeviceSettings, rng: random.Random, places: Mapping[str, str]
    ) -> None:
        profile = settings.profile
        self.signals: dict[str, Signal] = {}
        self._wires: list[_Wire] = []
        rest = []
        for spec in profile.points:
            signal = signal_for(profile.domain, spec, **places)
            if signal is None:
                rest.append(spec)
                continue
            self.signals[spec.name] = signal
            self._wires.append(_Wire(spec.name, signal.name, signal.to_signal, spec.modulus))
        self._rest = GenericDevice(rest, rng) if rest else None
        self._writable = [(s.name, WRITTEN + s.name) for s in rest if s.writable is not None]

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:
        """Show the plant as it is in `inputs`; outputs are named as the points."""
        outputs: dict[str, float] = {}
        call_at = None
        if self._rest is not None:
            written = {name: inputs[key] for name, key in self._writable if key in inputs}
            outputs, call_at = self._rest.update(at, written)
        for point, signal, to_signal, modulus in self._wires:
            value = inputs[signal] / to_signal
            outputs[point] = value % modulus if modulus else value
        return Step(outputs, call_at)
