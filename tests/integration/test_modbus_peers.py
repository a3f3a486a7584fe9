"""The driver against modbus-serial, a stack that we did not write, over TCP and a serial line."""

import asyncio
import json
import random
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.modbus.bus import open_bus
from drivers.modbus.driver import ModbusDriver
from drivers.profile import PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp
from edge.model.command import Applied, Command, Refused
from edge.model.point import Bounds, Columns, Point
from edge.model.quality import Quality
from edge.runtime import SystemClock

SERVER = Path(__file__).parents[1] / "peers" / "modbus_server.js"

POINTS = [
    PointSpec(name="h0", address=0),
    PointSpec(name="h100", address=100, writable=(0.0, 500.0)),
    PointSpec(name="h40_41", address=40, type="uint32"),
    PointSpec(name="h42_43", address=42, type="uint32", words="little"),
    PointSpec(name="h200_bit0", address=200, type="bit", bit=0),
    PointSpec(name="f110", address=110, type="float32", writable=(-10.0, 10.0)),
    PointSpec(name="i5", address=5, table="input"),
    PointSpec(name="c3", address=3, table="coil", type="bit"),
    PointSpec(name="c4", address=4, table="coil", type="bit"),
    PointSpec(name="d7", address=7, table="discrete", type="bit"),
    PointSpec(name="h896", address=896),
    PointSpec(name="h905", address=905),
    PointSpec(name="h912", address=912),
]  # fmt: skip


def held(address):
    return (address * 3 + 1) % 65536


VALUES = {
    "h0": held(0), "h100": held(100), "h40_41": held(40) << 16 | held(41),
    "h42_43": held(43) << 16 | held(42), "h200_bit0": held(200) & 1, "i5": 65530, "c3": 1, "c4": 0,
    "d7": 1, "h896": held(896), "h912": held(912),
}  # fmt: skip


def device(link, unit=1):
    profile = Profile(
        profile="modbus-serial", title="", vendor="", domain="plant", trust="A",
        sources=[Source(document="tests/peers/modbus_server.js")], points=POINTS,
    )  # fmt: skip
    allowed = {"h100": Bounds(0, 400), "f110": Bounds(-5, 5)}
    points = tuple(Point("d", row.name, writable=allowed.get(row.name)) for row in POINTS)
    return DeviceSettings("d", profile, link, Columns("d", points, 0.2), unit)


@asynccontextmanager
async def peer(*arguments):
    """The server as a process, ready; ended with its stdin."""
    process = await asyncio.create_subprocess_exec(
        "node", SERVER, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=sys.stderr,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            line = await process.stdout.readline()
        yield json.loads(line)["listening"]
    finally:
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()


@asynccontextmanager
async def serial_line(folder):
    """Two pseudo-terminals joined by socat, as a cable joins two ports."""
    near, far = folder / "near", folder / "far"
    process = await asyncio.create_subprocess_exec(
        "socat", f"pty,raw,echo=0,link={near}", f"pty,raw,echo=0,link={far}"
    )
    try:
        async with asyncio.timeout(10):
            while not (near.exists() and far.exists()):
                await asyncio.sleep(0.01)
        yield near, far
    finally:
        process.terminate()
        await process.wait()


def command(clock, point, value):
    now = clock.now()
    return Command("c", "d", point, value, now, now + 30 * 10**9, "test")


async def exercise(link):
    """Read everything twice, write what may be written, and find the silent unit silent."""
    clock, rng = SystemClock(), random.Random(1)
    async with open_bus(link, clock, rng) as bus:
        driver = ModbusDriver(device(link), bus, clock, rng)
        for scan in [await driver.look(), await driver.look()]:
            cells = {s.point.name: s for s in scan.samples()}
            assert {name: cells[name].value for name in VALUES} == VALUES
            assert all(cells[name].quality == Quality.GOOD for name in VALUES)
            assert cells["h905"].quality == Quality.REFUSED

        outcome = await driver.execute(command(clock, "h100", 321))
        assert outcome == Applied(outcome.at, 321)
        outcome = await driver.execute(command(clock, "f110", -2.5))
        assert outcome == Applied(outcome.at, -2.5)
        assert isinstance(await driver.execute(command(clock, "h100", 401)), Refused)
        assert isinstance(await driver.execute(command(clock, "h0", 1)), Refused)
        cells = {s.point.name: s.value for s in (await driver.look()).samples()}
        assert (cells["h100"], cells["f110"]) == (321, -2.5)

        silent = ModbusDriver(device(link, unit=9), bus, clock, rng)
        assert ((await silent.look()).quality == Quality.TIMEOUT).all()
        assert (await driver.look()).quality[0] == Quality.GOOD


@pytest.mark.needs("node", "peers")
async def test_modbus_serial_over_tcp():
    async with peer("tcp", "0") as port:
        await exercise(ModbusTcp("127.0.0.1", port, 0.5))


@pytest.mark.needs("node", "peers", "socat")
async def test_modbus_serial_over_a_serial_line(tmp_path):
    async with (
        serial_line(tmp_path) as (near, far),
        peer("rtu", str(far), "115200"),
    ):
        await exercise(ModbusRtu(str(near), 115200, timeout_s=0.5))
