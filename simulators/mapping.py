"""Which signal of a plant a point shows: read from its name and unit, as a person would."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from drivers.profile import PointSpec
from edge.model.point import Kind

UNITS: dict[str, tuple[str, float]] = {
    "V": ("V", 1.0), "kV": ("V", 1e3), "mV": ("V", 1e-3),
    "A": ("A", 1.0), "mA": ("A", 1e-3), "Hz": ("Hz", 1.0), "mHz": ("Hz", 1e-3),
    "W": ("W", 1.0), "kW": ("W", 1e3), "MW": ("W", 1e6),
    "var": ("var", 1.0), "kvar": ("var", 1e3), "Mvar": ("var", 1e6),
    "V.A": ("V.A", 1.0), "kV.A": ("V.A", 1e3), "MV.A": ("V.A", 1e6),
    "VA": ("V.A", 1.0), "kVA": ("V.A", 1e3),
    "W.h": ("W.h", 1.0), "kW.h": ("W.h", 1e3), "MW.h": ("W.h", 1e6),
    "var.h": ("var.h", 1.0), "kvar.h": ("var.h", 1e3), "Mvar.h": ("var.h", 1e6),
    "V.A.h": ("V.A.h", 1.0), "kV.A.h": ("V.A.h", 1e3), "VA.h": ("V.A.h", 1.0),
    "kVA.h": ("V.A.h", 1e3), "deg": ("deg", 1.0),
    "m3/h": ("m3/h", 1.0), "m3/s": ("m3/h", 3600.0), "m3/min": ("m3/h", 60.0),
    "m3/d": ("m3/h", 1.0 / 24.0), "L/s": ("m3/h", 3.6), "l/s": ("m3/h", 3.6),
    "L/h": ("m3/h", 1e-3), "l/h": ("m3/h", 1e-3), "L/min": ("m3/h", 0.06),
    "l/min": ("m3/h", 0.06),
    "m3": ("m3", 1.0), "L": ("m3", 1e-3), "l": ("m3", 1e-3), "mm3": ("m3", 1e-9),
    "m": ("m", 1.0), "cm": ("m", 1e-2), "mm": ("m", 1e-3), "m/s": ("m/s", 1.0),
    "km/h": ("km/h", 1.0), "bar": ("bar", 1.0), "kPa": ("bar", 0.01), "Pa": ("bar", 1e-5),
    "mbar": ("bar", 1e-3), "MPa": ("bar", 10.0),
    "mg/L": ("mg/L", 1.0), "mg/l": ("mg/L", 1.0), "[ppm]": ("mg/L", 1.0), "ug/L": ("mg/L", 1e-3),
    "[pH]": ("pH", 1.0), "pH": ("pH", 1.0), "[NTU]": ("NTU", 1.0), "{NTU}": ("NTU", 1.0),
    "{FNU}": ("NTU", 1.0), "NTU": ("NTU", 1.0), "Cel": ("Cel", 1.0), "uS/cm": ("uS/cm", 1.0),
    "mS/cm": ("uS/cm", 1e3), "S/m": ("uS/cm", 1e4), "mS/m": ("uS/cm", 10.0),
    "%": ("%", 1.0), "1": ("1", 1.0), "s": ("s", 1.0),
    "{vehicle}": ("1", 1.0), "{vehicles}": ("1", 1.0), "{veh}": ("1", 1.0), "{count}": ("1", 1.0),
    "{vehicle}/h": ("veh/h", 1.0), "{veh}/h": ("veh/h", 1.0),
}  # fmt: skip
"""UCUM code -> (unit of the plant's signals, factor)."""

_SAME = {("1", "%"): 0.01, ("%", "1"): 100.0}
"""(a point's unit, a signal's unit) that can mean the same thing -> point's value / signal's."""


class _Rule(NamedTuple):
    pattern: str
    signal: str
    unit: str


@dataclass(frozen=True, slots=True)
class Signal:
    """`value in the point's unit = signal / to_signal`; a write goes the other way."""

    name: str
    to_signal: float


def _rules(*rows: tuple[str, str, str]) -> tuple[_Rule, ...]:
    return tuple(_Rule(*row) for row in rows)


_PHASED = r"_(?:approach_?|arm_?)?([1-4])"

RULES: dict[str, tuple[_Rule, ...]] = {
    "electricity": _rules(
        (r"frequency", "frequency", "Hz"),
        (r"voltage_l([123])_l([123])", "{place}voltage_l{1}_l{2}", "V"),
        (r"voltage_ll_avg", "{place}voltage_ll_avg", "V"),
        (r"voltage_(?:ln_)?avg", "{place}voltage_avg", "V"),
        (r"voltage_l([123])$", "{place}voltage_l{1}", "V"),
        (r"voltage$", "{place}voltage_l1", "V"),
        (r"current_(n|sum|avg)$", "{place}current_{1}", "A"),
        (r"current_l([123])$", "{place}current_l{1}", "A"),
        (r"current$", "{place}current_l1", "A"),
        (r"active_power_(l[123]|total)$", "{place}active_power_{1}", "W"),
        (r"reactive_power_(l[123]|total)$", "{place}reactive_power_{1}", "var"),
        (r"apparent_power_(l[123]|total)$", "{place}apparent_power_{1}", "V.A"),
        (r"active_power$", "{place}active_power_l1", "W"),
        (r"reactive_power$", "{place}reactive_power_l1", "var"),
        (r"apparent_power$", "{place}apparent_power_l1", "V.A"),
        (r"power_factor_(l[123])$", "{place}power_factor_{1}", "1"),
        (r"power_factor(_total|_avg).*", "{place}power_factor_total", "1"),
        (r"power_factor$", "{place}power_factor_l1", "1"),
        (r"phase_angle_total", "{place}phase_angle_total", "deg"),
        (r"active_energy_(import|export)(_l[123])$", "{place}active_energy_{1}{2}", "W.h"),
        (r"active_energy_(import|export)(?:_t1|_total)?$", "{place}active_energy_{1}", "W.h"),
        (r"active_energy_(total|net)$", "{place}active_energy_{1}", "W.h"),
        (r"reactive_energy_(import|export|total)$", "{place}reactive_energy_{1}", "var.h"),
        (r"apparent_energy(?:_import|_total)?$", "{place}apparent_energy_import", "V.A.h"),
    ),
    "water": _rules(
        (r".*(reverse|negative|rev).*", "nothing", "m3"),
        (r"(?!sound).*velocity.*|flow_speed", "{place}velocity_ms", "m/s"),
        (r".*(flow|flow_rate|volume_flow|flow_m3h)$", "{place}flow_m3h", "m3/h"),
        (r".*(total|counter|volume).*", "{place}total_m3", "m3"),
        (r"pressure", "pressure_bar", "bar"),
        (r".*temp.*", "temperature_c", "Cel"),
        (r"conductivity", "conductivity_uscm", "uS/cm"),
    ),
    "water_quality": _rules(
        (r".*(setpoint|alarm|raw|limit).*", "", ""),
        (r".*chlorine.*", "{quality}chlorine_mgl", "mg/L"),
        (r"ph(_.*)?", "ph", "pH"),
        (r"turbidity.*", "turbidity_ntu", "NTU"),
        (r".*temp.*", "temperature_c", "Cel"),
        (r"conductivity", "conductivity_uscm", "uS/cm"),
        (r"orp", "orp_mv", "mV"),
    ),
    "plant": _rules(
        (r".*chlorine.*setpoint.*|.*setpoint.*chlorine.*", "chlorine_setpoint_mgl", "mg/L"),
        (r".*(?:outlet|network).*chlorine.*", "outlet_chlorine_mgl", "mg/L"),
        (r".*(?:dose|dosing).*", "chlorine_dose_mgl", "mg/L"),
        (r".*chlorine.*", "chlorine_mgl", "mg/L"),
        (r".*(in|out)(?:let)?.*flow.*", "{1}let_flow_m3h", "m3/h"),
        (r".*(in|out)(?:let)?.*(?:total|volume).*", "{1}let_total_m3", "m3"),
        (r".*level.*", "level_m", "m"),
        (r".*level.*|.*fill.*", "fill_percent", "%"),
        (r".*tank.*volume.*|volume", "volume_m3", "m3"),
        (r".*raw.*turbidity.*", "raw_turbidity_ntu", "NTU"),
        (r".*turbidity.*", "turbidity_ntu", "NTU"),
        (r".*pressure.*", "pressure_bar", "bar"),
        (r".*pump_?([12]).*(?:command|cmd|start).*", "pump_{1}_command", "1"),
        (r".*pump_?([12])(?:_?(?:run|on|state|status).*)?$", "pump_{1}", "1"),
        (r".*energy.*", "energy_wh", "W.h"),
        (r".*power.*", "power_w", "W"),
        (r".*temp.*", "temperature_c", "Cel"),
        (r".*conductivity.*", "conductivity_uscm", "uS/cm"),
        (r"(?:.*_)?ph(?:_.*)?", "ph", "pH"),
        (r".*orp.*", "orp_mv", "mV"),
    ),
    "traffic": _rules(
        (r"(?:presence|occupied)" + _PHASED, "presence_{1}", "1"),
        (r"node([1-4])_mgage_value", "presence_{1}", "1"),
        (r"(motorcycle|car|heavy)_(?:count|volume)" + _PHASED, "{1}_{2}", "1"),
        (r"(?:vehicle_)?(?:count|volume|vehicles)" + _PHASED, "count_{1}", "1"),
        (r"occupancy" + _PHASED, "occupancy_{1}", "%"),
        (r"queue" + _PHASED, "queue_{1}", "1"),
        (r"speed" + _PHASED, "speed_{1}", "km/h"),
        (r"flow" + _PHASED, "flow_{1}", "veh/h"),
        (r"signal" + _PHASED, "signal_{1}", "1"),
        (r"countdown" + _PHASED, "countdown_{1}", "s"),
        (r"(?:controller_)?mode", "mode", "1"),
        (r"(?:.*_)?stage", "stage", "1"),
        (r"cycle.*", "cycle_s", "s"),
    ),
}
"""By domain: the first row whose pattern is the whole name and whose unit fits."""


_DISCRETE = ("presence_", "signal_", "stage", "mode", "pump_")
"""What a state or a bit may show: the status of a measurement is not its value."""


def signal_for(domain: str, spec: PointSpec, **places: str) -> Signal | None:
    """The plant's signal behind a point; None where it must move by itself.

    Args:
        domain: Of the profile.
        spec: The point; its name may be a path, of which the case does not matter.
        places: What stands for `{place}` and `{quality}` in the signals' names.
    """
    name = re.sub(r"[^a-z0-9]+", "_", spec.name.lower()).strip("_")
    own, factor = UNITS.get(spec.unit, (spec.unit, 1.0))
    discrete = spec.kind in {Kind.BIT, Kind.STATE}
    for rule in RULES.get(domain, ()):
        found = re.fullmatch(rule.pattern, name)
        if found is None or (discrete and not rule.signal.startswith(_DISCRETE)):
            continue
        if not rule.signal:
            return None
        unit, base = UNITS.get(rule.unit, (rule.unit, 1.0))
        if own == unit:
            ratio = factor / base
        elif (own, unit) in _SAME:
            ratio = factor / _SAME[own, unit]
        else:
            continue
        return Signal(rule.signal.format("", *found.groups(default=""), **places), ratio)
    return None
