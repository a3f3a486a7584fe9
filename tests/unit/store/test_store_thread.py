import asyncio
import json
import threading
import time
from pathlib import Path

import pytest

from edge.errors import ConfigError, StoreFailed
from edge.model.clock import Instant
from edge.model.event import Event, EventKind
from edge.model.message import Lane, Watermark
from edge.store import waiting
from edge.store.database import Damaged
from edge.store.segments import Segments
from edge.store.store import Store, open_store
from edge.store.writer import Writer
from tests.prove.store_oracle import (
    ManualClock,
    NumberDigest,
    columns_of,
    cut,
    encode,
    faults,
    scan_of,
    settings,
    thin,
)

PUMP = columns_of("pump", raw=True)
FOREVER = Instant(2**62)


class RunningClock(ManualClock):
    """Monotonic time runs, as the loop's does; wall time stands."""

    def mono_ns(self):
        return time.monotonic_ns()


@pytest.fixture
def begin(tmp_path):
    opened = []

    def begin(**changed):
        store = Store(
            settings(tmp_path, RunningClock(), synchronous="OFF", **changed),
            commit_interval_s=0.005,
        )
        opened.append(store)
        return store

    yield begin
    for store in opened:
        store.close()


async def stored(*futures):
    async with asyncio.timeout(5):
        await asyncio.gather(*map(asyncio.wrap_future, futures))


async def taken(store):
    return [message for lane in Lane for message in await store.take(lane, 0, 1000)]


async def test_a_scan_is_committed_digested_sent_and_confirmed(begin):
    store = begin()
    told = asyncio.Event()
    store.on_new(told.set)
    await stored(*(store.append(scan_of(PUMP, number)) for number in range(25)))
    async with asyncio.timeout(5):
        await told.wait()
    await store.drain(FOREVER)
    messages = await taken(store)
    numbers = {("pump", number) for number in range(25)}
    assert not faults(messages, numbers, numbers)
    assert not faults(messages, numbers, numbers, Lane.RAW)
    last = await store.last(Lane.INTERVAL)
    assert last == 3
    await store.confirm(Lane.INTERVAL, Watermark(last))
    assert not await store.take(Lane.INTERVAL, 0, 10)
    with pytest.raises(ValueError, match="beyond the last number"):
        await store.confirm(Lane.INTERVAL, Watermark(last + 1))
    health = store.health()
    assert (health.cells_committed, health.cells_waiting, health.degraded) == (25, 0, "")
    assert health.lanes[Lane.INTERVAL].unconfirmed == 0
    assert health.commits <= 3, "scans are committed in groups"


async def test_close_keeps_what_waits_and_the_open_window(begin):
    first = begin()
    future = first.append(scan_of(PUMP, 1))
    first.close()
    assert future.done()
    second = begin()
    await stored(second.append(scan_of(PUMP, 2)))
    await second.drain(FOREVER)
    [summary] = await second.take(Lane.INTERVAL, 0, 10)
    assert json.loads(summary.payload)["numbers"] == [1, 2]
    assert second.epoch == first.epoch


async def test_an_event_is_written_at_once(begin):
    store = begin()
    await stored(store.record(Event(EventKind.GATEWAY_STARTED, Instant(5), "gw")))
    [message] = await store.take(Lane.EVENT, 0, 10)
    assert json.loads(message.payload)["kind"] == EventKind.GATEWAY_STARTED


async def test_history_is_read_page_by_page(begin, monkeypatch):
    monkeypatch.setattr("edge.store.store.PAGE_ROWS", 2)
    store = begin()
    for number in range(7):
        await stored(store.append(scan_of(PUMP, number)))
    since = scan_of(PUMP, 1).measured_at
    scans = await store.read("pump", since, FOREVER)
    assert [int(scan.values[0]) for scan in scans] == [1, 2, 3, 4, 5, 6]
    assert len(await store.read("pump", since, FOREVER, limit=3)) == 3
    assert not await store.read("other", since, FOREVER)


async def test_a_second_gateway_is_told_who_holds_the_store(begin):
    begin()
    with pytest.raises(ConfigError, match=r"in use by process \d+: stop that gateway"):
        begin()


async def test_a_limit_that_holds_nothing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"store.limit: 1000 B is below 4194304 B"):
        open_store(
            tmp_path,
            gateway="gw",
            clock=RunningClock(),
            digest=NumberDigest(),
            encode=encode,
            cut=cut,
            thin=thin,
            limit_bytes=1000,
        )


