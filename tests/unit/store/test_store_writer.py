import json
import shutil

import pytest

from edge.errors import ConfigError, StoreFailed
from edge.model.clock import NS_PER_S, Instant
from edge.model.event import Event, EventKind
from edge.model.message import Lane, Watermark
from edge.store import database
from edge.store.database import Damaged, Database, DiskFull, require_sqlite
from edge.store.place import BEFORE_ALL
from edge.store.writer import UNCOMMITTED_NS, Writer
from tests.prove.store_oracle import (
    BEGIN,
    ManualClock,
    NumberDigest,
    columns_of,
    encode,
    faults,
    numbers_in,
    scan_of,
    settings,
)

PUMP, METER, RAW = columns_of("pump"), columns_of("meter"), columns_of("raw", raw=True)
FOREVER = Instant(2**62)


class Bench:
    """Writers on copies of one folder, as they would be after kill -9."""

    def __init__(self, folder):
        self.folder, self.clock, self.writers = folder / "0", ManualClock(), []
        self.folder.mkdir()
        self.stored, self.woken = set(), 0

    def open(self, digest=None, **changed):
        options = {"synchronous": "OFF"} | changed
        writer = Writer(settings(self.folder, self.clock, digest, **options), self._wake)
        self.writers.append(writer)
        return writer

    def _wake(self):
        self.woken += 1

    def crash(self, *gone):
        lives_on = self.folder.with_name(str(len(self.writers)))
        shutil.copytree(self.folder, lives_on)
        for name in gone:
            (lives_on / name).unlink()
        self.folder = lives_on

    def store(self, writer, columns, *numbers):
        scans = [scan_of(columns, number) for number in numbers]
        self.clock.ns = max([self.clock.ns, *(scan.measured_at for scan in scans)])
        place = writer.commit(scans)
        self.stored |= {(columns.device, number) for number in numbers}
        writer.follow(place, scans)

    def faults(self, messages, lane=Lane.INTERVAL):
        expected = {key for key in self.stored if lane is Lane.INTERVAL or key[0] == "raw"}
        return faults(messages, expected, expected, lane)


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    for writer in bench.writers:
        writer.close()


def taken(writer):
    return [message for lane in Lane for message in writer.take(lane, 0, 10_000)]


def events(writer):
    return [json.loads(message.payload) for message in writer.take(Lane.EVENT, 0, 1000)]


def windows(writer):
    return [json.loads(m.payload)["numbers"] for m in writer.take(Lane.INTERVAL, 0, 1000)]


def test_a_window_goes_on_through_a_clean_restart(bench):
    first = bench.open()
    bench.store(first, PUMP, 3, 4)
    first.close()
    second = bench.open()
    assert second.epoch == first.epoch
    bench.store(second, PUMP, 5)
    second.drain(FOREVER)
    assert windows(second) == [[3, 4, 5]]


def test_a_window_goes_on_through_a_crash(bench):
    first = bench.open()
    bench.store(first, PUMP, 0, 9, 10)
    bench.store(first, METER, 10)
    bench.store(first, PUMP, 11)
    bench.crash()
    second = bench.open()
    bench.store(second, PUMP, 12)
    second.drain(FOREVER)
    assert sorted(windows(second)) == [[0, 9], [10], [10, 11, 12]]
    assert not bench.faults(taken(second))


def test_devices_that_close_at_different_times_are_each_counted_once_after_a_crash(bench):
    writer = bench.open()
    bench.store(writer, METER, 1)
    bench.store(writer, PUMP, 2)
    bench.store(writer, PUMP, 11)
    bench.store(writer, PUMP, 12)
    bench.crash()
    writer = bench.open()
    writer.drain(FOREVER)
    assert sorted(windows(writer)) == [[1], [2], [11, 12]]


def test_what_a_crash_interrupted_is_not_written_twice(bench):
    first = bench.open()
    bench.store(first, PUMP, *range(35))
    sent = taken(first)
    for _ in range(3):
        bench.crash()
        writer = bench.open()
    assert taken(writer) == sent
    writer.drain(FOREVER)
    assert not bench.faults(taken(writer))


