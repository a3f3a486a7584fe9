"""Controllers that do other than they were told, and what the shield makes of it (I16, I22)."""

import random
from collections import Counter

from control.ladder import HEALTHY_S, Ladder, Rung, Symptoms
from control.model import Lamp
from control.requests import LOCAL, Request
from control.safety import Mode, ReadBack, Shield
from edge.bench.safety.walks import random_junction

HASH = "the configuration"
LATEST_MS = 3_000
"""A green told to end in one second is seen to stand in the third at the latest."""


def stuck_green(chance: random.Random, fired: Counter[str]) -> list[str]:
    """A green that never ends: control is released, the third time for good, until a reset."""
    broken: list[str] = []
    junction = random_junction(chance)
    count = len(junction.groups)
    stuck = chance.randrange(count)
    lamps = tuple(Lamp.GREEN if g == stuck else Lamp.RED for g in range(count))
    seen = ReadBack(lamps, remote=True, config_hash=HASH, age_ms=1_000)
    shield = Shield(junction)
    state, told = shield.start(HASH, "0"), LOCAL
    now_ms = 0
    minimum_ms = 1_000 * junction.groups[stuck].minimum_green_s
    for strike in range(1, 4):
        since_ms = None
        for number in range(minimum_ms // 1_000 + 8):
            now_ms += 1_000
            request = Request(
                number, now_ms + 2_000, state.token, force_off=frozenset(range(count))
            )
            state, told, _ = shield.step(state, seen, request, now_ms)
            if state.mode in {Mode.RELEASED, Mode.LOCKED}:
                break
            if told.force_off and since_ms is None:
                since_ms = now_ms
        fired["I16"] += 1
        if since_ms is None or not 0 < now_ms - since_ms <= LATEST_MS or told.remote:
            broken.append(f"I16 a stuck green was not noticed in time: {since_ms} to {now_ms} ms")
        if (state.mode is Mode.LOCKED) is not (strike == 3):
            broken.append(f"I16 after disagreement {strike} the shield is {state.mode.name}")
        state = shield.take_over(state, str(strike))
    if state.mode is not Mode.LOCKED:
        broken.append("I16 a takeover has lifted the lock-out")
    if shield.reset(state, "9").mode is not Mode.WATCHING:
        broken.append("I16 an operator's reset has not lifted the lock-out")
    return broken


def ladder(chance: random.Random, fired: Counter[str]) -> list[str]:
    """Faults at random: no rung above what works, and none up without long health."""
    broken: list[str] = []
    steps = Ladder()
    ill_s = dict.fromkeys(Rung, 0)
    """When each rung would last not have worked."""
    before = steps.rung
    for at_s in range(chance.randint(400, 1_500)):
        ill = chance.random() < 0.004
        symptoms = Symptoms(
            planner_misses=3 if ill else 0,
            linked=chance.random() > 0.001,
            failed_detectors=chance.choice((0.0, 0.6, 1.0)) if ill else 0.0,
        )
        rung = steps.step(at_s, symptoms)
        ill_s.update({worse: at_s for worse in Rung if worse < steps.best(symptoms)})
        if rung != before:
            fired["I22"] += 1
        if rung < steps.best(symptoms):
            broken.append(f"I22 on {rung.name} where {steps.best(symptoms).name} is the best")
        if rung < before and at_s - ill_s[rung] < HEALTHY_S:
            broken.append(f"I22 up to {rung.name} after {at_s - ill_s[rung]} s of health")
        before = rung
    return broken
