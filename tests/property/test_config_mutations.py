"""Five hundred ways to spoil a good site file: the right line each time, and never a stack trace.

A problem is *justified* when one of its lines (its own, or those it calls related) is

- a mutated line, or a neighbour that a mutated line now runs into or has left;
- the block that holds a mutated line: what a deleted key leaves behind is told there;
- inside the block that a mutated line heads: its keys have lost their place;
- or, where the text is no YAML any more, when the mutated line lies between the place where the
  parser began to read a block, list or quote and the place where it gave up.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.config.load import Problem, check

EXAMPLE = Path(__file__).parents[2] / "deploy" / "site.example.yaml"
COMPACT = """\
gateway: bt-07
site: {name: Bến Thành, lat: 10.772, lon: 106.698}
store:
  path: data
  limit: 500 MB
page: "off"
links:
  feeder-bus:
    modbus: /dev/ttyS1
    baud: 19200
    parity: E
    timeout: 800ms
  works:
    opcua: opc.tcp://127.0.0.1:4840
    timeout: 3s
devices:
  - {id: m-1, profile: eastron-sdm120, link: feeder-bus, unit: 1}
  - {id: m-2, profile: eastron-sdm120, link: feeder-bus, unit: 2, every: 30s, raw: true}
  - id: plant
    profile: opcua-water-plant
    link: works
    mode: read
    every: 2s
    window: 5min
    points:
      tank_level:
        plausible: [0.2, 6.5]
        deadband: 0.01
        label: {vi: Bể chứa, en: Reservoir}
      turbidity: {plausible: [0, 50]}
    write:
      chlorine_setpoint: [0.3, 0.7]
  - id: gate
    profile: opcua-traffic-junction
    link: opc.tcp://10.1.2.3:4841
    insecure_ok: the cabinet is locked and the wire is one metre long
    only: [stage, volume_1, volume_2,
           volume_3, volume_4]
    raw: [volume_1]
