"""How the links of one signal stand to each other: never together, one gives way, or nothing.

The net says which paths are foes; the program says how its authors meant them. What a program
shows that no rule covers is put in a sentence for the engineer, never accepted in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from control.net.geometry import meeting
from control.net.network import Connection, Network
from control.net.programs import GREEN, Program

Links = dict[int, list[Connection]]


@dataclass(slots=True)
class Relations:
    """Pairs of links, each in both directions where it holds in both."""

    hard: set[tuple[int, int]] = field(default_factory=set)
    yields: set[tuple[int, int]] = field(default_factory=set)
    """(i, j): i is shown a yielding green beside the full green of j."""
    both_yield: set[tuple[int, int]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def relate(network: Network, links: Links, program: Program) -> Relations:
    """Every pair of links of a signal, from paths and program."""
    found = Relations()
    states = sorted({phase.state for phase in program.phases})
    numbers = sorted(links)
    for place, i in enumerate(numbers):
        for j in numbers[place + 1 :]:
            if foes(network, links[i], links[j]):
                _pair(found, states, i, j, program.signal)
    return found


def foes(network: Network, ones: Sequence[Connection], others: Sequence[Connection]) -> bool:
    """Whether any way of one crosses or joins any way of the other."""
    for one in ones:
        for other in others:
            if one.from_lane == other.from_lane:
                continue
            here, there = network.row(one), network.row(other)
            if here is not None and there is not None and here[0] == there[0]:
                if network.are_foes(one, other):
                    return True
            elif meeting(network.path(one), network.path(other)) is not None:
                return True
    return False


def _pair(found: Relations, states: Sequence[str], i: int, j: int, signal: str) -> None:
    shown = {(state[i], state[j]) for state in states if i < len(state) and j < len(state)}
    both = {(a, b) for a, b in shown if a in GREEN and b in GREEN}
    if not both:
        found.hard |= {(i, j), (j, i)}
        if any((a in GREEN and b in "yY") or (a in "yY" and b in GREEN) for a, b in shown):
            found.notes.append(
                f"{signal}: links {i} and {j} are foes and the program shows one green while the "
                "other is yellow; they are timed as never together"
            )
        return
    if ("g", "G") in both:
        found.yields.add((i, j))
    if ("G", "g") in both:
        found.yields.add((j, i))
    if ("g", "g") in both:
        found.both_yield |= {(i, j), (j, i)}
        found.notes.append(f"{signal}: links {i} and {j} are foes, both shown a yielding green")
    if ("G", "G") in both:
        found.notes.append(f"{signal}: links {i} and {j} are foes, both shown a full green")
