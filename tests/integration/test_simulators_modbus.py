"""Simulated Modbus devices before clients that Ria did not write: mbpoll and pymodbus."""

import asyncio
import random
import struct

import pytest
from pymodbus.client import AsyncModbusTcpClient

from drivers import catalogue
from drivers.profile import PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusRtu, ModbusTcp
from edge.errors import ConfigError
from edge.model.point import Columns, Kind
from simulators.clock import ManualClock
from simulators.fault_file import parse_faults
from simulators.modbus_rtu import crc
from simulators.record import Record
from simulators.site_server import serve
from tests.recorded import answers

METER = catalogue.load("eastron-sdm630")
FLOW = catalogue.load("siemens-sitrans-mag6000")
TCP = ModbusTcp("10.0.0.1")
BUS = ModbusRtu("/dev/ttyUSB7")
PATIENCE_S = 5.0


def device(id_="meter", profile=METER, link=TCP, unit=1):
    return DeviceSettings(id_, profile, link, Columns(id_, (), 1.0), unit)


def city(*devices, clock=None, **options):
    return serve(devices, clock=clock or ManualClock(), rng=random.Random(1), **options)


async def mbpoll(*arguments):
    """Floats that mbpoll reads once, by address."""
    process = await asyncio.create_subprocess_exec(
        "mbpoll", "-1", "-q", "-0", *map(str, arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    text = out.decode(errors="replace")
    found = [line for line in text.splitlines() if line.startswith("[")]
    return [float(line.split(":")[1].split()[0]) for line in found], text + err.decode(
        errors="replace"
    )


@pytest.mark.needs("mbpoll")
async def test_mbpoll_reads_volts_over_tcp():
    async with city(device()) as site:
        port = site.devices[0].link.port
        volts, said = await mbpoll(
            "-m", "tcp", "-p", port, "-a", 1, "-t", "3:float", "-B", "-r", 0, "-c", 3, "127.0.0.1"
        )
        shown = site.plant.outputs("meter")
        assert volts == pytest.approx([shown[f"voltage_l{k}"] for k in (1, 2, 3)], rel=1e-4), said


@pytest.mark.needs("mbpoll")
async def test_mbpoll_reads_two_units_of_a_serial_bus(tmp_path):
    bus = [device("a", link=BUS, unit=1), device("b", link=BUS, unit=7)]
    async with city(*bus, folder=tmp_path) as site:
        path = site.devices[0].link.path
        assert path == str(tmp_path / "ttyUSB7")
        for unit, name in ((1, "a"), (7, "b")):
            volts, said = await mbpoll(
                "-m",
                "rtu",
                "-b",
                9600,
                "-P",
                "none",
                "-a",
                unit,
                "-t",
                "3:float",
                "-B",
                "-r",
                0,
                "-c",
                3,
                path,
            )
            shown = site.plant.outputs(name)
            assert volts == pytest.approx([shown[f"voltage_l{k}"] for k in (1, 2, 3)], rel=1e-4), (
                said
            )
        silent, said = await mbpoll(
            "-m",
            "rtu",
            "-b",
            9600,
            "-P",
            "none",
            "-a",
            9,
            "-o",
            0.2,
            "-t",
            "3:float",
            "-B",
            "-r",
            0,
            "-c",
            1,
            path,
        )
        assert silent == []
        assert "timed out" in said


async def test_pymodbus_reads_and_is_refused():

    async with city(device(), device("flow", FLOW, unit=2)) as site:
        link = site.devices[1].link
        assert site.devices[0].link == link, "one address, two units"
        client = AsyncModbusTcpClient(link.host, port=link.port, retries=0, timeout=PATIENCE_S)
        assert await client.connect()
        try:
            answer = await client.read_input_registers(0, count=6, device_id=1)
            volts = struct.unpack(">fff", struct.pack(">6H", *answer.registers))
            assert volts[0] == pytest.approx(site.plant.outputs("meter")["voltage_l1"])
            assert (
                await client.read_input_registers(5000, count=1, device_id=1)
            ).exception_code == 2
            assert (await client.write_register(0, 1, device_id=1)).exception_code == 2
            assert (
                await client.read_input_registers(0, count=1, device_id=99)
            ).exception_code == 11
            assert (await client.read_holding_registers(3002, count=2, device_id=2)).registers
        finally:
            client.close()


async def test_what_pymodbus_writes_reaches_the_plant_and_reads_back():
    dosing = Profile(
        profile="dosing", title="Dosing", vendor="Ria", domain="plant", trust="B",
        sources=[Source(document="made up")],
        points=[
            PointSpec(name="chlorine_setpoint", address=4, type="float32", unit="mg/L", writable=(0.2, 1.0)),
            PointSpec(name="pump_2_command", address=0, table="coil", type="bit", kind=Kind.BIT, writable=(0, 1)),
            PointSpec(name="pump_2_running", address=0, table="discrete", type="bit", kind=Kind.BIT),
        ],
    )  # fmt: skip
    clock = ManualClock()
    async with city(device("plc", dosing), clock=clock) as site:
        link = site.devices[0].link
        client = AsyncModbusTcpClient(link.host, port=link.port, retries=0, timeout=PATIENCE_S)
        assert await client.connect()
        try:
            assert not (await client.write_registers(4, [0x3F40, 0], device_id=1)).isError()
            assert (await client.read_holding_registers(4, count=2, device_id=1)).registers == [
                0x3F40,
                0,
            ]
            assert (await client.write_registers(4, [0x4040, 0], device_id=1)).exception_code == 3
            assert not (await client.write_coil(0, True, device_id=1)).isError()

            async def obeyed():
                clock.advance(0.5)
                return (await client.read_discrete_inputs(0, count=1, device_id=1)).bits[0]

            await until(obeyed)
            assert site.plant.outputs("plc")["chlorine_setpoint"] == 0.75
        finally:
            client.close()


async def frames(port, *requests, unit=1, wait_s=0.4):
    """Raw bytes that a TCP port answers, until it falls silent; None where it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        for i, pdu in enumerate(requests):
            writer.write(struct.pack(">HHHB", i + 1, 0, len(pdu) + 1, unit) + pdu)
        while True:
            async with asyncio.timeout(wait_s):
                piece = await reader.read(4096)
            if not piece:
                return got, True
            got += piece
    except TimeoutError:
        return got, False
    except ConnectionError:
        return got, True
    finally:
        writer.close()


READ = struct.pack(">BHH", 4, 0, 2)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("silent", lambda got, closed: got == b"" and not closed),
        ("half_open", lambda got, closed: got == b"" and not closed),
        ("close_after_accept", lambda got, closed: got == b"" and closed),
        ("exception, code: 6", lambda got, closed: got[7:] == b"\x84\x06"),
        ("garbage, where: before, length: 5", lambda got, closed: len(got) == 18 and got[5:9] == b"\0\1\0\0"),
        ("garbage, where: after, length: 5", lambda got, closed: len(got) == 18 and got[:4] == b"\0\1\0\0"),
        ("garbage, length: 5", lambda got, closed: len(got) == 5),
        ("truncated, keep: 9", lambda got, closed: len(got) == 9),
        ("wrong_transaction", lambda got, closed: len(got) == 13 and got[:2] != b"\0\1"),
        ("wrong_unit", lambda got, closed: len(got) == 13 and got[6] == 2),
        ("nan, points: [voltage_l1]", lambda got, closed: got[9:13] == b"\x7f\xc0\0\0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_faults_are_what_the_socket_sees(fault, check, tmp_path):
    faults = parse_faults(f"faults: [{{devices: ['*'], fault: {fault}}}]".encode())
    path = tmp_path / "record.jsonl"
    with Record(path) as record:
        async with city(device(), faults=faults, record=record) as site:
            got, closed = await frames(site.devices[0].link.port, READ)
    assert check(got, closed), (got, closed)
    recorded = path.read_text()
    assert bool(recorded) == fault.startswith("nan"), "only intact answers go on record"


async def test_a_slow_answer_comes_late_and_in_order():
    faults = parse_faults(b"faults: [{devices: [meter], fault: slow, delay: 200ms}]")
    async with city(device(), faults=faults) as site:
        begin = asyncio.get_running_loop().time()
        got, _ = await frames(site.devices[0].link.port, READ, READ, wait_s=0.6)
        assert asyncio.get_running_loop().time() - begin >= 0.2
    assert [got[1], got[14]] == [1, 2]


async def test_faults_begin_and_end_by_the_clock():
    faults = parse_faults(b"faults: [{devices: [meter], fault: silent, since: 10s, until: 20s}]")
    clock = ManualClock()
    async with city(device(), clock=clock, faults=faults) as site:
        port = site.devices[0].link.port
        seen = []
        for _ in range(3):
            got, _ = await frames(port, READ, wait_s=0.2)
            seen.append(len(got))
            clock.advance(10)
    assert seen == [13, 0, 13]


async def test_a_peer_that_vanished_does_not_come_back_on_the_same_connection():
    faults = parse_faults(b"faults: [{devices: [meter], fault: half_open, until: 10s}]")
    clock = ManualClock()
    async with city(device(), clock=clock, faults=faults) as site:
        port = site.devices[0].link.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = struct.pack(">HHHB", 1, 0, 6, 1) + READ
        writer.write(request)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(100)
        clock.advance(11)
        writer.write(request)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(100)
        writer.close()
        assert len((await frames(port, READ))[0]) == 13


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_a_server_goes_away_and_comes_back_to_its_place(tmp_path):
    faults = parse_faults(b"faults: [{devices: ['*'], fault: away, since: 10s, until: 20s}]")
    clock = ManualClock()
    bus = device("b", link=BUS)
    async with city(device(), bus, clock=clock, faults=faults, folder=tmp_path) as site:
        port, path = site.devices[0].link.port, tmp_path / "ttyUSB7"

        async def listens():
            try:
                return len((await frames(port, READ))[0]) == 13
            except ConnectionRefusedError:
                return False

        async def is_gone():
            return not await listens() and not path.is_symlink()

        async def is_back():
            return await listens() and path.is_char_device()

        assert await is_back()
        clock.advance(10)
        await until(is_gone)
        clock.advance(10)
        await until(is_back)


async def test_the_record_is_what_was_sent(tmp_path):
    path = tmp_path / "record.jsonl"
    clock = ManualClock()
    with Record(path) as record:
        async with city(device(), device("b", unit=2), clock=clock, record=record) as site:
            port = site.devices[0].link.port
            got, _ = await frames(port, READ, struct.pack(">BHH", 4, 9000, 2), READ)

            async def flushed():
                return len(answers(path)) == 2

            await until(flushed)
    lines = answers(path)
    expected = {
        "at": clock.now(), "device": "meter", "unit": 1, "function": 4, "address": 0, "count": 2,
        "data": got[9:13].hex(),
    }  # fmt: skip
    assert lines == [expected, expected]


async def test_a_serial_fault_breaks_the_check_sum_only(tmp_path):
    faults = parse_faults(b"faults: [{devices: [b], fault: wrong_crc}]")
    async with city(device("b", link=BUS), faults=faults, folder=tmp_path) as site:
        request = bytes([1]) + READ
        frame = await exchange(site.devices[0].link.path, request + crc(request))
        assert frame[:3] == bytes([1, 4, 4])
        assert frame[-2:-1] == crc(frame[:-2])[:1]
        assert frame[-2:] != crc(frame[:-2])


async def exchange(path, *pieces):
    """What a serial port answers to these bytes, written one piece at a time."""
    import serial

    def talk():
        with serial.Serial(path, 9600, timeout=0.4) as port:
            for piece in pieces:
                port.write(piece)
            return port.read(256)

    return await asyncio.to_thread(talk)


async def test_a_bus_finds_frames_in_noise(tmp_path):
    async with city(device("b", link=BUS), folder=tmp_path) as site:
        path = site.devices[0].link.path
        request = bytes([1]) + READ
        request += crc(request)
        assert len(await exchange(path, request[:3], request[3:])) == 9
        assert await exchange(path, b"\x55\xaa\x13") == b""
        assert len(await exchange(path, request)) == 9
        unknown = bytes([1, 0x2B, 14, 1, 0])
        refused = await exchange(path, unknown + crc(unknown))
        assert refused[:3] == bytes([1, 0xAB, 1])


async def test_a_paced_bus_takes_the_time_its_baud_rate_says(tmp_path):
    slow = ModbusRtu("/dev/ttyUSB7", baud=2400)
    async with city(device("b", link=slow), folder=tmp_path, paced=True) as site:
        request = bytes([1]) + struct.pack(">BHH", 4, 0, 20)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        answer = await exchange(site.devices[0].link.path, request + crc(request))
        assert len(answer) == 45
        assert loop.time() - begin >= (8 + 45) * 10 / 2400


async def test_hostile_headers_are_cut_off_and_do_no_harm():
    async with city(device()) as site:
        port = site.devices[0].link.port
        for noise in (b"\0\1\0\0\0\0\1", b"\0\1\0\0\xff\xff\1", b"GET / HTTP/1.1\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(noise)
            async with asyncio.timeout(PATIENCE_S):
                try:
                    assert await reader.read(100) == b""
                except ConnectionResetError:
                    pass
            writer.close()
        assert len((await frames(port, READ))[0]) == 13


async def test_a_port_that_is_taken_is_a_sentence():
    async with city(device()) as site:
        taken = site.devices[0].link
        with pytest.raises(ConfigError, match=f"cannot serve meter at {taken.port}"):
            async with city(device(link=taken)):
                pass


async def test_the_callers_own_error_comes_out_as_it_is():
    with pytest.raises(LookupError, match="mine"):
        async with city(device()):
            raise LookupError("mine")
