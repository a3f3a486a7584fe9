"""A serial bus on a pseudo-terminal whose other end is ours: echo, noise, lateness, unplugging."""

import asyncio
import os
import tty
from contextlib import asynccontextmanager

import pytest

from drivers.modbus.blocks import Block, silence_s
from drivers.modbus.bus import Bus
from drivers.modbus.frames import read
from drivers.modbus.rtu import RtuWire
from drivers.settings import ModbusRtu
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer
from edge.runtime import SystemClock

TIMEOUT_S = 0.2


def crc(frame):
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register.to_bytes(2, "little")


def honest(request):
    """The answer of a unit whose register i holds 256 * unit + i."""
    unit, address, count = request[0], request[3], request[5]
    content = b"".join((256 * unit + address + i).to_bytes(2, "big") for i in range(count))
    frame = bytes([unit, request[1], len(content)]) + content
    return frame + crc(frame)


class Far:
    """The far end of the bus: `script(request) -> [(delay_s, bytes), …]`."""

    def __init__(self, path, script):
        self.path = path
        self.script = script
        self.requests = []
        self.last_sent_s = 0.0
        self.gaps_s = []
        self._came = b""

    def plug(self):
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self):
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _readable(self):
        now = asyncio.get_running_loop().time()
        self._came += os.read(self._master, 256)
        while len(self._came) >= 8:
            request, self._came = self._came[:8], self._came[8:]
            assert request[6:] == crc(request[:6])
            self.requests.append(request)
            self.gaps_s.append(now - self.last_sent_s)
            for delay_s, chunk in self.script(request):
                asyncio.get_running_loop().call_later(delay_s, self._send, chunk)

    def _send(self, chunk):
        os.write(self._master, chunk)
        self.last_sent_s = asyncio.get_running_loop().time()


@asynccontextmanager
async def wired(path, script, baud=115200, timeout_s=TIMEOUT_S):
    far = Far(path / "bus", script)
    far.plug()
    wire = RtuWire(ModbusRtu(str(far.path), baud, timeout_s=timeout_s))
    await wire.open()
    try:
        yield far, wire
    finally:
        wire.close()
        far.unplug()


def ask(wire, address=7, count=1, unit=1):
    return wire.ask(read(unit, Block("holding", address, count)))


async def test_an_honest_unit_is_believed(tmp_path):
    async with wired(tmp_path, lambda r: [(0, honest(r))]) as (_, wire):
        assert await ask(wire) == b"\x01\x07"
        assert await ask(wire, 0, 100) == b"".join((256 + i).to_bytes(2, "big") for i in range(100))


@pytest.mark.parametrize(
    "script",
    [
        lambda r: [(0, r), (0.01, honest(r))],
        lambda r: [(0, b"\xff\x00\x01\x03" + honest(r))],
        lambda r: [(0, honest(r) + b"\x00\xff\x7f")],
        lambda r: [(0.003 * i, bytes([b])) for i, b in enumerate(honest(r))],
        lambda r: [(0, honest(r)[:-1] + b"\x00"), (0.02, honest(r))],
    ],
    ids=["echo", "noise before", "noise after", "in pieces", "wrong CRC first"],
)
async def test_the_answer_is_found_in_what_the_bus_brings(tmp_path, script):
    async with wired(tmp_path, script) as (_, wire):
        for address in range(4):
            assert await ask(wire, address) == bytes([1, address])


async def test_a_wrong_crc_is_noticed_before_the_timeout(tmp_path):
    def spoilt(request):
        return [(0, honest(request)[:-1] + b"\x00")]

    async with wired(tmp_path, spoilt, timeout_s=5.0) as (_, wire):
        started = asyncio.get_running_loop().time()
        with pytest.raises(BadFrame, match="7 bytes came"):
            await ask(wire)
        assert asyncio.get_running_loop().time() - started < 1.0


async def test_a_truncated_answer_is_a_bad_frame_and_silence_is_silence(tmp_path):
    async with wired(tmp_path, lambda r: [(0, honest(r)[:4])]) as (far, wire):
        with pytest.raises(BadFrame, match="4 bytes came"):
            await ask(wire)
        far.script = lambda r: []
        with pytest.raises(NoAnswer, match="unit 1 did not answer"):
            await ask(wire)


async def test_a_serial_exception_is_the_device_s_word(tmp_path):
    refusal = b"\x01\x83\x02" + crc(b"\x01\x83\x02")
    async with wired(tmp_path, lambda r: [(0, refusal)]) as (_, wire):
        with pytest.raises(DeviceRefused, match="code 2"):
            await ask(wire)


async def test_a_late_answer_is_not_another_unit_s(tmp_path):
    def script(request):
        return (
            [(1.2 * TIMEOUT_S, honest(request))]
            if request[0] == 1
            else [(0.4 * TIMEOUT_S, honest(request))]
        )

    async with wired(tmp_path, script) as (_, wire):
        with pytest.raises(NoAnswer):
            await ask(wire, unit=1)
        assert wire.settle_s(read(2, Block("holding", 9, 1))) == 0
        assert await ask(wire, 9, unit=2) == b"\x02\x09"


async def test_a_late_answer_is_not_given_to_another_question_of_the_same_unit(tmp_path):
    delays = iter([1.3 * TIMEOUT_S])

    async with wired(tmp_path, lambda r: [(next(delays, 0), honest(r))]) as (_, wire):
        with pytest.raises(NoAnswer):
            await ask(wire, 7)
        other = read(1, Block("holding", 9, 1))
        assert wire.settle_s(read(1, Block("holding", 7, 1))) == 0
        wait_s = wire.settle_s(other)
        assert 0 < wait_s <= TIMEOUT_S
        # the bus waits as it is told; the late answer comes and goes meanwhile
        async with asyncio.timeout(1):
            content = (await Bus(wire, SystemClock(), None).ask(other)).content
        assert content == b"\x01\x09"


async def test_frames_are_parted_by_three_and_a_half_characters(tmp_path):
    async with wired(tmp_path, lambda r: [(0, honest(r))], baud=9600) as (far, wire):
        for address in range(5):
            await ask(wire, address)
    assert min(far.gaps_s[1:]) >= silence_s(9600, "N", 1)


async def test_a_port_that_was_unplugged_is_opened_again(tmp_path):
    async with wired(tmp_path, lambda r: [(0, honest(r))]) as (far, wire):
        assert await ask(wire) == b"\x01\x07"
        far.unplug()
        with pytest.raises(LinkDown):
            await ask(wire)
        assert not wire.is_open
        with pytest.raises(LinkDown, match="bus"):
            await wire.open()
        far.plug()
        await wire.open()
        assert await ask(wire) == b"\x01\x07"


async def test_a_port_has_one_master(tmp_path):
    async with wired(tmp_path, lambda r: [(0, honest(r))]) as (far, _):
        with pytest.raises(LinkDown, match="lock"):
            await RtuWire(ModbusRtu(str(far.path))).open()


async def test_a_port_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(LinkDown, match="nowhere"):
        await RtuWire(ModbusRtu(str(tmp_path / "nowhere"))).open()
