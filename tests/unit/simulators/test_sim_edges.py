"""Addresses, rewritten sites, the record's lines, serial framing and time that is told to move."""

import asyncio
import json
import math
from pathlib import Path

import pytest

from drivers.profile import Profile, Source
from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp, OpcUa
from edge.errors import ConfigError
from edge.model.clock import NS_PER_S, ClockQuality, Instant
from edge.model.point import Columns
from simulators.addresses import addresses, moved
from simulators.clock import A_MONDAY_MORNING, ManualClock, VirtualLoop
from simulators.modbus_rtu import crc, request_length
from simulators.record import Record
from simulators.rewrite import rewritten_site

PROFILE = Profile(
    profile="p", title="t", vendor="v", domain="water", trust="B",
    sources=[Source(document="made up")], points=[],
)  # fmt: skip
FOLDER = Path("/run/sim")


def device(id_, link, unit=1):
    return DeviceSettings(id_, PROFILE, link, Columns(id_, (), 1.0), unit)


def places(*devices):
    return [
        ([d.id for d in a.devices], a.host, a.port, str(a.path))
        for a in addresses(devices, bind="127.0.0.9", folder=FOLDER)
    ]


def test_what_is_ours_stays_and_what_is_elsewhere_moves_here():
    assert places(
        device("a", ModbusTcp("127.0.0.1", 1502)),
        device("b", ModbusTcp("10.0.0.1"), 1),
        device("c", ModbusTcp("10.0.0.1"), 2),
        device("d", ModbusTcp("127.0.0.1", 0)),
        device("e", ModbusTcp("127.0.0.1", 0)),
        device("f", ModbusRtu("/dev/ttyUSB0"), 1),
        device("g", ModbusRtu("/dev/ttyUSB0"), 2),
        device("h", ModbusRtu("/dev/serial/by-id/ttyUSB0")),
        device("i", OpcUa("opc.tcp://localhost:4840/ria")),
        device("j", OpcUa("opc.tcp://10.0.0.2:4840/ria")),
    ) == [
        (["a"], "127.0.0.1", 1502, "."),
        (["b", "c"], "127.0.0.9", 0, "."),
        (["d"], "127.0.0.9", 0, "."),
        (["e"], "127.0.0.9", 0, "."),
        (["f", "g"], "", 0, "/run/sim/ttyUSB0"),
        (["h"], "", 0, "/run/sim/ttyUSB0-x"),
        (["i"], "localhost", 4840, "/ria"),
        (["j"], "127.0.0.9", 0, "/ria"),
    ]


def test_two_devices_of_one_unit_are_refused():
    with pytest.raises(ConfigError, match="a and b are both unit 3"):
        places(device("a", ModbusTcp("h"), 3), device("b", ModbusTcp("h"), 3))


def test_a_moved_link_keeps_its_manners():
    link = ModbusTcp("10.0.0.1", timeout_s=3.0, transaction_ids="tolerant")
    assert moved(link, "127.0.0.1", 15, Path()) == ModbusTcp("127.0.0.1", 15, 3.0, "tolerant")
    secured = OpcUa("opc.tcp://plc:4840/x", security="Basic256Sha256", trusted="/etc/plc.der")
    new = moved(secured, "127.0.0.1", 99, Path(), trusted="/tmp/sim.der")
    assert (new.url, new.trusted) == ("opc.tcp://127.0.0.1:99/x", "/tmp/sim.der")


SITE = """\
gateway: vt-01  # the first
links:
  bus-a: {modbus: /dev/ttyUSB0, baud: 9600}
  converter: {modbus: Converter.local}
devices:
  - {id: inlet, link: modbus+tcp://10.0.0.12, unit: 1}   # default port
  - {id: outlet, link: "modbus+tcp://10.0.0.12:1502?timeout=3s"}
  - {id: wall, link: "modbus+rtu:///dev/ttyUSB0?baud=9600"}
  - id: plant
    link: opc.tcp://10.0.0.20:4840
    trusted: /etc/plc.der
  - {id: feeder, link: bus-a, label: /dev/ttyUSB1}
uplink: {url: modbus+tcp://10.0.0.12}
"""


