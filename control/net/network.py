"""The parts of a SUMO `.net.xml` that a signal needs: lanes, connections, who is whose foe.

Format: SUMO user documentation, "Networks/SUMO Road Networks". A junction's `request` rows number
its links; a link's internal lane is named `:<junction>_<first link of its edge>_<lane>`, so the
row of a connection is the sum of the two numbers.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import ConfigError

Point = tuple[float, float]

_CROSSING = re.compile(r":.+_c\d+_\d+")


@dataclass(frozen=True, slots=True)
class NetLane:
    """A strip of road, from its entrance to its end."""

    id: str
    edge: str
    length_m: float
    speed_ms: float
    shape: tuple[Point, ...]
    internal: bool
    walked: bool
    """A pavement, crossing or walking area."""
    width_m: float


@dataclass(frozen=True, slots=True)
class Connection:
    """One way from lane to lane across a junction."""

    from_lane: str
    to_lane: str
    via: str
    """The first internal lane; empty where the net has none."""
    signal: str
    link: int
    """Index in the state string of its signal; -1 without one."""
    direction: str
    """s, l, r, t, L, R or invalid, as SUMO writes it."""

    @property
    def crossing(self) -> str:
        """The lane of the pedestrian crossing it leads onto; empty for a road."""
        return self.to_lane if _CROSSING.fullmatch(self.to_lane) else ""


@dataclass(slots=True)
class Network:
    """All of it, by name."""

    lanes: dict[str, NetLane] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    foes: dict[str, list[str]] = field(default_factory=dict)
    """Junction → for each of its links the foes' bits, last link first."""
    responses: dict[str, list[str]] = field(default_factory=dict)
    leaving: dict[str, list[Connection]] = field(default_factory=dict)
    """From lane → connections."""
    arriving: dict[str, list[Connection]] = field(default_factory=dict)
    edge_lanes: dict[str, list[str]] = field(default_factory=dict)

    def signals(self) -> dict[str, dict[int, list[Connection]]]:
        """Signal → link index → its connections."""
        found: dict[str, dict[int, list[Connection]]] = {}
        for connection in self.connections:
            if connection.signal and connection.link >= 0:
                links = found.setdefault(connection.signal, {})
                links.setdefault(connection.link, []).append(connection)
        return found

    def row(self, connection: Connection) -> tuple[str, int] | None:
        """Its junction and its number there; None where it has no internal lane."""
        crossing = connection.crossing
        parts = (crossing or connection.via).rsplit("_", 2)
        if len(parts) != 3 or not parts[0].startswith(":"):
            return None
        junction, first, lane = parts[0][1:], parts[1], parts[2]
        if crossing:
            # the rows of crossings follow those of the vehicles' links
            count = 0
            while f":{junction}_c{count}" in self.edge_lanes:
                count += 1
            return junction, len(self.foes.get(junction, [])) - count + int(first[1:])
        return junction, int(first) + int(lane)

    def are_foes(self, one: Connection, other: Connection) -> bool:
        """Whether their paths cross or merge inside one junction."""
        return self._bit(self.foes, one, other) or self._bit(self.foes, other, one)

    def gives_way(self, one: Connection, other: Connection) -> bool:
        """Whether `one` must yield to `other` when both may go."""
        return self._bit(self.responses, one, other)

    def _bit(self, table: dict[str, list[str]], one: Connection, other: Connection) -> bool:
        here, there = self.row(one), self.row(other)
        if here is None or there is None or here[0] != there[0]:
            return False
        rows = table.get(here[0], [])
        if here[1] >= len(rows):
            return False
        bits = rows[here[1]]
        return there[1] < len(bits) and bits[len(bits) - 1 - there[1]] == "1"

    def path(self, connection: Connection) -> tuple[Point, ...]:
        """Its way across the junction, internal junctions included."""
        if connection.crossing:
            return self.lanes[connection.crossing].shape
        points: list[Point] = []
        via = connection.via
        for _ in range(4):
            lane = self.lanes.get(via)
            if lane is None:
                break
            points.extend(lane.shape)
            onward = [c for c in self.leaving.get(via, ()) if c.to_lane == connection.to_lane]
            via = onward[0].via if onward else ""
        return tuple(points)


def read(path: Path) -> Network:
    """The network of a file.

    Raises:
        ConfigError: the file is no readable SUMO network.
    """
    network = Network()
    try:
        for _, element in ET.iterparse(path, events=("end",)):  # noqa: S314
            match element.tag:
                case "edge":
                    _edge(network, element)
                case "junction":
                    _junction(network, element)
                case "connection":
                    _connection(network, element)
                case _:
                    continue
            element.clear()
    except (OSError, ET.ParseError) as error:
        raise ConfigError(f"{path} is no readable SUMO network: {error}") from error
    if not network.lanes:
        raise ConfigError(f"{path} holds no lane; a SUMO network (.net.xml) is needed")
    return network


def _edge(network: Network, element: ET.Element) -> None:
    edge = element.get("id", "")
    function = element.get("function", "normal")
    for lane in element.iter("lane"):
        identity = lane.get("id", "")
        allowed = lane.get("allow", "")
        network.lanes[identity] = NetLane(
            identity,
            edge,
            float(lane.get("length", "0")),
            float(lane.get("speed", "13.9")),
            points(lane.get("shape", "")),
            function != "normal",
            function in ("crossing", "walkingarea") or allowed == "pedestrian",
            float(lane.get("width", "3.2")),
        )
        network.edge_lanes.setdefault(edge, []).append(identity)


def _junction(network: Network, element: ET.Element) -> None:
    rows = sorted(element.iter("request"), key=lambda row: int(row.get("index", "0")))
    if rows:
        identity = element.get("id", "")
        network.foes[identity] = [row.get("foes", "") for row in rows]
        network.responses[identity] = [row.get("response", "") for row in rows]


def _connection(network: Network, element: ET.Element) -> None:
    connection = Connection(
        f"{element.get('from', '')}_{element.get('fromLane', '0')}",
        f"{element.get('to', '')}_{element.get('toLane', '0')}",
        element.get("via", ""),
        element.get("tl", ""),
        int(element.get("linkIndex", "-1")),
        element.get("dir", "s"),
    )
    network.connections.append(connection)
    network.leaving.setdefault(connection.from_lane, []).append(connection)
    network.arriving.setdefault(connection.to_lane, []).append(connection)


def points(shape: str) -> tuple[Point, ...]:
    """`x,y x,y …` (a third coordinate is left out)."""
    found: Iterable[list[str]] = (word.split(",") for word in shape.split())
    return tuple((float(word[0]), float(word[1])) for word in found)
