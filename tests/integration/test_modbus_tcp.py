"""A Modbus TCP server that misbehaves on purpose, byte by byte (faults D01 to D14)."""

import asyncio
import contextlib
import itertools
import random
from contextlib import asynccontextmanager

import pytest

from drivers.modbus.blocks import Block
from drivers.modbus.bus import Bus
from drivers.modbus.driver import ModbusDriver, read_once
from drivers.modbus.frames import read
from drivers.modbus.wire import TcpWire
from drivers.profile import PointSpec, Profile, Source
from drivers.settings import DeviceSettings, ModbusTcp
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer
from edge.model.point import Columns, Point
from edge.model.quality import Quality
from edge.runtime import SystemClock

TIMEOUT_S = 0.25


def honest(request):
    """The answer of a device whose register i holds i."""
    address, count = (int.from_bytes(request[i : i + 2], "big") for i in (8, 10))
    content = b"".join((address + i).to_bytes(2, "big") for i in range(count))
    pdu = request[7:8] + bytes([len(content)]) + content
    return request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu


class Server:
    """Answers by a script: `script(request) -> [(delay_s, bytes), …]`; None hangs up."""

    def __init__(self, script):
        self.script = script
        self.connections = 0
        self.requests = []
        self._writers = []

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readexactly(12)
                self.requests.append(request)
                for delay_s, chunk in self.script(request):
                    if chunk is None:
                        writer.close()
                        return
                    asyncio.get_running_loop().call_later(delay_s, self._send, writer, chunk)

    @staticmethod
    def _send(writer, chunk):
        if not writer.is_closing():
            writer.write(chunk)

    @asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await server.wait_closed()
            await asyncio.sleep(0)


@asynccontextmanager
async def wired(script, **more):
    server = Server(script)
    async with server.running() as port:
        wire = TcpWire(ModbusTcp("127.0.0.1", port, TIMEOUT_S, **more))
        await wire.open()
        try:
            yield server, wire
        finally:
            wire.close()


def ask(wire, address=7, count=1, unit=1):
    return wire.ask(read(unit, Block("holding", address, count)))


async def test_an_honest_server_is_believed():
    async with wired(lambda r: [(0, honest(r))]) as (_, wire):
        assert await ask(wire) == b"\x00\x07"
        assert await ask(wire, 0, 125) == b"".join(i.to_bytes(2, "big") for i in range(125))


async def test_an_answer_in_single_bytes_is_put_together():
    async with wired(lambda r: [(0.002 * i, bytes([b])) for i, b in enumerate(honest(r))]) as (
        _,
        wire,
    ):
        assert await ask(wire) == b"\x00\x07"


async def test_slow_is_still_good():
    async with wired(lambda r: [(0.6 * TIMEOUT_S, honest(r))]) as (_, wire):
        assert await ask(wire) == b"\x00\x07"


async def test_silence_ends_with_the_timeout_and_a_new_connection():
    async with wired(lambda r: []) as (server, wire):
        started = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer, match=r"unit 1 did not answer within 0.25 s \(holding 7…7\)"):
            await ask(wire)
        assert asyncio.get_running_loop().time() - started < 3 * TIMEOUT_S
        # nobody else answers here: the peer may have vanished without a word
        assert not wire.is_open
        with pytest.raises(LinkDown):
            await ask(wire)
        await wire.open()
        server.script = lambda r: [(0, honest(r))]
        assert await ask(wire) == b"\x00\x07"


async def test_a_silent_unit_does_not_cost_its_neighbour_the_connection():
    async with wired(lambda r: [(0, honest(r))] if r[6] == 1 else []) as (server, wire):
        for _ in range(3):
            assert await ask(wire) == b"\x00\x07"
            with pytest.raises(NoAnswer):
                await ask(wire, unit=9)
        assert await ask(wire) == b"\x00\x07"
        assert server.connections == 1


async def test_a_half_open_connection_is_given_up_after_two_silences():
    answering = True
    async with wired(lambda r: [(0, honest(r))] if answering else []) as (_, wire):
        await ask(wire, unit=1)
        await ask(wire, unit=2)
        answering = False
        for unit in (1, 2):
            with pytest.raises(NoAnswer):
                await ask(wire, unit=unit)
        assert not wire.is_open


@pytest.mark.parametrize("mode", ["strict", "tolerant"])
async def test_late_answers_are_never_given_to_another_question(mode):
    """Delays scatter around the timeout; every answer names the address that was asked for."""
    rng = random.Random(5)

    def script(request):
        # unit 2 is in time, so that a strict connection is kept for its sake
        return [(rng.uniform(0.0, 0.045) if request[6] == 1 else 0, honest(request))]

    server = Server(script)
    answered = late = 0
    async with server.running() as port:
        wire = TcpWire(ModbusTcp("127.0.0.1", port, 0.03, mode))
        for address in range(200):
            if not wire.is_open:
                await wire.open()
            try:
                content = await ask(wire, address, unit=1 + address % 2)
            except NoAnswer:
                late += 1
            else:
                assert content == address.to_bytes(2, "big")
                answered += 1
        wire.close()
    assert answered > 100
    assert late > 20