def test_a_silent_device_is_closed_by_the_clock(bench):
    writer = bench.open()
    bench.store(writer, PUMP, 1)
    bench.clock.ns += UNCOMMITTED_NS
    writer.tick()
    assert windows(writer) == [], "a scan may still wait for its commit"
    bench.clock.ns += NS_PER_S
    writer.tick()
    assert windows(writer) == [[1]]
    assert bench.woken == 1
    bench.crash()
    again = bench.open()
    again.drain(FOREVER)
    assert windows(again) == [[1]]


def test_raw_cells_are_cut_by_age_and_once(bench):
    writer = bench.open(raw_age_s=1.0)
    bench.store(writer, RAW, 0, 1)
    writer.tick()
    assert not writer.take(Lane.RAW, 0, 10)
    bench.store(writer, PUMP, 1, 11)
    bench.crash()
    writer = bench.open(raw_age_s=1.0)
    bench.store(writer, RAW, 2)
    bench.clock.ns += NS_PER_S
    writer.tick()
    [message] = writer.take(Lane.RAW, 0, 10)
    assert json.loads(message.payload)["numbers"] == [0, 1, 2]
    bench.crash()
    writer = bench.open()
    bench.store(writer, RAW, 30)
    writer.drain(FOREVER)
    assert not bench.faults(taken(writer), Lane.RAW)


def test_events_take_their_lanes(bench):
    writer = bench.open()
    done = []
    kinds = (EventKind.COMMAND, EventKind.GATEWAY_STARTED)
    writer.record([Event(kind, Instant(1), "gw") for kind in kinds], lambda: done.append(1))
    assert done == [1]
    assert [m.lane for m in taken(writer)] == [Lane.AUDIT, Lane.EVENT]


def test_a_watermark_confirms_steps_back_and_is_refused_beyond_the_end(bench):
    writer = bench.open()
    bench.store(writer, PUMP, *range(0, 50, 10))
    seqs = lambda: [m.seq for m in writer.take(Lane.INTERVAL, 0, 100)]  # noqa: E731
    assert seqs() == [1, 2, 3, 4]
    writer.confirm(Lane.INTERVAL, Watermark(4, ((2, 2),)))
    assert seqs() == [2]
    writer.confirm(Lane.INTERVAL, Watermark(1))
    assert seqs() == [2, 3, 4]
    with pytest.raises(ValueError, match="watermark 5 is beyond the last number 4"):
        writer.confirm(Lane.INTERVAL, Watermark(5))
    assert seqs() == [2, 3, 4]
    assert [m.seq for m in writer.take(Lane.INTERVAL, 2, 1)] == [3]
    writer.tick()
    assert writer.health.lanes[Lane.INTERVAL].unconfirmed == 3


def test_history_comes_in_pages(bench):
    writer = bench.open()
    for number in range(5):
        bench.store(writer, PUMP, number)
        bench.store(writer, METER, number)
    since, until = scan_of(PUMP, 1).measured_at, scan_of(PUMP, 4).measured_at
    page = writer.history("pump", since, until, BEFORE_ALL, 4)
    assert [int(s.values[0]) for s in page.scans] == [1, 2]
    page = writer.history("pump", since, until, page.next_after, 4)
    assert [int(s.values[0]) for s in page.scans] == [3]
    assert writer.history("pump", since, until, page.next_after, 4).next_after is None


# what may be missing or older when the store is opened


def test_a_lost_ledger_begins_an_epoch_and_counts_nothing_again(bench):
    first = bench.open()
    bench.store(first, PUMP, 1)
    bench.crash("ria.db", "ria.db-wal")
    bench.stored.clear()
    second = bench.open()
    assert second.epoch != first.epoch
    bench.store(second, PUMP, 20)
    second.drain(FOREVER)
    assert windows(second) == [[20]]
    [event] = events(second)
    assert event["kind"] == EventKind.STORE_DEGRADED
    assert "ria.db was missing" in event["detail"]["reason"]


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000])
def test_a_damaged_ledger_is_set_aside(bench, content):
    first = bench.open()
    bench.store(first, PUMP, 1)
    bench.crash("ria.db-wal")
    (bench.folder / "ria.db").write_bytes(content)
    second = bench.open()
    assert second.epoch != first.epoch
    assert (bench.folder / "ria.db.set-aside").exists() == bool(content)
    assert len(events(second)) == 1


