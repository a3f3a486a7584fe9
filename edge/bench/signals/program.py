"""What a net says of its signals, read by the judge alone: foes, who gives way, the program.

Written apart from `control.net`, which the planner lives by: a mistake in one is seen by the other.
Links are numbered by SUMO's `linkIndex`, their place in the lamp string. Format: SUMO user
documentation, "Networks/SUMO Road Networks" and "Simulation/Traffic Lights".
"""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path

from edge.bench.signals.demand import elements
from edge.errors import ConfigError

Pair = tuple[int, int]
Shape = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal installation of a net."""

    id: str
    links: int
    crossings: frozenset[int]
    """Links on which people walk."""
    foes: frozenset[Pair]
    """Both directions of every pair whose ways meet."""
    gives_way: frozenset[Pair]
    """(i, j): where both may go, i gives way to j."""
    cycle: tuple[str, ...]
    """The lamp string of every second of its program."""


@dataclass(slots=True)
class _Way:
    """One connection from lane to lane."""

    source: str
    target: str
    via: str
    signal: str
    link: int

    @property
    def crossing(self) -> bool:
        return self.target.startswith(":") and "_c" in self.target

    @property
    def has_row(self) -> bool:
        """Whether the junction numbers it: vehicles' ways and crossings, no steps on a pavement."""
        return self.crossing or not (self.source.startswith(":") or self.target.startswith(":"))


@dataclass(slots=True)
class _Net:
    ways: dict[str, list[_Way]] = field(default_factory=lambda: defaultdict(list))
    """From lane → connections, in the order of the file."""
    entrances: dict[str, list[str]] = field(default_factory=dict)
    """Junction → lanes that lead to it."""
    foes: dict[str, list[str]] = field(default_factory=dict)
    responses: dict[str, list[str]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    """Of internal lanes."""


def read_signals(net: Path, additional: Iterable[Path] = ()) -> dict[str, Signal]:
    """Every signal of a net; the program is the last that is read, as SUMO has it.

    Raises:
        ConfigError: a file is unreadable, or a junction's rows do not fit its links.
    """
    cycles: dict[str, tuple[str, ...]] = {}
    read = _Net()
    for element in elements(net):
        _take(read, element)
        _program(cycles, element)
    for path in additional:
        for element in elements(path):
            _program(cycles, element)
    return _signals(read, cycles)


def _take(net: _Net, element: ET.Element) -> None:
    if element.tag == "connection":
        way = _Way(
            f"{element.get('from')}_{element.get('fromLane')}",
            f"{element.get('to')}_{element.get('toLane')}",
            element.get("via", ""),
            element.get("tl", ""),
            int(element.get("linkIndex", "-1")),
        )
        net.ways[way.source].append(way)
    elif element.tag == "junction" and element.get("type") != "internal":
        junction = element.get("id", "")
        rows = element.findall("request")
        net.entrances[junction] = element.get("incLanes", "").split()
        net.foes[junction] = [row.get("foes", "")[::-1] for row in rows]
        net.responses[junction] = [row.get("response", "")[::-1] for row in rows]
    elif element.tag == "lane" and element.get("id", "").startswith(":"):
        points = (point.split(",") for point in element.get("shape", "").split())
        net.shapes[element.get("id", "")] = tuple((float(p[0]), float(p[1])) for p in points)


def _program(cycles: dict[str, tuple[str, ...]], element: ET.Element) -> None:
    if element.tag == "tlLogic":
        cycles[element.get("id", "")] = tuple(
            phase.get("state", "")
            for phase in element.findall("phase")
            for _ in range(max(1, round(float(phase.get("duration", "1")))))
        )


def _signals(net: _Net, cycles: dict[str, tuple[str, ...]]) -> dict[str, Signal]:
    foes: dict[str, set[Pair]] = defaultdict(set)
    gives_way: dict[str, set[Pair]] = defaultdict(set)
    crossings: dict[str, set[int]] = defaultdict(set)
    shown: dict[str, list[tuple[str, _Way]]] = defaultdict(list)
    for junction, entrances in net.entrances.items():
        rows = [way for lane in entrances for way in net.ways[lane] if way.has_row]
        signalled = [(row, way) for row, way in enumerate(rows) if way.signal and way.link >= 0]
        if signalled and len(rows) != len(net.foes[junction]):
            raise ConfigError(
                f"junction {junction} has {len(net.foes[junction])} request rows for {len(rows)} "
                "links; let netconvert write the net again"
            )
        for row, way in signalled:
            shown[way.signal].append((junction, way))
            if way.crossing:
                crossings[way.signal].add(way.link)
            for other, peer in signalled:
                if peer.signal != way.signal or peer.link == way.link:
                    continue
                if net.foes[junction][row][other] == "1":
                    foes[way.signal] |= {(way.link, peer.link), (peer.link, way.link)}
                if net.responses[junction][row][other] == "1":
                    gives_way[way.signal].add((way.link, peer.link))
    for signal, ways in shown.items():
        for (here, one), (there, two) in combinations(ways, 2):
            # between junctions SUMO knows no foes: only the ground can tell
            if here != there and one.link != two.link and _meet(net, one, two):
                foes[signal] |= {(one.link, two.link), (two.link, one.link)}
    return {
        signal: Signal(
            signal,
            max(len(cycle[0]) if cycle else 0, 0),
            frozenset(crossings[signal]),
            frozenset(foes[signal]),
            frozenset(gives_way[signal]),
            cycle,
        )
        for signal, cycle in cycles.items()
        if cycle and shown[signal]
    }


def _meet(net: _Net, one: _Way, two: _Way) -> bool:
    return any(
        _cross(a, b, c, d)
        for first in _ground(net, one)
        for second in _ground(net, two)
        for a, b in pairwise(first)
        for c, d in pairwise(second)
    )


def _ground(net: _Net, way: _Way) -> list[Shape]:
    """The shapes of the internal lanes that a way leads over."""
    found: list[Shape] = []
    lane = way.via
    while lane and len(found) < 4:
        found.append(net.shapes.get(lane, ()))
        lane = next((following.via for following in net.ways.get(lane, [])), "")
    return found


def _cross(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> bool:
    """Whether the segments a-b and c-d cross."""

    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
