"""What a SUMO signal program says along its cycle: stages, greens, yellows and what lies between.

Format: SUMO user documentation, "Simulation/Traffic Lights". Everything is measured along the
cycle second by second, never phase by phase: programs split one green into several phases.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError

LETTERS = {
    "G": "green with priority",
    "g": "green, yielding",
    "y": "yellow",
    "Y": "yellow, major",
    "r": "red",
    "u": "red and yellow",
    "s": "green arrow after a stop",
}
GREEN = frozenset("Gg")
AMBER = frozenset("yYu")


@dataclass(frozen=True, slots=True)
class Phase:
    """One line of a program."""

    state: str
    duration_s: int
    shortest_s: int | None
    longest_s: int | None

    @property
    def fixed(self) -> bool:
        """Whether an actuated controller could not change its length."""
        return self.shortest_s is None or self.shortest_s == self.longest_s


@dataclass(frozen=True, slots=True)
class Program:
    """The plan of one signal."""

    signal: str
    id: str
    offset_s: int
    phases: tuple[Phase, ...]

    @property
    def cycle_s(self) -> int:
        """Once around."""
        return sum(phase.duration_s for phase in self.phases)

    def seconds(self) -> list[str]:
        """The state string of every second of the cycle."""
        return [phase.state for phase in self.phases for _ in range(phase.duration_s)]


def read(paths: Iterable[Path]) -> dict[str, Program]:
    """Signal → the program that runs: as in SUMO, the one that was read last.

    Raises:
        ConfigError: a file is unreadable, or a running program has an unknown letter.
    """
    found: dict[str, Program] = {}
    for path in paths:
        try:
            for _, element in ET.iterparse(path, events=("end",)):  # noqa: S314
                if element.tag == "tlLogic":
                    program = _program(element)
                    found[program.signal] = program
        except (OSError, ET.ParseError) as error:
            raise ConfigError(f"{path} is no readable SUMO file: {error}") from error
    for program in found.values():
        check_letters(program)
    return found


def check_letters(program: Program) -> None:
    """Refuse what is no signal.

    Raises:
        ConfigError: names the signal, the program and the letter.
    """
    for phase in program.phases:
        for letter in phase.state:
            if letter not in LETTERS:
                meaning = {"o": "blinking", "O": "switched off"}.get(letter, "unknown")
                raise ConfigError(
                    f"signal {program.signal}, program {program.id}: letter {letter!r} "
                    f"({meaning}) in {phase.state}; only {' '.join(LETTERS)} can be timed"
                )


def _program(element: ET.Element) -> Program:
    def whole(text: str | None) -> int | None:
        return None if text is None else round(float(text))

    return Program(
        element.get("id", ""),
        element.get("programID", "0"),
        round(float(element.get("offset", "0") or 0)),
        tuple(
            Phase(
                phase.get("state", ""),
                max(1, round(float(phase.get("duration", "1")))),
                whole(phase.get("minDur")),
                whole(phase.get("maxDur")),
            )
            for phase in element.iter("phase")
        ),
    )


def greens(state: str) -> frozenset[int]:
    """Links that may go."""
    return frozenset(link for link, letter in enumerate(state) if letter in GREEN)


def stages(program: Program, minimum_green_s: int) -> list[str]:
    """Distinct states without yellow that are more than a part of a change.

    A state in which no link starts (nor did in the yellow before it), or that is fixed and shorter
    than the minimum green, is only passed through on the way from one stage to the next. A yielding
    green that becomes a full one counts as a start: that is how a protected turn follows its
    permitted one.
    """
    runs = _runs(program)
    kept: list[str] = []
    for place, (state, length_s, fixed) in enumerate(runs):
        if AMBER & set(state) or not greens(state):
            continue
        if not _begins(runs, place) or (fixed and length_s < minimum_green_s):
            continue
        if state not in kept:
            kept.append(state)
    return kept


def _begins(runs: list[tuple[str, int, bool]], place: int) -> bool:
    """Whether a link begins, or rises to full green, in a state or in the yellow before it."""
    state = runs[place][0]
    for back in range(1, len(runs)):
        before = runs[place - back][0]
        if greens(state) - greens(before) or ("g", "G") in zip(before, state, strict=True):
            return True
        if not AMBER & set(before):
            return False
    return len(runs) == 1


def _runs(program: Program) -> list[tuple[str, int, bool]]:
    """Phases of the same state in a row are one: (state, seconds, fixed)."""
    runs: list[tuple[str, int, bool]] = []
    for phase in program.phases:
        if runs and runs[-1][0] == phase.state:
            state, length_s, fixed = runs[-1]
            runs[-1] = (state, length_s + phase.duration_s, fixed and phase.fixed)
        else:
            runs.append((phase.state, phase.duration_s, phase.fixed))
    if len(runs) > 1 and runs[0][0] == runs[-1][0]:
        state, length_s, fixed = runs.pop()
        runs[0] = (state, length_s + runs[0][1], fixed and runs[0][2])
    return runs


def yellows_s(program: Program) -> dict[int, int]:
    """Link → its shortest yellow after a green, in seconds; links that never end are left out."""
    cycle = program.seconds()
    found: dict[int, int] = {}
    for link in range(len(cycle[0])):
        for at in range(len(cycle)):
            if cycle[at - 1][link] in GREEN and cycle[at][link] in "yY":
                length = 0
                while length < len(cycle) and cycle[(at + length) % len(cycle)][link] in "yY":
                    length += 1
                found[link] = min(found.get(link, length), length)
    return found


def changes_s(program: Program, kept: list[str]) -> Mapping[tuple[int, int], int]:
    """(i, j) → the shortest time from the end of green of i to the begin of green of j.

    Only direct changes count: from one stage to the next, with no other stage between.
    """
    cycle = program.seconds()
    length = len(cycle)
    anchors = [at for at in range(length) if cycle[at] in kept]
    found: dict[tuple[int, int], int] = {}
    if not anchors:
        return found
    for at in anchors:
        if cycle[(at + 1) % length] == cycle[at]:
            continue
        ended: dict[int, int] = {}
        for ahead in range(1, length + 1):
            before, now = cycle[(at + ahead - 1) % length], cycle[(at + ahead) % length]
            for link in greens(before) - greens(now):
                ended[link] = ahead
            for link in greens(now) - greens(before):
                for other, end in ended.items():
                    if other != link:
                        pair = (other, link)
                        found[pair] = min(found.get(pair, ahead - end), ahead - end)
            if now in kept:
                break
    return found
