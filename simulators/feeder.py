"""A low-voltage feeder: households along a line, an evening peak, roofs that push back at noon."""

import cmath
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.model.clock import Instant
from simulators.chance import Wander, bump, local_hour
from simulators.device import Grid, Step

PHASES = ("l1", "l2", "l3")
_ANGLE = (0.0, -2.0 * math.pi / 3.0, 2.0 * math.pi / 3.0)
_POWERS = ("active_power", "reactive_power", "apparent_power", "power_factor", "current", "voltage")


@dataclass(frozen=True, slots=True)
class FeederDesign:
    """What was built: per branch and phase unless said otherwise."""

    nominal_v: float = 231.0
    segment_ohm: tuple[float, float] = (0.012, 0.008)
    """Resistance and reactance of the line between two branches."""
    mean_load_w: float = 3_200.0
    power_factor: float = 0.93
    solar_w: float = 4_500.0
    """Peak of the roofs of every third branch."""


@dataclass(slots=True)
class Node:
    """What a meter at one place of the feeder would see; three entries are three phases."""

    voltage_v: list[float]
    active_w: list[float] = field(default_factory=lambda: [0.0] * 3)
    reactive_var: list[float] = field(default_factory=lambda: [0.0] * 3)
    import_wh: list[float] = field(default_factory=lambda: [0.0] * 3)
    export_wh: list[float] = field(default_factory=lambda: [0.0] * 3)
    total_import_wh: float = 0.0
    total_export_wh: float = 0.0
    import_varh: float = 0.0
    export_varh: float = 0.0
    apparent_vah: float = 0.0

    def integrate(self, dt_h: float) -> None:
        """Powers stand still over a step, so that these integrals are exact."""
        for k, power_w in enumerate(self.active_w):
            self.import_wh[k] += max(power_w, 0.0) * dt_h
            self.export_wh[k] += max(-power_w, 0.0) * dt_h
        active_w, reactive_var = sum(self.active_w), sum(self.reactive_var)
        self.total_import_wh += max(active_w, 0.0) * dt_h
        self.total_export_wh += max(-active_w, 0.0) * dt_h
        self.import_varh += max(reactive_var, 0.0) * dt_h
        self.export_varh += max(-reactive_var, 0.0) * dt_h
        self.apparent_vah += math.hypot(active_w, reactive_var) * dt_h

    def outputs(self, prefix: str) -> dict[str, float]:
        """By quantity and phase: V, A, W, var, V.A, W.h, var.h, V.A.h."""
        out: dict[str, float] = {}
        neutral = 0j
        for k, phase in enumerate(PHASES):
            p, q, v = self.active_w[k], self.reactive_var[k], self.voltage_v[k]
            s = math.hypot(p, q)
            neutral += cmath.rect(s / v, _ANGLE[k] - math.atan2(q, p))
            readings = (p, q, s, p / s if s else 1.0, s / v, v)
            for name, value in zip(_POWERS, readings, strict=True):
                out[f"{prefix}{name}_{phase}"] = value
            out[f"{prefix}active_energy_import_{phase}"] = self.import_wh[k]
            out[f"{prefix}active_energy_export_{phase}"] = self.export_wh[k]
        p, q = sum(self.active_w), sum(self.reactive_var)
        s = math.hypot(p, q)
        # Phases stand 120 degrees apart, so the chord between two is the law of cosines.
        chords = [
            math.sqrt(a * a + b * b + a * b)
            for a, b in zip(self.voltage_v, self.voltage_v[1:] + self.voltage_v[:1], strict=True)
        ]
        out |= {
            f"{prefix}voltage_l1_l2": chords[0],
            f"{prefix}voltage_l2_l3": chords[1],
            f"{prefix}voltage_l3_l1": chords[2],
            f"{prefix}voltage_l2_l1": chords[0],
            f"{prefix}voltage_l3_l2": chords[1],
            f"{prefix}voltage_l1_l3": chords[2],
            f"{prefix}voltage_ll_avg": sum(chords) / 3.0,
            f"{prefix}voltage_avg": sum(self.voltage_v) / 3.0,
            f"{prefix}current_n": abs(neutral),
            f"{prefix}active_power_total": p,
            f"{prefix}reactive_power_total": q,
            f"{prefix}apparent_power_total": s,
            f"{prefix}power_factor_total": p / s if s else 1.0,
            f"{prefix}phase_angle_total": math.degrees(math.atan2(q, p)),
            f"{prefix}active_energy_import": self.total_import_wh,
            f"{prefix}active_energy_export": self.total_export_wh,
            f"{prefix}active_energy_total": self.total_import_wh + self.total_export_wh,
            f"{prefix}active_energy_net": self.total_import_wh - self.total_export_wh,
            f"{prefix}reactive_energy_import": self.import_varh,
            f"{prefix}reactive_energy_export": self.export_varh,
            f"{prefix}reactive_energy_total": self.import_varh + self.export_varh,
            f"{prefix}apparent_energy_import": self.apparent_vah,
        }
        currents = [out[f"{prefix}current_{phase}"] for phase in PHASES]
        out[f"{prefix}current_sum"] = sum(currents)
        out[f"{prefix}current_avg"] = sum(currents) / 3.0
        return out


