"""What a fault makes of an answer on its way out: bytes in, bytes out."""

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge.model.clock import NS_PER_S
from simulators.faults import (
    AnswerFault,
    AnyFault,
    Away,
    Garbage,
    HalfOpen,
    Refuses,
    Silent,
    Slow,
    Truncated,
    WrongCrc,
    WrongTransaction,
    WrongUnit,
    duration_ns,
)
from simulators.modbus_memory import refusal


class Envelope(NamedTuple):
    """What stands around a PDU; RTU has no transaction."""

    transaction: int
    unit: int


class Sent(NamedTuple):
    """Bytes for the wire."""

    frame: bytes
    delay_s: float
    intact: bool
    """Whether the frame is the device's own answer, byte for byte."""


Wrap = Callable[[Envelope, bytes], bytes]


def bend(
    pdu: bytes, envelope: Envelope, wrap: Wrap, faults: Sequence[AnyFault], rng: random.Random
) -> Sent | None:
    """The answer as these faults let it out, in their order; None where it never comes."""
    delay_ns = 0
    honest = Sent(wrap(envelope, pdu), 0.0, intact=True)
    befallen = [f for f in faults if not isinstance(f, AnswerFault) or _strikes(f, rng)]
    for fault in befallen:
        match fault:
            case Silent() | HalfOpen() | Away():
                return None
            case Slow(delay=delay):
                delay_ns += duration_ns(delay)
            case Refuses(code=code):
                pdu = refusal(pdu[0], code)
            case WrongTransaction():
                envelope = envelope._replace(transaction=envelope.transaction ^ 0x5A5A)
            case WrongUnit():
                envelope = envelope._replace(unit=envelope.unit % 247 + 1)
            case _:
                pass
    frame = wrap(envelope, pdu)
    for fault in befallen:
        match fault:
            case WrongCrc():
                frame = frame[:-1] + bytes([frame[-1] ^ 0xFF])
            case Truncated(keep=keep):
                frame = frame[: min(keep, len(frame) - 1)]
            case Garbage(where=where, length=length):
                noise = rng.randbytes(length)
                before = noise if where != "after" else b""
                kept = b"" if where == "instead" else frame
                frame = before + kept + (noise if where == "after" else b"")
            case _:
                pass
    return Sent(frame, delay_ns / NS_PER_S, intact=frame == honest.frame)


def _strikes(fault: AnswerFault, rng: random.Random) -> bool:
    return fault.chance >= 1.0 or rng.random() < fault.chance
