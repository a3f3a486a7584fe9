"""Was anything lost or doubled between the devices' answers and the centre's ledger?

The oracle shares no code with the gateway, the simulators or the receiver. It reads three files:
the simulators' record of what they answered (JSON lines, with the very bytes), the receiver's
ledger (SQLite), and the profiles (YAML), and decodes the bytes itself, one by one.

Every good answer must be one cell of the ledger for each point that is sent raw, and must be
counted in exactly one summary row of its point. Where an answer stands in time is told by the raw
cell that matches it; a point whose device sends no raw cell is attributed by the simulator's own
time, and an answer within `EDGE_MS` of a window's edge may then be counted on either side.
"""

import bisect
import json
import math
import sqlite3
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EDGE_MS = 250.0
MATCH_MS = 1500.0
LOOK_AHEAD = 200
FORMATS = {
    "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "uint64": "Q", "int64": "q",
    "float32": "f", "float64": "d",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """One good value of one point, as a device sent it."""

    at_ms: float
    value: float


@dataclass(slots=True)
class Verdict:
    """What the comparison found; `lost` and `duplicated` count summary rows and raw cells."""

    answers: int = 0
    """Exchanges in the simulators' record."""
    cells_expected: int = 0
    windows_expected: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    """Rows whose minimum, maximum or last value is not what the devices answered."""
    windows: dict[str, int] = field(default_factory=dict)
    """Distinct windows in the ledger, by device."""
    remarks: list[str] = field(default_factory=list)

    def remark(self, text: str) -> None:
        """Keep the first few findings, for a person."""
        if len(self.remarks) < 40:
            self.remarks.append(text)


def judge(
    record: Path, ledger: Path, site: Path, profiles: Path, forgiven: Sequence[tuple[int, int]] = ()
) -> Verdict:
    """Compare what was answered with what the ledger holds.

    Args:
        record: the simulators' JSON lines.
        ledger: the receiver's SQLite file.
        site: the site file that the gateway ran with.
        profiles: folder of the profiles.
        forgiven: spans of Unix milliseconds in which an answer may be missing (not doubled),
            because the gateway was killed before its commit returned.
    """
    devices = yaml.safe_load(site.read_text())["devices"]
    verdict = Verdict()
    answered = _answers(record, devices, profiles, verdict)
    rows, cells = _ledger(ledger)
    for device in devices:
        raw = _raw_names(device, answered)
        attributed: dict[float, float] = {}
        for point in raw:
            key = (device["id"], point)
            _compare_cells(key, answered[key], cells.get(key, []), attributed, forgiven, verdict)
        for key in sorted(k for k in answered if k[0] == device["id"]):
            exact = attributed if raw else None
            _compare_windows(key, answered[key], rows.get(key, []), exact, forgiven, verdict)
        seen = {row[0] for key, found in rows.items() if key[0] == device["id"] for row in found}
        verdict.windows[device["id"]] = len(seen)
    return verdict


Key = tuple[str, str]


def _raw_names(device: dict[str, Any], answered: dict[Key, list[Answer]]) -> list[str]:
    named = device.get("raw", [])
    every = [point for owner, point in answered if owner == device["id"]]
    return every if named is True else [point for point in named if point in every]


def _answers(
    record: Path, devices: list[dict[str, Any]], profiles: Path, verdict: Verdict
) -> dict[Key, list[Answer]]:
    maps = {}
    for device in devices:
        profile = yaml.safe_load((profiles / f"{device['profile']}.yaml").read_text())
        only = set(device.get("only", [])) or {p["name"] for p in profile["points"]}
        maps[device["id"]] = (profile, [p for p in profile["points"] if p["name"] in only])
    found: dict[Key, list[Answer]] = defaultdict(list)
    told: set[tuple[str, str, int]] = set()
    for line in record.read_text().splitlines():
        entry = json.loads(line)
        verdict.answers += 1
        profile, points = maps[entry["device"]]
        for name, value in _values(entry, profile, points):
            source_time = (entry["device"], name, entry["at"])
            if "values" in entry and source_time in told:
                continue
            told.add(source_time)
            if not math.isnan(value):
                found[entry["device"], name].append(Answer(entry["at"] / 1e6, value))
    for answers in found.values():
        answers.sort(key=lambda answer: answer.at_ms)
    return found


def _values(
    entry: dict[str, Any], profile: dict[str, Any], points: list[dict[str, Any]]
) -> Iterator[tuple[str, float]]:
    if "values" in entry:
        names = {point["name"] for point in points}
        yield from ((n, float(v)) for n, v in entry["values"].items() if n in names)
        return
    tables = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
    table, start, data = tables[entry["function"]], entry["address"], bytes.fromhex(entry["data"])
    for point in points:
        offset = point["address"] - start
        if point.get("table", "holding") != table or offset < 0:
            continue
        if table in ("coil", "discrete"):
            if offset < entry["count"]:
                yield point["name"], float(data[offset // 8] >> offset % 8 & 1)
            continue
        kind = point.get("type", "uint16")
        size = struct.calcsize(FORMATS.get(kind, "H"))
        piece = data[2 * offset : 2 * offset + size]
        if len(piece) == size:
            yield point["name"], _decode(piece, kind, point, profile)


def _decode(piece: bytes, kind: str, point: dict[str, Any], profile: dict[str, Any]) -> float:
    words = [piece[i : i + 2] for i in range(0, len(piece), 2)]
    if profile.get("bytes", "big") == "little":
        words = [word[::-1] for word in words]
    if (point.get("words") or profile.get("words", "big")) == "little":
        words.reverse()
    joined = b"".join(words)
    if int.from_bytes(joined, "big") in point.get("unavailable", []):
        return math.nan
    if point.get("bit") is not None:
        return float(int.from_bytes(joined, "big") >> point["bit"] & 1)
    if kind == "bit":
        return float(int.from_bytes(joined, "big") & 1)
    raw = struct.unpack(">" + FORMATS[kind], joined)[0]
    value: float = raw * point.get("scale", 1.0) + point.get("offset", 0.0)
    low, high = point.get("plausible") or (-math.inf, math.inf)
    return value if math.isfinite(value) and low <= value <= high else math.nan


Row = tuple[int, int, int, int, float | None, float | None, float | None]
"""since_ms, until_ms, count, good, min, max, last."""
Cell = tuple[float, float]
"""at_ms, value."""


def _ledger(path: Path) -> tuple[dict[Key, list[Row]], dict[Key, list[Cell]]]:
    rows: dict[Key, list[Row]] = defaultdict(list)
    cells: dict[Key, list[Cell]] = defaultdict(list)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        for device, point, *row in db.execute(
            "SELECT device, point, since_ms, until_ms, count, good, min, max, last FROM summary"
            " ORDER BY since_ms"
        ):
            rows[device, point].append(tuple(row))
        for device, point, at_ms, value in db.execute(
            "SELECT device, point, at_ms, value FROM cell WHERE quality >= 192"
            " ORDER BY at_ms, rowid"
        ):
            cells[device, point].append((at_ms, value))
    db.close()
    return rows, cells


def _same(a: float | None, b: float) -> bool:
    return a is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def _compare_cells(
    key: Key,
    answers: list[Answer],
    cells: list[Cell],
    attributed: dict[float, float],
    forgiven: Sequence[tuple[int, int]],
    verdict: Verdict,
) -> None:
    """Walk both lists in order; where they part, the shortest skip that joins them again counts."""
    verdict.cells_expected += len(answers)
    i = j = 0
    while i < len(answers) or j < len(cells):
        skip = _resync(answers, cells, i, j)
        for answer in answers[i : i + skip[0]]:
            if not _within(answer.at_ms, forgiven):
                verdict.lost += 1
                verdict.remark(f"{'.'.join(key)}: cell lost, answered at {answer.at_ms:.0f} ms")
        for at_ms, _ in cells[j : j + skip[1]]:
            verdict.duplicated += 1
            verdict.remark(f"{'.'.join(key)}: cell too many at {at_ms:.0f} ms")
        i, j = i + skip[0], j + skip[1]
        if i < len(answers) and j < len(cells):
            attributed[answers[i].at_ms] = cells[j][0]
            i, j = i + 1, j + 1


def _resync(answers: list[Answer], cells: list[Cell], i: int, j: int) -> tuple[int, int]:
    left_i, left_j = len(answers) - i, len(cells) - j
    for total in range(min(left_i + left_j, LOOK_AHEAD)):
        for di in range(total + 1):
            dj = total - di
            if di < left_i and dj < left_j:
                answer, (at_ms, value) = answers[i + di], cells[j + dj]
                if abs(at_ms - answer.at_ms) <= MATCH_MS and _same(value, answer.value):
                    return di, dj
    return left_i, left_j


def _within(at_ms: float, spans: Sequence[tuple[int, int]]) -> bool:
    return any(since <= at_ms <= until for since, until in spans)


def _compare_windows(
    key: Key,
    answers: list[Answer],
    rows: list[Row],
    exact: dict[float, float] | None,
    forgiven: Sequence[tuple[int, int]],
    verdict: Verdict,
) -> None:
    name = ".".join(key)
    windows: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        windows[row[0]].append(row)
    if not rows:
        verdict.lost += 1 if answers else 0
        verdict.remark(f"{name}: no summary at all") if answers else None
        return
    length = rows[0][1] - rows[0][0]
    times = _placed(answers, exact)
    for since in sorted({int(at // length * length) for at, _, _ in times} | set(windows)):
        inside = list(_between(times, since, since + length))
        sure = [entry for entry in inside if entry[2]]
        found = windows.get(since, [])
        verdict.windows_expected += bool(sure)
        if not found:
            missed = [entry for entry in sure if not _within(entry[0], forgiven)]
            if missed:
                verdict.lost += 1
                verdict.remark(f"{name}: window {since} lost with {len(missed)} answers")
            continue
        for _ in found[1:]:
            verdict.duplicated += 1
            verdict.remark(f"{name}: window {since} stands {len(found)} times")
        _compare_row(name, found[0], inside, sure, forgiven, verdict)


Placed = tuple[float, float, bool]
"""at_ms, value, and whether the time is the gateway's own, so that its window is beyond doubt."""


def _placed(answers: list[Answer], exact: dict[float, float] | None) -> list[Placed]:
    """Each answer at the gateway's own time: that of its scan's raw cell, nearest in time."""
    if not exact:
        return [(answer.at_ms, answer.value, False) for answer in answers]
    known = sorted(exact)
    placed = []
    for answer in answers:
        at = bisect.bisect_left(known, answer.at_ms)
        near = min(known[max(0, at - 1) : at + 1], key=lambda t: abs(t - answer.at_ms))
        same_scan = abs(near - answer.at_ms) < EDGE_MS / 4
        placed.append((exact[near] if same_scan else answer.at_ms, answer.value, same_scan))
    return placed


def _between(times: list[Placed], since: int, until: int) -> Iterable[Placed]:
    """The answers that may be counted in the window; sure ones, and those near its edges."""
    for at, value, exact in times:
        slack = 0.0 if exact else EDGE_MS
        if since - slack <= at < until + slack:
            yield at, value, since + slack <= at < until - slack


def _compare_row(
    name: str,
    row: Row,
    inside: list[Placed],
    sure: list[Placed],
    forgiven: Sequence[tuple[int, int]],
    verdict: Verdict,
) -> None:
    since, until, _, good, low, high, last = row
    touched = any(a <= until and since <= b for a, b in forgiven)
    if good < len(sure) and not touched:
        verdict.lost += len(sure) - good
        verdict.remark(f"{name}: window {since} counts {good} of {len(sure)} answers")
    if good > len(inside):
        verdict.duplicated += good - len(inside)
        verdict.remark(f"{name}: window {since} counts {good}, only {len(inside)} were answered")
    values = [value for _, value, _ in inside]
    certain = [value for _, value, _ in sure]
    if good == 0 or touched or not certain:
        return
    right = any(_same(last, value) for value in values[-(len(values) - len(certain) + 1) :])
    if low is not None:
        right &= min(values) <= low * (1 + 1e-9 * (1 if low > 0 else -1)) + 1e-12
        right &= low <= min(certain) + abs(min(certain)) * 1e-9 + 1e-12
    if high is not None:
        right &= max(certain) <= high + abs(high) * 1e-9 + 1e-12
        right &= high <= max(values) + abs(max(values)) * 1e-9 + 1e-12
    if not right:
        verdict.wrong += 1
        verdict.remark(f"{name}: window {since} says {low}, {high}, {last}; answered {values}")
