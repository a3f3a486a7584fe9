"""A copy of the ledger in a store that speaks the InfluxDB v2 API.

Such a store answers 204 before anything is on its disk, so it is never more than a copy: the
ledger remembers how far it has come, and can go over the last days again. A point that is written
twice is the same point.
"""

import asyncio
import logging
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sync.ioc.database import Database
from cloud_sync.ioc.desk import Desk
from cloud_sync.ioc.lines import SOURCES
from cloud_sync.ioc.rows import Value
from edge.errors import EdgeError

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient

log = logging.getLogger("ria.ioc")

LINES_AT_ONCE = 5000
IDLE_S = 1.0
TIMEOUT_MS = 30_000


class CopyFailed(EdgeError):
    """The store did not take the copy: try again later."""

    transient = True


@dataclass(frozen=True, slots=True)
class InfluxTarget:
    """Where the copy goes."""

    url: str
    token: str = ""
    org: str = "ria"
    bucket: str = "ria"

    @property
    def name(self) -> str:
        """What the ledger's cursor is kept under: another bucket begins from the start."""
        return f"{self.url} {self.org}/{self.bucket}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one table, and the row they reach."""

    source: str
    lines: tuple[str, ...]
    row: int


class InfluxCopy:
    """Feeds one target from the ledger's cursor. `run` ends only with an error."""

    def __init__(self, desk: Desk, target: InfluxTarget) -> None:
        self._desk = desk
        self._target = target
        self.lines = 0
        """Lines that the store has answered for since the process began."""

    async def run(self) -> None:
        """Copy what is new, for as long as the store takes it.

        Raises:
            CopyFailed: it did not; call again after a pause.
        """
        with closing(await asyncio.to_thread(self._connect)) as client:
            while True:
                if not await self.copy_once(client):
                    await asyncio.sleep(IDLE_S)

    async def copy_once(self, client: "InfluxDBClient") -> int:
        """Copy at most one batch of each table; how many lines."""
        copied = 0
        for source in SOURCES:
            batch = await self._desk.ask(
                next_batch, self._desk.ledger.database, self._target.name, source
            )
            if batch is None:
                continue
            await asyncio.to_thread(self._write, client, batch)
            await self._desk.ask(
                set_cursor, self._desk.ledger.database, self._target.name, source, batch.row
            )
            copied += len(batch.lines)
        self.lines += copied
        return copied

    async def replay(self, since_ms: int) -> None:
        """Copy again all that was received since then."""
        await self._desk.ask(rewind, self._desk.ledger.database, self._target.name, since_ms)

    def _connect(self) -> "InfluxDBClient":
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415  # half a second of CPU

        return InfluxDBClient(
            self._target.url,
            self._target.token or "none",
            org=self._target.org,
            timeout=TIMEOUT_MS,
        )

    def _write(self, client: "InfluxDBClient", batch: Batch) -> None:
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415
        from influxdb_client.rest import ApiException  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            with client.write_api(write_options=SYNCHRONOUS) as writer:
                writer.write(
                    self._target.bucket, record="\n".join(batch.lines), write_precision="ms"
                )
        except (ApiException, HTTPError, OSError) as error:
            raise CopyFailed(
                f"copy of {len(batch.lines)} lines to {self._target.url}: {error}; the ledger "
                "keeps them and goes on from there"
            ) from error


def next_batch(database: Database, target: str, source: str) -> Batch | None:
    """The next rows of a table that the target has not answered for; None where there are none."""
    columns, lines_of = SOURCES[source]
    cursor = _cursor(database, target, source)
    # table and columns are this program's own names
    sql = f"SELECT rowid, {columns} FROM {source} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # noqa: S608
    lines: list[str] = []
    for row, *values in database.run(sql, (cursor, LINES_AT_ONCE)):
        of_row = list(lines_of(tuple(values)))
        if lines and len(lines) + len(of_row) > LINES_AT_ONCE:
            break
        lines += of_row
        cursor = _whole(row)
    return Batch(source, tuple(lines), cursor) if lines else None


def set_cursor(database: Database, target: str, source: str, row: int) -> None:
    """The target has answered for rows up to this one."""
    with database.transaction():
        database.run("INSERT OR REPLACE INTO copied VALUES (?, ?, ?)", (target, source, row))


def rewind(database: Database, target: str, since_ms: int) -> None:
    """Set the cursors back to before the first message received at or after `since_ms`."""
    lanes = {"summary": ("interval",), "cell": ("raw",), "event": ("audit", "event")}
    for source, of_source in lanes.items():
        first = min(
            (found for lane in of_source if (found := _first_row(database, lane, since_ms))),
            default=0,
        )
        if first:
            cursor = min(_cursor(database, target, source), first - 1)
            set_cursor(database, target, source, cursor)
            log.info("copy rewound target=%s table=%s row=%d", target, source, cursor)


def _first_row(database: Database, lane: str, since_ms: int) -> int:
    found = database.run(
        "SELECT min(message.first_row) FROM message JOIN stream ON stream.id = message.stream"
        " WHERE stream.lane = ? AND message.received_ms >= ?",
        (lane, since_ms),
    )
    return _whole(found[0][0])


def _cursor(database: Database, target: str, source: str) -> int:
    found = database.run("SELECT row FROM copied WHERE target = ? AND source = ?", (target, source))
    return _whole(found[0][0]) if found else 0


def _whole(value: Value) -> int:
    return int(value or 0)
