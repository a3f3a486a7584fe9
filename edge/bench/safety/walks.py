"""Random junctions, driven at random: late calls, nonsense, and a careless controller behind.

What a breadth-first search of two junctions cannot say, a walk through any junction can: that the
shield never asks early when it is called late, and that a request which is refused changes nothing.
"""

import math
import random
from collections import Counter
from dataclasses import replace
from typing import Any, cast

from control.model import Junction, Kind, Lamp, SignalGroup, Stage
from control.requests import NOBODY, PATTERN_FLASH, PATTERN_FREE, Actuation, Request
from control.rules import faults
from control.safety import Mode, ReadBack, Shield, State
from edge.bench.safety.invariants import Watch
from edge.bench.safety.twin import Orders, Twin

HASH = "the configuration"
TOKEN = "takeover"  # noqa: S105
JUDGED = ("I1", "I2", "I3", "I4", "I5", "I6", "I9", "I31")


def random_junction(chance: random.Random) -> Junction:
    """A sound junction of two to nine groups."""
    while True:
        junction = _junction(chance)
        if not faults(junction):
            return junction


def _junction(chance: random.Random) -> Junction:
    count = chance.randint(2, 9)
    groups = tuple(
        SignalGroup(
            str(g),
            yellow_s=chance.randint(1, 5),
            minimum_green_s=chance.randint(1, 8),
            maximum_green_s=chance.randint(15, 40),
            longest_wait_s=chance.randint(60, 200),
            red_revert_s=chance.randint(1, 3),
            kind=chance.choice((Kind.VEHICLE, Kind.VEHICLE, Kind.PEDESTRIAN)),
        )
        for g in range(count)
    )
    pairs = [(g, h) for g in range(count) for h in range(g)]
    apart = {pair for pair in pairs if chance.random() < 0.45}
    conflicts = frozenset(apart | {(h, g) for g, h in apart})
    yields = frozenset(p for p in pairs if p not in apart and chance.random() < 0.3)
    stages = []
    for first in range(count):
        green = {first}
        for g in chance.sample(range(count), count):
            if all((g, h) not in conflicts for h in green):
                green.add(g)
        stages.append(Stage(str(first), frozenset(green)))
    return Junction(
        id="random",
        groups=groups,
        conflicts=conflicts,
        yields=yields,
        intergreen_s={(g, h): groups[g].yellow_s + chance.randint(0, 4) for g, h in conflicts},
        stages=tuple(stages),
        startup_red_s=chance.randint(3, 6),
        longest_cycle_s=600,
    )


