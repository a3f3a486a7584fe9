"""What a server answers to Publish and Read, from bytes to columns of numbers (Part 6 §5.2).

Only what a gateway meets a thousand times a second is decoded here, at about a twelfth of the cost
of the general decoder; whatever else a Variant may hold is stepped over with its help and counts
as "not a number". Pure: bytes in, readings out.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.opcua.quality import BAD, BAD_NO_DATA, BAD_TYPE_MISMATCH
from edge.errors import BadFrame, DeviceRefused

EndOfVariant = Callable[[bytes, int], int]
"""`(body, start) -> end` of a Variant of any type."""

EPOCH_100NS = 116_444_736_000_000_000
"""1970-01-01 as an OPC UA DateTime: ticks of 100 ns since 1601-01-01 UTC (Part 6 §5.2.2.5)."""

MAX_NOTIFICATIONS = 10_000
"""Readings in one answer to Publish: asked for, and held to, so that no server fills the memory."""

_READ_RESPONSE, _PUBLISH_RESPONSE, _DATA_CHANGE, _STATUS_CHANGE = 634, 829, 811, 820
"""Ids of the binary encodings (Part 6 Annex A)."""

_U32, _I32, _I64, _U8 = (struct.Struct(form).unpack_from for form in ("<I", "<i", "<q", "<B"))
_HANDLE_AND_MASK = struct.Struct("<IB").unpack_from
_NUMBER = {
    code: (struct.Struct(f"<{form}").unpack_from, struct.calcsize(f"<{form}"))
    for code, form in enumerate("?bBhHiIqQfd", start=1)
}
"""Built-in types 1 to 11, Boolean to Double, by their number (Part 6 §5.1.2)."""
_NOT_A_NUMBER = float("nan")


@dataclass(slots=True)
class Readings:
    """Columns that grow together, one entry a reading."""

    handle: list[int] = field(default_factory=list)
    """The client handle; in an answer to Read, the place in the question."""
    value: list[float] = field(default_factory=list)
    """NaN where the server sent nothing, or nothing that is a number."""
    status: list[int] = field(default_factory=list)
    """StatusCode as sent; BadNoData or BadTypeMismatch for a good status without a number."""
    source_at: list[int] = field(default_factory=list)
    """SourceTimestamp in ns since 1970; 0 where the server sent none."""


@dataclass(slots=True)
class Publication:
    """One answer to Publish."""

    subscription: int
    sequence: int
    readings: Readings
    keep_alive: bool
    """Nothing has changed and the subscription lives (Part 4 §5.13.1.1)."""
    published_at: int = 0
    """PublishTime, the server's clock when it made this, in ns since 1970; 0 where it gave none."""
    ended: int | None = None
    """The StatusCode with which the server ended the subscription."""


def publication(body: bytes, end_of_variant: EndOfVariant) -> Publication:
    """The PublishResponse (Part 4 §5.13.5.2) that `body` holds.

    Raises:
        BadFrame: it ends too early, says too much, or is no PublishResponse.
        DeviceRefused: the service as a whole was refused.
    """
    try:
        return _publication(body, end_of_variant)
    except (struct.error, IndexError) as error:
        raise BadFrame(f"Publish answer of {len(body)} bytes does not parse: {error}") from error


def values(body: bytes, asked: int, end_of_variant: EndOfVariant) -> Readings:
    """The results, one for each node asked for, of a ReadResponse (Part 4 §5.10.2.2).

    Raises:
        BadFrame: it ends too early, answers another number of nodes, or is no ReadResponse.
        DeviceRefused: the service as a whole was refused.
    """
    readings = Readings()
    try:
        at = _past_header(body, _READ_RESPONSE)
        (count,) = _I32(body, at)
        if count != asked:
            raise BadFrame(f"Read answer holds {count} values; {asked} nodes were asked for")
        at += 4
        for place in range(count):
            (mask,) = _U8(body, at)
            at = _data_value(body, at + 1, mask, place, readings, end_of_variant)
        _must_hold(body, at)
    except (struct.error, IndexError) as error:
        raise BadFrame(f"Read answer of {len(body)} bytes does not parse: {error}") from error
    return readings


