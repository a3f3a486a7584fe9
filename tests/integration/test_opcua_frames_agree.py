"""Our decoder of the two answers that come by the thousand, against asyncua's encoder of all."""

import datetime as dt
import math
import random

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from drivers.opcua.frames import publication, values
from drivers.opcua.session import end_of_variant

NUMBERS = {
    ua.VariantType.Boolean: lambda r: r.random() < 0.5,
    ua.VariantType.SByte: lambda r: r.randrange(-128, 128),
    ua.VariantType.Byte: lambda r: r.randrange(256),
    ua.VariantType.Int16: lambda r: r.randrange(-(2**15), 2**15),
    ua.VariantType.UInt16: lambda r: r.randrange(2**16),
    ua.VariantType.Int32: lambda r: r.randrange(-(2**31), 2**31),
    ua.VariantType.UInt32: lambda r: r.randrange(2**32),
    ua.VariantType.Int64: lambda r: r.randrange(-(2**63), 2**63),
    ua.VariantType.UInt64: lambda r: r.randrange(2**64),
    ua.VariantType.Double: lambda r: r.uniform(-1e300, 1e300),
}
OTHERS = [
    ua.Variant("Vũng Tàu", ua.VariantType.String),
    ua.Variant(None, ua.VariantType.String),
    ua.Variant(b"\x00\xff", ua.VariantType.ByteString),
    ua.Variant(dt.datetime(2026, 11, 22, tzinfo=dt.UTC), ua.VariantType.DateTime),
    ua.Variant([1.0, 2.0, 3.0], ua.VariantType.Double),
    ua.Variant([[1, 2], [3, 4]], ua.VariantType.Int32),
    ua.Variant(ua.LocalizedText("nước", "vi"), ua.VariantType.LocalizedText),
    ua.Variant(ua.NodeId("Tank", 2), ua.VariantType.NodeId),
]
STATUSES = [0, 0x0480, 0x4090_0000, 0x808C_0000]


def any_data_value(rng):
    """A DataValue, the number it holds (None for none), its status and its time in ns."""
    kind = rng.choice([*NUMBERS, None])
    if kind is None:
        variant, number = rng.choice(OTHERS), None
    else:
        number = NUMBERS[kind](rng)
        variant = ua.Variant(number, kind)
    status = rng.choice(STATUSES)
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=rng.randrange(10**13))
    source = at if rng.random() < 0.7 else None
    held = ua.DataValue(
        variant,
        ua.StatusCode(status),
        source,
        at if rng.random() < 0.5 else None,
        rng.randrange(10_000) if source and rng.random() < 0.3 else None,
    )
    since = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    at_ns = 0 if source is None else (source - since) // dt.timedelta(microseconds=1) * 1000
    return held, number, status, at_ns


def agrees(readings, told):
    assert readings.source_at == [at_ns for _, _, _, at_ns in told]
    for value, status, (_, number, said, _) in zip(
        readings.value, readings.status, told, strict=True
    ):
        if number is None:
            assert math.isnan(value)
            assert status == said if said >> 31 else status >= 0x8000_0000
        else:
            assert value == float(number)
            assert status == said


@pytest.mark.parametrize("seed", range(20))
def test_answers_to_read(seed):
    rng = random.Random(seed)
    told = [any_data_value(rng) for _ in range(50)]
    answer = ua.ReadResponse()
    answer.Results = [held for held, *_ in told]
    agrees(values(struct_to_binary(answer), 50, end_of_variant), told)


@pytest.mark.parametrize("seed", range(20))
def test_answers_to_publish(seed):
    rng = random.Random(seed)
    told = [any_data_value(rng) for _ in range(60)]
    answer = ua.PublishResponse()
    answer.Parameters.SubscriptionId = 7
    answer.Parameters.AvailableSequenceNumbers = list(range(rng.randrange(4)))
    answer.Parameters.NotificationMessage.SequenceNumber = 11
    changes = []
    for start in (0, 30):
        change = ua.DataChangeNotification()
        for i, (held, *_) in enumerate(told[start : start + 30], start):
            change.MonitoredItems.append(ua.MonitoredItemNotification(i, held))
        changes.append(change)
    answer.Parameters.NotificationMessage.NotificationData = changes
    ours = publication(struct_to_binary(answer), end_of_variant)
    assert (ours.subscription, ours.sequence, ours.keep_alive) == (7, 11, False)
    assert ours.readings.handle == list(range(60))
    agrees(ours.readings, told)
