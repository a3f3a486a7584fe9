import json
import zlib
from dataclasses import fields, replace

import numpy as np
import pytest

from edge.model.clock import ClockQuality, Instant
from edge.model.point import Bounds, Columns, Kind, Point
from edge.model.scan import Scan
from edge.store import block, described
from edge.store.narrow import pack, unpack

PUMP = Columns("pump", tuple(Point("pump", f"p{i}") for i in range(5)), 1.0)
METER = Columns("meter", (Point("meter", "energy", Kind.COUNTER),), 10.0)
KNOWN = {1: PUMP, 2: METER}


def scan(columns, values, *, at=1, boot="b1", present=None):
    present = None if present is None else np.array(present, np.bool_)
    quality = np.arange(len(values), dtype=np.uint8) + 192
    clock = ClockQuality.HOLDOVER
    return Scan(columns, Instant(at), at + 5, boot, clock, np.array(values), quality, present)


def round_trip(scans, numbers):
    body = block.encode(scans, numbers)
    return list(block.decode(body, zlib.crc32(body), KNOWN.__getitem__))


def test_scans_come_back_as_they_went_in():
    sent = [
        scan(PUMP, [1.5, 0.1, float("nan"), -0.0, 2.0**53]),
        scan(METER, [12345.678], at=-7, boot="b2"),
        scan(PUMP, [1e300, -0.3, 3 * 0.1, float("inf"), 5e-324], at=2**62),
    ]
    back = round_trip(sent, [1, 2, 1])
    for was, now in zip(sent, back, strict=True):
        assert now.columns is was.columns
        assert now.values.tobytes() == was.values.tobytes()
        assert now.quality.tobytes() == was.quality.tobytes()
        assert now.present is None
        assert (now.measured_at, now.mono_ns, now.boot, now.clock_quality) == (
            (was.measured_at, was.mono_ns, was.boot, was.clock_quality)
        )


def test_an_absent_cell_is_absent_again_and_takes_no_room():
    partial = scan(PUMP, [1.0, 2.0, 3.0, 4.0, 5.0], present=[0, 1, 0, 0, 1])
    whole, back, nothing = round_trip(
        [scan(METER, [9.0]), partial, replace(partial, present=np.zeros(5, np.bool_))], [2, 1, 1]
    )
    assert whole.present is None
    assert back.present.tolist() == [False, True, False, False, True]
    np.testing.assert_array_equal(back.values, [np.nan, 2.0, np.nan, np.nan, 5.0])
    assert back.quality.tolist() == [0, 193, 0, 0, 196]
    assert not nothing.present.any()
    assert block.cells_in(partial) == 2


def test_only_the_wanted_scans_are_given():
    body = block.encode([scan(METER, [1.0]), scan(PUMP, [0.0] * 5)], [2, 1])
    crc = zlib.crc32(body)
    found = list(block.decode(body, crc, KNOWN.__getitem__, lambda c: c.device == "pump"))
    assert [each.columns.device for each in found] == ["pump"]


@pytest.mark.parametrize("at", [0, 10, -1])
def test_a_flipped_bit_is_seen(at):
    body = bytearray(block.encode([scan(PUMP, [0.0] * 5)], [1]))
    crc = zlib.crc32(body)
    body[at] ^= 4
    with pytest.raises(ValueError, match="checksum"):
        list(block.decode(bytes(body), crc, KNOWN.__getitem__))


def test_bytes_that_are_no_block_are_refused_though_their_checksum_holds():
    with pytest.raises(ValueError, match="does not unfold"):
        list(block.decode(b"rubbish", zlib.crc32(b"rubbish"), KNOWN.__getitem__))


def test_a_newer_format_is_refused(monkeypatch):
    monkeypatch.setattr(block, "FORMAT", 9)
    body = block.encode([scan(PUMP, [0.0] * 5)], [1])
    monkeypatch.undo()
    with pytest.raises(ValueError, match="format 9; this version reads 1"):
        list(block.decode(body, zlib.crc32(body), KNOWN.__getitem__))


@pytest.mark.parametrize(
    ("values", "bytes_a_cell"),
    [
        (np.linspace(0, 90, 1000).astype(np.float32).astype(np.float64), 4),
        (np.rint(np.linspace(0, 9e5, 1000)) / 100, 4),
        (np.rint(np.linspace(0, 9e5, 1000)) * 0.1, 4),
        (np.linspace(0, 1, 1000) / 3, 8),
    ],
)
def test_a_cell_takes_the_narrowest_form_that_is_exact(values, bytes_a_cell):
    forms, *streams = pack(values)
    assert unpack(forms, *streams).tobytes() == values.tobytes()
    assert sum(map(len, streams)) <= bytes_a_cell * len(values)


def test_a_walk_of_hundredths_takes_few_bytes():
    rng = np.random.default_rng(1)
    columns = Columns("d", tuple(Point("d", f"p{i}") for i in range(100)), 1.0)
    walk = np.rint(rng.uniform(10, 500, (50, 100)) * 100) / 100
    body = block.encode([scan(columns, row) for row in walk], [1] * 50)
    assert len(body) / walk.size < 4


def test_columns_are_described_so_that_they_read_without_the_site_file():
    point = Point(
        "pump",
        "áp suất",
        Kind.COUNTER,
        "volume",
        "m3",
        Bounds(0.0),
        modulus=1e6,
        rate_limit=3.5,
        period_s=5.0,
        deadband=0.1,
        raw=True,
        writable=Bounds(0.2, 1.0),
    )
    columns = Columns("pump", (point, Point("pump", "b", Kind.BIT)), 5.0, 60.0, {"serial": "7"})
    back = described.from_text(described.to_text(columns))
    assert back == columns
    assert back.facts == columns.facts
    assert back.fingerprint == columns.fingerprint


def test_the_description_of_columns_forgets_no_field():
    said = json.loads(described.to_text(METER))
    assert set(said) == {field.name for field in fields(Columns)}
    assert {"device", *said["points"][0]} == {field.name for field in fields(Point)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"device": "a", "points": [{}]}'])
def test_what_does_not_describe_columns_is_refused(text):
    with pytest.raises(ValueError, match="not a description"):
        described.from_text(text)
