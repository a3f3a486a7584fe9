"""Which junction sends its traffic to which: the roads from an exit lane to the next stop lines."""

from dataclasses import dataclass

from control.net.approach import downstream
from control.net.derive import Derived
from control.net.network import Network

FARTHEST_M = 500.0
"""Beyond it a platoon has dissolved."""
INSIDE_M = 20.0
"""Across a junction, where the net does not draw the way."""


@dataclass(frozen=True, slots=True)
class Road:
    """From one signal to the next, over roads without signals."""

    sender: str
    """The junction it leaves."""
    exit_lane: str
    receiver: str
    """The junction it comes to."""
    lane: str
    """The controlled lane of the receiver it ends in."""
    length_m: float
    """From the sender's stop line to the receiver's."""
    travel_s: float
    """At the speed limits."""


def roads(network: Network, derived: dict[str, Derived]) -> tuple[Road, ...]:
    """Every road of at most `FARTHEST_M` behind a signal, to the next; turning round is no way.

    Length and time are those of the shortest way.
    """
    ends = {lane: signal for signal, one in derived.items() for lane in one.junction.lanes}
    found: list[Road] = []
    for signal, one in derived.items():
        inside_m = {
            way.to_lane: network.lanes[way.via].length_m if way.via in network.lanes else INSIDE_M
            for links in one.links.values()
            for way in links
            if not way.crossing
        }
        for exit_lane in sorted({away for _, _, away in one.junction.ways}):
            begins_m = inside_m.get(exit_lane, INSIDE_M)
            for each in downstream(network, exit_lane, FARTHEST_M):
                if each.lane not in ends or ends[each.lane] == signal:
                    continue
                lane = network.lanes[each.lane]
                length_m = begins_m + each.beyond_m + lane.length_m
                speed_ms = network.lanes[exit_lane].speed_ms
                travel_s = (begins_m + each.beyond_m) / speed_ms + lane.length_m / lane.speed_ms
                found.append(
                    Road(signal, exit_lane, ends[each.lane], each.lane, length_m, travel_s)
                )
    return tuple(found)
