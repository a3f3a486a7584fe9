"""Devices hang on plants by their profiles: signals arrive in the points' own units and bounds."""

import random
from itertools import pairwise

import pytest

from drivers.profile import PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusTcp
from edge.model.clock import NS_PER_S, Instant
from edge.model.point import Columns, Kind
from simulators.clock import A_MONDAY_MORNING
from simulators.generic import GenericDevice
from simulators.mapping import signal_for
from simulators.plant import Plant


def at(seconds):
    return Instant(A_MONDAY_MORNING + round(seconds * NS_PER_S))


def device(id_, domain, *points):
    profile = Profile(
        profile=id_, title="t", vendor="v", domain=domain, trust="B",
        sources=[Source(document="made up")], points=list(points),
    )  # fmt: skip
    return DeviceSettings(id_, profile, ModbusTcp("h"), Columns(id_, (), 1.0))


@pytest.mark.parametrize(
    ("domain", "name", "unit", "kind", "signal", "to_signal"),
    [
        ("electricity", "voltage_l1_l2", "V", Kind.GAUGE, "head.voltage_l1_l2", 1),
        ("electricity", "active_power_total", "kW", Kind.GAUGE, "head.active_power_total", 1e3),
        ("electricity", "active_energy_import_t1", "kW.h", Kind.COUNTER, "head.active_energy_import", 1e3),
        ("electricity", "power_factor_total", "%", Kind.GAUGE, "head.power_factor_total", 0.01),
        ("water", "volume_flow", "m3/s", Kind.GAUGE, "head.flow_m3h", 3600),
        ("water", "total_reverse", "m3", Kind.COUNTER, "nothing", 1),
        ("water_quality", "free_chlorine", "mg/L", Kind.GAUGE, "chlorine_mgl", 1),
        ("plant", "Tank.Level", "m", Kind.GAUGE, "level_m", 1),
        ("plant", "Outlet.Flow", "L/s", Kind.GAUGE, "outlet_flow_m3h", 3.6),
        ("plant", "pump_2_running", "1", Kind.BIT, "pump_2", 1),
        ("plant", "chlorine_setpoint", "mg/L", Kind.GAUGE, "chlorine_setpoint_mgl", 1),
        ("traffic", "heavy_volume_4", "{vehicle}", Kind.COUNTER, "heavy_4", 1),
        ("traffic", "occupancy_2", "%", Kind.GAUGE, "occupancy_2", 1),
        ("traffic", "presence_1", "1", Kind.BIT, "presence_1", 1),
    ],
)  # fmt: skip
def test_a_point_finds_its_signal(domain, name, unit, kind, signal, to_signal):
    found = signal_for(
        domain, PointSpec(name=name, unit=unit, kind=kind), place="head.", quality=""
    )
    assert found.name == signal
    assert found.to_signal == pytest.approx(to_signal)


@pytest.mark.parametrize(
    ("domain", "name", "unit", "kind"),
    [
        ("water_quality", "ph_status", "1", Kind.STATE),
        ("water_quality", "chlorine_setpoint", "mg/L", Kind.GAUGE),
        ("water", "sound_velocity", "m/s", Kind.GAUGE),
        ("water", "flow_percent", "%", Kind.GAUGE),
        ("electricity", "voltage_thd_l1", "%", Kind.GAUGE),
        ("plant", "tank_level", "Cel", Kind.GAUGE),
    ],
)
def test_what_only_sounds_alike_moves_by_itself(domain, name, unit, kind):
    assert (
        signal_for(domain, PointSpec(name=name, unit=unit, kind=kind), place="", quality="") is None
    )


def test_all_water_devices_see_one_water_works():
    flow = PointSpec(name="volume_flow", unit="m3/s")
    total = PointSpec(name="total", unit="m3", kind=Kind.COUNTER, modulus=1000)
    plant = Plant(
        [
            device("inlet", "water", flow, total),
            device("outlet", "water", flow),
            device("scada", "plant", PointSpec(name="inlet_flow", unit="m3/h"),
                   PointSpec(name="inlet_volume", unit="m3", kind=Kind.COUNTER)),
        ],
        random.Random(1),
    )  # fmt: skip
    plant.advance(at(0))
    plant.advance(at(60))
    inlet, outlet, scada = (plant.outputs(d) for d in ("inlet", "outlet", "scada"))
    assert scada["inlet_flow"] > 0
    assert inlet["volume_flow"] * 3600 == pytest.approx(scada["inlet_flow"])
    assert inlet["total"] == pytest.approx(scada["inlet_volume"] % 1000)
    assert outlet["volume_flow"] != inlet["volume_flow"]


