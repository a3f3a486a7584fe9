"""Was anything lost or doubled between the devices' answers and the centre's ledger?

The oracle shares no code with the gateway, the simulators or the receiver. It reads three files:
the simulators' record of what they answered (JSON lines, with the very bytes), the receiver's
ledger (SQLite), and the profiles (YAML).

Every good answer must be one cell of the ledger for each point that is sent raw, and must be
counted in exactly one summary row of its point. Where an answer stands in time is told by the raw
cell that matches it; a point whose device sends no raw cell is attributed by the simulator's own
time, and an answer within `EDGE_MS` of a window's edge may then be counted on either side.

Where the simulators stood still, as a machine without time for them makes them, the gateway gave up
waiting with good reason: an answer that left then, or just after, may be missing. None may ever be
doubled.
"""

import bisect
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edge.demo.answered import Answer, Key, read

EDGE_MS = 250.0
MATCH_MS = 1500.0


@dataclass(slots=True)
class Verdict:
    """What the comparison found; `lost` and `duplicated` count summary rows and raw cells."""

    answers: int = 0
    """Exchanges in the simulators' record."""
    cells_expected: int = 0
    windows_expected: int = 0
    lost: int = 0
    duplicated: int = 0
    excused: int = 0
    """Answers without a raw cell, or missed in a summary, that may be missing: forgiven, or given
    while the simulators stood still."""
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
    recorded = read(record, devices, profiles)
    verdict.answers, answered = recorded.exchanges, recorded.answers
    forgiven = [*forgiven, *recorded.idle]
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


def _raw_names(device: dict[str, Any], answered: dict[Key, list[Answer]]) -> list[str]:
    named = device.get("raw", [])
    every = [point for owner, point in answered if owner == device["id"]]
    return every if named is True else [point for point in named if point in every]


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
    """Pair what is the same within `MATCH_MS`, the nearest in time first; what is left counts."""
    verdict.cells_expected += len(answers)
    near = sorted(
        (abs(cells[j][0] - answer.at_ms), i, j)
        for i, answer in enumerate(answers)
        for j in _around(cells, answer.at_ms)
        if _same(cells[j][1], answer.value)
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in near:
        if i not in found and j not in taken:
            found[i] = j
            taken.add(j)
    for i, answer in enumerate(answers):
        if i in found:
            attributed[answer.at_ms] = cells[found[i]][0]
        elif _within(answer.at_ms, forgiven):
            verdict.excused += 1
        elif not answer.repeated:
            verdict.lost += 1
            verdict.remark(f"{'.'.join(key)}: cell lost, answered at {answer.at_ms:.0f} ms")
    for at_ms, _ in (cell for j, cell in enumerate(cells) if j not in taken):
        verdict.duplicated += 1
        verdict.remark(f"{'.'.join(key)}: cell too many at {at_ms:.0f} ms")


def _around(cells: list[Cell], at_ms: float) -> range:
    first = bisect.bisect_left(cells, at_ms - MATCH_MS, key=lambda cell: cell[0])
    return range(first, bisect.bisect_right(cells, at_ms + MATCH_MS, key=lambda cell: cell[0]))


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
    placed = _placed(answers, exact)
    for since in sorted({int(one.at_ms // length * length) for one in placed} | set(windows)):
        inside = list(_between(placed, since, since + length))
        sure = [entry for entry in inside if entry[2]]
        found = windows.get(since, [])
        verdict.windows_expected += bool(sure)
        if not found:
            missed = [entry for entry in sure if not _within(entry[0], forgiven)]
            verdict.excused += len(sure) - len(missed)
            if missed:
                verdict.lost += 1
                verdict.remark(f"{name}: window {since} lost with {len(missed)} answers")
            continue
        for _ in found[1:]:
            verdict.duplicated += 1
            verdict.remark(f"{name}: window {since} stands {len(found)} times")
        _compare_row(name, found[0], inside, sure, forgiven, verdict)


@dataclass(frozen=True, slots=True)
class Placed:
    """An answer in its place in time."""

    at_ms: float
    value: float
    is_exact: bool
    """Whether the time is the gateway's own, so that its window is beyond doubt."""
    is_due: bool
    """Whether it must be counted."""


def _placed(answers: list[Answer], exact: dict[float, float] | None) -> list[Placed]:
    """Each answer at the gateway's own time: that of its scan's raw cell, nearest in time."""
    if not exact:
        return [Placed(a.at_ms, a.value, is_exact=False, is_due=not a.repeated) for a in answers]
    known = sorted(exact)
    placed = []
    for answer in answers:
        at = bisect.bisect_left(known, answer.at_ms)
        near = min(known[max(0, at - 1) : at + 1], key=lambda t: abs(t - answer.at_ms))
        same_scan = abs(near - answer.at_ms) < EDGE_MS / 4
        at_ms = exact[near] if same_scan else answer.at_ms
        placed.append(Placed(at_ms, answer.value, is_exact=same_scan, is_due=not answer.repeated))
    return placed


def _between(placed: list[Placed], since: int, until: int) -> Iterable[tuple[float, float, bool]]:
    """Time and value of what may be counted in the window, and whether it must be counted there."""
    for one in placed:
        slack = 0.0 if one.is_exact else EDGE_MS
        if since - slack <= one.at_ms < until + slack:
            sure = one.is_due and since + slack <= one.at_ms < until - slack
            yield one.at_ms, one.value, sure


def _compare_row(
    name: str,
    row: Row,
    inside: list[tuple[float, float, bool]],
    sure: list[tuple[float, float, bool]],
    forgiven: Sequence[tuple[int, int]],
    verdict: Verdict,
) -> None:
    since, until, _, good, low, high, last = row
    touched = any(a <= until and since <= b for a, b in forgiven)
    if good < len(sure) and touched:
        verdict.excused += len(sure) - good
    elif good < len(sure):
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
