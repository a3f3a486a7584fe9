"""A fixed plan for each signal of a network of ours: through, then left, one axis after the other.

Left-turners have a lane and a stage of their own: at a demand worth steering, permitted left turns
of this traffic fill a street in SUMO, where nobody squeezes past them.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulators.sumo.vietnam.roads import LANE_M, Road, replace_phases

YELLOW_S, ALL_RED_S = 3, 2
CYCLE_S = 120
MINIMUM_GREEN_S = 7
WALK_S = 7
WALKING_MS = 1.2
"""For which a pedestrian clearance is reckoned."""
THROUGH_SHARE = 0.85
"""Straight and right; the rest turns left."""
AXES = ("main", "side")


@dataclass(frozen=True, slots=True)
class Greens:
    """Seconds of green of one axis."""

    through_s: int
    left_s: int
    clearance_s: int = 0
    """The last seconds of through, in which those on foot may finish but not begin."""


def clearance_s(lanes: int) -> int:
    """Seconds to walk over an arm of so many lanes in each direction."""
    return int(-(-2 * lanes * LANE_M // WALKING_MS))


def greens(lanes: Mapping[str, int], *, crossings: bool) -> dict[str, Greens]:
    """Greens of both axes: shared by lanes, then by the flow that each lane carries."""
    lost_s = 4 * (YELLOW_S + ALL_RED_S)
    found: dict[str, Greens] = {}
    for axis, other in (AXES, AXES[::-1]):
        axis_s = (CYCLE_S - lost_s) * lanes[axis] / sum(lanes.values())
        through, left = THROUGH_SHARE / (lanes[axis] - 1), 1.0 - THROUGH_SHARE
        through_s = round(axis_s * through / (through + left))
        # those who walk beside this axis cross the arms of the other
        cleared_s = clearance_s(lanes[other]) if crossings else 0
        found[axis] = Greens(
            max(through_s, WALK_S + cleared_s),
            max(MINIMUM_GREEN_S, round(axis_s) - through_s),
            cleared_s,
        )
    return found


def cycle_s(plan: Mapping[str, Greens]) -> int:
    """Length of the cycle: as wished, or longer where people need it."""
    stages = sum(one.through_s + one.left_s for one in plan.values())
    return stages + 4 * (YELLOW_S + ALL_RED_S)


def write_plan(net: Path, roads: Mapping[str, Road], plan: Mapping[str, Greens]) -> None:
    """Replace the programs of all signals of a network that netconvert has written."""
    tree = ET.parse(net)  # noqa: S314  we have just written it
    root = tree.getroot()
    crossed = {
        edge.get("id", ""): edge.get("crossingEdges", "").split()
        for edge in root.iter("edge")
        if edge.get("function") == "crossing"
    }
    for logic in root.iter("tlLogic"):
        links: dict[int, tuple[str, str]] = {}
        for way in root.iter("connection"):
            if way.get("tl") != logic.get("id"):
                continue
            beside = crossed.get(way.get("to", ""))
            if beside is None:
                kind = "left" if way.get("dir") == "l" else way.get("dir", "")
                links[int(way.get("linkIndex", ""))] = (roads[way.get("from", "")].axis, kind)
            else:
                links[int(way.get("linkIndex", ""))] = (roads[beside[0]].axis, "walk")
        replace_phases(logic, _phases(links, plan))
    tree.write(net, encoding="utf-8", xml_declaration=True)


def _phases(
    links: Mapping[int, tuple[str, str]], plan: Mapping[str, Greens]
) -> list[tuple[int, str]]:
    kinds = [links[number] for number in sorted(links)]
    walked = any(kind == "walk" for _, kind in kinds)
    found: list[tuple[int, str]] = []
    for axis, other in (AXES, AXES[::-1]):
        through_s, left_s = plan[axis].through_s, plan[axis].left_s
        through = [_through(axis, other, *one, walked=walked) for one in kinds]
        left = ["G" if one == (axis, "left") else "r" for one in kinds]
        if walked:
            still = [
                "r" if kind == "walk" else letter
                for letter, (_, kind) in zip(through, kinds, strict=True)
            ]
            cleared_s = plan[axis].clearance_s
            found += [(through_s - cleared_s, "".join(through)), (cleared_s, "".join(still))]
            through = still
        else:
            found.append((through_s, "".join(through)))
        found += _change(through)
        found.append((left_s, "".join(left)))
        found += _change(left)
    return found


def _through(axis: str, other: str, link_axis: str, kind: str, *, walked: bool) -> str:
    if kind == "walk":
        return "G" if link_axis == other else "r"
    if link_axis != axis or kind == "left":
        return "r"
    return "g" if kind == "r" and walked else "G"


def _change(letters: list[str]) -> list[tuple[int, str]]:
    yellow = "".join("y" if letter in "gG" else "r" for letter in letters)
    return [(YELLOW_S, yellow), (ALL_RED_S, "r" * len(letters))]
