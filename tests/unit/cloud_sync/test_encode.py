import json

import numpy as np
import pytest

from cloud_sync import decode, encode, topics
from cloud_sync.encode import Shown, encoder
from cloud_sync.letters import DescribedDevice, DescribedPoint, Place
from edge.model.clock import Instant, Window
from edge.model.event import Event, EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.quality import Quality
from edge.model.summary import RawCells, Summary

S = 1_000_000_000
POINTS = (
    Point("m1", "voltage", Kind.GAUGE, unit="V"),
    Point("m1", "energy", Kind.COUNTER, unit="kW.h"),
    Point("m1", "door", Kind.BIT),
    Point("m1", "current", Kind.GAUGE, unit="A"),
)
NAN = float("nan")


def summary(points=POINTS, quality=(192, 192, 192, 192)):
    n = len(points)
    columns = Columns("m1", points, 1.0)
    numbers = np.arange(n, dtype=float)
    return Summary(
        columns=columns,
        window=Window(Instant(60 * S), Instant(120 * S)),
        count=np.full(n, 60),
        good=np.full(n, 59),
        good_s=np.full(n, 59.5),
        mean=numbers + 0.1,
        minimum=numbers,
        maximum=numbers + 1,
        last=np.where(numbers == 3, NAN, numbers + 0.5),
        quality=np.array(quality[:n], np.uint8),
        delta=numbers * 2,
        counter_epoch=np.arange(n),
        state_s=tuple({1: 20.0, 0: 40.0} if p.kind is Kind.BIT else {} for p in points),
    )


def said(payload):
    return json.loads(payload)["body"]


def encoded(body, lane=Lane.INTERVAL):
    return encoder()("g1", "e1", lane, 7, Instant(121 * S + 5_000_000), body)


def test_a_summary_is_one_group_of_columns_for_each_kind():
    payload = json.loads(encoded(summary()))
    header = {k: v for k, v in payload.items() if k != "body"}
    assert header == {
        "v": 1, "gateway": "g1", "epoch": "e1", "lane": "interval", "seq": 7, "at": 121_005,
    }  # fmt: skip
    assert payload["body"] == {
        "device": "m1",
        "since": 60_000,
        "until": 120_000,
        "gauges": {
            "points": ["voltage", "current"],
            "unit": ["V", "A"],
            "mean": [0.1, 3.1],
            "min": [0.0, 3.0],
            "max": [1.0, 4.0],
            "last": [0.5, None],
            "count": [60, 60],
            "good": [59, 59],
            "good_s": [59.5, 59.5],
        },
        "counters": {
            "points": ["energy"],
            "unit": ["kW.h"],
            "delta": [2.0],
            "last": [1.5],
            "epoch": [1],
            "count": [60],
            "good": [59],
        },
        "states": {
            "points": ["door"],
            "last": [2.5],
            "count": [60],
            "good": [59],
            "seconds": [{"0": 40.0, "1": 20.0}],
        },
    }


def test_kinds_without_points_and_qualities_all_good_take_no_room():
    body = said(encoded(summary(POINTS[:1], quality=(192,))))
    assert set(body) == {"device", "since", "until", "gauges"}
    assert "quality" not in body["gauges"]
    assert said(encoded(summary(quality=(192, 192, 192, 1))))["gauges"]["quality"] == [192, 1]


def test_the_same_body_gives_the_same_bytes_with_and_without_memory():
    encode_one = encoder()
    args = ("g1", "e1", Lane.INTERVAL, 7, Instant(5))
    assert (
        encode_one(*args, summary()) == encode_one(*args, summary()) == encoder()(*args, summary())
    )


def test_columns_of_another_meaning_are_not_mixed_up():
    encode_one = encoder()
    other = (Point("m1", "voltage", Kind.COUNTER, unit="V"), *POINTS[1:])
    encode_one("g", "e", Lane.INTERVAL, 1, Instant(0), summary())
    body = said(encode_one("g", "e", Lane.INTERVAL, 2, Instant(0), summary(other)))
    assert body["counters"]["points"] == ["voltage", "energy"]


def raw(present=None, quality=None):
    return RawCells(
        device="m1",
        points=("a", "b"),
        at=(Instant(1 * S), Instant(2 * S), Instant(3 * S)),
        values=np.array([[1.0, 10.0], [2.0, NAN], [3.0, 30.0]]),
        quality=np.full((3, 2), Quality.GOOD, np.uint8) if quality is None else quality,
        present=present,
    )


def test_raw_cells_are_columns_too_and_good_ones_say_nothing_of_it():
    body = said(encoded(raw(), Lane.RAW))
    assert body == {
        "device": "m1",
        "points": ["a", "b"],
        "t": [1000, 2000, 3000],
        "values": [[1.0, 2.0, 3.0], [10.0, None, 30.0]],
    }


def test_quality_of_raw_cells_stands_in_runs_and_null_is_a_cell_that_did_not_come():
    quality = np.array([[192, 1], [192, 1], [8, 192]], np.uint8)
    present = np.array([[True, True], [False, True], [True, True]])
    body = said(encoded(raw(present, quality), Lane.RAW))
    assert body["quality"] == [[[192, 1], [None, 1], [8, 1]], [[1, 2], [192, 1]]]
    assert body["values"][0] == [1.0, None, 3.0]


def test_an_event_keeps_its_own_time_and_its_details_in_order():
    event = Event(EventKind.DEVICE_DOWN, Instant(9 * S), "m1", {"z": [1, 2], "cause": "timeout"})
    payload = encoded(event, Lane.EVENT)
    assert said(payload) == {
        "kind": "device_down", "subject": "m1", "at": 9000,
        "detail": {"cause": "timeout", "z": [1, 2]},
    }  # fmt: skip
    assert payload.index(b'"cause"') < payload.index(b'"z"')


def test_compressed_payloads_are_smaller_and_read_the_same():
    points = tuple(Point("m1", f"voltage_{i}", Kind.GAUGE, unit="V") for i in range(100))
    one = summary(points, quality=(192,) * 100)
    plain = encoder()("g", "e", Lane.INTERVAL, 1, Instant(0), one)
    small = encoder(compress=True)("g", "e", Lane.INTERVAL, 1, Instant(0), one)
    assert small.startswith(decode.ZSTD_MAGIC)
    assert len(small) < len(plain) / 3
    topic = topics.parse(topics.lane("g", Lane.INTERVAL))
    assert decode.letter(topic, small) == decode.letter(topic, plain)


def test_live_and_site_read_back():
    live = encode.live(
        "g",
        Instant(5 * S),
        {
            "m1": Shown(
                ("a", "b"), np.array([1.5, NAN]), np.array([192, 1], np.uint8), Instant(4 * S)
            )
        },
    )
    read = decode.live(live)
    assert (read.at, read.devices[0].at) == (5000, 4000)
    assert (read.devices[0].values, read.devices[0].quality) == ([1.5, None], [192, 1])
    site = encode.site(
        "g", "e", Instant(5 * S), Place(name="Trạm bơm Phường 1", lat=10.346, lon=107.084),
        [DescribedDevice(device="m1", points=[DescribedPoint(name="a", kind=Kind.GAUGE, unit="V")])],
    )  # fmt: skip
    assert decode.site(site).place.name == "Trạm bơm Phường 1"
    assert decode.site(site).devices[0].points[0].unit == "V"


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 2**53 - 1.0, 123456789.123456789])
def test_floats_arrive_bit_for_bit(value):
    one = summary()
    one.mean[0] = value
    assert said(encoded(one))["gauges"]["mean"][0] == value
