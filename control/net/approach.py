"""The road before a stop line, followed upstream over edge borders.

A controlled lane may be as short as 0.2 m in a real net: what matters is the road that feeds it.
"""

from dataclasses import dataclass

from control.net.network import Network
from control.picture import PLACE_M

TURN_ROUND = "t"
"""As SUMO writes the direction of a connection."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A stretch of lane from which traffic comes to a stop line."""

    lane: str
    beyond_m: float
    """From the end of this lane to the stop line."""


def upstream(network: Network, stop_lane: str, reach_m: float) -> tuple[Reach, ...]:
    """All lanes within a distance of the stop line of one lane, itself first.

    The road of another signal is not followed: what waits there has not left yet. Nor is a place
    to turn round: the road before it leads away from here, and hardly anybody on it comes back.
    """
    found: dict[str, float] = {stop_lane: 0.0}
    open_ = [stop_lane]
    while open_:
        lane = open_.pop(0)
        start_m = found[lane] + network.lanes[lane].length_m
        if start_m >= reach_m:
            continue
        for way in network.arriving.get(lane, ()):
            if way.from_lane.startswith(":") or way.link >= 0 or way.direction == TURN_ROUND:
                continue
            inside_m = network.lanes[way.via].length_m if way.via in network.lanes else 0.0
            for before, beyond_m in ((way.via, start_m), (way.from_lane, start_m + inside_m)):
                if before not in network.lanes or beyond_m >= reach_m:
                    continue
                if beyond_m < found.get(before, float("inf")):
                    found[before] = beyond_m
                    if before == way.from_lane:
                        open_.append(before)
    return tuple(Reach(lane, beyond_m) for lane, beyond_m in found.items())


def across(network: Network, via: str) -> tuple[str, ...]:
    """The lanes of one way across a junction, from its first: a turn may have a place to wait."""
    found: list[str] = []
    while via and via not in found:
        found.append(via)
        via = next((each.via for each in network.leaving.get(via, ())), "")
    return tuple(found)


def kept_clear_m(network: Network, stop_lane: str) -> float:
    """Between the only place of a short lane and the next in its queue; 0 where more fit on it."""
    if network.lanes[stop_lane].length_m >= 2 * PLACE_M:
        return 0.0
    vias = [
        way.via
        for way in network.arriving.get(stop_lane, ())
        if not way.from_lane.startswith(":") and way.link < 0 and way.direction != TURN_ROUND
    ]
    return max((network.lanes[via].length_m for via in vias if via in network.lanes), default=0.0)


def siblings(network: Network, lane: str) -> list[str]:
    """The drivable lanes of its edge, itself among them."""
    edge = network.lanes[lane].edge
    return [each for each in network.edge_lanes[edge] if not network.lanes[each].walked]


def downstream(network: Network, first_lane: str, reach_m: float) -> tuple[Reach, ...]:
    """Lanes behind a junction until the next signal; `beyond_m` lies before their entry."""
    found: dict[str, float] = {first_lane: 0.0}
    open_ = [first_lane]
    while open_:
        lane = open_.pop(0)
        end_m = found[lane] + network.lanes[lane].length_m
        if end_m >= reach_m:
            continue
        for way in network.leaving.get(lane, ()):
            if way.link >= 0 or way.to_lane not in network.lanes or way.crossing:
                continue
            if way.direction == TURN_ROUND:
                continue
            if end_m < found.get(way.to_lane, float("inf")):
                found[way.to_lane] = end_m
                open_.append(way.to_lane)
    return tuple(Reach(lane, beyond_m) for lane, beyond_m in found.items())
