"""The ledger is a disk: its tests have one, under tmp_path."""

import io
import sqlite3

import numpy as np
import pytest

from cloud_sync import topics
from cloud_sync.encode import encoder, site
from cloud_sync.ioc import export, influx
from cloud_sync.ioc.database import Database
from cloud_sync.ioc.export import Filter
from cloud_sync.ioc.ledger import Arrival, Ledger
from cloud_sync.letters import Held, Place
from edge.errors import ConfigError, StoreFailed
from edge.model.clock import Instant, Window
from edge.model.event import Event, EventKind
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.summary import RawCells, Summary

S = 1_000_000_000
NAN = float("nan")
encode = encoder()
COLUMNS = Columns(
    "m1", (Point("m1", "flow", unit="m3/h"), Point("m1", "volume", Kind.COUNTER, unit="m3"), Point("m1", "valve", Kind.STATE)), 1.0
)  # fmt: skip


def summary(minute=0, mean=1.5):
    return Summary(
        COLUMNS, Window(Instant(minute * 60 * S), Instant((minute + 1) * 60 * S)), np.full(3, 60), np.full(3, 60), np.full(3, 60.0),
        np.full(3, mean), np.full(3, 1.0), np.full(3, 2.0), np.array([1.25, 100.5, 2.0]), np.array([192, 192, 1], np.uint8),
        np.array([NAN, 12.5, NAN]), np.array([0, 3, 0]), ({}, {}, {2: 60.0}),
    )  # fmt: skip


def arrival(lane, seq, body, epoch="e1", gateway="g1", at_ms=1000):
    return Arrival(
        topics.lane(gateway, lane), encode(gateway, epoch, lane, seq, Instant(0), body), at_ms
    )


def windows(*seqs, at_ms=1000):
    return [arrival(Lane.INTERVAL, seq, summary(seq), at_ms=at_ms) for seq in seqs]


def up(subject="m1", at=0):
    return Event(EventKind.DEVICE_UP, Instant(at), subject)


