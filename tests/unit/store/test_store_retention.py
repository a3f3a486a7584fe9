import json

import pytest

from edge.model.clock import NS_PER_S, Instant
from edge.model.event import Event, EventKind
from edge.model.message import Lane, Watermark
from edge.store.database import Database, DiskFull
from edge.store.writer import Writer
from tests.prove.store_oracle import (
    BEGIN,
    ManualClock,
    columns_of,
    encode,
    numbers_in,
    scan_of,
    settings,
    thin,
)

LIMIT = 1_500_000
HOUR_NS = 3600 * NS_PER_S
ONE, TWO = columns_of("one", raw=True), columns_of("two")


def padded(gateway, epoch, lane, seq, created_at, body):
    """Messages of a size that matters against the limit."""
    payload = encode(gateway, epoch, lane, seq, created_at, body)
    return payload if lane is Lane.EVENT else payload + b" " * 6000


def thinner(gateway, epoch, seq, created_at, payloads):
    return thin(gateway, epoch, seq, created_at, payloads) + b" " * 6000


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def open_writer(tmp_path, clock):
    opened = []

    def open_writer(**changed):
        options = {
            "limit_bytes": LIMIT,
            "synchronous": "OFF",
            "encode": padded,
            "thin": thinner,
            "raw_age_s": 0.0,
        }
        opened.append(Writer(settings(tmp_path, clock, **(options | changed)), lambda: None))
        return opened[-1]

    yield open_writer
    for writer in opened:
        writer.close()


def live(writer, clock, minutes, *, begin=0, each=lambda: None):
    """A reading of each device a minute, each a window of its own."""
    offered = set()
    for number in range(begin, begin + minutes):
        at = BEGIN + number * 60 * NS_PER_S
        clock.ns = max(clock.ns, at + 3 * NS_PER_S)  # beyond what may wait for its commit
        scans = [scan_of(ONE, number, at), scan_of(TWO, number, at)]
        offered |= {("one", number), ("two", number)}
        writer.follow(writer.commit(scans), scans)
        writer.tick()
        each()
    return offered


def tombstones(writer):
    said = [json.loads(m.payload) for m in writer.take(Lane.EVENT, 0, 10_000)]
    return [s["detail"] for s in said if s["kind"] == EventKind.HISTORY_THINNED]


def buried(writer, lane):
    flat = [t["ranges"] for t in tombstones(writer) if t["lane"] == lane]
    ranges = [(r[i], r[i + 1]) for r in flat for i in range(0, len(r), 2)]
    return [seq for first, last in ranges for seq in range(first, last + 1)]


def test_history_loses_resolution_before_existence_and_the_limit_holds(open_writer, clock):
    writer = open_writer()
    sizes = []
    offered = live(writer, clock, 260, each=lambda: sizes.append(writer.retention.bytes_on_disk()))
    assert max(sizes) < LIMIT
    assert not writer.shortage
    summaries = writer.take(Lane.INTERVAL, 0, 10_000)
    raws = writer.take(Lane.RAW, 0, 10_000)

    assert numbers_in(summaries, Lane.INTERVAL) == dict.fromkeys(offered, 1)
    for lane, left in ((Lane.INTERVAL, summaries), (Lane.RAW, raws)):
        numbers = sorted(buried(writer, lane) + [message.seq for message in left])
        assert numbers == list(range(1, writer.last(lane) + 1)), "each number once, kept or buried"

    kept = {t["kept_s"] for t in tombstones(writer) if t["lane"] == "interval"}
    assert kept >= {900}
    assert {t["kept_s"] for t in tombstones(writer) if t["lane"] == "raw"} == {1}
    assert "replaced_by" not in next(t for t in tombstones(writer) if t["lane"] == "raw")
    alive = {message.seq for message in summaries}
    replaced = {t["replaced_by"] for t in tombstones(writer) if t["lane"] == "interval"}
    assert replaced <= alive | set(buried(writer, Lane.INTERVAL))


def test_a_merged_summary_covers_an_aligned_window(open_writer, clock):
    writer = open_writer()
    live(writer, clock, 150)
    merged = [t["replaced_by"] for t in tombstones(writer) if t["lane"] == "interval"]
    messages = {m.seq: json.loads(m.payload) for m in writer.take(Lane.INTERVAL, 0, 10_000)}
    covered = [messages[seq] for seq in merged if seq in messages]
    assert covered
    for said in covered:
        length_ns = 900 * NS_PER_S
        assert said["since"] // length_ns == (said["until"] - 1) // length_ns
        assert said["numbers"] == sorted(said["numbers"])


