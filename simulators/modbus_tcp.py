"""Modbus devices behind a TCP port: many ports and many units in one process."""

import asyncio
import struct
from collections.abc import Mapping

from edge.model.clock import Clock
from simulators.departures import Answer, Departures
from simulators.faults import ClosesAfterAccept, HalfOpen
from simulators.frame_faults import Envelope
from simulators.modbus_memory import refusal
from simulators.modbus_station import NO_RESPONSE, Station

HEADER = struct.Struct(">HHHB")
LONGEST_FRAME = 260
"""Seven bytes of header and 253 of PDU (Modbus Messaging on TCP/IP V1.0b, 3.1)."""


def mbap(envelope: Envelope, pdu: bytes) -> bytes:
    """The PDU with its TCP header."""
    return HEADER.pack(envelope.transaction, 0, len(pdu) + 1, envelope.unit) + pdu


_LINE_FAULTS = (ClosesAfterAccept, HalfOpen)


class TcpPort:
    """One listening address, several units behind it.

    An unknown unit is answered as a converter to a serial bus does: exception 0x0B.
    """

    def __init__(self, stations: Mapping[int, Station], *, clock: Clock) -> None:
        self.stations = stations
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._cuts = [s for s in stations.values() if s.may_ever(_LINE_FAULTS)]
        self.host = ""
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 finds a free one, which `port` then tells."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), host, port, reuse_address=True
        )
        self.host = host
        self.port = self._server.sockets[0].getsockname()[1]

    async def reopen(self) -> None:
        """Listen again where it listened."""
        await self.open(self.host, self.port)

    async def close(self) -> None:
        """Stop listening, and cut what is connected."""
        if self._server is not None:
            self._server.close()
            for connection in tuple(self._connections):
                connection.cut()
            await self._server.wait_closed()
            self._server = None

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def away(self) -> bool:
        """Whether all its devices are gone: then nobody listens."""
        at = self._clock.now()
        return all(station.away(at) for station in self.stations.values())

    def any_has(self, fault: type[ClosesAfterAccept | HalfOpen]) -> bool:
        """Whether a fault of the connection befalls a device of this port."""
        if not self._cuts:
            return False
        at = self._clock.now()
        return any(isinstance(now, fault) for s in self._cuts for now in s.faults(at))

    def joined(self, connection: "_Connection") -> None:
        """A client is there."""
        self._connections.add(connection)

    def parted(self, connection: "_Connection") -> None:
        """A client is gone."""
        self._connections.discard(connection)


class _Connection(asyncio.BufferedProtocol):
    """One client. Requests are answered in their order, as a device with one thread does."""

    def __init__(self, port: TcpPort) -> None:
        self._port = port
        # A fixed buffer: the loop's own takes a fresh quarter of a megabyte for each read.
        self._buffer = bytearray(4096)
        self._filled = 0
        self._transport: asyncio.Transport | None = None
        self._departures = Departures(self._send)
        self._leaving: list[Answer] = []
        self._dead = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"{transport!r} does not read and write")
        self._transport = transport
        # With no buffer allowed, pause and resume tell when the kernel has taken everything.
        transport.set_write_buffer_limits(high=0)
        self._port.joined(self)
        if self._port.any_has(ClosesAfterAccept):
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._port.parted(self)
        self._transport = None
        self._departures.drop()
        self._leaving.clear()

    def cut(self) -> None:
        """The line is cut: no farewell."""
        if self._transport is not None:
            self._transport.abort()

    def resume_writing(self) -> None:
        for answer in self._leaving:
            answer.left()
        self._leaving.clear()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        # A peer that has vanished does not come back on the same connection.
        self._dead = self._dead or self._port.any_has(HalfOpen)
        if self._dead:
            self._filled = 0
            return
        if self._port.any_has(ClosesAfterAccept):
            self.cut()
            return
        begin = 0
        while self._filled - begin >= HEADER.size:
            transaction, protocol, length, unit = HEADER.unpack_from(self._buffer, begin)
            if protocol != 0 or not 2 <= length <= LONGEST_FRAME - 6:
                self.cut()
                return
            end = begin + 6 + length
            if end > self._filled:
                break
            request = bytes(self._buffer[begin + HEADER.size : end])
            begin = end
            self._answer(Envelope(transaction, unit), request)
        self._buffer[: self._filled - begin] = self._buffer[begin : self._filled]
        self._filled -= begin

    def _answer(self, envelope: Envelope, request: bytes) -> None:
        stations = self._port.stations
        station = stations.get(envelope.unit)
        if station is None and envelope.unit in {0, 255} and len(stations) == 1:
            # The unit id of a device that is reached directly (V1.0b, 4.4.2).
            station = next(iter(stations.values()))
        if station is None:
            if self._transport is not None:
                self._transport.write(mbap(envelope, refusal(request[0], NO_RESPONSE)))
            return
        sent, pdu = station.answer(request, envelope, mbap)
        if sent is not None:
            answer = Answer(sent.frame, sent.intact, station, request, pdu)
            self._departures.add(answer, sent.delay_s)

    def _send(self, answer: Answer) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(answer.frame)
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() == 0:
            answer.left()
        else:
            self._leaving.append(answer)
