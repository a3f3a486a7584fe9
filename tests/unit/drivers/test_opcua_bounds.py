"""Chunks are counted before they are parsed, however the stream is cut."""

import struct

import pytest

from drivers.opcua.bounds import Meter


def chunk(size, kind=b"F"):
    return struct.pack("<3scI", b"MSG", kind, size) + bytes(max(0, size - 8))


@pytest.mark.parametrize("step", [1, 7, 8, 9, 1000])
def test_messages_within_bounds_pass_for_ever(step):
    meter = Meter(max_bytes=100, max_chunks=3)
    stream = (chunk(40, b"C") + chunk(50, b"C") + chunk(10)) * 5 + chunk(100) * 3
    assert all(meter.within(stream[i : i + step]) for i in range(0, len(stream), step))


@pytest.mark.parametrize("step", [1, 8, 1000])
@pytest.mark.parametrize(
    "stream",
    [
        chunk(60, b"C") + chunk(60),
        chunk(20, b"C") * 4,
        chunk(7),
        struct.pack("<3scI", b"MSG", b"F", 2**32 - 1),
    ],
    ids=["too large", "too many chunks", "smaller than its header", "a size that is a threat"],
)
def test_what_goes_beyond_does_not(stream, step):
    meter = Meter(max_bytes=100, max_chunks=3)
    assert not all(meter.within(stream[i : i + step]) for i in range(0, len(stream), step))
