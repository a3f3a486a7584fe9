"""A small water works: two pumps, one tank, chlorine, and a town that drinks by the clock."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from edge.model.clock import Instant
from simulators.chance import Wander, bump, local_hour
from simulators.device import Grid, Step

GRAVITY = 9.81


@dataclass(frozen=True, slots=True)
class WaterDesign:
    """What was built. The defaults suit a ward of some ten thousand people."""

    tank_area_m2: float = 150.0
    tank_height_m: float = 4.0
    pump_m3h: float = 90.0
    pump_head_m: float = 32.0
    pump_efficiency: float = 0.64
    starts_at_m: tuple[float, float] = (2.6, 1.8)
    stops_at_m: tuple[float, float] = (3.6, 2.9)
    mean_demand_m3h: float = 100.0
    chlorine_setpoint_mgl: float = 0.6
    chlorine_decay_per_h: float = 0.05
    """First-order bulk decay; 0.02 to 0.1 per hour is usual for treated river water."""
    chlorine_pipe_decay: float = 0.92
    """Share of the residual that is left where it is measured in the outlet."""
    dose_limit_mgl: float = 4.0
    pipe_bore_m: float = 0.20


class WaterPlant:
    """Tank and totals obey one balance: volume change = inlet - outlet - overflow, to rounding.

    Flows are constant within a step, so their integrals are exact. Inputs, all optional:
    `chlorine_setpoint_mgl`, `pump_1_command`, `pump_2_command` (0 or 1; absent is automatic).
    """

    def __init__(
        self, rng: random.Random, *, design: WaterDesign | None = None, step_s: float = 0.5
    ) -> None:
        self.design = design or WaterDesign()
        self._grid = Grid(step_s)
        d = self.design
        self.volume_m3 = 0.7 * d.tank_height_m * d.tank_area_m2
        self.chlorine_mgl = d.chlorine_setpoint_mgl
        self.dose_mgl = d.chlorine_setpoint_mgl
        self.inlet_total_m3 = 48_210.0
        self.outlet_total_m3 = 47_790.0
        self.overflow_total_m3 = 0.0
        self.energy_wh = 9_640_000.0
        self._running = [True, False]
        self._inlet_m3h = 0.0
        self._outlet_m3h = 0.0
        self._demand_noise = Wander(0.06, 300.0, rng)
        self._raw_noise = Wander(0.45, 7_200.0, rng)
        self._ph_noise = Wander(0.08, 3_600.0, rng)
        self._temperature_noise = Wander(0.4, 7_200.0, rng)
        self._sensor = Wander(0.01, 20.0, rng)

    def update(self, at: Instant, inputs: Mapping[str, float]) -> Step:
        """Fill, drink, decay until `at`. Units are in the names of the outputs."""
        for begin in self._grid.steps(at):
            self._step(begin, self._grid.step_s, inputs)
        return Step(self._outputs(at, inputs), self._grid.next)

    @property
    def level_m(self) -> float:
        """Water above the floor of the tank."""
        return self.volume_m3 / self.design.tank_area_m2

    def _step(self, begin: Instant, dt_s: float, inputs: Mapping[str, float]) -> None:
        d = self.design
        self._switch_pumps(inputs)
        dt_h = dt_s / 3600.0
        self._inlet_m3h = d.pump_m3h * sum(self._running)
        wanted_m3h = d.mean_demand_m3h * diurnal(local_hour(begin))
        wanted_m3h *= max(0.0, 1.0 + self._demand_noise.step(dt_s))
        self._mix_chlorine(dt_h, inputs)

        available_m3 = self.volume_m3 + self._inlet_m3h * dt_h
        self._outlet_m3h = min(wanted_m3h, available_m3 / dt_h)
        left_m3 = available_m3 - self._outlet_m3h * dt_h
        self.volume_m3 = min(left_m3, d.tank_height_m * d.tank_area_m2)
        self.overflow_total_m3 += left_m3 - self.volume_m3
        self.inlet_total_m3 += self._inlet_m3h * dt_h
        self.outlet_total_m3 += self._outlet_m3h * dt_h
        self.energy_wh += self.power_w * dt_h

        for noise in (self._raw_noise, self._ph_noise, self._temperature_noise, self._sensor):
            noise.step(dt_s)

    def _switch_pumps(self, inputs: Mapping[str, float]) -> None:
        level_m = self.level_m
        thresholds = zip(self.design.starts_at_m, self.design.stops_at_m, strict=True)
        for i, (start_m, stop_m) in enumerate(thresholds):
            command = inputs.get(f"pump_{i + 1}_command")
            if command is not None:
                self._running[i] = command != 0.0
            elif level_m <= start_m:
                self._running[i] = True
            elif level_m >= stop_m:
                self._running[i] = False

    def _mix_chlorine(self, dt_h: float, inputs: Mapping[str, float]) -> None:
        """A stirred tank with first-order decay, solved over the step (CSTR mass balance)."""
        d = self.design
        error_mgl = inputs.get("chlorine_setpoint_mgl", d.chlorine_setpoint_mgl) - self.chlorine_mgl
        self.dose_mgl += 1.5 * error_mgl * dt_h
        self.dose_mgl = min(max(self.dose_mgl, 0.0), d.dose_limit_mgl)
        dosed_mgl = min(max(self.dose_mgl + 3.0 * error_mgl, 0.0), d.dose_limit_mgl)
        exchange_per_h = self._inlet_m3h / max(self.volume_m3, 1.0)
        rate_per_h = exchange_per_h + d.chlorine_decay_per_h
        settled_mgl = exchange_per_h * dosed_mgl / rate_per_h
        kept = math.exp(-rate_per_h * dt_h)
        self.chlorine_mgl = settled_mgl + (self.chlorine_mgl - settled_mgl) * kept

    @property
    def power_w(self) -> float:
        """Hydraulic power over efficiency, rho g Q H / eta, and the lamps."""
        d = self.design
        hydraulic_w = 1000.0 * GRAVITY * self._inlet_m3h / 3600.0 * d.pump_head_m
        return hydraulic_w / d.pump_efficiency + 850.0

    def _outputs(self, at: Instant, inputs: Mapping[str, float]) -> dict[str, float]:
        d = self.design
        bore_m2 = math.pi * d.pipe_bore_m**2 / 4.0
        raw_ntu = 6.0 * math.exp(self._raw_noise.value)
        warm_c = 27.5 + 1.5 * bump(local_hour(at), 15.0, 4.0) + self._temperature_noise.value
        residual_mgl = max(0.0, self.chlorine_mgl * (1.0 + self._sensor.value))
        return {
            "inlet_flow_m3h": self._inlet_m3h,
            "outlet_flow_m3h": self._outlet_m3h,
            "inlet_velocity_ms": self._inlet_m3h / 3600.0 / bore_m2,
            "outlet_velocity_ms": self._outlet_m3h / 3600.0 / bore_m2,
            "inlet_total_m3": self.inlet_total_m3,
            "outlet_total_m3": self.outlet_total_m3,
            "nothing": 0.0,
            "level_m": self.level_m,
            "volume_m3": self.volume_m3,
            "fill_percent": 100.0 * self.level_m / d.tank_height_m,
            "pressure_bar": max(0.5, 4.2 - 0.00006 * self._outlet_m3h**2),
            "chlorine_mgl": residual_mgl,
            "outlet_chlorine_mgl": residual_mgl * d.chlorine_pipe_decay,
            "chlorine_setpoint_mgl": inputs.get("chlorine_setpoint_mgl", d.chlorine_setpoint_mgl),
            "chlorine_dose_mgl": self.dose_mgl,
            "raw_turbidity_ntu": raw_ntu,
            "turbidity_ntu": 0.04 * raw_ntu + 0.05,
            "ph": 7.3 + self._ph_noise.value,
            "orp_mv": 600.0 + 90.0 * math.log10(max(residual_mgl, 0.01)),
            "temperature_c": warm_c,
            "conductivity_uscm": 210.0 + 40.0 * self._raw_noise.value,
            "pump_1": float(self._running[0]),
            "pump_2": float(self._running[1]),
            "pump_1_command": inputs.get("pump_1_command", float(self._running[0])),
            "pump_2_command": inputs.get("pump_2_command", float(self._running[1])),
            "power_w": self.power_w,
            "energy_wh": self.energy_wh,
        }


def diurnal(hour: float) -> float:
    """Demand over its daily mean: low before dawn, peaks at breakfast and after work."""
    shape = 0.45 + 0.75 * bump(hour, 6.5, 1.6) + 0.35 * bump(hour, 11.5, 2.0)
    return (shape + 0.85 * bump(hour, 18.5, 2.2)) / 0.92
