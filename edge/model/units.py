"""What is measured, and the units it may be measured in.

Units are UCUM codes (Unified Code for Units of Measure, case sensitive), so that whoever receives
a value can parse its unit. Two that the trade uses are not in UCUM's tables: `var` for reactive
power, and `{NTU}`, an annotation, for turbidity.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Scale(NamedTuple):
    """Where a unit stands among those of its family: `base = value * factor + offset`."""

    family: str
    factor: float
    offset: float


_FAMILIES: dict[str, dict[str, float]] = {
    "voltage": {"V": 1, "mV": 1e-3, "kV": 1e3},
    "current": {"A": 1, "mA": 1e-3, "kA": 1e3},
    "power": {"W": 1, "kW": 1e3, "MW": 1e6},
    "reactive power": {"var": 1, "kvar": 1e3, "Mvar": 1e6},
    "apparent power": {"V.A": 1, "kV.A": 1e3, "MV.A": 1e6},
    "energy": {"W.h": 1, "kW.h": 1e3, "MW.h": 1e6},
    "reactive energy": {"var.h": 1, "kvar.h": 1e3, "Mvar.h": 1e6},
    "apparent energy": {"V.A.h": 1, "kV.A.h": 1e3, "MV.A.h": 1e6},
    "frequency": {"Hz": 1, "/min": 1 / 60},
    "angle": {"deg": 1, "rad": 57.29577951308232},
    "volume flow": {
        "m3/s": 1, "m3/h": 1 / 3600, "m3/d": 1 / 86400, "ML/d": 1000 / 86400,
        "L/s": 1e-3, "L/min": 1e-3 / 60, "L/h": 1e-3 / 3600,
    },
    "volume": {"m3": 1, "L": 1e-3, "ML": 1e3, "mm3": 1e-9},
    "mass flow": {"kg/s": 1, "kg/h": 1 / 3600, "t/h": 1000 / 3600},
    "speed": {"m/s": 1, "km/h": 1 / 3.6},
    "pressure": {"Pa": 1, "kPa": 1e3, "MPa": 1e6, "mbar": 100, "bar": 1e5, "m[H2O]": 9806.65},
    "length": {"m": 1, "cm": 0.01, "mm": 0.001},
    "temperature": {"Cel": 1, "K": 1},
    "conductivity": {"S/m": 1, "mS/cm": 0.1, "uS/cm": 1e-4},
    "resistance": {"Ohm": 1, "kOhm": 1e3},
    "acidity": {"[pH]": 1},
    "turbidity": {"{NTU}": 1, "{FNU}": 1},
    "concentration": {"mg/L": 1, "ug/L": 1e-3, "g/L": 1e3},
    "ratio": {"1": 1, "%": 0.01},
    "time": {"s": 1, "ms": 1e-3, "min": 60, "h": 3600, "d": 86400},
    "vehicles": {"{vehicle}": 1},
    "vehicle flow": {"{vehicle}/h": 1, "{vehicle}/min": 60},
}  # fmt: skip

SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        unit: Scale(family, factor, -273.15 if unit == "K" else 0.0)
        for family, units in _FAMILIES.items()
        for unit, factor in units.items()
    }
)
"""Every unit there is."""

_QUANTITIES: dict[str, str] = {
    # electricity
    "voltage": "voltage", "current": "current", "active_power": "power",
    "reactive_power": "reactive power", "apparent_power": "apparent power",
    "active_energy": "energy", "reactive_energy": "reactive energy",
    "apparent_energy": "apparent energy", "power_factor": "ratio", "frequency": "frequency",
    "phase_angle": "angle", "voltage_distortion": "ratio", "current_distortion": "ratio",
    # water
    "volume_flow": "volume flow", "volume": "volume", "mass_flow": "mass flow",
    "flow_velocity": "speed", "sound_velocity": "speed", "relative_flow": "ratio",
    "pressure": "pressure", "relative_pressure": "ratio", "level": "length", "filling": "ratio",
    "temperature": "temperature", "electrode_impedance": "resistance", "valve_position": "ratio",
    "rotational_speed": "frequency", "signal_quality": "ratio",
    # water quality
    "ph": "acidity", "free_chlorine": "concentration", "turbidity": "turbidity",
    "conductivity": "conductivity", "redox_potential": "voltage",
    "dissolved_oxygen": "concentration",
    # traffic
    "vehicle_count": "vehicles", "vehicle_flow": "vehicle flow", "occupancy": "ratio",
    "vehicle_speed": "speed", "queue_length": "length", "cycle_time": "time",
    # of the devices themselves
    "duration": "time",
}  # fmt: skip

_CODES = (
    "state", "running", "alarm", "event_count", "signal_state", "stage", "presence",
    "magnetic_deviation",
)  # fmt: skip
"""What is counted, coded or in a maker's own steps: a percentage of it would mean nothing."""

QUANTITIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {quantity: tuple(_FAMILIES[family]) for quantity, family in _QUANTITIES.items()}
    | dict.fromkeys(_CODES, ("1",))
)
"""Everything that a point can measure, and its units."""


def fits(quantity: str, unit: str) -> bool:
    """Whether the quantity can be measured in this unit."""
    return unit in QUANTITIES.get(quantity, ())


def convert(value: float, unit: str, into: str) -> float:
    """The same amount in another unit of the family; infinities stay.

    Raises:
        ValueError: the two units measure different things, or one is unknown.
    """
    here, there = SCALES.get(unit), SCALES.get(into)
    if here is None or there is None or here.family != there.family:
        raise ValueError(f"{unit} cannot be converted into {into}")
    if unit == into:
        return value
    return (value * here.factor + here.offset - there.offset) / there.factor