def test_the_first_meter_sits_at_the_head_and_carries_the_others():
    points = (
        PointSpec(name="active_power_total", unit="kW"),
        PointSpec(name="active_energy_net", unit="kW.h"),
    )
    plant = Plant([device(n, "electricity", *points) for n in ("m1", "m2", "m3")], random.Random(2))
    plant.advance(at(0))
    before = {m: plant.outputs(m)["active_energy_net"] for m in ("m1", "m2", "m3")}
    plant.advance(at(900))
    grown = {m: plant.outputs(m)["active_energy_net"] - before[m] for m in before}
    assert grown["m1"] > grown["m2"] + grown["m3"] > 0
    assert grown["m1"] == pytest.approx(grown["m2"] + grown["m3"], rel=0.05)


def test_writing_reaches_the_plant_or_stays_in_the_device():
    setpoint = PointSpec(name="chlorine_setpoint", unit="ug/L", writable=(200, 1000))
    note = PointSpec(name="operator_code", kind=Kind.STATE, writable=(0, 9))
    plant = Plant([device("scada", "plant", setpoint, note)], random.Random(3))
    plant.advance(at(0))
    assert plant.outputs("scada")["chlorine_setpoint"] == pytest.approx(600)
    plant.write("scada", "chlorine_setpoint", 900.0)
    plant.write("scada", "operator_code", 7.0)
    plant.advance(at(1))
    assert plant.outputs("scada") == pytest.approx({"chlorine_setpoint": 900, "operator_code": 7})


def test_wakes_are_in_order_and_never_past():
    plant = Plant(
        [device("j", "traffic", PointSpec(name="presence_1", kind=Kind.BIT))], random.Random(4)
    )
    now = at(0)
    for _ in range(50):
        then = plant.advance(now)
        assert then > now
        now = then


def test_another_device_does_not_change_what_one_shows():
    own = PointSpec(name="hum", unit="dB", plausible=(0, 90))
    alone = Plant([device("a", "traffic", own)], random.Random(5))
    beside = Plant([device("z", "traffic", own), device("a", "traffic", own)], random.Random(5))
    for plant in (alone, beside):
        plant.advance(at(0))
        plant.advance(at(30))
    assert alone.outputs("a") == beside.outputs("a") != beside.outputs("z")


SPECS = [
    PointSpec(name="level", plausible=(2.0, 3.0)),
    PointSpec(name="free"),
    PointSpec(name="narrow", type="int16", scale=0.1, plausible=(-1e9, 1e9)),
    PointSpec(name="total", kind=Kind.COUNTER, type="uint32", unit="m3", modulus=100, rate_limit=5),
    PointSpec(name="errors", kind=Kind.COUNTER, type="uint16"),
    PointSpec(name="alarm", kind=Kind.BIT, bit=3),
    PointSpec(name="mode", kind=Kind.STATE, states={3: "on", 5: "off"}),
    PointSpec(name="code", kind=Kind.STATE),
    PointSpec(name="set", writable=(1.0, 3.0)),
]


def test_a_generic_device_keeps_to_its_bounds_and_kinds():
    generic = GenericDevice(SPECS, random.Random(6))
    seen = [generic.update(at(second), {}).outputs for second in range(900)]
    assert all(2 <= s["level"] <= 3 for s in seen)
    assert all(-3276.8 <= s["narrow"] <= 3276.7 for s in seen)
    assert len({s["level"] for s in seen}) > 800
    assert {s["alarm"] for s in seen} <= {0, 1}
    assert {s["mode"] for s in seen} <= {3, 5}
    assert {s["code"] for s in seen} == {0}
    assert {s["set"] for s in seen} == {2}
    steps = [b["total"] - a["total"] for a, b in pairwise(seen)]
    assert sum(step < 0 for step in steps) == pytest.approx(9, abs=1), "rolls over at 100"
    assert all(0 < step % 100 < 5 for step in steps)
    assert generic.update(at(901), {"set": 2.5}).outputs["set"] == 2.5


def test_codes_leave_their_rest_now_and_then():
    generic = GenericDevice([SPECS[6]], random.Random(7), step_s=10.0)
    seen = [generic.update(at(10 * i), {}).outputs["mode"] for i in range(3000)]
    assert 0 < seen.count(5) < 300
