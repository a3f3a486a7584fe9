"""What gateway and planner say to each other over their socket: length, then MessagePack.

One connection serves one junction for one takeover. The gateway begins with the junction's own
description, so that a planner needs no file; then it says once a second what is seen, and the
planner answers each with one request. Time is the gateway's: a request carries the expiry that the
observation allowed it, so that an answer that comes late has expired.
"""

import math
import struct
from typing import Annotated

import msgspec
import numpy as np

from control.model import Junction, Lamp
from control.observe import BusCall, Floats, Observation
from control.requests import Request

VERSION = 1
LONGEST_BYTES = 1 << 20
MOST_BUSES = 16
"""In one look: the soonest."""
_LENGTH = struct.Struct(">I")


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The gateway's first word."""

    version: int
    token: str
    """Names this takeover; every request must carry it."""
    junction: Junction


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The planner has read the junction, is warm, and may be asked."""

    planner: str
    """Which strategy decides."""


class Bus(msgspec.Struct, frozen=True, array_like=True):
    """An authenticated call of a bus (`control.observe.BusCall`)."""

    id: str
    group: int
    arrives_s: int
    expires_s: int
    persons: float


class Seen(msgspec.Struct, frozen=True, tag=True):
    """One observation, in plain values; a detector that said nothing is None."""

    at_s: int
    expires_ms: int
    """When an answer to it is worth nothing any more, on the gateway's monotonic clock."""
    lamps: tuple[int, ...]
    age_s: tuple[int, ...]
    count: tuple[float | None, ...]
    occupancy: tuple[float | None, ...]
    calls: tuple[int, ...] = ()
    preempt: int | None = None
    buses: Annotated[tuple[Bus, ...], msgspec.Meta(max_length=MOST_BUSES)] = ()


class Promise(msgspec.Struct, frozen=True, array_like=True):
    """A change that the planner binds itself to, so that a display may count towards it."""

    group: int
    begins: bool
    """A green that begins; else one that ends."""
    in_s: int
    """From the observation that it was decided on."""


class Asked(msgspec.Struct, frozen=True, tag=True):
    """The planner's answer to one observation."""

    at_s: int
    stage: int
    request: Request
    promises: tuple[Promise, ...] = ()
    """All that stand after this decision; one that was said before and is not now goes blank."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The planner could not decide; for this second there is no request (I17)."""

    at_s: int
    why: str


Word = Begin | Ready | Seen | Asked | Failed

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Word)


class Garbled(Exception):
    """What came is none of the words, or longer than any of them."""


def frame(word: Word) -> bytes:
    """The word as it goes over the socket."""
    body = _encoder.encode(word)
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """Bytes that follow the first four.

    Raises:
        Garbled: more than any word takes.
    """
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST_BYTES:
        raise Garbled(f"a message of {length} bytes; none is longer than {LONGEST_BYTES}")
    return int(length)


def word_of(body: bytes) -> Word:
    """What stands in a frame.

    Raises:
        Garbled: none of the words.
    """
    try:
        word: Word = _decoder.decode(body)
    except (msgspec.DecodeError, ValueError) as error:
        raise Garbled(f"not a word between gateway and planner: {error}") from error
    return word


def seen(observation: Observation, expires_ms: int) -> Seen:
    """An observation as it is told; positions, inflow and room do not come from a cabinet."""
    return Seen(
        observation.at_s,
        expires_ms,
        tuple(int(lamp) for lamp in observation.lamps),
        observation.age_s,
        _told(observation.count),
        _told(observation.occupancy),
        tuple(sorted(observation.calls)),
        observation.preempt,
        tuple(
            Bus(call.id, call.group, call.arrives_s, call.expires_s, call.persons)
            for call in sorted(observation.buses, key=lambda call: call.arrives_s)[:MOST_BUSES]
        ),
    )


def _told(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else value for value in values.tolist())


def observation(told: Seen) -> Observation:
    """The observation that was told.

    Raises:
        ValueError: a lamp that is none, or a bus call out of its bounds.
    """
    return Observation(
        told.at_s,
        tuple(Lamp(lamp) for lamp in told.lamps),
        told.age_s,
        np.array([np.nan if value is None else value for value in told.count], np.float64),
        np.array([np.nan if value is None else value for value in told.occupancy], np.float64),
        frozenset(told.calls),
        preempt=told.preempt,
        buses=tuple(
            BusCall(bus.id, bus.group, bus.arrives_s, bus.expires_s, bus.persons)
            for bus in told.buses
        ),
    )
