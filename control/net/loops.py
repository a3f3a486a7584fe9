"""Where Ria would cut its loops: stop line, one advance loop, exit; each physical loop once."""

from dataclasses import dataclass, replace

from control.model import Detector, Role
from control.net.approach import downstream, upstream
from control.net.derive import Derived
from control.net.network import Network

STOP_LINE_M = 1.5
ADVANCE_M = 80.0
ADVANCE_NEAREST_M = 50.0
EXIT_M = 25.0


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop in the asphalt."""

    id: str
    lane: str
    position_m: float
    """From the begin of its lane."""


def equip(network: Network, derived: Derived) -> tuple[Derived, tuple[Loop, ...]]:
    """The junction with its detectors, and where these lie.

    A stop-line loop before every controlled lane's end, an advance loop on every way in at 80 m
    (nearer where the road begins nearer), and one on every lane that leads away.
    """
    placed: dict[tuple[str, float], tuple[Role, float, set[int], list[str]]] = {}

    def put(role: Role, lane: str, at_m: float, far_m: float, groups: set[int], of: str) -> None:
        key = (lane, round(at_m, 1))
        if key in placed:
            placed[key][2].update(groups)
            placed[key][3].append(of)
        else:
            placed[key] = (role, far_m, set(groups), [of])

    for lane, groups in derived.junction.lanes.items():
        length_m = network.lanes[lane].length_m
        stop_m = min(STOP_LINE_M, length_m / 2)
        put(Role.STOP_LINE, lane, length_m - stop_m, stop_m, set(groups), lane)
        reach = upstream(network, lane, ADVANCE_M)
        crossed = [
            each
            for each in reach
            if not each.lane.startswith(":")
            and each.beyond_m < ADVANCE_M <= each.beyond_m + network.lanes[each.lane].length_m
        ]
        if crossed:
            for each in crossed:
                at_m = network.lanes[each.lane].length_m - (ADVANCE_M - each.beyond_m)
                put(Role.ADVANCE, each.lane, at_m, ADVANCE_M, set(groups), lane)
        else:
            far = max(
                (each for each in reach if not each.lane.startswith(":")),
                key=lambda each: each.beyond_m + network.lanes[each.lane].length_m,
            )
            whole_m = far.beyond_m + network.lanes[far.lane].length_m
            if whole_m > 4 * STOP_LINE_M:
                put(Role.ADVANCE, far.lane, 1.0, whole_m - 1.0, set(groups), lane)
    for link, ways in derived.links.items():
        group = derived.group_of[link]
        if group < 0:
            continue
        for way in ways:
            if way.crossing:
                continue
            for each in downstream(network, way.to_lane, EXIT_M):
                length_m = network.lanes[each.lane].length_m
                if each.beyond_m + length_m >= EXIT_M:
                    at_m = max(0.5, EXIT_M - each.beyond_m)
                    put(Role.EXIT, each.lane, at_m, EXIT_M, {group}, way.to_lane)
    detectors: list[Detector] = []
    loops: list[Loop] = []
    for (lane, at_m), (role, far_m, its_groups, of) in sorted(placed.items()):
        name = f"{derived.junction.id}/{lane}@{at_m:g}"
        detectors.append(Detector(name, role, frozenset(its_groups), far_m, tuple(sorted(set(of)))))
        loops.append(Loop(name, lane, at_m))
    junction = replace(derived.junction, detectors=tuple(detectors))
    return replace(derived, junction=junction), tuple(loops)
