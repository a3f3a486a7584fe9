"""What the simulated devices answered, decoded from their own record; for the oracle alone.

It shares no code with the gateway or the simulators: it reads their JSON lines and the profiles,
and decodes the bytes itself, one by one.
"""

import json
import math
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

WAKING_MS = 500.0
"""So long after a stand-still the simulators still answer what was asked before it."""
FORMATS = {
    "uint16": "H",
    "int16": "h",
    "uint32": "I",
    "int32": "i",
    "uint64": "Q",
    "int64": "q",
    "float32": "f",
    "float64": "d",
}

Key = tuple[str, str]
"""Device and point."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One good value of one point, as a device sent it."""

    at_ms: float
    value: float
    repeated: bool = False
    """A look beside a subscription that showed what stood already: telling it again is no duty."""


@dataclass(slots=True)
class Recorded:
    """What the simulators wrote down."""

    exchanges: int = 0
    answers: dict[Key, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    """The good values of each point, by time."""
    idle: list[tuple[int, int]] = field(default_factory=list)
    """Spans of Unix milliseconds in which the machine gave the simulators no time."""


def read(record: Path, devices: list[dict[str, Any]], profiles: Path) -> Recorded:
    """Decode every exchange by its device's profile."""
    maps = {}
    for device in devices:
        profile = yaml.safe_load((profiles / f"{device['profile']}.yaml").read_text())
        only = set(device.get("only", [])) or {p["name"] for p in profile["points"]}
        points = [p for p in profile["points"] if p["name"] in only]
        maps[device["id"]] = (profile, points, device.get("mode") != "read")
    found = Recorded()
    told: set[tuple[str, str, int]] = set()
    for line in record.read_text().splitlines():
        entry = json.loads(line)
        if "stood_since" in entry:
            since_ms, until_ms = entry["stood_since"] / 1e6, entry["stood_until"] / 1e6
            found.idle.append((math.floor(since_ms), math.ceil(until_ms + WAKING_MS)))
            continue
        found.exchanges += 1
        profile, points, may_repeat = maps[entry["device"]]
        for name, value in _values(entry, profile, points):
            source_time = (entry["device"], name, entry["at"])
            if "values" in entry and source_time in told:
                continue
            told.add(source_time)
            if not math.isnan(value):
                before = found.answers[entry["device"], name]
                stood = bool(before) and before[-1].value == value
                repeated = stood and may_repeat and entry.get("how") == "read"
                before.append(Answer(entry["at"] / 1e6, value, repeated))
    for answers in found.answers.values():
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