async def test_a_double_answer_is_used_once():
    async with wired(lambda r: [(0, honest(r) * 2)]) as (server, wire):
        for address in range(20):
            assert await ask(wire, address) == address.to_bytes(2, "big")
        assert server.connections == 1


async def test_a_wrong_transaction_is_not_an_answer_and_the_remedy_is_named():
    async with wired(lambda r: [(0, b"\x00\x63" + honest(r)[2:])]) as (_, wire):
        with pytest.raises(BadFrame, match=r"answered transaction 99, .*tolerant"):
            await ask(wire)
        assert not wire.is_open


async def test_a_converter_that_echoes_no_transaction_is_borne_where_the_site_says_so():
    async with wired(lambda r: [(0, b"\x00\x02" + honest(r)[2:])], transaction_ids="tolerant") as (
        _,
        wire,
    ):
        for address in range(5):
            assert await ask(wire, address) == address.to_bytes(2, "big")


WRONG = {
    "unit": lambda r: honest(r)[:6] + b"\x05" + honest(r)[7:],
    "function": lambda r: honest(r)[:7] + b"\x04" + honest(r)[8:],
    "byte count": lambda r: honest(r)[:8] + b"\x04" + honest(r)[9:],
    "too much": lambda r: r[:4] + b"\x00\x07" + honest(r)[6:8] + b"\x04\x00\x07\x00\x08",
    "protocol": lambda r: r[:2] + b"\x00\x01" + honest(r)[4:],
    "length 0": lambda r: r[:4] + b"\x00\x00" + honest(r)[6:],
    "length 65535": lambda r: r[:4] + b"\xff\xff" + honest(r)[6:],
    "garbage": lambda r: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "noise before": lambda r: b"\x55\xaa" + honest(r),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_not_the_answer_is_a_bad_frame_and_the_next_is_in_step(wrong):
    async with wired(lambda r: [(0, WRONG[wrong](r))]) as (server, wire):
        with pytest.raises(BadFrame):
            await ask(wire)
        server.script = lambda r: [(0, honest(r))]
        if not wire.is_open:
            await wire.open()
        assert await ask(wire, 9) == b"\x00\x09"


async def test_a_truncated_answer_ends_with_the_timeout():
    async with wired(lambda r: [(0, honest(r)[:-1])]) as (_, wire):
        with pytest.raises(NoAnswer):
            await ask(wire)


async def test_an_exception_is_the_device_s_word():
    async with wired(lambda r: [(0, r[:4] + b"\x00\x03" + r[6:7] + b"\x83\x02")]) as (_, wire):
        with pytest.raises(DeviceRefused, match="code 2"):
            await ask(wire)


async def test_a_connection_that_drops_in_the_middle_is_a_link_that_is_down():
    async with wired(lambda r: [(0, None)]) as (_, wire):
        with pytest.raises(LinkDown, match="connection lost"):
            await ask(wire)


async def test_nobody_listening_is_a_link_that_is_down():
    async with Server(lambda r: []).running() as port:
        pass
    wire = TcpWire(ModbusTcp("127.0.0.1", port, TIMEOUT_S))
    with pytest.raises(LinkDown, match=f"tcp://127.0.0.1:{port}: "):
        await wire.open()


async def test_a_cancelled_question_leaves_no_answer_for_the_next():
    async with wired(lambda r: [(0.05, honest(r))]) as (_, wire):
        await ask(wire, unit=2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await ask(wire, 1)
        assert await ask(wire, 2) == b"\x00\x02"


def device(port, **more):
    rows = [PointSpec(name=f"p{i}", address=3 * i) for i in range(4)]
    profile = Profile(
        profile="made-up", title="", vendor="", domain="plant", trust="A",
        sources=[Source(document="none")], points=rows,
    )  # fmt: skip
    columns = Columns("d", tuple(Point("d", row.name) for row in rows), 0.05)
    return DeviceSettings("d", profile, ModbusTcp("127.0.0.1", port, TIMEOUT_S), columns, **more)


async def test_scans_go_on_through_a_restart_of_the_server():
    clock, rng = SystemClock(), random.Random(1)
    server = Server(lambda r: [(0, honest(r))])
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(server.running())
        settings = device(port)
        bus = await stack.enter_async_context(Bus(TcpWire(settings.link), clock, rng))
        driver = ModbusDriver(settings, bus, clock, rng)
        seen = []
        async for scan in driver.scans():
            seen.append(int(scan.quality[0]))
            if len(seen) == 3:
                server.script = lambda r: [(0, None)]
            if Quality.LINK_DOWN in seen:
                server.script = lambda r: [(0, honest(r))]
            if Quality.LINK_DOWN in seen and seen[-1] == Quality.GOOD:
                assert scan.values.tolist() == [0, 3, 6, 9]
                driver.stop()
    runs = [quality for quality, _ in itertools.groupby(seen)]
    assert runs == [Quality.GOOD, Quality.LINK_DOWN, Quality.GOOD]


async def test_one_look_without_a_gateway():
    async with Server(lambda r: [(0, honest(r))]).running() as port:
        scan = await read_once(device(port), SystemClock())
    assert scan.values.tolist() == [0, 3, 6, 9]
    assert (scan.quality == Quality.GOOD).all()
    scan = await read_once(device(port), SystemClock())
    assert (scan.quality == Quality.LINK_DOWN).all()
