"""Two places: an arterial with several signals, and one junction with people on foot."""

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import ConfigError
from simulators.sumo.vietnam.demand import (
    Departure,
    Origin,
    departures,
    loaded_mcu_s,
    walkers,
    write_routes,
)
from simulators.sumo.vietnam.roads import LANE_M, Node, Road, both_ways, build
from simulators.sumo.vietnam.signal_plan import (
    THROUGH_SHARE,
    Greens,
    cycle_s,
    greens,
    write_plan,
)
from simulators.sumo.vietnam.vehicles import Traffic

DIVIDED_MS, UNDIVIDED_MS = 60 / 3.6, 50 / 3.6
"""Limits in built-up areas with and without a median."""
MEDIAN_M = 3.0
SIDE_ROAD_M = 250.0
APPROACH_M = 300.0
TURNS = {"straight": THROUGH_SHARE - 0.15, "left": 1.0 - THROUGH_SHARE, "right": 0.15}
"""At each junction (judgement)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What to build; every number has its bound in `checked`."""

    junctions: int = 3
    lanes: int = 3
    side_lanes: int = 2
    spacing_m: float = 300.0
    divided: bool = True
    crossings: bool = False
    people_h: float = 400.0
    """On foot, in the busiest quarter; only where there are crossings."""
    degree: float = 0.85
    """Of saturation on every approach in the busiest quarter, under the fixed program."""
    span_s: int = 3600
    seed: int = 1
    traffic: Traffic = field(default_factory=Traffic)

    def checked(self) -> "Scene":
        """Itself, or a sentence on what cannot be built.

        Raises:
            ConfigError: a number is out of its bounds.
        """
        for name, value, low, high, unit in (
            ("junctions", self.junctions, 1, 20, ""),
            ("lanes", self.lanes, 2, 5, ""),
            ("side lanes", self.side_lanes, 2, 5, ""),
            ("spacing", self.spacing_m, 100, 2000, " m"),
            ("demand", self.degree, 0.05, 1.5, " of saturation"),
            ("span", self.span_s, 60, 86_400, " s"),
        ):
            if not low <= value <= high:
                raise ConfigError(
                    f"{name} {value:g}{unit} is outside {low:g} to {high:g}{unit}; choose within"
                )
        return self


def arterial(folder: Path, scene: Scene, name: str = "arterial") -> Path:
    """Build a street with signals along it; the path of its `.sumocfg`."""
    scene.checked()
    nodes, roads = list(_nodes(scene)), list(_roads(scene))
    folder.mkdir(parents=True, exist_ok=True)
    net = folder / f"{name}.net.xml"
    build(net, nodes, roads)
    plan = greens({"main": scene.lanes, "side": scene.side_lanes}, crossings=scene.crossings)
    write_plan(net, {road.id: road for road in roads}, plan)
    who = departures(list(_origins(scene, plan)), scene.traffic.share, scene.span_s, scene.seed)
    if scene.crossings:
        who = sorted([*who, *_people(scene)], key=lambda one: one.at_s)
    write_routes(folder / f"{name}.rou.xml", scene.traffic, who)
    return write_configuration(folder, name, scene.traffic, scene.span_s)


def crossing(folder: Path, scene: Scene, name: str = "crossing") -> Path:
    """Build one junction with crossings on all arms; the path of its `.sumocfg`."""
    one = Scene(
        junctions=1, lanes=scene.lanes, side_lanes=scene.side_lanes, divided=False, crossings=True,
        people_h=scene.people_h, degree=scene.degree, span_s=scene.span_s, seed=scene.seed,
        traffic=scene.traffic,
    )  # fmt: skip
    return arterial(folder, one, name)


def write_configuration(folder: Path, name: str, traffic: Traffic, end_s: float) -> Path:
    """A `.sumocfg` beside its network and routes; nobody is teleported."""
    root = ET.Element("configuration")
    for section, values in (
        ("input", {"net-file": f"{name}.net.xml", "route-files": f"{name}.rou.xml"}),
        ("time", {"begin": "0", "end": f"{end_s:g}", "step-length": f"{traffic.step_s:g}"}),
        (
            "processing",
            {
                "lateral-resolution": f"{traffic.lateral_resolution_m:g}",
                "time-to-teleport": "-1",
                "collision.action": "warn",
            },
        ),
    ):
        element = ET.SubElement(root, section)
        for key, value in values.items():
            ET.SubElement(element, key, value=value)
    ET.indent(root)
    path = folder / f"{name}.sumocfg"
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _line(scene: Scene) -> list[str]:
    return ["west", *(f"j{n}" for n in range(scene.junctions)), "east"]