class Feeder:
    """The head carries what the branches take and what the line turns into heat, to rounding.

    Voltages and losses follow the linearised branch flow (Baran and Wu, IEEE Trans. Power
    Delivery 4(2), 1989, eqs. 5-7 without the quadratic term in the voltage). Outputs are named
    `head.active_power_l1`, `branch1.voltage_l2`, …, and `frequency`.
    """

    def __init__(
        self,
        branches: int,
        rng: random.Random,
        *,
        design: FeederDesign | None = None,
        step_s: float = 0.5,
    ) -> None:
        self.design = design or FeederDesign()
        self._grid = Grid(step_s)
        volts = [self.design.nominal_v] * 3
        self.head = Node(list(volts))
        self.branches = [Node(list(volts)) for _ in range(max(1, branches))]
        self.loss_wh = 0.0
        self._habits = [[Wander(0.25, 900.0, rng) for _ in PHASES] for _ in self.branches]
        self._sizes = [rng.uniform(0.6, 1.4) for _ in self.branches]
        self._sky = Wander(0.2, 600.0, rng)
        self._grid_hz = Wander(0.02, 30.0, rng)
        self._grid_v = Wander(1.2, 120.0, rng)
        for node in (self.head, *self.branches):
            node.import_wh = [rng.uniform(2e6, 4e6) for _ in PHASES]
            node.total_import_wh = sum(node.import_wh)
            node.import_varh = 0.3 * node.total_import_wh
            node.apparent_vah = 1.05 * node.total_import_wh

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:  # noqa: ARG002
        """Consume until `at`; a feeder takes no orders."""
        for begin in self._grid.steps(at):
            self._step(begin, self._grid.step_s)
        outputs = self.head.outputs("head.")
        for i, node in enumerate(self.branches):
            outputs |= node.outputs(f"branch{i + 1}.")
        outputs["frequency"] = 50.0 + self._grid_hz.value
        return Step(outputs, self._grid.next)

    def _step(self, begin: Instant, dt_s: float) -> None:
        hour = local_hour(begin)
        self._grid_hz.step(dt_s)
        self._grid_v.step(dt_s)
        self._load(hour, dt_s)
        loss_w = 0.0
        for k in range(3):
            loss_w += self._flow(k)
        dt_h = dt_s / 3600.0
        self.loss_wh += loss_w * dt_h
        for node in (self.head, *self.branches):
            node.integrate(dt_h)

    def _load(self, hour: float, dt_s: float) -> None:
        d = self.design
        shape = household(hour)
        sun = max(0.0, bump(hour, 12.0, 2.2) - 0.05) * max(0.0, 1.0 + self._sky.step(dt_s))
        lag = math.tan(math.acos(d.power_factor))
        for i, node in enumerate(self.branches):
            roof_w = d.solar_w * sun if i % 3 == 2 else 0.0
            for k in range(3):
                habit = max(0.1, 1.0 + self._habits[i][k].step(dt_s))
                load_w = d.mean_load_w * self._sizes[i] * shape * habit
                node.active_w[k] = load_w - roof_w
                node.reactive_var[k] = load_w * lag

    def _flow(self, k: int) -> float:
        """Carry phase `k` from the far end to the head, then the voltages back out; the loss."""
        d = self.design
        ohm_r, ohm_x = d.segment_ohm
        head_v = d.nominal_v + self._grid_v.value
        active_w = reactive_var = loss_w = 0.0
        drops_v: list[float] = []
        for node in reversed(self.branches):
            active_w += node.active_w[k]
            reactive_var += node.reactive_var[k]
            drops_v.append((ohm_r * active_w + ohm_x * reactive_var) / head_v)
            squared = (active_w**2 + reactive_var**2) / head_v**2
            loss_w += ohm_r * squared
            active_w += ohm_r * squared
            reactive_var += ohm_x * squared
        self.head.active_w[k] = active_w
        self.head.reactive_var[k] = reactive_var
        self.head.voltage_v[k] = head_v
        volts = head_v
        for node, drop_v in zip(self.branches, reversed(drops_v), strict=True):
            volts = max(volts - drop_v, 0.5 * head_v)
            node.voltage_v[k] = volts
        return loss_w


def household(hour: float) -> float:
    """Load over its daily mean: a night's fans, a midday rest, the evening peak at seven."""
    shape = 0.55 + 0.35 * bump(hour, 7.0, 1.5) + 0.4 * bump(hour, 12.5, 2.0)
    return (shape + 1.15 * bump(hour, 19.3, 2.3)) / 1.0
