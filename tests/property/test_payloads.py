"""Payloads: every body validates against the published schema and reads back as it was; windows
merged from parts say what a summary of the whole says."""

import json
import math
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cloud_sync
from cloud_sync import decode, topics
from cloud_sync.encode import Shown, encoder, live, site, to_json
from cloud_sync.letters import DescribedDevice, DescribedPoint, Held, Place, Receipt
from cloud_sync.thin import thin
from edge.model.clock import Instant, Window
from edge.model.event import Event, EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.quality import Quality
from edge.model.summary import RawCells, Summary

MS = 1_000_000
SCHEMAS = Path(cloud_sync.__file__).parent / "schema"
NAN = float("nan")


def schema(name):
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))


VALIDATORS = {path.stem: schema(path.stem) for path in SCHEMAS.glob("*.json")}

names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
)
values = st.one_of(st.floats(allow_nan=True, allow_infinity=False), st.just(NAN))
codes = st.sampled_from([int(q) for q in Quality])
times = st.integers(0, 4_000_000_000_000).map(lambda ms: Instant(ms * MS))
counts = st.integers(0, 10_000)


@st.composite
def summaries(draw):
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=8))
    points = tuple(Point("m", f"p{i}", kind, unit=draw(names)) for i, kind in enumerate(kinds))
    n = len(points)

    def column(of, dtype):
        return np.array(draw(st.lists(of, min_size=n, max_size=n)), dtype)

    since = draw(times)
    stands = [k in (Kind.STATE, Kind.BIT) for k in kinds]
    seconds = st.dictionaries(st.integers(-5, 300), st.floats(0, 60), max_size=3)
    return Summary(
        Columns("m", points, 1.0), Window(since, Instant(since + draw(st.integers(1, 900_000)) * MS)),
        column(counts, np.int64), column(counts, np.int64), column(st.floats(0, 900), float),
        column(values, float), column(values, float), column(values, float), column(values, float),
        column(codes, np.uint8), column(values, float), column(counts, np.int64),
        tuple(draw(seconds) if is_state else {} for is_state in stands), draw(st.booleans()),
    )  # fmt: skip


@st.composite
def raw_cells(draw):
    scans, points = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    size = scans * points

    def grid(of, dtype):
        return np.array(draw(st.lists(of, min_size=size, max_size=size)), dtype).reshape(
            scans, points
        )

    present = draw(st.one_of(st.none(), st.just(grid(st.booleans(), bool))))
    good = draw(st.booleans())
    return RawCells(
        "m", tuple(f"p{i}" for i in range(points)), tuple(draw(st.lists(times, min_size=scans, max_size=scans))),
        grid(values, float), grid(st.just(192) if good else codes, np.uint8), present,
    )  # fmt: skip


facts = st.one_of(
    st.text(max_size=9), st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(0, 99), max_size=3), st.lists(names, max_size=3),
)  # fmt: skip
kinds = st.sampled_from([k for k in EventKind if k is not EventKind.HISTORY_THINNED])
events = st.builds(Event, kinds, times, names, st.dictionaries(names, facts, max_size=4))
tombstones = st.builds(
    lambda at, spans, by: Event(
        EventKind.HISTORY_THINNED, at, "g",
        {"lane": "interval", "ranges": [n for a, b in spans for n in (a, a + b)], "kept_s": 900.0, "replaced_by": by},
    ),
    times, st.lists(st.tuples(st.integers(1, 99), st.integers(0, 9)), min_size=1, max_size=4), st.integers(200, 300),
)  # fmt: skip

BODIES = {
    Lane.INTERVAL: summaries(), Lane.RAW: raw_cells(), Lane.EVENT: st.one_of(events, tombstones), Lane.AUDIT: events,
}  # fmt: skip
SCHEMA_OF = {Lane.INTERVAL: "interval", Lane.RAW: "raw", Lane.EVENT: "event", Lane.AUDIT: "event"}

letters = st.sampled_from(list(Lane)).flatmap(lambda lane: st.tuples(st.just(lane), BODIES[lane]))


def same(array, column):
    return [None if math.isnan(v) else v for v in array.tolist()] == list(column)


