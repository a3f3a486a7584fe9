"""Yellow and intergreen of every link and pair, under the three sets of rules.

`resco`: 3 s yellow, nothing after it (Ault & Sharon 2021). `scenario`: what the net's own program
shows. `field`: RiLSA, intergreen t_Z = t_U + t_R - t_E from the distances to the conflict point.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

from control.net.geometry import length_m, meeting
from control.net.network import Connection, Network
from control.net.programs import Program, changes_s, yellows_s
from control.net.relations import Links

WALK_MS = 1.2
_CAR_M = 6.0
_CLEARING_MS = {"s": 10.0}
_TURNING_MS = 7.0
_OVERRUN_S = {"s": 3.0}
_TURNING_OVERRUN_S = 2.0
_ENTERING_MS = 11.1


class Timing(StrEnum):
    """Whose intervals a comparison uses."""

    RESCO = "resco"
    SCENARIO = "scenario"
    FIELD = "field"


MINIMUM_GREEN_S = {Timing.RESCO: 7, Timing.SCENARIO: 5, Timing.FIELD: 7}


def link_yellow_s(timing: Timing, program: Program, walked: set[int]) -> dict[int, int]:
    """Link → yellow, for the links of vehicles."""
    measured = yellows_s(program)
    largest = max(measured.values(), default=3)
    found: dict[int, int] = {}
    for link in range(len(program.phases[0].state)):
        if link in walked:
            continue
        own = measured.get(link, largest)
        found[link] = 3 if timing is Timing.RESCO else own
        if timing is Timing.FIELD:
            found[link] = max(3, own)
    return found


def pair_intergreen_s(
    timing: Timing,
    network: Network,
    links: Links,
    program: Program,
    hard: set[tuple[int, int]],
    yellow_s: dict[int, int],
    walked: set[int],
    kept: list[str],
) -> dict[tuple[int, int], int]:
    """(i, j) → seconds from the end of green of i to the begin of green of j."""
    found: dict[tuple[int, int], int] = {}
    if timing is Timing.SCENARIO:
        measured = changes_s(program, kept)
        direct = {
            pair: max(measured[pair], yellow_s.get(pair[0], 0)) for pair in hard if pair in measured
        }
        clearance = max((span - yellow_s.get(i, 0) for (i, _), span in direct.items()), default=0)
        for pair in hard:
            lacking = yellow_s.get(pair[0], 0) + clearance
            if pair[0] in walked:
                # walkers show no yellow: whoever has just set out needs his way across
                lacking = max(lacking, crossing_s(network, links[pair[0]]))
            found[pair] = max(1, direct.get(pair, lacking))
        return found
    for i, j in hard:
        if i in walked:
            found[i, j] = max(crossing_s(network, links[i]), 1)
        elif timing is Timing.RESCO:
            found[i, j] = 3
        else:
            found[i, j] = yellow_s[i] + max(
                2, math.ceil(clearing_s(network, links[i], links[j], j in walked)) - yellow_s[i]
            )
    return found


def crossing_s(network: Network, connections: Sequence[Connection]) -> int:
    """How long the longest way of a pedestrian takes at 1.2 m/s."""
    longest_m = max(length_m(network.path(connection)) for connection in connections)
    return math.ceil(longest_m / WALK_MS)


def clearing_s(
    network: Network, clearing: Sequence[Connection], entering: Sequence[Connection], on_foot: bool
) -> float:
    """t_Z of RiLSA, over all meeting points of two links; the overrun alone where none is found."""
    worst = 0.0
    for one in clearing:
        overrun_s = _OVERRUN_S.get(one.direction, _TURNING_OVERRUN_S)
        speed_ms = _CLEARING_MS.get(one.direction, _TURNING_MS)
        for other in entering:
            point = meeting(network.path(one), network.path(other))
            if point is None:
                continue
            entering_ms = WALK_MS if on_foot else _ENTERING_MS
            worst = max(worst, overrun_s + (point[0] + _CAR_M) / speed_ms - point[1] / entering_ms)
    return worst