"""

Lines = list[str]
Mutation = Callable[[random.Random, Lines, int], tuple[Lines, set[int], int]]
"""`(rng, lines, at) -> (new lines, mutated places in them, lines added)`, places from 0."""

ALPHABET = "abz019:-#{}[],'\"&*!|>%@` .=/_éđ~?"
VALUES = ["7", "-3", "0.5", "text", "true", "~", "[]", "[a, b]", "{a: 1}", "1e400", '""', "*x",
          "&x 1", "!t x", "010", "no", "5s", "8 GB", "'", "- x", "[[1]]", "2026-11-22", "..", "::"]  # fmt: skip


def edited(lines: Lines, at: int, text: str) -> tuple[Lines, set[int], int]:
    return [*lines[:at], text, *lines[at + 1 :]], {at}, 0


def delete(_: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    return [*lines[:at], *lines[at + 1 :]], set(), -1


def duplicate(_: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    return [*lines[: at + 1], *lines[at:]], {at, at + 1}, 1


def swap(_: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    at = min(at, len(lines) - 2)
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]], {at, at + 1}, 0


def change_character(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    text = lines[at]
    i = rng.randrange(len(text))
    return edited(lines, at, text[:i] + rng.choice(ALPHABET) + text[i + 1 :])


def insert_character(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    text = lines[at]
    i = rng.randrange(len(text) + 1)
    return edited(lines, at, text[:i] + rng.choice(ALPHABET) + text[i:])


def drop_character(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    text = lines[at]
    i = rng.randrange(len(text))
    return edited(lines, at, text[:i] + text[i + 1 :])


def change_value(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    head, colon, _ = lines[at].partition(": ")
    return edited(lines, at, f"{head}{colon}{rng.choice(VALUES)}")


def change_number(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    text = lines[at]
    digits = [i for i, c in enumerate(text) if c.isdigit()]
    if not digits:
        return edited(lines, at, text)
    i = rng.choice(digits)
    return edited(
        lines, at, text[:i] + rng.choice(["", "-1", "99999", "0", ".5", "x"]) + text[i + 1 :]
    )


def misspell(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    text = lines[at]
    letters = [i for i, c in enumerate(text[:-1]) if c.isalpha() and text[i + 1].isalpha()]
    if not letters:
        return edited(lines, at, text)
    i = rng.choice(letters)
    return edited(lines, at, text[:i] + text[i + 1] + text[i] + text[i + 2 :])


def shift(rng: random.Random, lines: Lines, at: int) -> tuple[Lines, set[int], int]:
    by = rng.choice([-2, -1, 1, 2])
    text = lines[at]
    return edited(lines, at, " " * by + text if by > 0 else text.removeprefix(" " * -by))


MUTATIONS: list[Mutation] = [
    delete, duplicate, swap, change_character, insert_character, drop_character, change_value,
    change_number, misspell, shift,
]  # fmt: skip


def is_text(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


@dataclass
class Spoilt:
    """A mutated file, and the lines (from 1) in which a problem of it may be told."""

    text: str
    mutated: set[int]
    allowed: set[int]


def spoil(seed: int, good: str) -> Spoilt:
    rng = random.Random(seed)
    lines = good.splitlines()
    at = rng.choice([i for i, line in enumerate(lines) if line.strip()])
    mutation = MUTATIONS[seed % len(MUTATIONS)]
    new, places, added = mutation(rng, lines, at)
    touched = {at, at + 1} & set(range(len(lines))) if mutation is swap else {at}

    def moved(i: int) -> int:
        return i + added if i > at else i

    allowed = set(places)
    for i in touched:
        allowed |= {moved(j) for j in blocks_around(lines, i) + block_headed(lines, i)}
        allowed |= {moved(j) for j in neighbours(lines, i)}
    for i in places:
        allowed |= {*blocks_around(new, i), *block_headed(new, i), *neighbours(new, i)}
    return Spoilt("\n".join(new) + "\n", {i + 1 for i in places or {at}}, {i + 1 for i in allowed})


def blocks_around(lines: Lines, at: int) -> list[int]:
    """The block that holds the line, and those that hold this one, up to the item of a list."""
    found, deep = [], indent(lines[at])
    for i in range(at - 1, -1, -1):
        if is_text(lines[i]) and indent(lines[i]) < deep:
            if found and indent(lines[i]) == 0:
                break
            found.append(i)
            deep = indent(lines[i])
    return found or [0]


def block_headed(lines: Lines, at: int) -> list[int]:
    """The lines that stand below this one and deeper."""
    found = []
    for i in range(at + 1, len(lines)):
        if is_text(lines[i]):
            if indent(lines[i]) <= indent(lines[at]):
                break
            found.append(i)
    return found


def neighbours(lines: Lines, at: int) -> list[int]:
    before = [i for i in range(at) if is_text(lines[i])][-1:]
    after = [i for i in range(at + 1, len(lines)) if is_text(lines[i])][:1]
    return before + after


def justified(problem: Problem, spoilt: Spoilt) -> bool:
    told = {problem.line, *problem.related}
    if told & spoilt.allowed:
        return True
    unreadable = not problem.key and problem.related
    return bool(unreadable) and any(min(told) <= line <= max(told) for line in spoilt.mutated)


@pytest.mark.parametrize("name", ["example", "compact"])
def test_the_good_files_are_good(name: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(GOOD[name])
    assert check(path) == []


GOOD = {"example": EXAMPLE.read_text(), "compact": COMPACT}


@pytest.mark.parametrize("batch", range(10))
def test_a_spoilt_file_is_told_at_the_right_line(batch: int, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    outcomes: Counter[str] = Counter()
    for seed in range(batch * 50, batch * 50 + 50):
        spoilt = spoil(seed, GOOD["example" if seed % 3 else "compact"])
        path.write_text(spoilt.text)
        problems = check(path)
        outcomes["told" if problems else "passed"] += 1
        for problem in problems:
            assert 1 <= problem.line <= spoilt.text.count("\n") + 1
            assert problem.what
            assert problem.remedy
            assert justified(problem, spoilt), (
                f"seed {seed}: {problem} for a mutation of {sorted(spoilt.mutated)}, "
                f"allowed {sorted(spoilt.allowed)}\n{spoilt.text}"
            )
    assert outcomes["told"] >= 15, "a batch that spoils nothing shows nothing"
