"""The ledger as CSV, for people who load history into a sheet or a database.

Each table has its own columns; times stand twice, as ISO 8601 in UTC and as Unix milliseconds. A
number that does not exist is an empty field.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TextIO

from cloud_sync.ioc.database import Database
from cloud_sync.ioc.rows import Row, Value

Table = Literal["summary", "cell", "event"]

COLUMNS: dict[Table, tuple[str, ...]] = {
    "summary": (
        "gateway", "device", "point", "kind", "unit", "since_ms", "until_ms", "count", "good",
        "good_s", "quality", "mean", "min", "max", "last", "delta", "counter_epoch", "seconds",
        "clock_stepped",
    ),
    "cell": ("gateway", "device", "point", "at_ms", "value", "quality"),
    "event": ("gateway", "lane", "kind", "subject", "at_ms", "detail"),
}  # fmt: skip
TIME = {"summary": "since_ms", "cell": "at_ms", "event": "at_ms"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """What to export; empty is all. Of an event, `device` is its subject or the subject's head."""

    gateway: str = ""
    device: str = ""
    point: str = ""
    since_ms: int | None = None
    until_ms: int | None = None


def header(table: Table) -> list[str]:
    """The names of the CSV's columns: before each `…_ms` the same time as text."""
    names: list[str] = []
    for name in COLUMNS[table]:
        if name.endswith("_ms"):
            names.append(name.removesuffix("_ms"))
        names.append(name)
    return names


def write(database: Database, table: Table, chosen: Filter, out: TextIO) -> int:
    """Write header and rows, oldest arrival first; how many rows.

    Raises:
        StoreFailed: the ledger cannot be read.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header(table))
    written = 0
    for row in _chosen(database, table, chosen):
        writer.writerow(_fields(table, row))
        written += 1
    return written


def _chosen(database: Database, table: Table, chosen: Filter) -> Iterator[Row]:
    conditions, values = ["1"], list[Value]()
    if chosen.gateway:
        conditions.append("gateway = ?")
        values.append(chosen.gateway)
    if chosen.device and table == "event":
        conditions.append("(subject = ? OR substr(subject, 1, length(?) + 1) = ? || '.')")
        values += [chosen.device] * 3
    elif chosen.device:
        conditions.append("device = ?")
        values.append(chosen.device)
    if chosen.point and table == "event":
        conditions.append("substr(subject, -length(?) - 1) = '.' || ?")
        values += [chosen.point] * 2
    elif chosen.point:
        conditions.append("point = ?")
        values.append(chosen.point)
    for bound, sign in ((chosen.since_ms, ">="), (chosen.until_ms, "<")):
        if bound is not None:
            conditions.append(f"{TIME[table]} {sign} ?")
            values.append(bound)
    columns = ", ".join(f'"{name}"' for name in COLUMNS[table])
    # names and conditions are this file's own; what the user gave is bound
    sql = f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} ORDER BY rowid"  # noqa: S608
    return database.stream(sql, values)


def _fields(table: Table, row: Row) -> list[Value]:
    fields: list[Value] = []
    for name, value in zip(COLUMNS[table], row, strict=True):
        if name.endswith("_ms"):
            fields.append(_iso(int(value or 0)))
        fields.append(value)
    return fields


def _iso(at_ms: int) -> str:
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
