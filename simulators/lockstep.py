"""One cabinet behind a real socket whose seconds pass when they are told to, and at no other time.

So that simulated time and real sockets go together: whoever drives it lets a second pass, then
waits until the other side has read and answered, then lets the next one pass.
"""

import math
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol

from drivers.settings import DeviceSettings, ModbusTcp, OpcUa
from edge.errors import ConfigError
from edge.model.clock import Clock, Instant
from simulators.faults import Schedule
from simulators.modbus_station import Station
from simulators.modbus_tcp import TcpPort
from simulators.signal_cabinet import SignalCabinet
from simulators.value_faults import Shown

HOST = "127.0.0.1"


class _Port(Protocol):
    host: str
    port: int

    @property
    def is_open(self) -> bool: ...
    async def reopen(self) -> None: ...
    async def close(self) -> None: ...


class _Face(Protocol):
    async def show(self, device: str, shown: Shown, at: Instant) -> None: ...


class ServedCabinet:
    """A cabinet that answers."""

    def __init__(
        self, device: DeviceSettings, cabinet: SignalCabinet, clock: Clock, port: _Port, face: _Face
    ) -> None:
        self.device = device
        """As it was given, with the link to where it is served."""
        self.cabinet = cabinet
        self._clock = clock
        self._port = port
        self._face = face
        self._shown: dict[str, float] = {}
        self._link_cut = False

    async def second(self) -> None:
        """Let one second pass; then the registers say what it brought."""
        self.cabinet.second()
        await self._answer_or_not()
        await self.show()

    async def show(self) -> None:
        """Bring the registers up to the cabinet; only what has changed is moved."""
        if not self._port.is_open:
            return
        outputs = self.cabinet.outputs()
        changed = {
            point: value
            for point, value in outputs.items()
            if not _same(value, self._shown.get(point))
        }
        self._shown = outputs
        await self._face.show(self.device.id, Shown(changed), self._clock.now())

    async def cut_link(self) -> None:
        """The cable is pulled: nothing is answered, what is connected is lost."""
        self._link_cut = True
        await self._answer_or_not()

    async def mend_link(self) -> None:
        """The cable is back."""
        self._link_cut = False
        await self._answer_or_not()
        await self.show()

    async def close(self) -> None:
        """Switch it off for good."""
        if self._port.is_open:
            await self._port.close()

    async def _answer_or_not(self) -> None:
        answers = self.cabinet.powered and not self._link_cut
        if answers and not self._port.is_open:
            self._shown.clear()
            await self._port.reopen()
        elif not answers and self._port.is_open:
            await self._port.close()


@asynccontextmanager
async def serve_cabinet(
    device: DeviceSettings, cabinet: SignalCabinet, clock: Clock
) -> AsyncIterator[ServedCabinet]:
    """Serve the cabinet on a free loopback port, by the protocol of the device's profile.

    Raises:
        ConfigError: the link is neither Modbus TCP nor OPC UA.
    """
    schedule = Schedule((), [device.id], clock.now())

    def write(_: str, point: str, value: float) -> None:
        cabinet.write(point, value)

    match device.link:
        case ModbusTcp():
            station = Station(
                device, clock=clock, schedule=schedule, rng=random.Random(0), record=None,
                on_write=write,
            )  # fmt: skip
            tcp = TcpPort({device.unit: station}, clock=clock)
            await tcp.open(HOST, 0)
            link: ModbusTcp | OpcUa = replace(device.link, host=tcp.host, port=tcp.port)
            served = ServedCabinet(replace(device, link=link), cabinet, clock, tcp, station)
        case OpcUa():
            # asyncua is heavy: only who speaks OPC UA pays for it
            from simulators.opcua_server import OpcUaEndpoint  # noqa: PLC0415

            endpoint = OpcUaEndpoint(
                [device], clock=clock, schedule=schedule, record=None, on_write=write
            )
            await endpoint.open(HOST, 0)
            url = f"opc.tcp://{HOST}:{endpoint.port}"
            link = replace(device.link, url=url, security="None", insecure_ok="loopback")
            served = ServedCabinet(replace(device, link=link), cabinet, clock, endpoint, endpoint)
        case _:
            raise ConfigError(f"{device.id}: a cabinet is served over Modbus TCP or OPC UA")
    try:
        await served.show()
        yield served
    finally:
        await served.close()


def _same(value: float, other: float | None) -> bool:
    return other is not None and (value == other or (math.isnan(value) and math.isnan(other)))