class Walk:
    """One junction, one controller, one shield, one clock."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.junction = random_junction(chance)
        self.count = len(self.junction.groups)
        self.twin = Twin(self.junction, careless=True)
        self.controller = self.twin.first()
        self.shield = Shield(self.junction)
        self.state = self.shield.start(HASH, TOKEN)
        self.watch = Watch(self.junction)
        self.memory = self.watch.first(self.twin.lamps(self.controller))
        self.told = Actuation()
        self.sequence = 0
        self.fired: Counter[str] = Counter()
        self.broken: list[str] = []

    def run(self, seconds: int) -> list[str]:
        """Let so many seconds pass; what was broken."""
        for second in range(seconds):
            if self.broken:
                break
            # the gateway's calls drift against the controller's seconds: none, one or two between
            for part_ms in sorted(
                self.chance.sample(range(1_000), self.chance.choice((0, 1, 1, 2)))
            ):
                self._call(1_000 * second + part_ms)
            told, self.told = self.told, replace(self.told, force_off=NOBODY)
            orders = Orders(
                told.remote,
                _mask(told.hold),
                _mask(told.force_off),
                _mask(told.omit),
                _mask(told.call),
            )
            called = self.chance.getrandbits(self.count) & self.chance.getrandbits(self.count)
            self.controller = self.controller._replace(calls=self.controller.calls | called)
            self.controller = self.twin.step(self.controller, orders)
            lamps = self.twin.lamps(self.controller)
            self.memory, broken = self.watch.step(self.memory, lamps)
            self.broken += [b for b in broken if b.split()[0] in JUDGED]
        return self.broken

    def _call(self, now_ms: int) -> None:
        seen: ReadBack | None = ReadBack(
            lamps=tuple(Lamp(lamp) for lamp in self.twin.lamps(self.controller)),
            remote=self.controller.led,
            config_hash=HASH,
            calls=frozenset(g for g in range(self.count) if self.controller.calls >> g & 1),
        )
        if self.chance.random() < 0.05:
            seen = None
        if self.chance.random() < 0.05:
            now_ms = self.state.now_ms - self.chance.randint(0, 5_000)  # the clock was set back
            self.fired["I20"] += 1
        request: Request | None = self._wish(max(now_ms, self.state.now_ms))
        if self.chance.random() < 0.3:
            self._refusal(seen, now_ms)
        if self.chance.random() < 0.02:
            request = None
        self.state, self.told, verdicts = self.shield.step(self.state, seen, request, now_ms)
        if self.state.mode in {Mode.RELEASED, Mode.LOCKED}:
            self.broken.append(f"I16 an honest controller was accused: {verdicts}")

    def _wish(self, now_ms: int) -> Request:
        draw = self.chance.getrandbits
        off, call = draw(self.count) & draw(self.count), draw(self.count)
        self.sequence += 1
        return Request(
            sequence=self.sequence,
            expires_ms=now_ms + self.chance.randint(1, 2_000),
            token=TOKEN,
            hold=_groups(draw(self.count) & ~off),
            force_off=_groups(off),
            omit=_groups(draw(self.count) & draw(self.count) & ~call),
            call=_groups(call),
        )

    def _refusal(self, seen: ReadBack | None, now_ms: int) -> None:
        """A request that must be refused leaves everything as if none had come."""
        invariant, bad = nonsense(self.chance, self.state, max(now_ms, self.state.now_ms))
        self.fired[invariant] += 1
        state, told, verdicts = self.shield.step(self.state, seen, bad, now_ms)
        if (state, told) != self.shield.step(self.state, seen, None, now_ms)[:2]:
            self.broken.append(f"{invariant} {bad} was refused and yet changed something")
        if not any(not v.accepted and v.invariant == invariant for v in verdicts):
            self.broken.append(f"{invariant} {bad} was not refused: {verdicts}")


def nonsense(chance: random.Random, state: State, now_ms: int) -> tuple[str, Request]:
    """A request that must be refused, and by which invariant."""
    count = len(state.wait_ms)
    sequence, soon_ms = state.sequence + 1, now_ms + 1_000
    one = frozenset({chance.randrange(count)})
    wrong: list[tuple[str, Any]] = [
        ("I14", Request(state.sequence, soon_ms, TOKEN)),
        ("I14", Request(sequence, soon_ms, "another")),
        ("I14", Request(sequence, now_ms, TOKEN)),
        ("I14", Request(sequence, now_ms + 2_001, TOKEN)),
        ("I14", Request(sequence, soon_ms, TOKEN, hold=one, force_off=one)),
        ("I14", Request(sequence, soon_ms, TOKEN, omit=one, call=one)),
        ("I14", Request(sequence, soon_ms, TOKEN, pattern=PATTERN_FLASH)),
        ("I14", Request(sequence, soon_ms, TOKEN, pattern=1)),
        *(
            (
                "I14",
                Request(sequence, soon_ms, TOKEN, **cast("Any", {verb: one}), pattern=PATTERN_FREE),
            )
            for verb in ("hold", "force_off", "omit", "call")
        ),
        ("I17", Request(sequence, soon_ms, TOKEN, call=frozenset({count}))),
        ("I17", Request(sequence, soon_ms, TOKEN, omit=frozenset({-1}))),
        ("I17", Request(sequence, soon_ms, TOKEN, hold=cast("Any", frozenset({True})))),
        ("I17", Request(sequence, soon_ms, TOKEN, force_off=cast("Any", [0]))),
        ("I17", Request(sequence, soon_ms, TOKEN, force_off=cast("Any", None))),
        ("I17", Request(sequence, cast("Any", math.nan), TOKEN)),
        ("I17", Request(cast("Any", math.inf), soon_ms, TOKEN)),
        ("I17", Request(sequence, soon_ms, TOKEN, pattern=cast("Any", 1.5))),
        ("I17", Request(sequence, soon_ms, TOKEN, pattern=-1)),
        ("I17", "end all greens"),
    ]
    return chance.choice(wrong)


def _mask(groups: frozenset[int]) -> int:
    return sum(1 << group for group in groups)


def _groups(mask: int) -> frozenset[int]:
    return frozenset(g for g in range(mask.bit_length()) if mask >> g & 1)
