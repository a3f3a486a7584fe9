"""A junction from a road network and its signal program, with all that an engineer should read."""

from dataclasses import dataclass
from pathlib import Path

from control.model import Junction, Kind, Lamp, SignalGroup, Stage, TimePlan
from control.net import network as net
from control.net import programs
from control.net.approach import kept_clear_m
from control.net.relations import Links, Relations, relate
from control.net.sets import maximal_sets
from control.net.timing import (
    MINIMUM_GREEN_S,
    Timing,
    crossing_s,
    link_yellow_s,
    pair_intergreen_s,
)
from edge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Derived:
    """One signal of a net: what Ria times, and how its links follow."""

    junction: Junction
    program: programs.Program
    group_of: tuple[int, ...]
    """Group of each link; -1 for one that is never green."""
    links: Links
    full_green: frozenset[int]
    """Links that the program ever shows a full green."""
    gives_way: dict[int, frozenset[int]]
    """Link → groups beside whose green it shows the yielding letter."""
    stage_states: tuple[str, ...]
    notes: tuple[str, ...]

    def letters(self, lamps: tuple[Lamp, ...] | list[Lamp]) -> str:
        """The SUMO state string for what the groups show."""
        walking = Kind.PEDESTRIAN
        text: list[str] = []
        for link, group in enumerate(self.group_of):
            lamp = lamps[group] if group >= 0 else Lamp.RED
            if lamp is Lamp.GREEN:
                before = any(lamps[h] is not Lamp.RED for h in self.gives_way[link])
                text.append("G" if link in self.full_green and not before else "g")
            elif lamp is Lamp.YELLOW and self.junction.groups[group].kind is not walking:
                text.append("y")
            else:
                text.append("r")
        return "".join(text)


def derive(
    network: net.Network,
    running: dict[str, programs.Program],
    timing: Timing,
    *,
    own_stages: bool = True,
) -> dict[str, Derived]:
    """Signal → what it is, for every signal of the net that ever changes.

    Args:
        network: the roads.
        running: the program of each signal.
        timing: whose intervals.
        own_stages: the program's stages; else the maximal sets of compatible groups.

    Raises:
        ConfigError: a signal has no program, or a program no stage.
    """
    found: dict[str, Derived] = {}
    for signal, links in sorted(network.signals().items()):
        if signal not in running:
            raise ConfigError(f"signal {signal} of the net has no program; add its tlLogic")
        program = running[signal]
        if len({phase.state for phase in program.phases}) > 1:
            found[signal] = _signal(network, links, program, timing, own_stages)
    return found


