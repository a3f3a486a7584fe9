"""Every profile can be simulated: what its registers say is what the plant shows."""

import random
import struct

import numpy as np
import pytest

from drivers import catalogue
from drivers.modbus.blocks import plan
from drivers.registers import compile_decoder
from drivers.settings import DeviceSettings, ModbusTcp
from edge.model.clock import NS_PER_S, Instant
from edge.model.point import Columns, Kind
from edge.model.quality import Quality
from simulators.clock import A_MONDAY_MORNING
from simulators.modbus_memory import Memory
from simulators.plant import Plant
from simulators.ranges import carried_by

FUNCTION = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
PROFILES = [catalogue.load(name) for name in catalogue.names()]
MODBUS = [profile for profile in PROFILES if profile.protocol == "modbus"]


def settings(profile):
    return DeviceSettings("dev", profile, ModbusTcp("h"), Columns("dev", (), 1.0))


def look(memory, profile):
    """As a gateway does it: planned blocks, compiled decoder."""
    blocks = plan(profile.points, profile.limits)
    answers = [
        memory.answer(struct.pack(">BHH", FUNCTION[b.table], b.address, b.count)) for b in blocks
    ]
    assert all(a[0] < 0x80 for a in answers), "a planned read is refused"
    return compile_decoder(profile, profile.points, blocks).decode([a[2:] for a in answers])


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.profile)
def test_a_minute_of_any_profile_is_plausible(profile):
    plant = Plant([settings(profile)], random.Random(1))
    for second in (0, 1, 60):
        plant.advance(Instant(A_MONDAY_MORNING + second * NS_PER_S))
    shown = plant.outputs("dev")
    assert shown.keys() == {spec.name for spec in profile.points}
    for spec in profile.points:
        low, high = spec.plausible or carried_by(spec)
        assert low <= shown[spec.name] <= high, spec.name


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_a_driver_reads_what_the_plant_shows(profile):
    plant = Plant([settings(profile)], random.Random(2))
    memory = Memory(profile, "SIM")
    plant.advance(A_MONDAY_MORNING)
    memory.show(plant.outputs("dev"))
    values, quality = look(memory, profile)
    assert (quality == Quality.GOOD).all()
    for spec, value in zip(profile.points, values, strict=True):
        shown = plant.outputs("dev")[spec.name]
        coarse = abs(spec.scale) if not spec.type.startswith("float") else 0.0
        whole = 0.5 if spec.kind in {Kind.BIT, Kind.STATE} else 0.0
        assert abs(value - shown) <= max(0.51 * coarse, whole, 2e-7 * abs(shown)), spec.name


@pytest.mark.parametrize("profile", MODBUS, ids=lambda p: p.profile)
def test_vectors_read_back(profile):
    memory = Memory(profile, "SIM")
    for vector in profile.vectors:
        spec = profile.by_name[vector.point]
        if vector.expect is None:
            memory.show_mark(spec.name)
            memory.show_nan(spec.name)
        else:
            memory.show({spec.name: vector.expect})
        values, _ = look(memory, profile)
        told = values[[s.name for s in profile.points].index(spec.name)]
        expected = np.nan if vector.expect is None else vector.expect
        assert told == pytest.approx(expected, rel=1e-6, nan_ok=True), vector
