"""Nodes and roads, and the network that netconvert makes of them."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simulators.sumo.vietnam.sumo_call import call

LANE_M = 3.5
SIDEWALK_M, CROSSING_M = 2.0, 4.0


@dataclass(frozen=True, slots=True)
class Node:
    """Where roads meet or end."""

    id: str
    x_m: float
    y_m: float
    signals: bool = False


@dataclass(frozen=True, slots=True)
class Road:
    """One direction of a street."""

    start: str
    end: str
    lanes: int
    speed_ms: float
    axis: str = "main"
    """Of the two that cross at a signal: `main` or `side`."""
    sidewalk: bool = False
    shift_m: float = 0.0
    """To the right of the line between its nodes: half a median."""

    @property
    def id(self) -> str:
        """Both of its nodes."""
        return f"{self.start}-{self.end}"


def both_ways(road: Road) -> tuple[Road, Road]:
    """A street's two directions."""
    return road, replace(road, start=road.end, end=road.start)


def build(net: Path, nodes: Sequence[Node], roads: Sequence[Road]) -> None:
    """Write a network; the leftmost lane before a signal is for left turns alone.

    Where roads have sidewalks, crossings lie across every arm of a signal.
    """
    stem = net.name.removesuffix(".net.xml")
    plain = {kind: net.with_name(f"{stem}.{kind}.xml") for kind in ("nod", "edg", "con")}
    at = {node.id: node for node in nodes}
    crossings = [_crossing(road) for road in roads if road.sidewalk and at[road.end].signals]
    _write(plain["nod"], "nodes", [_node(node) for node in nodes])
    _write(plain["edg"], "edges", [_edge(road, at) for road in roads])
    _write(plain["con"], "connections", [*_ways(roads, at), *crossings])
    words = [
        "--node-files", str(plain["nod"]),
        "--edge-files", str(plain["edg"]),
        "--connection-files", str(plain["con"]),
        "--output-file", str(net),
        "--no-turnarounds", "true",
    ]  # fmt: skip
    call("netconvert", [*words, "--walkingareas", "true"] if crossings else words)


def set_program(net: Path, phases: Sequence[tuple[int, str]]) -> None:
    """Give the only signal of a network these phases: seconds, and a letter for each link."""
    tree = ET.parse(net)  # noqa: S314  we have just written it
    for logic in tree.getroot().iter("tlLogic"):
        replace_phases(logic, phases)
    tree.write(net, encoding="utf-8", xml_declaration=True)


def replace_phases(logic: ET.Element, phases: Sequence[tuple[int, str]]) -> None:
    """Empty a program and write these phases into it."""
    for old in list(logic):
        logic.remove(old)
    for seconds, state in phases:
        ET.SubElement(logic, "phase", duration=str(seconds), state=state)


def _node(node: Node) -> ET.Element:
    kind = "traffic_light" if node.signals else "priority"
    return ET.Element("node", id=node.id, x=str(node.x_m), y=str(node.y_m), type=kind)


def _edge(road: Road, at: Mapping[str, Node]) -> ET.Element:
    edge = ET.Element("edge", {"id": road.id, "from": road.start, "to": road.end})
    edge.set("numLanes", str(road.lanes))
    edge.set("width", str(LANE_M))
    edge.set("speed", f"{road.speed_ms:.2f}")
    if road.sidewalk:
        edge.set("sidewalkWidth", str(SIDEWALK_M))
    if road.shift_m:
        start, end = at[road.start], at[road.end]
        heading = _heading(road, at)
        east_m, north_m = road.shift_m * math.sin(heading), -road.shift_m * math.cos(heading)
        places = ((node.x_m + east_m, node.y_m + north_m) for node in (start, end))
        edge.set("shape", " ".join(f"{x:.2f},{y:.2f}" for x, y in places))
    return edge


def _heading(road: Road, at: Mapping[str, Node]) -> float:
    start, end = at[road.start], at[road.end]
    return math.atan2(end.y_m - start.y_m, end.x_m - start.x_m)


def _ways(roads: Sequence[Road], at: Mapping[str, Node]) -> Iterator[ET.Element]:
    for road in roads:
        if not at[road.end].signals:
            continue
        ahead = [one for one in roads if one.start == road.end and one.end != road.start]
        for onward in ahead:
            turn = math.remainder(_heading(onward, at) - _heading(road, at), math.tau)
            for lane, to_lane in _lanes(road.lanes, onward.lanes, turn, alone=len(ahead) == 1):
                way = ET.Element("connection", {"from": road.id, "to": onward.id})
                # a sidewalk is lane 0 of its road
                way.set("fromLane", str(lane + road.sidewalk))
                way.set("toLane", str(to_lane + onward.sidewalk))
                yield way


def _lanes(lanes: int, onward: int, turn: float, *, alone: bool) -> list[tuple[int, int]]:
    if alone:
        return [(lane, min(lane, onward - 1)) for lane in range(lanes)]
    if turn > math.pi / 4:
        return [(lanes - 1, onward - 1)]
    if turn < -math.pi / 4:
        return [(0, 0)]
    return [(lane, min(lane, onward - 1)) for lane in range(lanes - 1)]


def _crossing(road: Road) -> ET.Element:
    both = f"{road.id} {road.end}-{road.start}"
    return ET.Element("crossing", node=road.end, edges=both, width=str(CROSSING_M), priority="true")


def _write(path: Path, tag: str, elements: Sequence[ET.Element]) -> None:
    root = ET.Element(tag)
    root.extend(elements)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
