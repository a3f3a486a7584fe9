"""Everything slow is done before a planner says that it is ready: no compile while in control."""

import numpy as np

from control.model import Detector, Junction, Lamp, Role, SignalGroup, Stage
from control.observe import Observation
from control.service import MakeStrategy

SECONDS = 45
"""Of a made-up course, long enough for a change of stage with every branch before it."""


def trial() -> Junction:
    """Two roads that cross, with a loop at and before each stop line."""
    groups = (SignalGroup("a", 3, 7), SignalGroup("b", 3, 7))
    pairs = ((0, 1), (1, 0))
    return Junction(
        id="trial",
        groups=groups,
        conflicts=frozenset(pairs),
        yields=frozenset(),
        intergreen_s=dict.fromkeys(pairs, 5),
        stages=(Stage("a", frozenset({0})), Stage("b", frozenset({1}))),
        detectors=tuple(
            Detector(f"{lane}{role}", role, frozenset({g}), far_m, (lane,))
            for g, lane in enumerate("ab")
            for role, far_m in ((Role.STOP_LINE, 1.5), (Role.ADVANCE, 80.0), (Role.EXIT, 25.0))
        ),
        lanes={"a": frozenset({0}), "b": frozenset({1})},
    )


def warm(make: MakeStrategy) -> None:
    """Let a strategy decide over a made-up course, so that what it needs is compiled and loaded."""
    junction = trial()
    strategy = make(junction)
    shown, age_s = 0, 0
    count = len(junction.detectors)
    for second in range(SECONDS):
        busy = np.array([(second + d) % 3 == 0 for d in range(count)], np.float64)
        lamps = tuple(Lamp.GREEN if g == shown else Lamp.RED for g in range(2))
        stage = strategy.decide(
            Observation(second, lamps, (age_s, age_s), busy, busy * 0.5, frozenset({0, 1}))
        )
        shown, age_s = (stage, 0) if stage != shown else (shown, age_s + 1)
