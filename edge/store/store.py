"""The store as the gateway sees it: a journal, an outbox, and one thread that owns the files."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

from edge.errors import ConfigError, StoreFailed
from edge.model.clock import NS_PER_S, Clock, Instant
from edge.model.event import Event
from edge.model.message import Lane, Message, Watermark
from edge.model.scan import Scan
from edge.ports import Digest, Encode, Thin
from edge.store.database import Damaged
from edge.store.digestion import Cut
from edge.store.health import StoreHealth
from edge.store.lock import Lock
from edge.store.opening import Disk
from edge.store.place import BEFORE_ALL
from edge.store.ticks import Ticks
from edge.store.waiting import EventGroup, Waiting
from edge.store.writer import Settings, Writer

T = TypeVar("T")

LEAST_LIMIT_BYTES = 4 * 2**20
PAGE_ROWS = 32
"""Rows that one reading of history may keep the writer from committing for."""
RETRY_NS = NS_PER_S

_log = logging.getLogger(__name__)


def open_store(
    path: Path,
    *,
    gateway: str,
    clock: Clock,
    digest: Digest,
    encode: Encode,
    cut: Cut,
    thin: Thin,
    limit_bytes: int,
    commit_interval_s: float = 1.0,
    raw_age_s: float = 5.0,
    grace_s: float = 72 * 3600.0,
) -> "Store":
    """Open the store in the folder `path`, making it where it is missing.

    The digest is given its memory back and fed what it had not seen; from here on it belongs to
    the store's thread. Returns when that is done.

    Raises:
        ConfigError: another process holds the folder, a newer version of Ria wrote it, the limit
            is below 4 MB, or SQLite is older than 3.51.3.
        StoreFailed: the disk does not give it.
    """
    if limit_bytes < LEAST_LIMIT_BYTES:
        raise ConfigError(
            f"store.limit: {limit_bytes} B is below {LEAST_LIMIT_BYTES} B (4 MB): raise it"
        )
    settings = Settings(
        Disk(path, limit_bytes), gateway, clock, digest, encode, cut, thin, raw_age_s, grace_s
    )
    return Store(settings, commit_interval_s=commit_interval_s)


class Store:
    """Journal and Outbox. Its methods may be called from any thread; none waits for the disk."""

    epoch: str

    def __init__(self, settings: Settings, *, commit_interval_s: float) -> None:
        self._settings = settings
        self._clock = settings.clock
        self._wake = threading.Condition()
        self._waiting = Waiting(round(commit_interval_s * NS_PER_S))
        self._recording: list[EventGroup] = []
        self._calls: deque[Callable[[Writer], None]] = deque()
        self._ticks = Ticks(self._clock.mono_ns())
        self._wakers: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []
        self._died: Future[None] = Future()
        self._lock = Lock(settings.disk.path)
        opened: Future[Writer] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(opened,), name="store writer", daemon=True
        )
        self._thread.start()
        try:
            writer = opened.result()
        except BaseException:
            self._lock.release()
            raise
        self._writer = writer
        self.epoch = writer.epoch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, scan: Scan) -> Future[None]:
        """Enqueue; the future is done when a power cut can no longer lose it.

        It fails with StoreFailed where memory or disk had met its limit: the scan was not taken.
        """
        now_ns = self._clock.mono_ns()
        with self._wake:
            future, is_worth_waking = self._waiting.add_scan(scan, now_ns)
            if is_worth_waking:
                self._wake.notify()
        return future

    def record(self, event: Event) -> Future[None]:
        """Put an event that no scan shows into its lane, at once: a command's into `audit`."""
        with self._wake:
            future = self._waiting.add_event(event)
            self._wake.notify()
        return future

    async def take(self, lane: Lane, after: int, limit: int) -> Sequence[Message]:
        """Up to `limit` unconfirmed messages with `seq > after`, oldest first."""
        return await self._ask(lambda writer: writer.take(lane, after, limit))

    async def confirm(self, lane: Lane, watermark: Watermark) -> None:
        """The operations centre holds these, and nothing beyond them.

        Raises:
            ValueError: the watermark is beyond the last number given out.
        """
        await self._ask(lambda writer: writer.confirm(lane, watermark))

    async def last(self, lane: Lane) -> int:
        """The last number given out in the lane; 0 where none was."""
        return await self._ask(lambda writer: writer.last(lane))

    def on_new(self, wake: Callable[[], None]) -> None:
        """Call `wake` in the running event loop whenever a message was stored."""
        self._wakers.append((asyncio.get_running_loop(), wake))

    def health(self) -> StoreHealth:
        """How the store was a second ago, and what waits now."""
        return replace(
            self._writer.health,
            cells_waiting=self._waiting.cells,
            cells_refused=self._waiting.cells_refused,
        )

    async def read(
        self, device: str, since: Instant, until: Instant, limit: int = 10_000
    ) -> list[Scan]:
        """The device's committed scans with `since <= measured_at < until`, at most `limit`."""
        scans: list[Scan] = []
        after = BEFORE_ALL
        while True:
            begin = after
            page = await self._ask(
                lambda writer: writer.history(device, since, until, begin, PAGE_ROWS)  # noqa: B023
            )
            scans += page.scans
            if page.next_after is None or len(scans) >= limit:
                return scans[:limit]
            after = page.next_after

    async def drain(self, now: Instant) -> None:
        """Commit what waits, close the windows that ended at `now`, send what was cut short."""

        def drain(writer: Writer) -> None:
            self._commit(writer)
            self._record(writer)
            writer.drain(now)

        await self._ask(drain)

    async def watch(self) -> None:
        """Return when the store is closed.

        Raises:
            StoreFailed: its thread has stopped; nothing is durable any more. End the process: the
                next start puts right what can be.
        """
        await asyncio.shield(asyncio.wrap_future(self._died))

    def close(self) -> None:
        """Commit what waits, keep the open windows, let go of the files; waits for the disk."""
        with self._wake:
            self._waiting.closed = self._waiting.closed or "the store is closed"
            self._wake.notify()
        self._thread.join()

    async def _ask(self, question: Callable[[Writer], T]) -> T:
        answer: Future[T] = Future()

        def call(writer: Writer) -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(question(writer))
            except Damaged as error:
                answer.set_exception(error)
                raise
            except (StoreFailed, ValueError) as error:
                answer.set_exception(error)

        with self._wake:
            if self._waiting.closed:
                raise StoreFailed(self._waiting.closed)
            self._calls.append(call)
            self._wake.notify()
        return await asyncio.wrap_future(answer)

    def _run(self, opened: Future[Writer]) -> None:
        try:
            writer = Writer(self._settings, self._tell)
        except BaseException as error:  # noqa: BLE001 - whoever opened the store is told
            opened.set_exception(error)
            return
        opened.set_result(writer)
        failure: BaseException | None = None
        try:
            while self._turn(writer):
                pass
        except BaseException as error:  # noqa: BLE001 - a thread has nobody above it
            _log.exception("store thread stopped")
            failure = error
        self._end(writer, failure)

    def _turn(self, writer: Writer) -> bool:
        with self._wake:
            wait_ns = self._wait_ns(writer)
            if wait_ns > 0:
                self._wake.wait(wait_ns / NS_PER_S)
            calls, self._calls = self._calls, deque()
            is_closed = bool(self._waiting.closed)
        now_ns = self._clock.mono_ns()
        if is_closed or self._waiting.is_due(now_ns):
            self._commit(writer)
        if not writer.is_stalled:
            self._record(writer)
        for call in calls:
            call(writer)
        if now_ns >= self._ticks.next_ns:
            writer.tick(closes=self._ticks.take(now_ns))
            self._waiting.full = writer.shortage
        return not is_closed

    def _wait_ns(self, writer: Writer) -> int:
        waiting = self._waiting
        if self._calls or waiting.closed or (waiting.events and not writer.is_stalled):
            return 0
        now_ns = self._clock.mono_ns()
        if waiting.is_due(now_ns):
            return 0
        due_ns = waiting.due_ns()
        return min(self._ticks.next_ns, due_ns or self._ticks.next_ns) - now_ns

    def _commit(self, writer: Writer) -> None:
        with self._wake:
            group = self._waiting.take_scans()
        if not group:
            return
        scans = [scan for scan, _ in group]
        try:
            place = writer.commit(scans)
        except StoreFailed as error:
            _log.warning("store scans=%d wait reason=%s", len(scans), error)
            with self._wake:
                self._waiting.put_back(group, self._clock.mono_ns() + RETRY_NS)
            return
        with self._wake:
            self._waiting.done(group)
        for _, future in group:
            _settle(future)
        writer.follow(place, scans)

    def _record(self, writer: Writer) -> None:
        with self._wake:
            group = self._waiting.take_events()

        def done() -> None:
            self._recording.remove(group)
            for _, future in group:
                _settle(future)

        if group:
            self._recording.append(group)
            writer.record([event for event, _ in group], done)

    def _tell(self) -> None:
        for loop, wake in self._wakers:
            try:
                loop.call_soon_threadsafe(wake)
            except RuntimeError:  # that loop has ended; so has whoever waited in it
                continue

    def _end(self, writer: Writer, failure: BaseException | None) -> None:
        sentence = f"the store has stopped: {failure}" if failure else "the store is closed"
        try:
            if isinstance(failure, Damaged):
                writer.condemn()
            writer.close()
        except StoreFailed:
            _log.exception("store not closed cleanly")
        with self._wake:
            self._waiting.closed = sentence
            left = [future for _, future in self._waiting.take_scans()]
            events = [*self._recording, self._waiting.take_events()]
            left += [future for group in events for _, future in group]
            calls, self._calls = self._calls, deque()
        for future in left:
            _settle(future, StoreFailed(sentence))
        for call in calls:
            call(writer)
        self._lock.release()
        _settle(self._died, StoreFailed(sentence) if failure else None)


def _settle(future: Future[None], error: Exception | None = None) -> None:
    if future.set_running_or_notify_cancel():
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
