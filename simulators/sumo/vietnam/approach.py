"""A road that ends at a stop line and never runs empty: where saturation flow is measured."""

import random
from dataclasses import dataclass
from pathlib import Path

from control.mixed import mcu
from simulators.sumo.vietnam.demand import PACKED, Departure, write_routes
from simulators.sumo.vietnam.roads import Node, Road, build, set_program
from simulators.sumo.vietnam.scenes import UNDIVIDED_MS, write_configuration
from simulators.sumo.vietnam.signal_plan import ALL_RED_S, YELLOW_S
from simulators.sumo.vietnam.vehicles import Traffic

ROAD_M, BEHIND_M = 150.0, 150.0
RED_S, GREEN_S = 30, 32
CYCLE_S = RED_S + GREEN_S + YELLOW_S + ALL_RED_S
FILLING_CYCLES = 3
"""Until the queue has reached the far end of the road."""
INFLOW_MCU_S_M = 0.42
"""Over the whole cycle, and so about 0.9 over the green: more than any approach sends."""
IN, OUT = "in-line", "line-out"


@dataclass(frozen=True, slots=True)
class Approach:
    """What to measure on."""

    lanes: int = 1
    cycles: int = 15
    """With a queue throughout; those in which the road fills come before."""
    seed: int = 1

    @property
    def begins_s(self) -> list[int]:
        """When each of these greens begins."""
        first = FILLING_CYCLES
        return [cycle * CYCLE_S + RED_S for cycle in range(first, first + self.cycles)]

    @property
    def end_s(self) -> int:
        """Of the last cycle."""
        return (FILLING_CYCLES + self.cycles) * CYCLE_S


def saturated(folder: Path, approach: Approach, traffic: Traffic, width_m: float) -> Path:
    """Build the road with its demand; the path of its `.sumocfg`."""
    nodes = [Node("in", -ROAD_M, 0), Node("line", 0, 0, signals=True), Node("out", BEHIND_M, 0)]
    roads = [
        Road("in", "line", approach.lanes, UNDIVIDED_MS),
        Road("line", "out", approach.lanes, UNDIVIDED_MS),
    ]
    net = folder / "approach.net.xml"
    build(net, nodes, roads)
    phases = ((RED_S, "r"), (GREEN_S, "G"), (YELLOW_S, "y"), (ALL_RED_S, "r"))
    set_program(net, [(seconds, letter * approach.lanes) for seconds, letter in phases])
    rng = random.Random(f"{approach.seed}/approach")
    kinds, weights = list(traffic.share), list(traffic.share.values())
    rate_s = INFLOW_MCU_S_M * width_m * sum(weights) / mcu(traffic.share)
    who: list[Departure] = []
    at_s = rng.expovariate(rate_s)
    while at_s < approach.end_s:
        who.append(Departure(at_s, rng.choices(kinds, weights)[0], (IN, OUT)))
        at_s += rng.expovariate(rate_s)
    write_routes(folder / "approach.rou.xml", traffic, who, PACKED)
    return write_configuration(folder, "approach", traffic, approach.end_s)