async def test_a_store_that_does_not_open_says_so_to_the_caller(begin, tmp_path):
    (tmp_path / "segments").write_text("a file where a folder belongs")
    with pytest.raises(StoreFailed, match="segments"):
        begin()
    (tmp_path / "segments").unlink()
    begin()


async def test_a_closed_store_takes_and_gives_nothing(begin):
    store = begin()
    store.close()
    for future in (
        store.append(scan_of(PUMP, 1)),
        store.record(Event(EventKind.GATEWAY_STOPPED, Instant(5), "gw")),
    ):
        with pytest.raises(StoreFailed, match="closed"):
            future.result(0)
    with pytest.raises(StoreFailed, match="closed"):
        await store.take(Lane.EVENT, 0, 1)
    await store.watch()


@pytest.fixture
def broken(monkeypatch):
    """A disk that takes no segment until `mended` is set."""
    mended, append = threading.Event(), Segments.append

    def refusing(segments, scans, revision):
        if not mended.is_set():
            raise StoreFailed("disk I/O error")
        return append(segments, scans, revision)

    monkeypatch.setattr(Segments, "append", refusing)
    monkeypatch.setattr("edge.store.store.RETRY_NS", 10_000_000)
    return mended


async def test_scans_wait_for_a_broken_disk_and_are_committed_in_order(begin, broken):
    store = begin()
    futures = [store.append(scan_of(PUMP, number)) for number in range(3)]
    await store.drain(Instant(0))
    assert "disk I/O error" in store.health().degraded
    assert store.health().cells_waiting == 3
    assert not any(future.done() for future in futures)
    broken.set()
    await stored(*futures, store.append(scan_of(PUMP, 3)))
    await store.drain(FOREVER)
    [summary] = await store.take(Lane.INTERVAL, 0, 10)
    assert json.loads(summary.payload)["numbers"] == [0, 1, 2, 3]
    assert not store.health().degraded


async def test_memory_is_bounded_while_the_disk_is_broken(begin, broken, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_CELLS", 2)
    monkeypatch.setattr(waiting, "MOST_EVENTS", 0)
    store = begin()
    kept = [store.append(scan_of(PUMP, number)) for number in range(2)]
    with pytest.raises(StoreFailed, match="2 cells already wait for the disk and 2 may"):
        store.append(scan_of(PUMP, 2)).result(0)
    with pytest.raises(StoreFailed, match="0 events already wait"):
        store.record(Event(EventKind.GATEWAY_STARTED, Instant(5), "gw")).result(0)
    assert store.health().cells_refused == 1
    store.close()
    for future in kept:
        with pytest.raises(StoreFailed, match="closed"):
            future.result(0)


async def test_scans_are_refused_while_the_disk_limit_leaves_no_room(begin, monkeypatch):
    sentence = "the store takes more than store.limit allows"
    monkeypatch.setattr("edge.store.ticks.TICK_NS", 1)
    monkeypatch.setattr("edge.store.retention.Retention.shortage", lambda self: sentence)
    store = begin()
    await store.last(Lane.EVENT)
    await store.last(Lane.EVENT)
    with pytest.raises(StoreFailed, match=sentence):
        store.append(scan_of(PUMP, 1)).result(0)
    monkeypatch.setattr("edge.store.retention.Retention.shortage", lambda self: "")
    await store.last(Lane.EVENT)
    await store.last(Lane.EVENT)
    await stored(store.append(scan_of(PUMP, 1)))


@pytest.mark.parametrize("failure", [RuntimeError("a fault of ours"), Damaged("ria.db: damaged")])
async def test_a_thread_that_stopped_is_seen(begin, monkeypatch, failure):
    monkeypatch.setattr("edge.store.ticks.TICK_NS", 1_000_000)
    store = begin()
    epoch = store.epoch

    def failing(writer, *, closes):
        raise failure

    monkeypatch.setattr(Writer, "tick", failing)
    async with asyncio.timeout(5):
        with pytest.raises(StoreFailed, match=str(failure)):
            await store.watch()
    with pytest.raises(StoreFailed, match=str(failure)):
        store.append(scan_of(PUMP, 1)).result(0)
    monkeypatch.undo()
    assert (begin().epoch == epoch) == isinstance(failure, RuntimeError)


async def test_the_folder_is_made(tmp_path):
    folder = Path(tmp_path / "var" / "ria")
    with Store(settings(folder, RunningClock()), commit_interval_s=1.0):
        assert {path.name for path in folder.iterdir()} >= {"lock", "ria.db", "segments"}
