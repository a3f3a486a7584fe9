"""Writes happen only where site and device both allow them, in time, and are read back."""

import asyncio
import random

import pytest

from drivers.modbus.driver import ModbusDriver
from drivers.profile import PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusTcp
from edge.model.command import Applied, Command, Expired, Refused, Unreachable
from edge.model.point import Bounds, Columns, Point

SETPOINTS = [
    PointSpec(name="dose", address=10, scale=0.01, writable=(0.0, 5.0), unit="mg/L"),
    PointSpec(name="level", address=20, type="float32", words="little", writable=(0.0, 100.0)),
    PointSpec(name="pump", address=3, table="coil", type="bit", writable=(0.0, 1.0)),
    PointSpec(name="read_only", address=11),
    PointSpec(name="not_here", address=12, writable=(0.0, 5.0)),
    PointSpec(name="input", address=13, table="input", writable=(0.0, 5.0)),
    PointSpec(name="flag", address=14, bit=2, type="bit", writable=(0.0, 1.0)),
]
SITE = {
    "dose": Bounds(0.2, 1.0), "level": Bounds(0, 500), "pump": Bounds(0, 1),
    "read_only": Bounds(0, 1), "input": Bounds(0, 1), "flag": Bounds(0, 1),
}  # fmt: skip


def driver(world):
    profile = Profile(
        profile="made-up", title="", vendor="", domain="plant", trust="A",
        sources=[Source(document="none")], points=SETPOINTS,
    )  # fmt: skip
    points = tuple(Point("d1", p.name, unit=p.unit, writable=SITE.get(p.name)) for p in SETPOINTS)
    made = DeviceSettings("d1", profile, ModbusTcp("192.0.2.1"), Columns("d1", points, 1.0))
    return ModbusDriver(made, world.bus, world.clock, random.Random(1))


def command(world, point, value, lasts_s=30.0, device="d1"):
    now = world.clock.now()
    return Command("c1", device, point, value, now, now + round(lasts_s * 1e9), "test")


def execute(world, point, value, **more):
    one = driver(world)
    return world.run(one.execute(command(world, point, value, **more)))


@pytest.fixture
def plant(world, registers):
    unit = registers(dict.fromkeys(range(30), 0))
    coils = {3: 0}

    def answer(request):
        if request.pdu[0] == 5:
            coils[3] = int(request.pdu[3] == 0xFF)
            return request.pdu
        if request.pdu[0] == 1:
            return bytes([1, 1, coils[3]])
        return unit(request)

    world.wire.units = {1: answer}
    return unit


@pytest.mark.usefixtures("plant")
@pytest.mark.parametrize(("point", "value"), [("dose", 0.35), ("level", 12.5), ("pump", 1.0)])
def test_an_allowed_write_is_applied_and_read_back(world, point, value):
    outcome = execute(world, point, value)
    assert isinstance(outcome, Applied)
    assert outcome.read_back == value
    assert world.wire.sent[-1][1].pdu[0] in {1, 3}


def test_the_bytes_written_stand_in_the_point_s_own_order(world, plant):
    execute(world, "level", 12.5)
    assert (plant.held[20], plant.held[21]) == (0x0000, 0x4148)
    execute(world, "dose", 0.35)
    assert plant.held[10] == 35


@pytest.mark.parametrize(
    ("point", "value", "why"),
    [
        ("dose", 1.01, "the site's bounds, 0.2…1 mg/L"),
        ("dose", 6.0, "the device's bounds, 0…5 mg/L"),
        ("dose", float("nan"), "bounds"),
        ("level", 101.0, "the device's bounds"),
        ("read_only", 0.5, "not writable by its profile"),
        ("not_here", 0.5, "`write:` must list it"),
        ("input", 0.5, "does not write"),
        ("flag", 1.0, "does not write"),
        ("unknown", 1.0, "not a point"),
        ("pump", 0.5, "neither 0 nor 1"),
    ],
)
def test_everything_else_is_refused_without_a_byte_on_the_wire(world, plant, point, value, why):
    outcome = execute(world, point, value)
    assert isinstance(outcome, Refused)
    assert why in outcome.reason
    assert world.wire.sent == []


@pytest.mark.usefixtures("plant")
def test_another_device_s_command_is_refused(world):
    assert isinstance(execute(world, "dose", 0.5, device="d2"), Refused)


@pytest.mark.usefixtures("plant")
def test_an_expired_command_is_not_sent(world):
    assert execute(world, "dose", 0.5, lasts_s=0.0) == Expired()
    assert world.wire.sent == []


@pytest.mark.usefixtures("plant")
def test_a_command_that_expires_in_the_queue_is_not_sent(world):
    one = driver(world)
    world.wire.latency_s = 3.0

    async def queue():
        async with asyncio.TaskGroup() as tg:
            tg.create_task(one.look())
            outcome = tg.create_task(one.execute(command(world, "dose", 0.5, lasts_s=2.0)))
        return outcome.result()

    assert world.run(queue()) == Expired()
    assert all(request.pdu[0] not in {5, 6, 16} for _, request in world.wire.sent)


def test_a_silent_device_may_or_may_not_have_done_it(world):
    outcome = execute(world, "dose", 0.5)
    assert isinstance(outcome, Unreachable)
    assert len(world.wire.sent) == 1


def test_a_device_that_says_no_is_quoted(world):
    world.wire.units = {1: lambda r: bytes([r.pdu[0] | 0x80, 3])}
    outcome = execute(world, "dose", 0.5)
    assert isinstance(outcome, Refused)
    assert "illegal value (code 3)" in outcome.reason


def test_a_value_that_the_device_did_not_keep_is_not_applied(world):
    world.wire.units = {1: lambda r: r.pdu if r.pdu[0] == 6 else b"\x03\x02\x00\x14"}
    outcome = execute(world, "dose", 0.5)
    assert isinstance(outcome, Refused)
    assert "reads back 0.2 mg/L after 0.5" in outcome.reason