def _nodes(scene: Scene) -> Iterator[Node]:
    end_m = (scene.junctions - 1) * scene.spacing_m
    yield Node("west", -APPROACH_M, 0)
    for n in range(scene.junctions):
        x_m = n * scene.spacing_m
        yield Node(f"j{n}", x_m, 0, signals=True)
        yield Node(f"n{n}", x_m, SIDE_ROAD_M)
        yield Node(f"s{n}", x_m, -SIDE_ROAD_M)
    yield Node("east", end_m + APPROACH_M, 0)


def _roads(scene: Scene) -> Iterator[Road]:
    speed_ms = DIVIDED_MS if scene.divided else UNDIVIDED_MS
    shift_m = MEDIAN_M / 2 if scene.divided else 0.0
    line = _line(scene)
    for start, end in itertools.pairwise(line):
        yield from both_ways(
            Road(start, end, scene.lanes, speed_ms, "main", scene.crossings, shift_m)
        )
    for n in range(scene.junctions):
        for arm in ("n", "s"):
            road = Road(
                f"{arm}{n}", f"j{n}", scene.side_lanes, UNDIVIDED_MS, "side", scene.crossings
            )
            yield from both_ways(road)


def _origins(scene: Scene, plan: Mapping[str, Greens]) -> Iterator[Origin]:
    for axis, lanes, origins in (
        ("main", scene.lanes, ("west", "east")),
        ("side", scene.side_lanes, [f"{arm}{n}" for n in range(scene.junctions) for arm in "ns"]),
    ):
        parts = (
            ((lanes - 1) * LANE_M, plan[axis].through_s, THROUGH_SHARE),
            (LANE_M, plan[axis].left_s, 1.0 - THROUGH_SHARE),
        )
        rate = loaded_mcu_s(parts, cycle_s(plan), scene.degree)
        for origin in origins:
            yield Origin(rate, tuple(_ways(scene, origin)))


def _ways(scene: Scene, origin: str) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Every route from an origin with its share: turns are independent of one another."""
    line = _line(scene)
    if origin in ("west", "east"):
        start = 0 if origin == "west" else len(line) - 1
        yield from _along(line, start, 1 if origin == "west" else -1, 1.0, ())
        return
    number = int(origin[1:])
    place, first = number + 1, f"{origin}-j{number}"
    other = ("s" if origin[0] == "n" else "n") + str(number)
    yield TURNS["straight"], (first, f"j{number}-{other}")
    # coming from the north, left is east
    left = 1 if origin[0] == "n" else -1
    for turn, towards in (("left", left), ("right", -left)):
        yield from _along(line, place, towards, TURNS[turn], (first,))


def _along(
    line: Sequence[str], place: int, towards: int, share: float, before: tuple[str, ...]
) -> Iterator[tuple[float, tuple[str, ...]]]:
    """From one node of the line on: some leave it at each junction, the rest at its end."""
    following = place + towards
    edges = (*before, f"{line[place]}-{line[following]}")
    if following in (0, len(line) - 1):
        yield share, edges
        return
    node = line[following]
    left, right = ("n", "s") if towards > 0 else ("s", "n")
    for turn, arm in (("left", left), ("right", right)):
        yield share * TURNS[turn], (*edges, f"{node}-{arm}{node[1:]}")
    yield from _along(line, following, towards, share * TURNS["straight"], edges)


def _people(scene: Scene) -> list[Departure]:
    """People walk from one arm of a junction to another of the same."""
    ways: list[tuple[str, str]] = []
    line = _line(scene)
    for n in range(scene.junctions):
        arms = [line[n], line[n + 2], f"n{n}", f"s{n}"]
        ways += [(f"{a}-j{n}", f"j{n}-{b}") for a in arms for b in arms if a != b]
    return walkers(ways, scene.people_h * scene.junctions, scene.span_s, scene.seed)
