"""What the lamps of one signal must keep to: measured along its program, or set by the timing.

A pair of foes that the program never lets go together is hard; one it does show together is the
net's own choice, and stays allowed in the letters in which the net shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from edge.bench.signals.program import Pair, Signal
from edge.bench.signals.spec import Timing

GREEN = frozenset("Gg")
YELLOW = frozenset("yY")
MOVING = GREEN | YELLOW
LETTERS = MOVING | frozenset("rus")
YELLOW_S = 3
FIELD_RED_S = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """Of one signal; all times are the least that is allowed, in seconds."""

    yellow_s: Mapping[int, int]
    clearance_s: Mapping[Pair, int]
    """Hard pair (i, j): from the end of green of i to the begin of green of j."""
    red_s: int
    """From the end of yellow of a link to the green of a hard foe."""
    minimum_green_s: Mapping[int, int]
    both_prior: frozenset[Pair]
    """Pairs of foes that the program itself shows as G with G."""
    shown: frozenset[Pair]
    """Pairs of foes that the program lets go together."""
    resumed: frozenset[int]
    """Links that may go from yellow back to green, for the program has it so."""


def rules(
    signal: Signal, timing: Timing, minimum_green_s: int, *, own_program: bool = False
) -> Rules:
    """The rules for one controller.

    Args:
        signal: as the net has it.
        timing: whose intervals hold.
        minimum_green_s: of every link.
        own_program: the controller steps through the net's own phases (SUMO's fixed, actuated and
            delay-based control), so it is held to what these have, and no more.
    """
    links = range(signal.links)
    shown, both_prior = _shown(signal)
    hard = signal.foes - shown
    green_s = dict.fromkeys(links, minimum_green_s)
    resumed: frozenset[int] = frozenset()
    if own_program:
        green_s = {k: min(minimum_green_s, _shortest_green_s(signal, k)) for k in links}
        resumed = frozenset(
            k
            for before, now in pairwise((signal.cycle[-1], *signal.cycle))
            for k in links
            if before[k] in YELLOW and now[k] in GREEN
        )
    if timing is Timing.SCENARIO or own_program:
        yellow_s = _yellows_s(signal)
        clearance_s = measured_s(signal, minimum_green_s)
        # a change that the program lacks: own yellow, then the signal's longest red between foes
        reds_s = (clearance_s[i, j] - yellow_s[i] for i, j in hard if (i, j) in clearance_s)
        # but its own program may: it is held to no more than its own yellow there
        longest_red_s = 0 if own_program else max(reds_s, default=0)
        clear_s = {(i, j): clearance_s.get((i, j), yellow_s[i] + longest_red_s) for i, j in hard}
        red_s = 0
    else:
        red_s = FIELD_RED_S if timing is Timing.FIELD else 0
        yellow_s = {k: 0 if k in signal.crossings else YELLOW_S for k in links}
        clear_s = {(i, j): yellow_s[i] + red_s for i, j in hard}
    return Rules(yellow_s, clear_s, red_s, green_s, both_prior, shown, resumed)


def measured_s(signal: Signal, minimum_green_s: int) -> dict[Pair, int]:
    """Foes (i, j) → least time from the end of green of i to the next begin of j in the program.

    Only where the change is direct: nothing is served wholly between the two, that is, no link has
    a green, or a full green after a yielding one, of at least `minimum_green_s` there. The program
    is a ring, so time runs on past its end.
    """
    length = len(signal.cycle)
    greens = {k: _runs(signal, k, GREEN) for k in range(signal.links)}
    served = [
        run
        for k in range(signal.links)
        for run in (*greens[k], *_runs(signal, k, frozenset("G")))
        if run[1] >= minimum_green_s
    ]
    found: dict[Pair, int] = {}
    for i, j in signal.foes:
        for start, green_s in greens[i]:
            ended = start + green_s
            waits = [(begun - ended) % length for begun, _ in greens[j]]
            if not waits or (wait_s := min(waits)) >= found.get((i, j), length):
                continue
            if not any((begun - ended) % length + for_s <= wait_s for begun, for_s in served):
                found[i, j] = wait_s
    return found


def _runs(signal: Signal, link: int, letters: frozenset[str]) -> list[tuple[int, int]]:
    """(begin, length) of each time a link shows some of `letters`; none if it always does."""
    length = len(signal.cycle)
    lit = [state[link] in letters for state in signal.cycle]
    found = []
    for at in range(length):
        if lit[at] and not lit[at - 1]:
            run_s = 1
            while lit[(at + run_s) % length]:
                run_s += 1
            found.append((at, run_s))
    return found


def _yellows_s(signal: Signal) -> dict[int, int]:
    """Least yellow of each link; one that never ends a green takes the signal's longest."""
    length = len(signal.cycle)
    found: dict[int, int] = {}
    for link in range(signal.links):
        for begun, green_s in _runs(signal, link, GREEN):
            yellow_s = 0
            while signal.cycle[(begun + green_s + yellow_s) % length][link] in YELLOW:
                yellow_s += 1
            found[link] = min(found.get(link, yellow_s), yellow_s)
    longest_s = max(found.values(), default=0)
    return {link: found.get(link, longest_s) for link in range(signal.links)}


def _shortest_green_s(signal: Signal, link: int) -> int:
    return min((green_s for _, green_s in _runs(signal, link, GREEN)), default=0)


def _shown(signal: Signal) -> tuple[frozenset[Pair], frozenset[Pair]]:
    """Foes that the program lets go together, and those of them with G and G."""
    states = set(signal.cycle)
    together = frozenset(
        (i, j) for i, j in signal.foes if any(s[i] in MOVING and s[j] in MOVING for s in states)
    )
    both = frozenset((i, j) for i, j in together if any(s[i] == s[j] == "G" for s in states))
    return together, both