def test_a_ledger_older_than_its_segments_begins_an_epoch(bench):
    first = bench.open()
    bench.store(first, PUMP, 1)
    first.close()
    yesterday = (bench.folder / "ria.db").read_bytes()
    second = bench.open()
    bench.store(second, PUMP, 11, 21)
    bench.store(second, PUMP, 22)
    second.close()
    (bench.folder / "ria.db").write_bytes(yesterday)
    third = bench.open()
    assert third.epoch != first.epoch
    assert "older than the segments" in events(third)[0]["detail"]["reason"]


def test_a_newer_schema_is_left_untouched(bench):
    bench.open().close()
    path = bench.folder / "ria.db"
    with_version = Database(path)
    with_version.execute("PRAGMA user_version=2")
    with_version.close()
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="schema 2, this version of Ria knows up to 1"):
        bench.open()
    assert path.read_bytes() == before


def test_an_old_sqlite_is_refused(monkeypatch):
    monkeypatch.setattr(database.apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(ConfigError, match=r"needs at least 3\.51\.3"):
        require_sqlite()


# what may go wrong while it runs


def test_an_unreadable_row_is_told_and_passed(bench):
    first = bench.open()
    for number in (1, 2, 3):
        bench.store(first, PUMP, number)
    first._segments.current.database.execute("UPDATE block SET crc = 1 WHERE row = 2")
    bench.crash()
    second = bench.open()
    second.drain(FOREVER)
    assert windows(second) == [[1, 3]]
    assert "row 2 of segment 1 does not read" in events(second)[0]["detail"]["reason"]
    bench.crash()
    assert len(events(bench.open())) == 1


def test_a_scan_that_the_digest_chokes_on_stops_nobody_else(bench):
    class Choking(NumberDigest):
        def absorb(self, scan):
            if scan.columns.device == "meter":
                raise ZeroDivisionError
            return super().absorb(scan)

    writer = bench.open(Choking())
    bench.store(writer, METER, 1, 2)
    bench.store(writer, PUMP, 1)
    bench.store(writer, METER, 3)
    writer.drain(FOREVER)
    assert windows(writer) == [[1]]
    assert [event["subject"] for event in events(writer)] == ["meter"], "told once, not each time"


def test_windows_that_do_not_close_by_the_clock_stop_no_scan(bench):
    class Stuck(NumberDigest):
        def close_until(self, now, grace_s=None):
            raise ZeroDivisionError

    writer = bench.open(Stuck())
    writer.tick()
    bench.store(writer, PUMP, 1)
    writer.tick()
    bench.store(writer, PUMP, 11)
    assert windows(writer) == [[1]]
    assert [event["subject"] for event in events(writer)] == ["gw"]


def test_a_state_that_no_longer_reads_stops_nobody_else(bench):
    class Forgetful(NumberDigest):
        def restore(self, device, state):
            if device == "meter":
                raise KeyError(device)
            super().restore(device, state)

    first = bench.open()
    for columns in (METER, PUMP):
        bench.store(first, columns, 1)
    first.close()
    second = bench.open(Forgetful())
    second.drain(FOREVER)
    assert windows(second) == [[1]]
    assert events(second)[0]["subject"] == "meter"


def test_a_letter_that_does_not_encode_stops_no_other(bench):
    def picky(gateway, epoch, lane, seq, created_at, body):
        if lane is Lane.INTERVAL and body.columns.device == "meter":
            raise OverflowError
        return encode(gateway, epoch, lane, seq, created_at, body)

    writer = bench.open(encode=picky)
    bench.store(writer, METER, 1)
    bench.store(writer, PUMP, 1)
    writer.drain(FOREVER)
    assert windows(writer) == [[1]]
    assert "could not be encoded" in events(writer)[0]["detail"]["reason"]


class Disk:
    """Stands before a database's statements and fails where it is told to."""

    def __init__(self, monkeypatch):
        self.rule = lambda database, sql: None
        self.after = lambda database, sql: None
        execute = Database.execute

        def guarded(database, sql, bindings=()):
            self.rule(database, sql)
            found = execute(database, sql, bindings)
            self.after(database, sql)
            return found

        monkeypatch.setattr(Database, "execute", guarded)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


def failing(times, error=StoreFailed, *, name="ria.db", begins="COMMIT"):
    left = [times]

    def rule(database, sql):
        if database.path.name == name and sql.startswith(begins) and left[0]:
            left[0] -= 1
            raise error("disk I/O error")

    return rule


@pytest.mark.parametrize("is_on_disk", [False, True])
@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_ledger_write_that_failed_is_neither_lost_nor_doubled(bench, disk, is_on_disk, times):
    writer = bench.open()
    bench.store(writer, RAW, *range(5))
    setattr(disk, "after" if is_on_disk else "rule", failing(times))
    bench.store(writer, RAW, 10)
    bench.store(writer, RAW, 11, 25)
    for _ in range(3):
        writer.tick()
    assert not writer.is_stalled
    writer.drain(FOREVER)
    assert not bench.faults(taken(writer))
    assert not bench.faults(taken(writer), Lane.RAW)
    bench.crash()
    assert taken(bench.open()) == taken(writer)


def test_scans_stay_durable_while_the_ledger_waits(bench, disk):
    writer = bench.open()
    disk.rule = failing(10**9, begins="")
    bench.store(writer, PUMP, *range(0, 40, 5))
    bench.store(writer, PUMP, 40)
    writer.tick()
    assert "disk I/O error" in writer.health.degraded
    bench.crash()
    disk.rule = lambda database, sql: None
    second = bench.open()
    second.drain(FOREVER)
    assert not bench.faults(taken(second))


def test_a_full_disk_gives_back_an_old_segment_and_goes_on(bench, disk):
    writer = bench.open()
    bench.store(writer, PUMP, 1, 11)
    bench.clock.ns += 86_400 * NS_PER_S
    bench.store(writer, METER, 20)
    writer.drain(FOREVER)
    assert writer.health.segments == 2
    disk.rule = failing(1, DiskFull, name="00000002.seg")
    bench.store(writer, METER, 30)
    writer.drain(FOREVER)
    assert writer.health.segments == 2
    assert not (bench.folder / "segments" / "00000001.seg").exists()
    assert not bench.faults(taken(writer))
    assert "retired" in events(writer)[0]["detail"]["reason"]


def test_a_segment_that_was_not_digested_gives_no_room(bench, disk):
    writer = bench.open()
    bench.store(writer, METER, 1)
    bench.clock.ns += 86_400 * NS_PER_S
    bench.store(writer, METER, 2)
    disk.rule = failing(2, DiskFull, name="00000002.seg")
    with pytest.raises(DiskFull):
        writer.commit([scan_of(METER, 3)])
    bench.crash()
    writer = bench.open()
    writer.drain(FOREVER)
    assert not bench.faults(taken(writer))


def test_scans_that_no_disk_takes_are_handed_back(bench, disk):
    writer = bench.open()
    disk.rule = lambda database, sql: failing(1, name=database.path.name)(database, sql)
    with pytest.raises(StoreFailed, match="disk I/O error"):
        writer.commit([scan_of(PUMP, 1)])
    disk.rule = lambda database, sql: None
    bench.store(writer, PUMP, 1)
    writer.drain(FOREVER)
    assert numbers_in(taken(writer), Lane.INTERVAL) == {("pump", 1): 1}


def test_a_damaged_ledger_is_condemned_so_that_the_next_start_succeeds(bench, disk):
    writer = bench.open()
    disk.rule = failing(1, Damaged)
    with pytest.raises(Damaged):
        bench.store(writer, PUMP, 1, 11)
    writer.condemn()
    writer.close()
    assert bench.open().epoch != writer.epoch


def test_a_long_window_does_not_make_a_long_start(bench, monkeypatch):
    monkeypatch.setattr("edge.store.digestion.LONGEST_REPLAY_ROWS", 5)
    monkeypatch.setattr("edge.store.digestion.OVERDUE_ROWS", 2)
    writer = bench.open()
    for _ in range(20):
        writer.follow(writer.commit([scan := scan_of(PUMP, 1, at=BEGIN)]), [scan])
    assert writer._ledger.replay_after.row >= 12
    bench.crash()
    again = bench.open()
    again.drain(FOREVER)
    assert windows(again) == [[1] * 20]