def _signal(
    network: net.Network,
    links: Links,
    program: programs.Program,
    timing: Timing,
    own_stages: bool,
) -> Derived:
    minimum_s = MINIMUM_GREEN_S[timing]
    relations = relate(network, links, program)
    states = programs.stages(program, minimum_s)
    if not states:
        raise ConfigError(f"signal {program.signal}: its program shows no stage")
    group_of, members = _groups(program)
    walked = {link for link, ways in links.items() if any(way.crossing for way in ways)}
    yellow_s = link_yellow_s(timing, program, walked)
    spans = pair_intergreen_s(
        timing, network, links, program, relations.hard, yellow_s, walked, states
    )
    hard = _lift(relations.hard, group_of)
    yields = _lift(relations.yields, group_of) - hard
    intergreen = {
        (g, h): max(spans[i, j] for i, j in relations.hard if group_of[i] == g and group_of[j] == h)
        for g, h in hard
    }
    notes = list(relations.notes)
    groups = []
    for number, its_links in enumerate(members):
        on_foot = its_links <= walked
        if on_foot and timing is Timing.SCENARIO:
            clearing = min((s for (g, _), s in intergreen.items() if g == number), default=1)
        elif on_foot:
            clearing = max(crossing_s(network, links[link]) for link in its_links)
        else:
            clearing = max(yellow_s[link] for link in its_links if link not in walked)
        groups.append(
            SignalGroup(
                id=_name(its_links),
                yellow_s=clearing,
                minimum_green_s=minimum_s,
                red_revert_s=1,
                kind=Kind.PEDESTRIAN if on_foot else Kind.VEHICLE,
            )
        )
    if not walked:
        notes.append(f"{program.signal}: the net has no pedestrian crossing here")
    never = [link for link, group in enumerate(group_of) if group < 0 and link in links]
    if never:
        notes.append(f"{program.signal}: links {never} are never green in the program")
    stages = _stages(states, group_of, relations)
    if not own_stages:
        sets = maximal_sets(len(groups), hard)
        stages = tuple(
            Stage(f"m{n}", green, _yielding(green, yields)) for n, green in enumerate(sets)
        )
    junction = Junction(
        id=program.signal,
        groups=tuple(groups),
        conflicts=frozenset(hard),
        yields=frozenset(yields),
        intergreen_s=intergreen,
        stages=stages,
        plans=(_plan(program, states, members),) if own_stages else (),
        lanes=_lanes(links, group_of),
        opposing=_opposing(links, relations),
        approaches=_approaches(network, links, group_of),
        ways=tuple(
            sorted(
                (way.from_lane, group_of[link], way.to_lane)
                for link, ways in links.items()
                for way in ways
                if group_of[link] >= 0 and not way.crossing
            )
        ),
        speed_ms={lane: network.lanes[lane].speed_ms for lane in sorted(_lanes(links, group_of))},
        kept_clear_m={
            lane: clear_m
            for lane in sorted(_lanes(links, group_of))
            if (clear_m := kept_clear_m(network, lane)) > 0.0
        },
    )
    return Derived(
        junction,
        program,
        tuple(group_of),
        links,
        frozenset(
            link
            for link in range(len(group_of))
            if any(phase.state[link] == "G" for phase in program.phases)
        ),
        {
            link: frozenset(
                group_of[j]
                for i, j in relations.yields | relations.both_yield
                if i == link and group_of[j] >= 0
            )
            for link in range(len(group_of))
        },
        tuple(states),
        tuple(notes),
    )


def _groups(program: programs.Program) -> tuple[list[int], list[set[int]]]:
    """Links whose letters agree all along the program share a group."""
    columns: dict[str, int] = {}
    group_of: list[int] = []
    members: list[set[int]] = []
    for link in range(len(program.phases[0].state)):
        column = "".join(phase.state[link] for phase in program.phases)
        if not programs.GREEN & set(column):
            group_of.append(-1)
            continue
        if column not in columns:
            columns[column] = len(columns)
            members.append(set())
        group_of.append(columns[column])
        members[columns[column]].add(link)
    return group_of, members


def _lift(pairs: set[tuple[int, int]], group_of: list[int]) -> set[tuple[int, int]]:
    """Pairs of links as pairs of groups."""
    lifted = {(group_of[i], group_of[j]) for i, j in pairs}
    return {(g, h) for g, h in lifted if g >= 0 and h >= 0 and g != h}


def _stages(states: list[str], group_of: list[int], relations: Relations) -> tuple[Stage, ...]:
    stages = []
    for number, state in enumerate(states):
        green = frozenset(group_of[link] for link in programs.greens(state) if group_of[link] >= 0)
        minor = frozenset(
            group_of[i]
            for i, j in relations.yields
            if state[i] in programs.GREEN and state[j] in programs.GREEN
        )
        stages.append(Stage(f"s{number}", green, minor))
    return tuple(stages)


def _yielding(green: frozenset[int], yields: set[tuple[int, int]]) -> frozenset[int]:
    return frozenset(g for g, h in yields if g in green and h in green)