def test_a_rewritten_site_differs_in_its_addresses_only():
    plant = OpcUa("opc.tcp://10.0.0.20:4840", trusted="/etc/plc.der")
    text = rewritten_site(
        SITE,
        {
            ModbusTcp("10.0.0.12"): ModbusTcp("127.0.0.1", 40001),
            ModbusTcp("10.0.0.12", 1502): ModbusTcp("127.0.0.1", 40002),
            ModbusTcp("converter.local", timeout_s=2.0): ModbusTcp("::1", 40004),
            ModbusRtu("/dev/ttyUSB0"): ModbusRtu("/tmp/s/ttyUSB0"),
            plant: OpcUa("opc.tcp://127.0.0.1:40003", trusted="/tmp/s/sim.der"),
        },
    )
    assert text == (
        SITE.replace("link: modbus+tcp://10.0.0.12,", "link: modbus+tcp://127.0.0.1:40001,")
        .replace(
            '"modbus+tcp://10.0.0.12:1502?timeout=3s"', "modbus+tcp://127.0.0.1:40002?timeout=3s"
        )
        .replace('"modbus+rtu:///dev/ttyUSB0?baud=9600"', "modbus+rtu:///tmp/s/ttyUSB0?baud=9600")
        .replace("Converter.local", "[::1]:40004")
        .replace("/dev/ttyUSB0", "/tmp/s/ttyUSB0")
        .replace("opc.tcp://10.0.0.20:4840", "opc.tcp://127.0.0.1:40003")
        .replace("/etc/plc.der", "/tmp/s/sim.der")
    )
    assert rewritten_site(SITE, {}) == SITE


def test_the_record_holds_reads_and_good_values(tmp_path):
    path = tmp_path / "record.jsonl"
    at = A_MONDAY_MORNING
    with Record(path) as record:
        record.modbus(at, "é", 3, bytes([3, 0, 10, 0, 2]), bytes([3, 4, 1, 2, 3, 4]))
        record.modbus(at, "a", 3, bytes([3, 0, 10, 0, 2]), bytes([0x83, 2]))
        record.modbus(at, "a", 3, bytes([6, 0, 10, 0, 2]), bytes([6, 0, 10, 0, 2]))
        record.opcua(at, "b", "publish", {"level": 1.5, "lost": math.nan})
        record.opcua(at, "b", "read", {"lost": math.nan})
        assert path.read_text() == ""
        record.flush()
        assert len(path.read_text().splitlines()) == record.answers == 2
        record.modbus(at, "a", 1, bytes([1, 0, 0, 0, 3]), bytes([1, 1, 5]))
        record.stood_still(Instant(at - 7), at)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [
        {"at": at, "device": "é", "unit": 3, "function": 3, "address": 10, "count": 2, "data": "01020304"},
        {"at": at, "device": "b", "how": "publish", "values": {"level": 1.5}},
        {"at": at, "device": "a", "unit": 1, "function": 1, "address": 0, "count": 3, "data": "05"},
        {"stood_since": at - 7, "stood_until": at},
    ]  # fmt: skip


def test_check_sum_is_the_standards():
    """Modbus over Serial Line V1.02, 6.2.2: the frame 02 07 has the check sum 0x1241."""
    assert crc(bytes([2, 7])) == bytes([0x41, 0x12])


def test_a_request_is_known_by_its_length():
    assert request_length(b"\1") == 0
    assert request_length(bytes([1, 3])) == 8
    assert request_length(bytes([1, 16, 0, 0, 0, 2])) == 0
    assert request_length(bytes([1, 16, 0, 0, 0, 2, 4])) == 13
    assert request_length(bytes([1, 0x2B])) is None


def test_a_manual_clock_moves_both_times_or_the_wall_alone():
    clock = ManualClock()
    clock.advance(1.5)
    clock.step(-3600, ClockQuality.SAVED)
    assert clock.mono_ns() == 1.5 * NS_PER_S
    assert clock.now() - A_MONDAY_MORNING == -3598.5 * NS_PER_S
    assert clock.quality() is ClockQuality.SAVED
    with pytest.raises(ValueError, match="step"):
        clock.advance(-1)


def test_a_virtual_loop_sleeps_a_day_at_once():
    clock = ManualClock()
    loop = VirtualLoop(clock)
    naps = []

    async def nap(hours):
        await asyncio.sleep(hours * 3600)
        naps.append((hours, clock.mono_ns() / NS_PER_S / 3600))

    async def day():
        async with asyncio.TaskGroup() as group:
            for hours in (24, 1, 7):
                group.create_task(nap(hours))

    try:
        loop.run_until_complete(day())
    finally:
        loop.close()
    assert [hours for hours, _ in naps] == [1, 7, 24]
    assert [at for _, at in naps] == pytest.approx([1, 7, 24])
