"""The wire over TCP: an answer is taken only for the question that is waiting for it."""

import asyncio
from collections import deque
from typing import Protocol, cast

from drivers.modbus.frames import MAX_FRAME, Request, TcpFrames
from drivers.settings import ModbusTcp
from edge.errors import BadFrame, DeviceRefused, LinkDown, NoAnswer


class Wire(Protocol):
    """A link to one or more units that carries one request at a time."""

    name: str
    timeout_s: float
    """How long an answer may take."""

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent now."""
        ...

    async def open(self) -> None:
        """Connect.

        Raises:
            LinkDown: there is nobody, or no port, to connect to.
        """
        ...

    def settle_s(self, request: Request) -> float:
        """How long this request must wait, lest it be given a late answer to another."""
        ...

    async def ask(self, request: Request) -> bytes:
        """The content of the answer.

        Raises:
            LinkDown: the connection is gone.
            NoAnswer: nothing came within `timeout_s`.
            BadFrame: something came, and it is not the answer.
            DeviceRefused: the answer is an exception.
        """
        ...

    def close(self) -> None:
        """Hang up; `open` may be called again."""
        ...


class TcpWire:
    """Modbus TCP, over one connection at a time."""

    def __init__(self, link: ModbusTcp) -> None:
        self.name = f"tcp://{link.host}:{link.port}"
        self.timeout_s = link.timeout_s
        self._link = link
        self._connection: _Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent now."""
        return self._connection is not None and not self._connection.lost

    async def open(self) -> None:
        """Connect, within the link's timeout; raises LinkDown."""
        self.close()
        link = self._link
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(link.timeout_s):
                _, self._connection = await loop.create_connection(
                    lambda: _Connection(link, self.name), link.host, link.port
                )
        except TimeoutError:
            raise LinkDown(f"{self.name}: no connection within {link.timeout_s:g} s") from None
        except OSError as error:
            raise LinkDown(f"{self.name}: {error.strerror or error}") from error

    def settle_s(self, request: Request) -> float:
        """Nothing to wait for: a late answer has another transaction id, or a closed socket."""
        del request
        return 0.0

    async def ask(self, request: Request) -> bytes:
        """The content of the answer; raises as `Wire.ask` says."""
        if self._connection is None:
            raise LinkDown(f"{self.name}: not connected")
        return await self._connection.ask(request)

    def close(self) -> None:
        """Hang up without waiting for the peer."""
        if self._connection is not None:
            self._connection.hang_up()
            self._connection = None


class _Connection(asyncio.BufferedProtocol):
    """One TCP connection, from its first request to its loss.

    A buffer of its own: asyncio's usual one is mapped and unmapped with every read, which costs
    more than all the rest of a request.
    """

    def __init__(self, link: ModbusTcp, name: str) -> None:
        self.lost = False
        self._name = name
        self._timeout_s = link.timeout_s
        self._strict = link.transaction_ids == "strict"
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(4 * MAX_FRAME))
        self._frames = TcpFrames()
        self._transaction = 0
        self._request: Request | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._abandoned: deque[int] = deque(maxlen=64)
        self._stranger: int | None = None
        self._silent = 0
        self._heard: set[int] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer, the network or we have hung up."""
        self.lost = True
        self._fail(LinkDown(f"{self._name}: connection lost{f' ({exc})' if exc else ''}"))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where asyncio may put what it receives: up to four frames."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """`nbytes` have come."""
        self._silent = 0
        try:
            for transaction, unit, pdu in self._frames.feed(bytes(self._buffer[:nbytes])):
                self._take(transaction, unit, pdu)
        except BadFrame as error:
            self._fail(error)
            self.hang_up()

    async def ask(self, request: Request) -> bytes:
        """Send, and wait for the answer; one at a time."""
        if self.lost or self._transport is None:
            raise LinkDown(f"{self._name}: connection lost")
        self._transaction = transaction = (self._transaction + 1) & 0xFFFF
        self._request = request
        self._stranger = None
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._answer = answer
        # when a machine goes on after it stood still, timers are heard before sockets: look there
        look = self._loop.call_later
        timer = look(self._timeout_s, look, 0, self._expire, answer)
        self._transport.write(transaction.to_bytes(2, "big") + request.tcp_tail)
        try:
            return await answer
        except asyncio.CancelledError:
            self._abandon(request)
            raise
        finally:
            timer.cancel()
            self._request = self._answer = None

    def hang_up(self) -> None:
        """Drop the connection at once, with whatever may still be on its way."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    def _take(self, transaction: int, unit: int, pdu: bytes) -> None:
        request, answer = self._request, self._answer
        if request is None or answer is None or answer.done():
            return
        if self._strict and transaction != self._transaction:
            if transaction not in self._abandoned:
                self._stranger = transaction
            return
        self._heard.add(unit)
        try:
            answer.set_result(request.content(unit, pdu))
        except DeviceRefused as error:
            answer.set_exception(error)
        except BadFrame as error:
            answer.set_exception(error)
            if not self._strict:
                self.hang_up()

    def _expire(self, answer: asyncio.Future[bytes]) -> None:
        request = self._request
        if request is None or answer is not self._answer or answer.done():
            return
        if self._stranger is None:
            self._fail(
                NoAnswer(
                    f"{self._name}: unit {request.unit} did not answer within "
                    f"{self._timeout_s:g} s ({request.name})"
                )
            )
        else:
            self._fail(
                BadFrame(
                    f"{self._name}: answered transaction {self._stranger}, asked was "
                    f"{self._transaction}; for a converter that does not echo the number set "
                    f"transaction_ids: tolerant"
                )
            )
        self._abandon(request)

    def _abandon(self, request: Request) -> None:
        """Nobody waits any more; the answer may still come, or the peer has vanished unnoticed.

        The connection is kept only where late answers can be told by their transaction, and where
        it serves another unit that may be well.
        """
        self._abandoned.append(self._transaction)
        self._silent += 1
        others = self._heard - {request.unit}
        if not self._strict or self._stranger is not None or self._silent > 1 or not others:
            self.hang_up()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
