"""A wire that carries requests to devices made of dictionaries, on a loop whose time leaps."""

import asyncio
import random

import pytest

from drivers.modbus.bus import Bus
from edge.errors import LinkDown, NoAnswer
from simulators.clock import ManualClock, VirtualLoop


class Registers:
    """A unit that holds what it is given and refuses the rest with exception 2."""

    def __init__(self, held):
        self.held = dict(held)

    def __call__(self, request):
        function, address = request.pdu[0], int.from_bytes(request.pdu[1:3], "big")
        count = int.from_bytes(request.pdu[3:5], "big")
        if function == 6:
            self.held[address] = count
            return request.pdu
        if function == 16:
            for i in range(count):
                self.held[address + i] = int.from_bytes(request.pdu[6 + 2 * i : 8 + 2 * i], "big")
            return request.pdu[:5]
        if any(a not in self.held for a in range(address, address + count)):
            return bytes([function | 0x80, 2])
        content = b"".join(self.held[a].to_bytes(2, "big") for a in range(address, address + count))
        return bytes([function, len(content)]) + content


class FakeWire:
    """Units answer PDUs after `latency_s`; None is silence; an exception is raised."""

    def __init__(self, units=None):
        self.name = "fake"
        self.timeout_s = 1.0
        self.latency_s = 0.01
        self.units = units or {}
        self.is_open = False
        self.down = False
        self.settle = {}
        self.sent = []
        self.opened = []
        self._busy = False

    async def open(self):
        self.opened.append(asyncio.get_running_loop().time())
        if self.down:
            raise LinkDown("fake: nobody there")
        self.is_open = True

    def settle_s(self, request):
        return self.settle.get(request.unit, 0.0)

    async def ask(self, request):
        assert not self._busy, "two requests in flight"
        self._busy = True
        try:
            self.sent.append((asyncio.get_running_loop().time(), request))
            unit = self.units.get(request.unit)
            pdu = unit(request) if unit else None
            if pdu is None:
                await asyncio.sleep(self.timeout_s)
                raise NoAnswer(f"fake: unit {request.unit} did not answer")
            await asyncio.sleep(self.latency_s)
            if isinstance(pdu, Exception):
                raise pdu
            return request.content(request.unit, pdu)
        finally:
            self._busy = False

    def close(self):
        self.is_open = False

    def times(self, unit):
        """When the unit was asked."""
        return [at for at, request in self.sent if request.unit == unit]


class World:
    """A clock, a loop, a wire and its bus."""

    def __init__(self):
        self.clock = ManualClock()
        self.loop = VirtualLoop(self.clock)
        self.wire = FakeWire()
        self.rng = random.Random(7)
        self.bus = Bus(self.wire, self.clock, self.rng)

    def run(self, job):
        return self.loop.run_until_complete(job)


@pytest.fixture
def world():
    world = World()
    yield world
    world.loop.close()


@pytest.fixture
def registers():
    return Registers
