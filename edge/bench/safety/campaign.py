"""`ria prove safety`: all explorations and walks, and one answer for each invariant."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from control.model import Junction
from control.rules import faults
from edge.bench.safety import lies
from edge.bench.safety.adversary import REDUCTION, Adversary
from edge.bench.safety.disagreement import ladder, stuck_green
from edge.bench.safety.explorer import Found, World, explore
from edge.bench.safety.junctions import eight, four
from edge.bench.safety.liveness import Liveness
from edge.bench.safety.walks import Walk

LAMPS = "exhaustive: every state of a 4-group junction, and of an 8-group one in the full run"
CALLS = "exhaustive: one observed call at a time for each group of a 4-group junction"
DISPLAYS = "exhaustive: a ledger observer of displayed promises on a 4-group junction"
WALKS = "random walks over random junctions"
METHODS = {
    **dict.fromkeys(("I1", "I2", "I3", "I4", "I5", "I6", "I9", "I18", "I19", "I31"), LAMPS),
    **dict.fromkeys(("I7", "I8", "I10"), CALLS),
    **dict.fromkeys(("I11", "I12", "I13"), DISPLAYS),
    **dict.fromkeys(("I14", "I17", "I20"), WALKS),
    "I15": LAMPS,
    "I16": "random junctions whose controller does not obey; false looks on the 4-group junction",
    "I22": "random faults on the fallback ladder",
    "I30": "released from every state that steering has reached on the 4-group junction",
}
COVERED = (
    "four: yellow 3 s (walkers 4 s), intergreen 1 s more, minimum green 5 s, red revert 2 s",
    "four with observed calls: minimum green 3 s, maximum 9 s, longest wait 19 s; no restart and "
    "no flash, which void a wait",
    "eight: yellow 3 s, intergreen 4 s, minimum green 2 s, red revert 1 s; the two crossings of a "
    "street are asked for together",
    "maximum green and longest wait are judged while the controller is steered",
    "the controller keeps its yellow and clearance; while steered it is careless of minimum green "
    "and yellow trap, except under false looks",
)


@dataclass
class Proof:
    """What all runs together have shown."""

    quick: bool
    runs: list[dict[str, Any]] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    traces: list[list[str]] = field(default_factory=list)

    def add(self, name: str, found: Found) -> None:
        """One exploration."""
        self.fired += found.fired
        self.broken += found.broken
        self.traces += found.traces
        self.runs.append(
            {
                "name": name,
                "states": found.states,
                "transitions": found.transitions,
                "complete": found.complete,
                "cpu_s": round(found.cpu_s, 1),
                "violations": found.broken.total(),
            }
        )

    def report(self) -> dict[str, Any]:
        """For `--json`."""
        silent = [name for name in METHODS if not self.fired[name]]
        return {
            "quick": self.quick,
            "states": sum(run.get("states", 0) for run in self.runs),
            "transitions": sum(run.get("transitions", 0) for run in self.runs),
            "violations": self.broken.total(),
            "complete": all(run.get("complete", True) for run in self.runs),
            "cpu_s": round(sum(run["cpu_s"] for run in self.runs), 1),
            "never_fired": silent,
            "invariants": {
                name: {
                    "method": method,
                    "fired": self.fired[name],
                    "violations": self.broken[name],
                }
                for name, method in METHODS.items()
            },
            "runs": self.runs,
            "covered": list(COVERED),
            "reductions": [*REDUCTION, *lies.REDUCTION],
            "traces": self.traces[:5],
        }


def prove(*, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Run everything; the report.

    Args:
        quick: under a minute of CPU: fewer observed groups, one false look, fewer walks.
        say: told of each run as it ends.
    """
    proof = Proof(quick)
    lamps = _explore(proof, say, "four: lamps", four())
    _liveness(proof, say, lamps)
    calls = four(maximum_green_s=6, longest_wait_s=16, minimum_green_s=2) if quick else _called()
    for group in (1,) if quick else range(4):
        name = f"four: calls of {calls.groups[group].id}"
        _explore(proof, say, name, calls, omits=False, observed=group, gateway=False)
    promises_s = (2,) if quick else (1, 3, 5)
    for promise_s in promises_s:
        name = f"four: promises of {promise_s} s"
        _explore(proof, say, name, four(), omits=False, gateway=False, promises_s=(promise_s,))
    _lies(proof, say, 1 if quick else 2)
    if not quick:
        pairs = (0b1, 0b10, 0b100, 0b1000, 0b110000, 0b11000000)
        _explore(proof, say, "eight: lamps", eight(), omits=False, pairs=pairs)
    _chance(proof, say, 150 if quick else 1_000)
    return proof.report()


def _called() -> Junction:
    return four(maximum_green_s=9, longest_wait_s=19, minimum_green_s=3)


def _explore(
    proof: Proof,
    say: Callable[[str], None],
    name: str,
    junction: Junction,
    *,
    omits: bool = True,
    **adversary: Any,  # noqa: ANN401
) -> Found:
    world = World(junction, omits=omits)
    wrong = faults(junction)
    if wrong:
        raise ValueError(wrong)
    moves = Adversary(world, **adversary).moves
    found = explore(world, name, [world.first()], moves)
    proof.add(name, found)
    _tell(proof, say)
    return found


def _lies(proof: Proof, say: Callable[[str], None], looks: int) -> None:
    world = World(four(), careless=False)
    found = explore(world, "lies", [world.first(looks)], lies.moves)
    proof.add(f"four: {looks} false looks", found)
    _tell(proof, say)


def _liveness(proof: Proof, say: Callable[[str], None], lamps: Found) -> None:
    begun = time.process_time()
    alive = Liveness(four())
    alive.judge(lamps.controllers)
    _count(proof, "four: left to itself", begun, alive.fired, alive.broken)
    _tell(proof, say)


def _chance(proof: Proof, say: Callable[[str], None], walks: int) -> None:
    begun = time.process_time()
    fired: Counter[str] = Counter()
    broken: list[str] = []
    for seed in range(walks):
        walk = Walk(random.Random(seed))
        broken += walk.run(150)
        fired += walk.fired + walk.watch.fired
    _count(proof, f"{walks} walks", begun, fired, broken)
    _tell(proof, say)
    begun, fired, broken = time.process_time(), Counter(), []
    for seed in range(walks):
        broken += stuck_green(random.Random(seed), fired)
    for seed in range(walks // 10):
        broken += ladder(random.Random(seed), fired)
    _count(proof, "disobedience, fallback", begun, fired, broken)
    _tell(proof, say)


def _count(proof: Proof, name: str, begun: float, fired: Counter[str], broken: list[str]) -> None:
    proof.fired += fired
    proof.broken += Counter(sentence.split()[0] for sentence in broken)
    proof.traces += [[name, sentence] for sentence in broken[:3]]
    cpu_s = round(time.process_time() - begun, 1)
    proof.runs.append({"name": name, "cpu_s": cpu_s, "violations": len(broken)})


def _tell(proof: Proof, say: Callable[[str], None]) -> None:
    run = proof.runs[-1]
    size = ""
    if "states" in run:
        size = f"{run['states']:>9,} states {run['transitions']:>10,} transitions"
    say(f"{run['name']:<28} {size:<42} {run['violations']} violations {run['cpu_s']:>6.1f} s")