def check_interval(summary, body):
    assert (body.since, body.until) == (summary.window.since // MS, summary.window.until // MS)
    assert (body.device, body.clock_stepped) == ("m", summary.clock_stepped)
    groups = {
        (Kind.GAUGE,): (body.gauges, {"mean": "mean", "min": "minimum", "max": "maximum", "good_s": "good_s"}),
        (Kind.COUNTER,): (body.counters, {"delta": "delta", "epoch": "counter_epoch"}),
        (Kind.STATE, Kind.BIT): (body.states, {}),
    }  # fmt: skip
    for of, (group, columns) in groups.items():
        at = summary.columns.where(*of)
        assert (group is None) == (len(at) == 0)
        if group is None:
            continue
        assert list(group.points) == [summary.columns.points[i].name for i in at]
        for name, attribute in (
            columns | {"last": "last", "count": "count", "good": "good"}
        ).items():
            assert same(getattr(summary, attribute)[at], getattr(group, name))
        assert list(group.quality or [192] * len(at)) == summary.quality[at].tolist()
        if of[0] is Kind.STATE:
            assert list(group.seconds) == [summary.state_s[i] for i in at]
        else:
            assert list(group.unit) == [summary.columns.points[i].unit for i in at]


def check_cells(cells, body):
    assert list(body.t) == [at // MS for at in cells.at]
    assert list(body.points) == list(cells.points)
    n = len(cells.at)
    present = np.ones_like(cells.quality, bool) if cells.present is None else cells.present
    for k in range(len(cells.points)):
        runs = body.quality[k] if body.quality else [(192, n)]
        spread = [code for code, times in runs for _ in range(times)]
        expected = [
            int(q) if p else None for q, p in zip(cells.quality[:, k], present[:, k], strict=True)
        ]
        assert spread == expected
        assert same(np.where(present[:, k], cells.values[:, k], NAN), body.values[k])


@given(letters, st.booleans(), st.integers(1, 2**40), times)
@settings(max_examples=150, deadline=None)
def test_every_body_follows_the_schema_and_reads_back(lane_and_body, compress, seq, at):
    lane, body = lane_and_body
    payload = encoder(compress=compress)("g", "e", lane, seq, at, body)
    VALIDATORS[SCHEMA_OF[lane]].validate(json.loads(decode.unpacked(payload)))
    letter = decode.letter(topics.Topic("g", lane), payload)
    assert to_json(letter) == decode.unpacked(payload)
    assert (letter.gateway, letter.epoch, letter.lane, letter.seq, letter.at) == (
        "g",
        "e",
        lane,
        seq,
        at // MS,
    )
    match body:
        case Summary():
            check_interval(body, letter.body)
        case RawCells():
            check_cells(body, letter.body)
        case Event():
            assert (letter.body.kind, letter.body.subject) == (body.kind, body.subject)
            assert (letter.body.at, letter.body.detail) == (body.at // MS, body.detail)


@given(
    st.dictionaries(st.sampled_from(list(Lane)), st.integers(0, 99).map(lambda n: Held(upto=n, missing=[(1, 2)] if n > 2 else []))),
    st.lists(st.tuples(values, codes), min_size=1, max_size=5), times,
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_what_is_no_letter_follows_its_schema_too(lanes, cells, at):
    receipt = to_json(
        Receipt(v=1, gateway="g", epoch="e", session="s", serial=3, at=5, lanes=lanes)
    )
    VALIDATORS["watermark"].validate(json.loads(receipt))
    assert to_json(decode.receipt(receipt)) == receipt
    shown = Shown(
        tuple(f"p{i}" for i in range(len(cells))), np.array([v for v, _ in cells]),
        np.array([q for _, q in cells], np.uint8), at,
    )  # fmt: skip
    payload = live("g", at, {"m": shown})
    VALIDATORS["live"].validate(json.loads(payload))
    assert to_json(decode.live(payload)) == payload
    point = DescribedPoint(
        name="p", kind=Kind.STATE, unit="1", states={0: "đóng"}, labels={"vi": "van"}, raw=True
    )
    payload = site(
        "g",
        "e",
        at,
        Place(name="x", lat=10.3, lon=107.0),
        [DescribedDevice(device="m", facts={"serial": "1"}, points=[point])],
        "1.0",
    )
    VALIDATORS["site"].validate(json.loads(payload))
    assert to_json(decode.site(payload)) == payload


paths = st.sampled_from(["v", "seq", "at", "lane", "epoch", "body", "body.device", "body.since", "body.gauges.mean", "body.gauges.count", "body.gauges.quality", "body.new"])  # fmt: skip
junk = st.sampled_from([None, -1, 0, "x", "", [], {}, [-1], [None], ["1"], 1.5, 2**60])


@given(summaries(), paths, junk)
@settings(max_examples=60, deadline=None)
def test_what_the_schema_refuses_is_not_read(summary, path, value):
    """One direction only: the reader also refuses columns that do not fit each other."""
    message = json.loads(encoder()("g", "e", Lane.INTERVAL, 1, Instant(0), summary))
    *parents, key = path.split(".")
    where = message
    for parent in parents:
        where = where.setdefault(parent, {})
    where[key] = value
    if not VALIDATORS["interval"].is_valid(message):
        with pytest.raises(decode.Illegible):
            decode.letter(topics.Topic("g", Lane.INTERVAL), json.dumps(message).encode())


def summarised(cells, since_s, until_s):
    """One gauge, one counter, one state over one-second cells, plainly."""
    inside = cells[since_s:until_s]
    good = [c for c in inside if c is not None]
    columns = Columns(
        "m",
        (Point("m", "g", unit="V"), Point("m", "c", Kind.COUNTER), Point("m", "s", Kind.STATE)),
        1.0,
    )

    def three(value, dtype=float):
        return np.array([value] * 3, dtype)

    mean = sum(good) / len(good) if good else NAN
    delta = sum(abs(c) for c in good) if good else NAN
    stood = {}
    for c in good:
        stood[round(c) % 3] = stood.get(round(c) % 3, 0.0) + 1.0
    last = good[-1] if good else NAN
    quality = 192 if inside[-1] is not None else 1
    return Summary(
        columns, Window(Instant(since_s * 1000 * MS), Instant(until_s * 1000 * MS)), three(len(inside), int), three(len(good), int),
        three(float(len(good))), three(mean), three(min(good, default=NAN)), three(max(good, default=NAN)), three(last),
        three(quality, np.uint8), three(delta), three(0, int), ({}, {}, stood),
    )  # fmt: skip


@given(
    st.lists(st.one_of(st.none(), st.integers(-1000, 1000).map(float)), min_size=2, max_size=40),
    st.lists(st.integers(1, 39), max_size=6),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_windows_merged_say_what_the_whole_says(cells, cuts, compress):
    edges = sorted({0, len(cells), *(c for c in cuts if c < len(cells))})
    encode = encoder(compress=compress)
    parts = [
        encode("g", "e", Lane.INTERVAL, i + 1, Instant(0), summarised(cells, a, b))
        for i, (a, b) in enumerate(pairwise(edges))
    ]
    merged = decode.interval(thin("g", "e", 99, Instant(5 * MS), parts))
    whole = decode.interval(
        encode("g", "e", Lane.INTERVAL, 99, Instant(5 * MS), summarised(cells, 0, len(cells)))
    )
    a, b = json.loads(to_json(merged)), json.loads(to_json(whole))
    for side in (a, b):
        (side["mean"],) = side["body"]["gauges"].pop("mean")
    assert (a.pop("mean") or 0.0) == pytest.approx(b.pop("mean") or 0.0)
    assert a == b


def test_windows_that_cannot_be_merged_are_refused():
    encode = encoder()
    one = encode("g", "e", Lane.INTERVAL, 1, Instant(0), summarised([1.0, 2.0], 0, 1))
    other = encode("g", "e", Lane.INTERVAL, 2, Instant(0), summarised([1.0, 2.0], 1, 2))
    for parts, says in (
        ([], "no windows"),
        ([other, one], "oldest first"),
        ([one, one], "oldest first"),
    ):
        with pytest.raises(ValueError, match=says):
            thin("g", "e", 3, Instant(0), parts)
    with pytest.raises(decode.Illegible):
        thin("g", "e", 3, Instant(0), [b"{}"])
    elsewhere = other.replace(b'"device":"m"', b'"device":"n"')
    with pytest.raises(ValueError, match="'m' and 'n' do not merge"):
        thin("g", "e", 3, Instant(0), [one, elsewhere])
