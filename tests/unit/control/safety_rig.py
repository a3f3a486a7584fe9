"""A shield, told what the lamps are and asked what it lets through."""

from dataclasses import replace

from control.model import Detector, Junction, Kind, Lamp, Role, SignalGroup, Stage
from control.requests import LOCAL, Request
from control.safety import Mode, ReadBack, Shield

LAMPS = {"R": Lamp.RED, "Y": Lamp.YELLOW, "G": Lamp.GREEN, "D": Lamp.DARK, "F": Lamp.FLASH}


def junction(**changed):
    """0 through, 1 left that yields to it, 2 cross, 3 walkers across 0 and 1."""
    groups = (
        SignalGroup("through", yellow_s=3, minimum_green_s=5, maximum_green_s=30),
        SignalGroup("left", yellow_s=3, minimum_green_s=6, maximum_green_s=30),
        SignalGroup("cross", yellow_s=3, minimum_green_s=7, maximum_green_s=30),
        SignalGroup(
            "walk", yellow_s=4, minimum_green_s=8, maximum_green_s=30, kind=Kind.PEDESTRIAN
        ),
    )
    pairs = [(0, 2), (1, 2), (0, 3), (1, 3)]
    conflicts = frozenset(pairs) | frozenset((h, g) for g, h in pairs)
    made = Junction(
        id="j",
        groups=groups,
        conflicts=conflicts,
        yields=frozenset({(1, 0)}),
        intergreen_s={(g, h): groups[g].yellow_s + 2 for g, h in conflicts},
        stages=(Stage("main", frozenset({0, 1})), Stage("side", frozenset({2, 3}))),
    )
    return replace(made, **changed)


def forgetting(*groups):
    """A detector that lets a call go."""
    return Detector("d", Role.STOP_LINE, frozenset(groups), locks_call=False)


class Rig:
    def __init__(self, made=None, **changed):
        self.shield = Shield(made or junction(**changed))
        self.state = self.shield.start("h", "t")
        self.now_ms = 0
        self.sequence = 0
        self.told = None
        self.verdicts = ()

    def look(self, lamps, **changed):
        shown = tuple(LAMPS[letter] for letter in lamps)
        return replace(ReadBack(shown, True, "h"), **changed)

    def wish(self, **asked):
        self.sequence += 1
        life_ms = asked.pop("life_ms", 2_000)
        groups = {k: frozenset(v) if isinstance(v, set) else v for k, v in asked.items()}
        made = {"sequence": self.sequence, "token": "t", **groups}
        return Request(expires_ms=self.now_ms + life_ms, **made)

    def tick(self, lamps, after_ms=1_000, *, promises=(), silent=False, seen=..., **asked):
        """`after_ms` later the lamps are `lamps`, and this is wished; what reaches them."""
        self.now_ms += after_ms
        looked = {
            k: asked.pop(k) for k in ("calls", "age_ms", "remote", "flash", "fault") if k in asked
        }
        if "calls" in looked:
            looked["calls"] = frozenset(looked["calls"])
        if "config_hash" in asked:
            looked["config_hash"] = asked.pop("config_hash")
        if seen is ...:
            seen = None if lamps is None else self.look(lamps, **looked)
        request = None if silent else self.wish(**asked)
        self.state, self.told, self.verdicts = self.shield.step(
            self.state, seen, request, self.now_ms, promises
        )
        return self.told

    def hold(self, lamps, seconds, **asked):
        for _ in range(seconds):
            self.tick(lamps, **asked)
        return self.told

    @property
    def why(self):
        return {verdict.invariant for verdict in self.verdicts if not verdict.accepted}


def steering(lamps="GRRR", seconds=1, **changed):
    made = Rig(**changed)
    made.hold(lamps, seconds)
    assert made.state.mode is Mode.STEERING
    return made


def released(r):
    return r.state.mode is Mode.RELEASED and r.told == LOCAL and "I16" in r.why


def slow(**changed):
    """Long maximum greens, so that only the wait can end one."""
    groups = [replace(g, maximum_green_s=400, longest_wait_s=60) for g in junction().groups]
    for number, change in changed.items():
        groups[int(number[1:])] = replace(groups[int(number[1:])], **change)
    return tuple(groups)
