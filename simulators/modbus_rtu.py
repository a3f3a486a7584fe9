"""Modbus devices on a serial bus: a pseudo-terminal whose other end a gateway opens as its port."""

import asyncio
import contextlib
import os
import tty
from collections.abc import Mapping
from pathlib import Path

from drivers.modbus.blocks import char_s, silence_s
from drivers.settings import ModbusRtu
from edge.model.clock import Clock
from simulators.departures import Answer, Departures
from simulators.frame_faults import Envelope
from simulators.modbus_station import Station

BROADCAST = 0
LONGEST_FRAME = 256
PAUSE_S = 0.05
"""A pseudo-terminal has no bits and so no silence of 3.5 characters: this long a pause ends a
frame that was not recognised by its length."""


def crc(frame: bytes) -> bytes:
    """Check sum, low byte first (Modbus over Serial Line V1.02, 6.2.2), bit by bit."""
    check = 0xFFFF
    for byte in frame:
        check ^= byte
        for _ in range(8):
            check = check >> 1 ^ (0xA001 if check & 1 else 0)
    return check.to_bytes(2, "little")


def rtu(envelope: Envelope, pdu: bytes) -> bytes:
    """The PDU between its address and its check sum."""
    frame = bytes([envelope.unit]) + pdu
    return frame + crc(frame)


def request_length(head: bytes | bytearray) -> int | None:
    """Length of the request that begins with these bytes, check sum and all.

    0 where more must come to tell; None where the function is not known.
    """
    if len(head) < 2:
        return 0
    if head[1] in range(1, 7):
        return 8
    if head[1] in {15, 16}:
        return 9 + head[6] if len(head) >= 7 else 0
    return None


class RtuBus:
    """A bus with several units. An unknown unit is silence; unit 0 is all of them, unanswered."""

    def __init__(
        self, link: ModbusRtu, stations: Mapping[int, Station], *, clock: Clock, paced: bool = False
    ) -> None:
        self.stations = stations
        self._clock = clock
        self._char_s = char_s(link.baud, link.parity, link.stop_bits) if paced else 0.0
        self._silence_s = silence_s(link.baud, link.parity, link.stop_bits) if paced else 0.0
        self._master = -1
        self._slave = -1
        self._path = Path()
        self._received = bytearray()
        self._departures = {unit: Departures(self._send) for unit in stations}
        self._pause: asyncio.TimerHandle | None = None

    async def open(self, path: Path) -> None:
        """Make the pseudo-terminal, and a stable link to it at `path`."""
        self._path = path
        await self.reopen()

    async def reopen(self) -> None:
        """Plug the port in where it was."""
        # Our own copy of the other end stays open: without it the kernel would report a hang-up
        # each time a client closes the port.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self._path)

    async def close(self) -> None:
        """Pull the plug: the path is gone, an open port reads a hang-up."""
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for departures in self._departures.values():
            departures.drop()
        self._received.clear()
        self._path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    @property
    def is_open(self) -> bool:
        """Whether the port is there."""
        return self._master >= 0

    def away(self) -> bool:
        """Whether all its devices are gone: then the port is pulled."""
        at = self._clock.now()
        return all(station.away(at) for station in self.stations.values())

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:
            return
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        self._received += data
        self._take_frames()
        if self._received:
            loop = asyncio.get_running_loop()
            self._pause = loop.call_later(PAUSE_S, self._paused)

    def _take_frames(self) -> None:
        while self._received:
            length = request_length(self._received)
            if length is None or length == 0 or len(self._received) < length:
                return
            frame = bytes(self._received[:length])
            if crc(frame[:-2]) != frame[-2:]:
                return
            del self._received[:length]
            self._take(frame)

    def _paused(self) -> None:
        """Silence: what is there is a frame of a function that we do not know, or noise."""
        self._pause = None
        frame = bytes(self._received)
        self._received.clear()
        if 4 <= len(frame) <= LONGEST_FRAME and crc(frame[:-2]) == frame[-2:]:
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        unit, request = frame[0], frame[1:-2]
        envelope = Envelope(0, unit)
        if unit == BROADCAST:
            for each in self.stations.values():
                each.answer(request, envelope, rtu)
            return
        station = self.stations.get(unit)
        if station is None:
            return
        sent, pdu = station.answer(request, envelope, rtu)
        if sent is not None:
            on_wire_s = self._char_s * (len(frame) + len(sent.frame)) + self._silence_s
            answer = Answer(sent.frame, sent.intact, station, request, pdu)
            self._departures[unit].add(answer, sent.delay_s + on_wire_s)

    def _send(self, answer: Answer) -> None:
        written = 0
        # A bus has no flow control: what nobody reads is lost, as it is on copper.
        with contextlib.suppress(OSError):
            written = os.write(self._master, answer.frame)
        if written == len(answer.frame):
            answer.left()
