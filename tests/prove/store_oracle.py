"""A digest that remembers every reading by its number, so that counting twice or not at all shows.

Each scan of a device brings one reading: its own number. A summary lists the numbers that its
window counted, a raw message those that it carries; the oracle compares the lists with what was
acknowledged. Nothing here is shared with the real digest or the real encoder.
"""

import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from edge.model.clock import NS_PER_S, ClockQuality, Instant, Window
from edge.model.event import Event
from edge.model.message import Lane
from edge.model.point import Columns, Kind, Point
from edge.model.scan import Scan
from edge.model.summary import RawCells, Summary
from edge.ports import Letter
from edge.store.opening import Disk
from edge.store.writer import Settings

WINDOW_NS = NS_PER_S
BEGIN = 1_750_000_000 * NS_PER_S


@dataclass
class ManualClock:
    """Moves when it is told to."""

    boot: str = "boot-1"
    ns: int = BEGIN

    def now(self):
        return Instant(self.ns)

    def mono_ns(self):
        return self.ns - BEGIN + 10 * NS_PER_S

    def quality(self):
        return ClockQuality.SYNCED


def columns_of(device, *, raw=False):
    return Columns(device, (Point(device, "number", Kind.STATE, raw=raw),), 0.1, WINDOW_NS / 1e9)


def scan_of(columns, number, at=None):
    """Reading `number`, taken 0.1 s after the one before unless `at` says otherwise."""
    at = BEGIN + number * NS_PER_S // 10 if at is None else at
    values, quality = np.array([float(number)]), np.array([192], np.uint8)
    return Scan(columns, Instant(at), at - BEGIN, "boot-1", ClockQuality.SYNCED, values, quality)


@dataclass
class NumberDigest:
    """Windows of numbers, by device."""

    open: dict[str, tuple[Columns, int, list[int]]] = field(default_factory=dict)

    def absorb(self, scan):
        device, number = scan.columns.device, int(scan.values[0])
        since = Window.containing(scan.measured_at, WINDOW_NS).since
        letters = []
        if device in self.open and self.open[device][1] != since:
            letters = self._close(device)
        numbers = self.open.setdefault(device, (scan.columns, since, []))[2]
        numbers.append(number)
        return letters

    def close_until(self, now, grace_s=None):
        ended = [d for d, (_, since, _) in self.open.items() if since + WINDOW_NS <= now]
        return [letter for device in ended for letter in self._close(device)]

    def _close(self, device):
        columns, since, numbers = self.open.pop(device)
        window = Window(Instant(since), Instant(since + WINDOW_NS))
        one, many = np.zeros(1), np.array([len(numbers)])
        quality = np.array([192], np.uint8)
        counted = (dict(Counter(numbers)),)
        summary = Summary(
            columns, window, many, many, one, one, one, one, one, quality, one, many, counted
        )
        return [Letter(Lane.INTERVAL, summary)]

    def state_of(self, device):
        if device not in self.open:
            return b""
        columns, since, numbers = self.open[device]
        return json.dumps([since, numbers, bool(len(columns.raw))]).encode()

    def restore(self, device, state):
        if state:
            since, numbers, raw = json.loads(state)
            self.open[device] = (columns_of(device, raw=raw), since, numbers)


def encode(gateway, epoch, lane, seq, created_at, body):
    said = {"gateway": gateway, "epoch": epoch, "lane": lane, "seq": seq}
    match body:
        case Summary(columns=columns, window=window, state_s=(counted,)):
            numbers = [n for n, times in counted.items() for _ in range(int(times))]
            said |= {"device": columns.device, "since": window.since, "until": window.until}
        case RawCells(device=device, values=values):
            numbers = [int(value) for value in values[:, 0]]
            said |= {"device": device}
        case Event(kind=kind, subject=subject, detail=detail):
            return json.dumps(said | {"kind": kind, "subject": subject, "detail": detail}).encode()
        case _:
            raise TypeError(body)
    return json.dumps(said | {"numbers": numbers}).encode()


def thin(gateway, epoch, seq, created_at, payloads):
    parts = [json.loads(payload) for payload in payloads]
    said = {"gateway": gateway, "epoch": epoch, "lane": "interval", "seq": seq}
    numbers = [number for part in parts for number in part["numbers"]]
    ends = {"since": parts[0]["since"], "until": parts[-1]["until"]}
    return json.dumps(said | {"device": parts[0]["device"]} | ends | {"numbers": numbers}).encode()


def cut(scans):
    cells = []
    for device in dict.fromkeys(scan.columns.device for scan in scans):
        mine = [scan for scan in scans if scan.columns.device == device]
        values = np.array([scan.values for scan in mine])
        quality = np.full(values.shape, 192, np.uint8)
        at = tuple(scan.measured_at for scan in mine)
        cells.append(RawCells(device, ("number",), at, values, quality))
    return cells


def settings(
    path, clock, digest=None, *, limit_bytes=64 * 2**20, synchronous="FULL", vfs=None, **changed
):
    disk = Disk(path, limit_bytes, synchronous, vfs)
    usual = {"encode": encode, "cut": cut, "thin": thin}
    return Settings(disk, "gw", clock, digest or NumberDigest(), **(usual | changed))


def numbers_in(messages, lane):
    """`(device, number)` as often as the lane's messages count it."""
    counted = Counter()
    for message in messages:
        if message.lane == lane:
            said = json.loads(message.payload)
            counted.update((said["device"], number) for number in said["numbers"])
    return counted


def faults(messages, acknowledged, offered, lane=Lane.INTERVAL):
    """What is wrong with a lane's messages; empty where nothing is."""
    seqs = [message.seq for message in messages if message.lane == lane]
    counted = numbers_in(messages, lane)
    return {
        name: found
        for name, found in {
            "holes or repeats in seq": seqs if seqs != list(range(1, len(seqs) + 1)) else [],
            "lost": sorted(set(acknowledged) - set(counted)),
            "counted twice": sorted(key for key, times in counted.items() if times > 1),
            "invented": sorted(set(counted) - set(offered)),
        }.items()
        if found
    }
