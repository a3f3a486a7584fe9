"""The operations centre's ledger: every message once, and what is missing.

`take` is one transaction: messages, their rows, gap marks and what the watermark speaks of stand
together or not at all. A repeat changes nothing; other content under a known number is a notice,
because two gateways then claim one name.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cloud_sync import decode, topics
from cloud_sync.decode import Illegible
from cloud_sync.ioc.database import Database
from cloud_sync.ioc.rows import Row, Tombstone, Value, rows_of, tombstone_in
from cloud_sync.ioc.stream import Stream, whole
from cloud_sync.ioc.tables import INSERT_CELL, INSERT_EVENT, INSERT_SUMMARY
from cloud_sync.letters import AnyLetter, Held
from cloud_sync.ranges import Ranges
from edge.errors import EdgeError
from edge.model.message import Lane

Store = tuple[str, str]
"""A gateway's name and the epoch of its store."""

TABLE = {Lane.AUDIT: "event", Lane.EVENT: "event", Lane.INTERVAL: "summary", Lane.RAW: "cell"}
INSERT = {"event": INSERT_EVENT, "summary": INSERT_SUMMARY, "cell": INSERT_CELL}
# table names are this file's own
DELETE = {
    table: f"DELETE FROM {table} WHERE rowid BETWEEN ? AND ? AND stream = ? AND seq = ?"  # noqa: S608
    for table in INSERT
}
CLAMP = {
    table: "UPDATE copied SET row = min(row, (SELECT coalesce(max(rowid), 0)"  # noqa: S608
    f" FROM {table})) WHERE source = '{table}'"
    for table in INSERT
}
"""SQLite gives the numbers of deleted last rows out again: no copy may stand beyond them."""
NOTICES_KEPT = 10_000
EXCERPT = 400
SEEN_EVERY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came from the broker, and when."""

    topic: str
    payload: bytes
    at_ms: int


@dataclass(slots=True)
class Taken:
    """What one transaction did."""

    new: int = 0
    repeated: int = 0
    conflicting: int = 0
    illegible: int = 0
    rows: int = 0
    stores: set[Store] = field(default_factory=set)
    """Whose messages came: their watermarks are to be said."""
    connected: set[Store] = field(default_factory=set)
    """Who described their site, as a gateway does when it connects."""


class Ledger:
    """An open ledger. One thread at a time.

    Raises:
        StoreFailed: from every method that writes; nothing of that call is then stored.
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self._streams: dict[tuple[Store, Lane], Stream] = {}
        self._gateways: dict[str, int] = {}
        self._seen_ms: dict[str, int] = {}
        self._placed: set[str] = set()
        self._notices = len(self.database.run("SELECT 1 FROM notice"))

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def take(self, arrivals: Sequence[Arrival]) -> Taken:
        """Store what came, once."""
        taken = Taken()
        touched: dict[int, Stream] = {}
        try:
            with self.database.transaction():
                for arrival in arrivals:
                    try:
                        self._take_one(arrival, taken, touched)
                    except ValueError as error:
                        taken.illegible += 1
                        self._note_illegible(arrival, str(error))
                for stream in touched.values():
                    stream.save(self.database, arrivals[-1].at_ms)
        except EdgeError:
            self._forget()  # what memory believes was not written
            raise
        return taken

    def watermark(self, store: Store) -> dict[Lane, Held]:
        """What is held of each lane of a gateway's store."""
        return {lane: self._stream(store, lane).watermark() for lane in Lane}

    def stores(self) -> list[Store]:
        """Each gateway known, with the store it has now."""
        return [
            (str(name), str(epoch))
            for name, epoch in self.database.run(
                "SELECT name, epoch FROM gateway WHERE epoch != '' ORDER BY name"
            )
        ]

    def mark_silent(self, gateway: str, since_ms: int | None, now_ms: int) -> None:
        """Say since when a gateway shows no live values; None when it shows them again."""
        with self.database.transaction():
            self.database.run(
                "UPDATE gateway SET silent_since_ms = ? WHERE name = ?", (since_ms, gateway)
            )
            if since_ms is not None:
                self._note("silent", gateway, str(since_ms), now_ms, "no live values")

    def _forget(self) -> None:
        for memory in (self._streams, self._gateways, self._seen_ms, self._placed):
            memory.clear()

    def _take_one(self, arrival: Arrival, taken: Taken, touched: dict[int, Stream]) -> None:
        topic = topics.parse(arrival.topic)
        match topic.leaf:
            case "live":
                self._see(topic.gateway, arrival.at_ms)
            case "site":
                taken.connected.add(self._describe(topic.gateway, arrival))
            case Lane():
                letter = decode.letter(topic, arrival.payload)
                tombstone = _tombstone(letter)
                self._store(letter, tombstone, arrival, taken, touched)
            case _:
                raise Illegible(f"{arrival.topic} is not for the receiver")

    def _store(
        self,
        letter: AnyLetter,
        tombstone: Tombstone | None,
        arrival: Arrival,
        taken: Taken,
        touched: dict[int, Stream],
    ) -> None:
        store = (letter.gateway, letter.epoch)
        taken.stores.add(store)
        self._see(letter.gateway, arrival.at_ms, letter.epoch)
        stream = self._stream(store, letter.lane, create=True)
        digest = hashlib.blake2b(arrival.payload, digest_size=16).hexdigest()
        key = (stream.id, letter.seq)
        known = self.database.run("SELECT hash FROM message WHERE stream = ? AND seq = ?", key)
        if known:
            if known[0][0] == digest:
                taken.repeated += 1
            else:
                taken.conflicting += 1
                self._note_conflict(letter, digest, arrival.at_ms)
            return
        rows = [] if letter.seq in stream.thinned.replaced else rows_of(stream.id, letter)
        first_row, last_row = self._insert(TABLE[letter.lane], rows)
        size = len(arrival.payload)
        self.database.run(
            "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, digest, size, letter.at, arrival.at_ms, first_row, last_row),
        )
        self._stop_counting(stream, letter.lane, stream.receive(letter.seq))
        touched[stream.id] = stream
        taken.new += 1
        taken.rows += len(rows)
        if tombstone is not None:
            self._cover(store, tombstone, arrival.at_ms, touched)

    def _insert(self, table: str, rows: list[Row]) -> tuple[int | None, int | None]:
        if not rows:
            return None, None
        self.database.insert_many(INSERT[table], rows)
        last = self.database.last_row
        return last - len(rows) + 1, last

    def _cover(
        self, store: Store, tombstone: Tombstone, at_ms: int, touched: dict[int, Stream]
    ) -> None:
        stream = self._stream(store, tombstone.lane, create=True)
        for first, last in tombstone.spans:
            self.database.run(
                "INSERT INTO tombstone VALUES (?, ?, ?, ?, ?, ?)",
                (stream.id, first, last, tombstone.kept_s, tombstone.replaced_by, at_ms),
            )
        self._stop_counting(stream, tombstone.lane, stream.cover(tombstone))
        touched[stream.id] = stream

    def _stop_counting(self, stream: Stream, lane: Lane, numbers: Ranges) -> None:
        """Delete the rows of messages that another message says now."""
        for first, last in numbers:
            for seq, first_row, last_row in self.database.run(
                "SELECT seq, first_row, last_row FROM message"
                " WHERE stream = ? AND seq BETWEEN ? AND ? AND first_row IS NOT NULL",
                (stream.id, first, last),
            ):
                self.database.run(DELETE[TABLE[lane]], (first_row, last_row, stream.id, seq))
                self.database.run(
                    "UPDATE message SET first_row = NULL, last_row = NULL"
                    " WHERE stream = ? AND seq = ?",
                    (stream.id, seq),
                )
        if numbers:
            self.database.run(CLAMP[TABLE[lane]])

    def _stream(self, store: Store, lane: Lane, *, create: bool = False) -> Stream:
        key = (store, lane)
        if (stream := self._streams.get(key)) is not None:
            return stream
        gateway, epoch = store
        where = (self._gateway(gateway), epoch, lane.value)
        found = self.database.run(
            "SELECT id FROM stream WHERE gateway = ? AND epoch = ? AND lane = ?", where
        )
        if not found and not create:
            return Stream(0)
        if not found:
            self.database.run("INSERT INTO stream (gateway, epoch, lane) VALUES (?, ?, ?)", where)
        stream_id = whole(found[0][0]) if found else self.database.last_row
        stream = self._streams[key] = Stream.load(self.database, stream_id)
        return stream

    def _gateway(self, name: str) -> int:
        if name not in self._gateways:
            found = self.database.run("SELECT id FROM gateway WHERE name = ?", (name,))
            if not found:
                return 0
            self._gateways[name] = whole(found[0][0])
        return self._gateways[name]

    def _see(self, gateway: str, at_ms: int, epoch: str = "") -> None:
        if not self._gateway(gateway):
            self.database.run(
                "INSERT INTO gateway (name, epoch, first_seen_ms, seen_ms) VALUES (?, ?, ?, ?)",
                (gateway, epoch, at_ms, at_ms),
            )
        elif abs(at_ms - self._seen_ms.get(gateway, 0)) >= SEEN_EVERY_MS:
            self.database.run("UPDATE gateway SET seen_ms = ? WHERE name = ?", (at_ms, gateway))
            self._seen_ms[gateway] = at_ms
        if epoch and gateway not in self._placed:
            self.database.run(
                "UPDATE gateway SET epoch = ? WHERE name = ? AND epoch = ''", (epoch, gateway)
            )
            self._placed.add(gateway)

    def _describe(self, gateway: str, arrival: Arrival) -> Store:
        site = decode.site(arrival.payload)
        if site.gateway != gateway:
            raise Illegible(f"site: the payload says gateway {site.gateway!r}, not {gateway!r}")
        self._see(gateway, arrival.at_ms, site.epoch)
        text = decode.unpacked(arrival.payload).decode()
        self.database.run(
            "UPDATE gateway SET epoch = ?, site = ?, site_ms = ? WHERE name = ?",
            (site.epoch, text, arrival.at_ms, gateway),
        )
        return gateway, site.epoch

    def _note_conflict(self, letter: AnyLetter, digest: str, at_ms: int) -> None:
        what = f"{letter.epoch}/{letter.lane.value}/{letter.seq} {digest}"
        self._note("conflict", letter.gateway, what, at_ms, "other content under a known number")

    def _note_illegible(self, arrival: Arrival, reason: str) -> None:
        excerpt = arrival.payload[:EXCERPT].decode("utf-8", "replace")
        digest = hashlib.blake2b(arrival.payload, digest_size=8).hexdigest()
        detail = f"{reason}; it begins: {excerpt}"
        self._note("illegible", arrival.topic, digest, arrival.at_ms, detail)

    def _note(self, kind: str, gateway: str, subject: str, at_ms: int, detail: str) -> None:
        values: tuple[Value, ...] = (at_ms, kind, gateway, subject)
        self.database.run(
            "UPDATE notice SET last_ms = ?, times = times + 1"
            " WHERE kind = ? AND gateway = ? AND subject = ?",
            values,
        )
        if self.database.changed or self._notices >= NOTICES_KEPT:
            return
        self._notices += 1
        self.database.run(
            "INSERT INTO notice VALUES (?, ?, ?, ?, ?, 1, ?)",
            (kind, gateway, subject, at_ms, at_ms, detail),
        )


def _tombstone(letter: AnyLetter) -> Tombstone | None:
    try:
        return tombstone_in(letter)
    except msgspec.ValidationError as error:
        raise Illegible(f"history_thinned event {letter.seq}: {error}") from error