def _publication(body: bytes, end_of_variant: EndOfVariant) -> Publication:
    at = _past_header(body, _PUBLISH_RESPONSE)
    (subscription,) = _U32(body, at)
    (available,) = _I32(body, at + 4)
    at += 8 + 4 * max(available, 0) + 1  # AvailableSequenceNumbers, MoreNotifications
    (sequence,) = _U32(body, at)
    (ticks,) = _I64(body, at + 4)
    (count,) = _I32(body, at + 12)
    at += 16
    told = Publication(subscription, sequence, Readings(), count <= 0, _since_1970_ns(ticks))
    for _ in range(count):
        kind, at = _type_id(body, at)
        (encoded,) = _U8(body, at)
        at += 1
        if not encoded:
            continue
        (length,) = _I32(body, at)
        at += 4
        if kind == _DATA_CHANGE:
            _data_change(body, at, told.readings, end_of_variant)
        elif kind == _STATUS_CHANGE:
            (told.ended,) = _U32(body, at)
        at += max(length, 0)
    return told


def _data_change(body: bytes, at: int, readings: Readings, end_of_variant: EndOfVariant) -> None:
    (count,) = _I32(body, at)
    if count + len(readings.handle) > MAX_NOTIFICATIONS:
        raise BadFrame(f"Publish answer holds {count} readings; {MAX_NOTIFICATIONS} were allowed")
    at += 4
    for _ in range(count):
        handle, mask = _HANDLE_AND_MASK(body, at)
        at = _data_value(body, at + 5, mask, handle, readings, end_of_variant)
    _must_hold(body, at)


def _data_value(
    body: bytes,
    at: int,
    mask: int,
    handle: int,
    readings: Readings,
    end_of_variant: EndOfVariant,
) -> int:
    """One DataValue (Part 6 §5.2.2.17) appended; where it ends."""
    value, instead = _NOT_A_NUMBER, BAD_NO_DATA
    if mask & 0x01:
        kind = body[at]
        number = _NUMBER.get(kind)
        if number is not None:
            unpack, size = number
            value, instead = float(unpack(body, at + 1)[0]), 0
            at += 1 + size
        elif kind == 0:
            at += 1
        else:
            at, instead = end_of_variant(body, at), BAD_TYPE_MISMATCH
    status = 0
    if mask & 0x02:
        (status,) = _U32(body, at)
        at += 4
    source_at = 0
    if mask & 0x04:
        (ticks,) = _I64(body, at)
        source_at = _since_1970_ns(ticks)
        at += 8
    # source picoseconds, server timestamp, server picoseconds: in this order, none of them used
    at += 2 * (mask >> 4 & 1) + 8 * (mask >> 3 & 1) + 2 * (mask >> 5 & 1)
    if instead and status < BAD:
        status = instead
    readings.handle.append(handle)
    readings.value.append(value)
    readings.status.append(status)
    readings.source_at.append(source_at)
    return at


def _since_1970_ns(ticks: int) -> int:
    return (ticks - EPOCH_100NS) * 100 if ticks > 0 else 0


def _past_header(body: bytes, wanted: int) -> int:
    """Past the type id, which must be `wanted`, and a ResponseHeader (Part 4 §7.33)."""
    kind, at = _type_id(body, 0)
    if kind != wanted:
        raise BadFrame(f"answer of type i={kind}; i={wanted} was due")
    (result,) = _U32(body, at + 12)
    if result >= BAD:
        raise DeviceRefused(result, "the server refused the service")
    at = _past_diagnostics(body, at + 16)
    (count,) = _I32(body, at)
    at += 4
    for _ in range(count):
        at = _past_text(body, at)
    _, at = _type_id(body, at)
    (encoded,) = _U8(body, at)
    return _past_text(body, at + 1) if encoded else at + 1


def _past_diagnostics(body: bytes, at: int) -> int:
    """Past a DiagnosticInfo and those nested in it (Part 6 §5.2.2.12)."""
    while True:
        (mask,) = _U8(body, at)
        at += 1 + 4 * (mask & 0x0F).bit_count()
        if mask & 0x10:
            at = _past_text(body, at)
        at += 4 * (mask >> 5 & 1)
        if not mask & 0x40:
            return at


def _must_hold(body: bytes, at: int) -> None:
    if at > len(body):
        raise BadFrame(f"answer of {len(body)} bytes ends {at - len(body)} bytes too early")


def _past_text(body: bytes, at: int) -> int:
    length: int = _I32(body, at)[0]
    return at + 4 + max(length, 0)


def _type_id(body: bytes, at: int) -> tuple[int, int]:
    """The number of a NodeId and where it ends; -1 where it is no number (Part 6 §5.2.2.9)."""
    form = body[at] & 0x3F
    if form == 0:
        return body[at + 1], at + 2
    if form == 1:
        return int.from_bytes(body[at + 2 : at + 4], "little"), at + 4
    if form == 2:
        (number,) = _U32(body, at + 3)
        return int(number), at + 7
    return -1, at + 19 if form == 4 else _past_text(body, at + 3)
