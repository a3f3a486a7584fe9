"""Breadth first through all that can happen: controller, shield, adversary and log rules together.

A second is one edge: the adversary moves, the shield judges, the controller acts, the rules read
its lamps. Absolute numbers (clock, sequence) are shifted back to zero after each, which changes
nothing that the shield compares; so finitely many situations remain, and each is visited once.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from control.model import Junction, Lamp
from control.requests import Request
from control.safety import Commitment, Mode, ReadBack, Shield, State, Verdict
from edge.bench.safety.invariants import Memory, Watch
from edge.bench.safety.ledger import Display, displayed
from edge.bench.safety.twin import Controller, Orders, Twin

HASH = "the configuration"
SECOND_MS = 1_000


class Situation(NamedTuple):
    """All that the future depends on."""

    controller: Controller
    shield: State
    memory: Memory
    display: Display | None = None
    lies: int = 0
    """How many looks may still be falsified."""


class Move(NamedTuple):
    """What the adversary and the world do in one second."""

    name: str
    request: Request | None = None
    pressed: int = -1
    """The group whose button is pressed."""
    restart: bool = False
    """The gateway is down for this second and comes up knowing nothing."""
    stop: bool = False
    """The conflict monitor trips: flash."""
    start: bool = False
    """Somebody resets it."""
    seen: ReadBack | None = None
    """A false look; None: the true one."""
    blind: bool = False
    offer: Display | None = None


@dataclass
class Found:
    """What came of one exploration."""

    name: str
    states: int = 0
    transitions: int = 0
    complete: bool = True
    cpu_s: float = 0.0
    broken: Counter[str] = field(default_factory=Counter)
    traces: list[list[str]] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    controllers: set[Controller] = field(default_factory=set)


class World:
    """One junction with its controller, shield and rules: situation and move to situation."""

    def __init__(
        self,
        junction: Junction,
        *,
        careless: bool = True,
        omits: bool = True,
        shield: Shield | None = None,
    ) -> None:
        self.junction = junction
        self.twin = Twin(junction, careless=careless)
        self.shield = shield or Shield(junction)
        self.watch = Watch(junction)
        self._omits = omits
        self.fired: Counter[str] = Counter()
        self._groups = [
            frozenset(g for g in range(self.twin.count) if mask >> g & 1)
            for mask in range(self.twin.every + 1)
        ]

    def first(self, lies: int = 0) -> Situation:
        """Power on, gateway on."""
        controller = self.twin.first()
        memory = self.watch.first(self.twin.lamps(controller))
        return Situation(controller, self.shield.start(HASH), memory, lies=lies)

    def groups(self, mask: int) -> frozenset[int]:
        """A mask as groups."""
        return self._groups[mask]

    def truth(self, situation: Situation) -> ReadBack:
        """What an honest look says; in lockstep the lamps came a second ago."""
        controller = situation.controller
        return ReadBack(
            lamps=tuple(Lamp(lamp) for lamp in self.twin.lamps(controller)),
            remote=controller.led,
            config_hash=HASH,
            flash=bool(controller.stopped),
            age_ms=SECOND_MS,
        )

    def after(self, situation: Situation, move: Move) -> tuple[Situation, list[str]]:
        """One second later, and what it broke."""
        controller, state, memory, display, lies = situation
        twin = self.twin
        controller = controller._replace(calls=twin.every)  # everybody calls: omits alone decide
        called = (move.pressed,) if move.pressed >= 0 else ()
        broken: list[str] = []
        verdicts: tuple[Verdict, ...] = ()
        if move.restart:
            told, state = Orders(False), self.shield.start(HASH)
            memory, display = self.watch.forget_calls(memory), None
            self.fired["restart"] += 1
        else:
            seen = None if move.blind else move.seen or self.truth(situation)
            if called and seen is not None:
                seen = ReadBack(
                    seen.lamps,
                    seen.remote,
                    seen.config_hash,
                    seen.flash,
                    seen.fault,
                    frozenset(called),
                    seen.age_ms,
                )
            display = move.offer or display
            promises: tuple[Commitment, ...] = ()
            if display is not None:
                promises = (
                    Commitment(display.group, display.begins, SECOND_MS * (1 + display.left_s)),
                )
            before = state
            state, actuation, verdicts = self.shield.step(
                state, seen, move.request, SECOND_MS, promises
            )
            told = Orders(
                actuation.remote,
                _mask(actuation.hold),
                _mask(actuation.force_off),
                _mask(actuation.omit),
                _mask(actuation.call),
            )
            self._authority(before, seen, actuation.remote, move, broken)
            state = _shifted(state)
            if not self._omits:
                state = state._replace(omitted=0, barred=0)
        if move.stop:
            controller = twin.stop(controller, int(Lamp.FLASH))
        elif move.start:
            controller = twin.start(controller)
        controller = twin.step(controller, told)._replace(calls=twin.every)
        lamps = twin.lamps(controller)
        was = memory
        memory, more = self.watch.step(memory, lamps, called, steered=told.remote)
        broken += more
        display = displayed(
            self.junction, display, move, state, verdicts, was, memory, broken, self.fired
        )
        if move.seen is not None or move.blind:
            lies -= 1
        return Situation(controller, state, memory, display, lies), broken

    def _authority(
        self,
        before: State,
        seen: ReadBack | None,
        remote: bool,
        move: Move,
        broken: list[str],
    ) -> None:
        """I14, I15, I18 and I19, as far as one second shows them."""
        if not before.known or (seen is not None and seen.config_hash != HASH):
            self.fired["I19"] += 1
            if remote and (seen is None or seen.config_hash != HASH):
                broken.append("I19 commanded without a full look at the right configuration")
        flashing = seen is not None and (
            seen.flash or any(lamp > Lamp.GREEN for lamp in seen.lamps)
        )
        if flashing:
            self.fired["I18"] += 1
            if remote:
                broken.append("I18 commanded in flash")
        if before.mode is Mode.STEERING and move.request is None and before.silent_ms >= SECOND_MS:
            self.fired["I15"] += 1
            if remote:
                broken.append("I15 commanded without a valid request for 2 s")


def explore(
    world: World,
    name: str,
    starts: Iterable[Situation],
    moves: Callable[[World, Situation], Iterable[Move]],
    *,
    budget_s: float = math.inf,
) -> Found:
    """Visit every situation that can be reached, or as many as `budget_s` of CPU allows."""
    begun = time.process_time()
    found = Found(name)
    interned: dict[Hashable, Hashable] = {}
    numbers: dict[Situation, int] = {}
    queue: list[Situation] = []
    parents: list[tuple[int, str]] = []
    for start in starts:
        numbers[start] = len(queue)
        queue.append(start)
        parents.append((-1, "start"))
    place = 0
    while place < len(queue):
        if place % 512 == 0 and time.process_time() - begun > budget_s:
            found.complete = False
            break
        situation = queue[place]
        for move in moves(world, situation):
            found.transitions += 1
            after, broken = world.after(situation, move)
            if broken:
                for sentence in broken:
                    found.broken[sentence.split()[0]] += 1
                if len(found.traces) < 5:
                    found.traces.append([*_path(parents, place), move.name, *broken])
                continue
            if after not in numbers:
                after = Situation(*(interned.setdefault(part, part) for part in after))  # type: ignore[arg-type]
                numbers[after] = len(queue)
                queue.append(after)
                parents.append((place, move.name))
        place += 1
    found.states = len(queue)
    found.controllers = {situation.controller for situation in queue}
    found.fired = world.watch.fired + world.fired
    found.cpu_s = time.process_time() - begun
    return found


def _path(parents: list[tuple[int, str]], place: int) -> list[str]:
    names = []
    while place >= 0:
        place, name = parents[place]
        names.append(name)
    return names[::-1]


def _mask(groups: frozenset[int]) -> int:
    return sum(1 << group for group in groups)


def _shifted(state: State) -> State:
    """The same memory a second earlier and with sequence numbers from zero."""
    standing = state.standing
    if standing is not None:
        if standing.expires_ms <= 2 * SECOND_MS:
            standing = None  # over before the next second
        else:
            standing = Request(
                0,
                standing.expires_ms - SECOND_MS,
                standing.token,
                standing.hold,
                standing.force_off,
                standing.omit,
                standing.call,
                standing.pattern,
            )
    return state._replace(now_ms=0, sequence=0, standing=standing, strikes=())
