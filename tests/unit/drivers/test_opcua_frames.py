"""Answers to Publish and Read, from bytes written out here by the standard's tables."""

import math
import struct

import pytest

from drivers.opcua.frames import EPOCH_100NS, MAX_NOTIFICATIONS, publication, values
from edge.errors import BadFrame, DeviceRefused

AT_NS = 1_795_000_000_123_456_700
TICKS = AT_NS // 100 + EPOCH_100NS
FORMS = "?bBhHiIqQfd"


def no_other_variant(body, at):
    raise AssertionError("only numbers here")


def text(value):
    return struct.pack("<i", -1) if value is None else struct.pack("<i", len(value)) + value


def header(kind, result=0, diagnostics=b"\0", strings=()):
    return (
        struct.pack("<BBH", 1, 0, kind)
        + struct.pack("<qII", TICKS, 1, result)
        + diagnostics
        + struct.pack("<i", len(strings))
        + b"".join(map(text, strings))
        + b"\0\0\0"
    )


def number(kind, value):
    return struct.pack(f"<B{FORMS[kind - 1]}", kind, value)


def data_value(variant=None, status=None, source=None, server=None, picoseconds=False):
    mask, body = 0, b""
    for bit, part in (
        (0x01, variant),
        (0x02, None if status is None else struct.pack("<I", status)),
        (0x04, None if source is None else struct.pack("<q", source)),
        (0x10, struct.pack("<H", 77) if picoseconds else None),
        (0x08, None if server is None else struct.pack("<q", server)),
        (0x20, struct.pack("<H", 88) if picoseconds else None),
    ):
        if part is not None:
            mask, body = mask | bit, body + part
    return bytes([mask]) + body


def read_answer(*held):
    return header(634) + struct.pack("<i", len(held)) + b"".join(held) + struct.pack("<i", -1)


def extension(kind, body):
    return struct.pack("<BBHB", 1, 0, kind, 1) + text(body)


def data_change(*items):
    body = struct.pack("<i", len(items))
    body += b"".join(struct.pack("<I", handle) + held for handle, held in items)
    return extension(811, body + struct.pack("<i", -1))


def publish_answer(*notifications, available=(4, 5), sequence=5):
    return (
        header(829)
        + struct.pack("<Ii", 9, len(available))
        + b"".join(struct.pack("<I", n) for n in available)
        + b"\0"
        + struct.pack("<Iqi", sequence, TICKS, len(notifications) if notifications else -1)
        + b"".join(notifications)
        + struct.pack("<ii", -1, -1)
    )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (1, True), (2, -7), (3, 250), (4, -32768), (5, 65535), (6, -(2**31)), (7, 2**32 - 1),
        (8, -(2**53)), (9, 2**53), (10, 1.5), (11, -0.1),
    ],
)  # fmt: skip
def test_every_number_type(kind, value):
    told = values(read_answer(data_value(number(kind, value))), 1, no_other_variant)
    assert told.value == [float(value)]
    assert (told.handle, told.status, told.source_at) == ([0], [0], [0])


@pytest.mark.parametrize("status", [None, 0x4090_0000])
@pytest.mark.parametrize("source", [None, TICKS])
@pytest.mark.parametrize("server", [None, TICKS + 5])
@pytest.mark.parametrize("picoseconds", [False, True])
def test_every_shape_of_a_data_value_leads_to_the_next(status, source, server, picoseconds):
    held = data_value(number(11, 2.5), status, source, server, picoseconds)
    told = values(read_answer(held, data_value(number(1, True))), 2, no_other_variant)
    assert told.value == [2.5, 1.0]
    assert told.status == [status or 0, 0]
    assert told.source_at == [AT_NS if source else 0, 0]


def test_what_is_no_number_is_stepped_over_and_says_why():
    word = b"\x0c" + text(b"on")
    steps = []

    def end_of_variant(body, at):
        steps.append(body[at])
        return at + len(word)

    held = [data_value(word), data_value(b"\0"), data_value(), data_value(word, 0x808C_0000)]
    told = values(read_answer(*held, data_value(number(3, 9))), 5, end_of_variant)
    assert steps == [12, 12]
    assert all(math.isnan(value) for value in told.value[:4])
    # BadTypeMismatch, BadNoData twice; a bad status keeps its own cause
    assert told.status == [0x8074_0000, 0x809B_0000, 0x809B_0000, 0x808C_0000, 0]
    assert told.value[4] == 9.0


def test_a_publication_brings_handles_in_order():
    told = publication(
        publish_answer(
            data_change(
                (3, data_value(number(11, 0.5), source=TICKS)), (1, data_value(number(4, -2)))
            ),
            data_change((3, data_value(number(11, 0.75)))),
        ),
        no_other_variant,
    )
    assert (told.subscription, told.sequence, told.keep_alive, told.ended) == (9, 5, False, None)
    assert told.readings.handle == [3, 1, 3]
    assert told.readings.value == [0.5, -2.0, 0.75]
    assert told.readings.source_at == [AT_NS, 0, 0]


def test_a_keep_alive_is_a_publication_of_nothing():
    told = publication(publish_answer(available=()), no_other_variant)
    assert told.keep_alive
    assert told.readings.handle == []


def test_the_end_of_a_subscription_and_foreign_notifications():
    ended = extension(820, struct.pack("<I", 0x800A_0000) + b"\0")
    told = publication(publish_answer(extension(916, b"events"), ended), no_other_variant)
    assert told.ended == 0x800A_0000
    assert not told.keep_alive


def test_diagnostics_and_strings_in_the_header_are_stepped_over():
    nested = bytes([0x7F]) + struct.pack("<iiii", 1, 2, 3, 4) + text(b"why") + struct.pack("<I", 5)
    body = header(634, diagnostics=nested + b"\0", strings=(b"a", None, b"bc"))
    body += struct.pack("<i", 1) + data_value(number(2, 5)) + struct.pack("<i", -1)
    assert values(body, 1, no_other_variant).value == [5.0]


def test_a_refused_service_raises_with_its_code():
    with pytest.raises(DeviceRefused) as refused:
        values(header(634, result=0x8010_0000), 1, no_other_variant)
    assert refused.value.code == 0x8010_0000


def test_no_truncation_passes_for_an_answer():
    part = data_value(number(11, 2.5), 0, TICKS, TICKS)
    # what follows the values, arrays of diagnostics of 4 bytes each, nobody reads
    body = read_answer(part)
    for length in range(len(body) - 4):
        with pytest.raises(BadFrame):
            values(body[:length], 1, no_other_variant)
    body = publish_answer(data_change((0, part)))
    for length in range(len(body) - 12):
        with pytest.raises(BadFrame):
            publication(body[:length], no_other_variant)


def test_more_than_was_asked_for_is_refused():
    with pytest.raises(BadFrame, match="2 values; 1 nodes"):
        values(read_answer(data_value(), data_value()), 1, no_other_variant)
    flood = extension(811, struct.pack("<i", MAX_NOTIFICATIONS + 1) + bytes(100_000))
    with pytest.raises(BadFrame, match="were allowed"):
        publication(publish_answer(flood), no_other_variant)
    with pytest.raises(BadFrame, match="i=829 was due"):
        publication(read_answer(), no_other_variant)