def tombstone(ranges, by=None, lane="interval"):
    detail = {"lane": lane, "ranges": ranges, "kept_s": 900.0}
    return Event(
        EventKind.HISTORY_THINNED, Instant(0), "g1", detail | ({"replaced_by": by} if by else {})
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    ledger = Ledger(path)
    yield ledger
    ledger.close()


def interval(ledger):
    return ledger.watermark(("g1", "e1"))[Lane.INTERVAL]


def count(ledger, table):
    return ledger.database.run(f"SELECT count(*) FROM {table}")[0][0]


def test_a_message_counts_once_however_often_it_comes(ledger):
    assert ledger.take(windows(1, 2, 2)).new == 2
    taken = ledger.take(windows(1, 2))
    assert (taken.new, taken.repeated, taken.rows) == (0, 2, 0)
    assert count(ledger, "summary") == 6
    assert interval(ledger) == Held(upto=2, missing=())


def test_rows_say_what_the_letter_said(ledger):
    ledger.take(windows(1))
    rows = ledger.database.run(
        "SELECT point, kind, unit, since_ms, until_ms, count, good, good_s, quality, mean, min, max,"
        " last, delta, counter_epoch, seconds FROM summary ORDER BY rowid"
    )
    when = (60_000, 120_000, 60, 60)
    assert rows == [
        ("flow", "gauge", "m3/h", *when, 60.0, 192, 1.5, 1.0, 2.0, 1.25, None, None, None),
        ("volume", "counter", "m3", *when, None, 192, None, None, None, 100.5, 12.5, 3, None),
        ("valve", "state", "1", *when, None, 1, None, None, None, 2.0, None, None, '{"2":60.0}'),
    ]


def test_raw_cells_are_rows_of_their_own_and_absent_ones_are_none(ledger):
    cells = RawCells(
        "m1", ("a", "b"), (Instant(1 * S), Instant(2 * S)), np.array([[1.0, NAN], [2.0, 4.0]]),
        np.array([[192, 1], [192, 192]], np.uint8), np.array([[True, True], [False, True]]),
    )  # fmt: skip
    ledger.take([arrival(Lane.RAW, 1, cells)])
    rows = ledger.database.run("SELECT point, at_ms, value, quality FROM cell ORDER BY rowid")
    assert rows == [("a", 1000, 1.0, 192), ("b", 1000, None, 1), ("b", 2000, 4.0, 192)]


def test_gaps_are_marked_from_their_beginning_to_their_end(ledger):
    ledger.take(windows(1, 5, at_ms=10))
    assert interval(ledger) == Held(upto=5, missing=((2, 4),))
    ledger.take(windows(3, at_ms=20))
    assert interval(ledger).missing == ((2, 2), (4, 4))
    ledger.take(windows(2, 4, at_ms=30))
    assert interval(ledger) == Held(upto=5, missing=())
    gaps = ledger.database.run(
        "SELECT first, last, since_ms, closed_ms FROM gap ORDER BY first, last"
    )
    assert gaps == [(2, 2, 10, 30), (2, 4, 10, 20), (4, 4, 10, 30)]


def test_everything_is_still_known_after_a_restart(path):
    ledger = Ledger(path)
    ledger.take(windows(1, 2, 4))
    ledger.take([arrival(Lane.EVENT, 1, tombstone([7, 8], by=9))])
    ledger.close()
    ledger = Ledger(path)
    assert interval(ledger) == Held(upto=8, missing=((3, 3), (5, 6)))
    assert ledger.take(windows(4)).repeated == 1
    ledger.take(windows(3, 5, 6, at_ms=9))
    assert ledger.database.run("SELECT count(*) FROM gap WHERE closed_ms IS NULL") == [(0,)]
    assert ledger.stores() == [("g1", "e1")]
    ledger.close()


def test_other_content_under_a_known_number_is_an_alarm_and_changes_nothing(ledger):
    ledger.take([arrival(Lane.INTERVAL, 1, summary(1))])
    for _ in range(2):
        taken = ledger.take([arrival(Lane.INTERVAL, 1, summary(1, mean=9.0))])
        assert (taken.new, taken.conflicting) == (0, 1)
    assert ledger.database.run("SELECT mean FROM summary WHERE point = 'flow'") == [(1.5,)]
    (notice,) = ledger.database.run("SELECT kind, gateway, times FROM notice")
    assert notice == ("conflict", "g1", 2)


def test_another_epoch_is_another_store(ledger):
    ledger.take(windows(1, 2))
    taken = ledger.take([arrival(Lane.INTERVAL, 1, summary(1), epoch="e2")])
    assert (taken.new, taken.conflicting) == (1, 0)
    assert ledger.watermark(("g1", "e2"))[Lane.INTERVAL].upto == 1
    assert ledger.watermark(("g1", "e3"))[Lane.INTERVAL].upto == 0
    assert ledger.watermark(("g9", "e1"))[Lane.RAW].upto == 0


def test_what_cannot_be_read_is_kept_as_a_notice_and_never_held(ledger):
    topic = topics.lane("g1", Lane.INTERVAL)
    bad = [
        Arrival(topic, b"{noise", 5),
        Arrival("ria/v1/g1/up/nothing", b"", 6),
        Arrival(topics.watermark("g1"), b"{}", 7),
    ]
    taken = ledger.take([*bad, bad[0], *windows(2)])
    assert (taken.illegible, taken.new) == (4, 1)
    notices = ledger.database.run(
        "SELECT kind, gateway, times, detail FROM notice WHERE gateway = ?", (topic,)
    )
    assert notices[0][:3] == ("illegible", topic, 2)
    assert "{noise" in notices[0][3]
    assert interval(ledger).missing == ((1, 1),)


def test_a_tombstone_covers_what_will_not_come(ledger):
    ledger.take(windows(1, 6))
    ledger.take([arrival(Lane.EVENT, 1, tombstone([2, 3, 5, 5]))])
    assert interval(ledger) == Held(upto=6, missing=((4, 4),))
    ledger.take([arrival(Lane.EVENT, 2, tombstone([4, 4]))])
    assert interval(ledger) == Held(upto=6, missing=())
    assert ledger.take(windows(3)).rows == 3  # it came after all: it counts


@pytest.mark.parametrize("order", ["tombstone first", "merge first"])
def test_windows_that_were_merged_are_counted_once(ledger, order):
    ledger.take(windows(1, 2))
    stone = [arrival(Lane.EVENT, 1, tombstone([1, 3], by=4))]
    for arrivals in (stone, windows(4)) if order == "tombstone first" else (windows(4), stone):
        ledger.take(arrivals)
    assert ledger.database.run("SELECT DISTINCT seq FROM summary") == [(4,)]
    taken = ledger.take(windows(3))
    assert (taken.new, taken.rows) == (1, 0)
    assert interval(ledger) == Held(upto=4, missing=())


@pytest.mark.parametrize(
    "detail",
    [{}, {"lane": "interval"}, {"lane": "x", "ranges": [1, 2]}, {"lane": "raw", "ranges": [1]},
     {"lane": "raw", "ranges": [3, 2]}, {"lane": "raw", "ranges": [0, 2]},
     {"lane": "raw", "ranges": [1, 5], "replaced_by": 5}],
)  # fmt: skip
def test_a_tombstone_that_says_nothing_sensible_is_illegible(ledger, detail):
    event = Event(EventKind.HISTORY_THINNED, Instant(0), "g1", detail)
    assert ledger.take([arrival(Lane.EVENT, 1, event)]).illegible == 1


def test_a_site_is_kept_and_names_the_store_that_counts_now(ledger):
    ledger.take([Arrival(topics.live("g1"), b"{}", 5)])
    assert ledger.stores() == []
    ledger.take(windows(1))
    assert ledger.stores() == [("g1", "e1")]
    payload = site("g1", "e2", Instant(0), Place(name="Trạm bơm"), [])
    assert ledger.take([Arrival(topics.site("g1"), payload, 9)]).connected == {("g1", "e2")}
    assert ledger.stores() == [("g1", "e2")]
    assert "Trạm bơm" in ledger.database.run("SELECT site FROM gateway")[0][0]
    foreign = site("g2", "e", Instant(0), Place(name="x"), [])
    assert ledger.take([Arrival(topics.site("g1"), foreign, 9)]).illegible == 1


def test_a_commit_that_fails_leaves_memory_as_the_disk_is(ledger, monkeypatch):
    ledger.take(windows(1))
    with monkeypatch.context() as patched:
        patched.setattr(
            ledger.database, "insert_many", lambda *_: (_ for _ in ()).throw(StoreFailed("disk"))
        )
        with pytest.raises(StoreFailed):
            ledger.take(windows(2))
    assert interval(ledger) == Held(upto=1, missing=())
    assert ledger.take(windows(2)).new == 1


def test_a_watermark_with_very_many_holes_speaks_of_a_shorter_stretch(ledger):
    ledger.take(windows(*range(1, 2400, 2)))
    held = interval(ledger)
    assert len(held.missing) == 1000
    assert held.upto == 2001
    assert held.missing[-1] == (2000, 2000)


def test_the_file_says_which_program_may_open_it(path):
    Ledger(path).close()
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(ConfigError, match="schema version 99"):
        Ledger(path)
    with pytest.raises(ConfigError, match="no ledger at"):
        Database(path.with_name("absent"), read_only=True)
    with pytest.raises(StoreFailed, match="opening the ledger"):
        Ledger(path.with_name("no") / "folder")


def csv_of(path, table, **chosen):
    database = Database(path, read_only=True)
    out = io.StringIO()
    written = export.write(database, table, Filter(**chosen), out)
    database.close()
    lines = out.getvalue().splitlines()
    assert len(lines) == written + 1
    return lines


def test_export_writes_both_times_and_leaves_empty_what_does_not_exist(ledger, path):
    ledger.take(
        [
            *windows(1, 2),
            arrival(Lane.EVENT, 1, up(at=61 * S)),
            arrival(Lane.AUDIT, 1, up("m1.flow")),
        ]
    )
    lines = csv_of(path, "summary", device="m1", point="volume", since_ms=120_000)
    assert lines == [
        "gateway,device,point,kind,unit,since,since_ms,until,until_ms,count,good,good_s,quality,mean,min,max,last,delta,counter_epoch,seconds,clock_stepped",
        "g1,m1,volume,counter,m3,1970-01-01T00:02:00.000Z,120000,1970-01-01T00:03:00.000Z,180000,60,60,,192,,,,100.5,12.5,3,,0",
    ]  # fmt: skip
    assert len(csv_of(path, "summary", gateway="g2")) == 1
    assert len(csv_of(path, "summary", until_ms=120_000)) == 4
    assert csv_of(path, "event", device="m1") == [
        "gateway,lane,kind,subject,at,at_ms,detail",
        "g1,event,device_up,m1,1970-01-01T00:01:01.000Z,61000,{}",
        "g1,audit,device_up,m1.flow,1970-01-01T00:00:00.000Z,0,{}",
    ]
    assert len(csv_of(path, "event", device="m")) == 1
    assert len(csv_of(path, "event", device="m1", point="flow")) == 2
    assert len(csv_of(path, "cell")) == 1


def test_a_copy_goes_on_from_its_cursor_and_can_go_over_the_last_days_again(ledger):
    database, target = ledger.database, "t"
    ledger.take(windows(1, at_ms=1000))
    ledger.take(windows(2, at_ms=2000))
    first = influx.next_batch(database, target, "summary")
    assert len(first.lines) == 8  # three points and one state, twice
    influx.set_cursor(database, target, "summary", first.row)
    assert influx.next_batch(database, target, "summary") is None
    ledger.take(windows(3, at_ms=3000))
    assert len(influx.next_batch(database, target, "summary").lines) == 4
    influx.rewind(database, target, 1500)
    again = influx.next_batch(database, target, "summary")
    assert again.lines[:4] == first.lines[4:]
    assert influx.next_batch(database, "another target", "summary").row == again.row


def test_a_copy_overlooks_no_row_that_took_the_number_of_a_deleted_one(ledger):
    database = ledger.database
    ledger.take(windows(1, 2))
    influx.set_cursor(database, "t", "summary", influx.next_batch(database, "t", "summary").row)
    ledger.take([arrival(Lane.EVENT, 1, tombstone([1, 2], by=3)), *windows(3)])
    ledger.take(windows(4))
    batch = influx.next_batch(database, "t", "summary")
    assert {line.rsplit(" ", 1)[1] for line in batch.lines} >= {"240000"}
    seqs = database.run("SELECT DISTINCT seq FROM summary ORDER BY seq")
    assert seqs == [(3,), (4,)]
