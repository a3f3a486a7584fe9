"""No server may make us hold more than we asked for: chunks are counted before they are parsed."""

import asyncio
import struct

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""One message, all its chunks together; 10,000 readings are about 0.4 MB."""
MAX_CHUNKS = 512

_HEADER = struct.Struct("<3scI")
"""Message type, chunk type, size with this header (Part 6 §7.1.2.2)."""


class Meter:
    """Follows a stream of chunks and knows when it goes beyond its bounds. Pure."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES, max_chunks: int = MAX_CHUNKS) -> None:
        self._max_bytes = max_bytes
        self._max_chunks = max_chunks
        self._header = b""
        self._rest = 0
        """Bytes of the current chunk still to come."""
        self._bytes = 0
        self._chunks = 0

    def within(self, data: bytes) -> bool:
        """Take the next bytes; whether the message they belong to is still within bounds."""
        at = 0
        while at < len(data):
            if self._rest:
                step = min(self._rest, len(data) - at)
                self._rest -= step
                at += step
                continue
            step = min(_HEADER.size - len(self._header), len(data) - at)
            self._header += data[at : at + step]
            at += step
            if len(self._header) < _HEADER.size:
                return True
            _, kind, size = _HEADER.unpack(self._header)
            self._header = b""
            self._bytes += size
            self._chunks += 1
            if (
                size < _HEADER.size
                or self._bytes > self._max_bytes
                or self._chunks > self._max_chunks
            ):
                return False
            self._rest = size - _HEADER.size
            if kind != b"C":
                self._bytes = self._chunks = 0
        return True


class Gate(asyncio.BufferedProtocol):
    """Stands between a transport and a protocol, and ends a connection that goes beyond bounds.

    It brings a buffer of its own: asyncio's usual one is mapped and unmapped with every read.
    """

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._inner = inner
        self._transport = transport
        self._meter = Meter()
        self._buffer = memoryview(bytearray(65536))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where asyncio may put what it receives."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what is within bounds."""
        received = bytes(self._buffer[:nbytes])
        if self._meter.within(received):
            self._inner.data_received(received)
        else:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on the end."""
        self._inner.connection_lost(exc)