def test_confirmed_messages_give_way_before_anything_unconfirmed(open_writer, clock):
    writer = open_writer()

    def confirm():
        for lane in (Lane.INTERVAL, Lane.RAW):
            writer.confirm(lane, Watermark(max(0, writer.last(lane) - 20)))

    live(writer, clock, 120, each=confirm)
    assert not tombstones(writer)
    writer.confirm(Lane.INTERVAL, Watermark(0))
    kept = [message.seq for message in writer.take(Lane.INTERVAL, 0, 10_000)]
    assert kept[-1] == writer.last(Lane.INTERVAL)
    assert len(kept) > 20, "what fits is kept for a receiver restored from a backup"


def test_digested_segments_give_way_before_confirmed_messages_within_their_grace(
    open_writer, clock
):
    writer = open_writer(limit_bytes=500_000)
    sizes = []
    live(writer, clock, 4)
    for day in range(1, 22):
        clock.ns += 24 * HOUR_NS
        scan = scan_of(TWO, day, clock.ns)
        writer.follow(writer.commit([scan]), [scan])
        writer.tick()
        sizes.append(writer.retention.bytes_on_disk())
    assert max(sizes) < 500_000
    assert writer.health.segments < 21
    assert not tombstones(writer)
    assert len(writer.take(Lane.INTERVAL, 0, 1000)) == writer.last(Lane.INTERVAL)


def test_grace_ends_without_any_need_of_space(open_writer, clock):
    writer = open_writer()
    live(writer, clock, 3)
    writer.confirm(Lane.INTERVAL, Watermark(writer.last(Lane.INTERVAL)))
    writer.tick()

    def kept():
        for _ in range(40):
            writer.tick()
        return writer._messages.sizes(Lane.INTERVAL, 0, 10**6, 100)

    assert len(kept()) == 6
    clock.ns += 71 * HOUR_NS
    assert len(kept()) == 6
    clock.ns += 3 * HOUR_NS
    assert not kept()
    live(writer, clock, 2, begin=100_000)
    assert writer.take(Lane.INTERVAL, 0, 10)[0].seq == 7, "numbers are never used again"


def test_audit_and_events_never_give_way_and_then_no_scan_is_taken(open_writer, clock):
    writer = open_writer(limit_bytes=400_000)
    detail = {"note": "x" * 5_000}
    for number in range(60):
        event = Event(EventKind.COMMAND, Instant(number), "gw", detail)
        writer.record([event], lambda: None)
        writer.tick()
    assert "nothing is left that may give way" in writer.shortage
    assert writer.health.degraded == writer.shortage
    assert len(writer.take(Lane.AUDIT, 0, 1000)) == 60


def test_summaries_that_cannot_be_merged_are_left_alone(open_writer, clock):
    def refusing(*_):
        raise ValueError("the points differ")

    writer = open_writer(thin=refusing)
    live(writer, clock, 130)
    assert {t["lane"] for t in tombstones(writer)} == {"raw"}
    assert "nothing is left" in writer.shortage


def test_a_disk_that_others_fill_counts_like_a_limit(open_writer, clock, monkeypatch):
    writer = open_writer(limit_bytes=64 * 2**20)
    live(writer, clock, 60)
    assert not tombstones(writer)
    used = writer.retention.bytes_on_disk()
    monkeypatch.setattr("edge.store.retention.free_bytes", lambda folder: used // 20)
    writer.tick()
    assert tombstones(writer)
    assert writer.retention.bytes_on_disk() < used


def test_the_reserve_pays_for_the_writes_that_make_room(open_writer, clock, monkeypatch, tmp_path):
    writer = open_writer()
    live(writer, clock, 10)
    assert (tmp_path / "reserve").stat().st_size == 2 * (LIMIT // 32)
    execute = Database.execute

    def full_until_the_reserve_is_gone(database, sql, bindings=()):
        if sql == "COMMIT" and (tmp_path / "reserve").exists():
            raise DiskFull("no room")
        return execute(database, sql, bindings)

    monkeypatch.setattr(Database, "execute", full_until_the_reserve_is_gone)
    scan = scan_of(TWO, 11, clock.ns + 1)
    writer.follow(writer.commit([scan]), [scan])
    assert tombstones(writer)
    monkeypatch.undo()
    writer.tick()
    assert (tmp_path / "reserve").exists()