def _plan(program: programs.Program, states: list[str], members: list[set[int]]) -> TimePlan:
    """The program as a cycle of its stages, each with all the seconds until the next."""
    cycle = program.seconds()
    # the cycle is a ring: it is cut where a stage begins, wherever its author cut it
    shown = [state if state in states else None for state in cycle]
    begins = [at for at, state in enumerate(shown) if state and shown[at - 1] != state]
    begin = next((at for at in begins if _last(shown, at) != shown[at]), begins[0])
    order: list[int] = []
    lasts: list[int] = []
    for state in cycle[begin:] + cycle[:begin]:
        if state in states and (not order or states[order[-1]] != state):
            order.append(states.index(state))
            lasts.append(0)
        lasts[-1] += 1
    offset_s = (program.offset_s + begin) % len(cycle)
    greens = _greens(cycle[begin:] + cycle[:begin], members)
    return TimePlan(program.id, tuple(order), tuple(lasts), offset_s, greens=greens)


def _greens(cycle: list[str], members: list[set[int]]) -> tuple[tuple[int, int, int], ...]:
    """Every green of every group, by the cycle from its first second."""
    found: list[tuple[int, int, int]] = []
    for group, links in enumerate(members):
        shown = [links <= programs.greens(state) for state in cycle]
        for begin, green in enumerate(shown):
            if green and (not shown[begin - 1] or (begin == 0 and all(shown))):
                ring = shown[begin:] + shown[:begin]
                lasts = ring.index(False) if False in ring else len(ring)
                found.append((group, begin, begin + lasts))
    return tuple(found)


def _last(shown: list[str | None], at: int) -> str | None:
    """The stage before a second of the cycle."""
    return next((state for state in shown[at - 1 :: -1] + shown[:at:-1] if state), None)


def _lanes(links: Links, group_of: list[int]) -> dict[str, frozenset[int]]:
    lanes: dict[str, set[int]] = {}
    for link, ways in links.items():
        for way in ways:
            if group_of[link] >= 0 and not way.crossing:
                lanes.setdefault(way.from_lane, set()).add(group_of[link])
    return {lane: frozenset(groups) for lane, groups in sorted(lanes.items())}


def _approaches(
    network: net.Network, links: Links, group_of: list[int]
) -> tuple[frozenset[str], ...]:
    edges: dict[str, set[str]] = {}
    for lane in _lanes(links, group_of):
        edges.setdefault(network.lanes[lane].edge, set()).add(lane)
    return tuple(frozenset(lanes) for _, lanes in sorted(edges.items()))


def _opposing(links: Links, relations: Relations) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for i, j in sorted(relations.yields | relations.both_yield):
        for way in links[i]:
            found.setdefault(way.from_lane, set()).update(
                other.from_lane for other in links[j] if other.from_lane != way.from_lane
            )
    return {lane: frozenset(others) for lane, others in found.items()}


def _name(links: set[int]) -> str:
    return "l" + "_".join(str(link) for link in sorted(links))


def report(derived: dict[str, Derived]) -> str:
    """What was read out of a net, for the engineer who signs for it."""
    lines: list[str] = []
    for signal, one in derived.items():
        junction = one.junction
        lines.append(
            f"signal {signal}: {len(one.group_of)} links in {len(junction.groups)} groups, "
            f"{len(junction.conflicts) // 2} conflicts, {len(junction.yields)} yielding"
        )
        for stage in junction.stages:
            names = " ".join(
                junction.groups[g].id + ("(yields)" if g in stage.yielding else "")
                for g in sorted(stage.green)
            )
            lines.append(f"  stage {stage.id}: {names}")
        spans = sorted(junction.intergreen_s.values())
        if spans:
            lines.append(f"  intergreen {spans[0]} to {spans[-1]} s")
        lines.extend(f"  note: {note}" for note in one.notes)
    return "\n".join(lines)


def read(
    network_path: Path, more: list[Path], timing: Timing, *, own_stages: bool = True
) -> tuple[net.Network, dict[str, Derived]]:
    """Both, from files; programs of `more` replace those of the network, as in SUMO."""
    network = net.read(network_path)
    running = programs.read([network_path, *more])
    return network, derive(network, running, timing, own_stages=own_stages)
