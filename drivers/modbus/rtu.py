"""The wire over a serial bus: silence between frames, and none attributed that came late."""

import asyncio
import os
import termios

import serial

from drivers.modbus.blocks import char_s, silence_s
from drivers.modbus.frames import Request, RtuAnswer
from drivers.settings import ModbusRtu
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer

_SPOILED_S = 0.05
"""What a whole frame with a wrong CRC may still be followed by the right one; converters deliver
in lumps of up to 16 ms."""


class RtuWire:
    """Modbus RTU on a serial port or a pseudo-terminal.

    A serial answer does not say which question it answers. After a timeout the silent unit may
    therefore be asked only the same question, until a further timeout has passed (`settle_s`);
    other units may be asked at once, for an answer names its unit.
    """

    def __init__(self, link: ModbusRtu) -> None:
        self.name = link.path
        self.timeout_s = link.timeout_s
        self._link = link
        self._char_s = char_s(link.baud, link.parity, link.stop_bits)
        self._silence_s = silence_s(link.baud, link.parity, link.stop_bits)
        self._port: serial.Serial | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answer: RtuAnswer | None = None
        self._waiting: asyncio.Future[bytes] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_at_s = 0.0
        self._late: dict[int, tuple[float, Request]] = {}

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent now."""
        return self._port is not None

    async def open(self) -> None:
        """Open the port for ourselves alone; raises LinkDown."""
        self.close()
        link = self._link
        self._loop = asyncio.get_running_loop()
        try:
            port = serial.Serial(
                link.path,
                link.baud,
                parity=link.parity,
                stopbits=link.stop_bits,
                timeout=0,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError, termios.error) as error:
            raise LinkDown(f"{link.path}: {error}") from error
        self._port = port
        self._loop.add_reader(port.fd, self._readable)

    def close(self) -> None:
        """Give the port back."""
        port, self._port = self._port, None
        if port is None:
            return
        if self._loop is not None:
            self._loop.remove_reader(port.fd)
        try:
            port.close()
        except (OSError, termios.error):
            # unplugged: the descriptor is gone either way
            return

    def settle_s(self, request: Request) -> float:
        """How long the unit must still be left alone, unless this is the question it owes."""
        if self._loop is None or request.unit not in self._late:
            return 0.0
        until_s, owed = self._late[request.unit]
        left_s = until_s - self._loop.time()
        if left_s <= 0:
            del self._late[request.unit]
        return 0.0 if owed == request else max(0.0, left_s)

    async def ask(self, request: Request) -> bytes:
        """The content of the answer; raises as `Wire.ask` says."""
        loop, link = self._loop, self._link
        if self._port is None or loop is None:
            raise LinkDown(f"{link.path}: not open")
        await self._silence(loop)
        waiting: asyncio.Future[bytes] = loop.create_future()
        self._waiting = waiting
        self._answer = RtuAnswer(request)
        on_wire_s = (len(request.rtu) + request.rtu_answer_size) * self._char_s
        # when a machine goes on after it stood still, timers are heard before ports: look there
        look = loop.call_later
        self._timer = look(link.timeout_s + on_wire_s, look, 0, self._expire, waiting, request)
        try:
            if os.write(self._port.fd, request.rtu) != len(request.rtu):
                raise LinkDown(f"{link.path}: the port takes no more bytes")
            return await waiting
        except OSError as error:
            self.close()
            raise LinkDown(f"{link.path}: {error.strerror or error}") from error
        except (NoAnswer, BadFrame, asyncio.CancelledError):
            self._late[request.unit] = (loop.time() + link.timeout_s, request)
            raise
        finally:
            self._timer.cancel()
            self._waiting = self._answer = None
            self._quiet_at_s = loop.time() + self._silence_s

    async def _silence(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until nothing has come for 3.5 characters."""
        patience_s = loop.time() + self._link.timeout_s
        while (left_s := self._quiet_at_s - loop.time()) > 0:
            if loop.time() > patience_s:
                raise BadFrame(f"{self.name}: the bus is never silent; look for a second master")
            await asyncio.sleep(left_s)
        if self._port is None:
            raise LinkDown(f"{self.name}: the port was closed")

    def _readable(self) -> None:
        loop, port = self._loop, self._port
        if loop is None or port is None:
            return
        try:
            chunk = os.read(port.fd, 512)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        if not chunk:
            self._lose("hung up")
            return
        self._quiet_at_s = loop.time() + self._silence_s
        if self._answer is None or self._waiting is None or self._waiting.done():
            return
        try:
            content = self._answer.feed(chunk)
        except (DeviceRefused, BadFrame) as error:
            self._waiting.set_exception(error)
            return
        if content is not None:
            self._waiting.set_result(content)
        elif self._answer.spoiled and self._timer is not None:
            self._timer.cancel()
            self._timer = loop.call_later(
                _SPOILED_S, self._expire, self._waiting, self._answer.request
            )

    def _expire(self, waiting: asyncio.Future[bytes], request: Request) -> None:
        if waiting is not self._waiting or waiting.done() or self._answer is None:
            return
        if self._answer.heard:
            waiting.set_exception(
                BadFrame(
                    f"{self.name}: {self._answer.heard} bytes came, no whole answer of unit "
                    f"{request.unit} among them ({request.name})"
                )
            )
        else:
            waiting.set_exception(
                NoAnswer(
                    f"{self.name}: unit {request.unit} did not answer within "
                    f"{self.timeout_s:g} s ({request.name})"
                )
            )

    def _lose(self, why: str) -> None:
        self.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(LinkDown(f"{self.name}: {why}"))
