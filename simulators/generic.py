"""Any point of any profile, moving as its kind says: so that every device works at once."""

import random
from collections.abc import Mapping, Sequence

import numpy as np

from drivers.profile import PointSpec
from edge.model.clock import Instant
from edge.model.point import Kind
from simulators.device import Grid, Step
from simulators.ranges import Range, range_of

STRIDE = 0.002
"""A gauge's random step, as a share of its span and per root second."""
COUNTER_SHARE = 1e-7
"""A counter's rate per second as a share of its range, where the profile knows no better."""
EVENTS_PER_S = 0.02
"""A counter of events, where the profile gives no rate."""
CALM_S, LIVELY_S, AWAY_S = 1200.0, 40.0, 15.0
"""How long a code rests, on average: an alarm, a pump or a detector, and away from its rest."""
_LIVELY = {"presence", "running"}


class GenericDevice:
    """Gauges stroll inside their plausible bounds, counters climb, bits and states change at times.

    What the profile lets a gateway write stays as it was last written. Outputs are named as the
    points are, in their own units.
    """

    def __init__(
        self, specs: Sequence[PointSpec], rng: random.Random, *, step_s: float = 1.0
    ) -> None:
        self._grid = Grid(step_s)
        self._rng = rng
        self._noise = np.random.default_rng(rng.getrandbits(64))
        moving = [s for s in specs if s.writable is None]
        gauges = [s for s in moving if s.kind is Kind.GAUGE]
        self._gauges = [s.name for s in gauges]
        homes = [(_home(range_of(s))) for s in gauges]
        self._low = np.array([low for low, _ in homes], np.float64)
        self._high = np.array([high for _, high in homes], np.float64)
        self._levels = self._noise.uniform(
            self._low + 0.3 * (self._high - self._low), self._high - 0.3 * (self._high - self._low)
        )
        self._steps = STRIDE * (self._high - self._low) * np.sqrt(step_s)
        self._outputs = dict.fromkeys((s.name for s in specs), 0.0)
        self._counters = [_Counter(s) for s in moving if s.kind is Kind.COUNTER]
        self._switches = [_Switch(s, rng) for s in moving if s.kind in {Kind.BIT, Kind.STATE}]
        self._held = {s.name: _first(s) for s in specs if s.writable is not None}
        self._show()

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:
        """Stroll until `at`; `inputs` are the written points, by name."""
        moved = False
        for _ in self._grid.steps(at):
            moved = True
            self._stroll()
            for counter in self._counters:
                counter.climb(self._grid.step_s, self._rng)
            for switch in self._switches:
                switch.wait(self._grid.step_s)
        if moved:
            self._show()
        for name in self._held:
            self._outputs[name] = inputs.get(name, self._held[name])
        return Step(dict(self._outputs), self._grid.next)

    def _stroll(self) -> None:
        if not self._gauges:
            return
        levels = self._levels + self._noise.standard_normal(len(self._levels)) * self._steps
        # Reflected at its walls, a stroll does not stick to them.
        levels = self._low + np.abs(levels - self._low)
        self._levels = self._high - np.abs(self._high - levels)

    def _show(self) -> None:
        self._outputs.update(zip(self._gauges, self._levels.tolist(), strict=True))
        for counter in self._counters:
            self._outputs[counter.name] = counter.total
        for switch in self._switches:
            self._outputs[switch.name] = switch.value


class _Counter:
    """A total that never falls but where it rolls over."""

    def __init__(self, spec: PointSpec) -> None:
        self.name = spec.name
        reach = range_of(spec)
        self._modulus = spec.modulus or reach.upper
        self.total = 0.01 * min(reach.upper, 1e9)
        self._rate = EVENTS_PER_S if spec.unit == "1" else min(COUNTER_SHARE * self._modulus, 10.0)
        if spec.rate_limit is not None:
            self._rate = 0.2 * spec.rate_limit

    def climb(self, dt_s: float, rng: random.Random) -> None:
        self.total = (self.total + self._rate * dt_s * rng.uniform(0.5, 1.5)) % self._modulus


class _Switch:
    """A code that stays at its first value, and for a short while now and then is another."""

    def __init__(self, spec: PointSpec, rng: random.Random) -> None:
        self.name = spec.name
        reach = range_of(spec)
        codes = [0, 1] if spec.kind is Kind.BIT else sorted(spec.states)
        self._codes = [c for c in codes if reach.lower <= c <= reach.upper] or [0]
        self.value = float(self._codes[0])
        self._rng = rng
        self._rest_s = LIVELY_S if spec.quantity in _LIVELY else CALM_S
        self._left_s = rng.expovariate(1 / self._rest_s)

    def wait(self, dt_s: float) -> None:
        self._left_s -= dt_s
        if self._left_s <= 0.0:
            away = self.value == self._codes[0]
            self.value = float(self._rng.choice(self._codes) if away else self._codes[0])
            self._left_s = self._rng.expovariate(1 / (AWAY_S if away else self._rest_s))


def _home(reach: Range) -> tuple[float, float]:
    """Where a gauge strolls: the middle nine tenths, or a handful about zero."""
    low, high = max(reach.lower, -1e6), min(reach.upper, 1e6)
    if not reach.plausible and low <= 0.0 and high > 100.0:
        return 0.0, 100.0
    margin = 0.05 * (high - low)
    return low + margin, high - margin


def _first(spec: PointSpec) -> float:
    """What a writable point holds before anybody has written it."""
    low, high = spec.writable or (0.0, 0.0)
    if spec.kind in {Kind.BIT, Kind.STATE}:
        return low
    return low + 0.5 * (high - low)
