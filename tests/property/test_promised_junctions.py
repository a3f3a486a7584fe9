"""At any sound junction, under any whims, every number on a display comes true."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from control.countdown import WHOLE_GREEN_S
from control.model import Lamp
from control.observe import Observation
from control.promised import Promised
from control.requests import Actuation
from control.staging import Staging
from edge.bench.safety.walks import random_junction
from simulators.signal_controller import SignalController

SECONDS = 200


class Whims:
    """Wants another stage at random, and foresees nonsense."""

    def __init__(self, chance, stages):
        self.chance, self.stages, self.wanted = chance, stages, 0

    def decide(self, seen):
        if self.chance.random() < 0.2:
            self.wanted = self.chance.randrange(self.stages)
        return self.wanted

    def foresee(self, now):
        return self.chance.randrange(30), self.chance.randrange(self.stages)


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0), st.sampled_from([1, 2, 3, 5, 8, 10, 20, WHOLE_GREEN_S]))
def test_every_number_comes_true(seed, last_s):
    chance = random.Random(seed)
    junction = random_junction(chance)
    whims = Whims(chance, len(junction.stages))
    promised = Promised(whims, junction, last_s, whims if last_s == WHOLE_GREEN_S else None)
    controller = SignalController(junction)
    for _ in range(junction.startup_red_s):
        controller.step()
    staging = Staging(junction)
    before = {}
    for at_s in range(SECONDS):
        was, age_s = tuple(controller.lamps), tuple(controller.age_s)
        stage = promised.decide(Observation(at_s, was, age_s, None, None))
        wish = staging.wish(was, age_s, stage)
        controller.step(Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True))
        for group, number in promised.shown.items():
            changed = controller.lamps[group] is not was[group]
            last = before.get(group)
            if number is not None:
                assert not changed, (at_s, group)
                assert was[group] in {Lamp.GREEN, Lamp.RED}
                assert last is None or number == last - 1
            elif last is not None:
                assert last == 1, (at_s, group)
                assert changed, (at_s, group)
        before = dict(promised.shown)
    assert promised.broken == 0
    assert promised.promises > 0 or len(junction.stages) == 1
