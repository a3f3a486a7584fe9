"""Event logs as CSV: `TimeStamp,DeviceId,EventId,Parameter`, as the `atspm` package takes it.

A last column `Chain` holds the hash of the row (`control.measures.chain`); readers that do not
know it pass over it. Times without an offset are taken as they stand; ours are UTC.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from control.measures.chain import GENESIS, first_break, link
from control.measures.events import Event, Log
from edge.errors import ConfigError

COLUMNS = ("TimeStamp", "DeviceId", "EventId", "Parameter")
HEADER = ",".join((*COLUMNS, "Chain"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_OTHER_NAMES = {"eventcode": "eventid", "eventparam": "parameter", "signalid": "deviceid"}
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class LogFile:
    """What a file held."""

    logs: list[Log]
    """One a device, by name."""
    chained: bool
    """Whether its rows carry hashes."""
    break_line: int | None
    """The first line whose hash does not follow from those before it."""


def stamp(at_ms: int) -> str:
    """`2026-01-31 06:00:00.250`, UTC."""
    moment = _EPOCH + at_ms * _MS
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"


def line(device: str, event: Event, previous: str) -> str:
    """One line without its end, chained to the hash `previous`; its own hash comes last."""
    row = f"{stamp(event.at_ms)},{device},{int(event.code)},{event.parameter}"
    return f"{row},{link(previous, row)}"


def lines(device: str, events: Iterable[Event]) -> Iterator[str]:
    """A whole file of one signal, lines without their ends."""
    yield HEADER
    previous = GENESIS
    for event in events:
        made = line(device, event, previous)
        previous = made.rpartition(",")[2]
        yield made


def read(text: Iterable[str]) -> LogFile:
    """Every log in the lines of a CSV file.

    Raises:
        ConfigError: A column is missing or a line is no event; names the line and what it needs.
    """
    rest = iter(text)
    header = _cells(next(rest, ""))
    places = _places(header)
    chained = places.get("chain") == len(header) - 1
    columns: dict[str, list[Event]] = {}
    numbers: list[int] = []
    hashes: list[tuple[str, str]] = []
    for number, raw in enumerate(rest, 2):
        row = raw.strip()
        if not row:
            continue
        device, event = _event(_cells(row), places, number)
        columns.setdefault(device, []).append(event)
        if chained:
            own, _, claimed = row.rpartition(",")
            hashes.append((own, claimed))
            numbers.append(number)
    broken = first_break(hashes)
    logs = [Log.of_events(device, events) for device, events in sorted(columns.items())]
    return LogFile(logs, chained, None if broken is None else numbers[broken])


def _cells(row: str) -> list[str]:
    return next(csv.reader([row]), []) if '"' in row else row.split(",")


def _places(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower().replace("_", "").replace(" ", "") for name in header]
    places = {_OTHER_NAMES.get(name, name): place for place, name in enumerate(names)}
    if missing := [name for name in COLUMNS if name.lower() not in places]:
        raise ConfigError(
            f"line 1 names no column {' and no '.join(missing)}; "
            f"an event log begins with {','.join(COLUMNS)}"
        )
    return places


def _event(row: list[str], places: dict[str, int], number: int) -> tuple[str, Event]:
    try:
        when, device, code, parameter = (row[places[name.lower()]].strip() for name in COLUMNS)
        moment = datetime.fromisoformat(when)
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
        event = Event(since // _MS, int(code), int(parameter))
    except (ValueError, IndexError):
        raise ConfigError(
            f"line {number} is no event: {','.join(row)!r}; write a time such as "
            "2026-01-31 06:00:00.250, a device, a code and a parameter"
        ) from None
    for name, value in (("code", event.code), ("parameter", event.parameter)):
        if not 0 <= value <= _INT32_MAX:
            raise ConfigError(f"line {number}: {name} {value} is not between 0 and {_INT32_MAX}")
    return device, event
