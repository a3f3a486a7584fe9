"""Every change of stage of a random sound junction, run by the controller that times it itself."""

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from control.model import Lamp
from control.requests import Actuation
from control.staging import Staging
from edge.bench.safety.invariants import Watch
from edge.bench.safety.walks import random_junction
from simulators.signal_controller import SignalController

JUDGED = ("I1", "I2", "I3", "I4", "I5", "I6", "I9", "I31")
LONG_S = 60
"""More than any minimum green, intergreen or red that random junctions have."""

seeds = st.integers(min_value=0)


class Driven:
    """A junction led by its staging, watched by the independent judge."""

    def __init__(self, junction):
        self.junction = junction
        self.staging = Staging(junction)
        self.controller = SignalController(junction)
        self.watch = Watch(junction)
        self.memory = self.watch.first(self.controller.lamps)
        self.broken = []
        for _ in range(junction.startup_red_s):
            self.controller.step()

    @property
    def green(self):
        return {g for g, lamp in enumerate(self.controller.lamps) if lamp is Lamp.GREEN}

    def second(self, stage):
        lamps, age_s = tuple(self.controller.lamps), tuple(self.controller.age_s)
        wish = self.staging.wish(lamps, age_s, stage)
        assert not wish.hold & wish.force_off
        assert not wish.call & wish.omit
        self.controller.step(
            Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True)
        )
        self.memory, broken = self.watch.step(self.memory, self.controller.lamps)
        self.broken += [one for one in broken if one.split()[0] in JUDGED]

    def settle(self, stage, most_s=4 * LONG_S):
        """Until its stage is whole and everything before it is long forgotten."""
        for _ in range(most_s):
            self.second(stage)
            if self.green == self.junction.stages[stage].green:
                break
        assert self.green == self.junction.stages[stage].green
        for _ in range(LONG_S):
            self.second(stage)
        assert self.green == self.junction.stages[stage].green


@settings(max_examples=25, deadline=None)
@given(seeds)
@example(40)  # a green begins beside an old one that yields to it
def test_every_change_reaches_its_stage_when_it_was_said_and_breaks_nothing(seed):
    driven = Driven(random_junction(random.Random(seed)))
    stages = driven.junction.stages
    for before in range(len(stages)):
        for after in range(len(stages)):
            driven.settle(before)
            if stages[before].green == stages[after].green:
                continue
            change = driven.staging.change(before, after)
            ended, begun = {}, {}
            was = set(driven.green)
            for at_s in range(change.lasts_s + 1):
                driven.second(after)
                now = driven.green
                ended |= dict.fromkeys(was - now, at_s)
                begun |= dict.fromkeys(now - was, at_s)
                was = now
            assert driven.green == stages[after].green
            assert ended == change.ends_s
            assert begun == change.begins_s
    assert driven.broken == []


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_change_of_mind_at_any_second_breaks_nothing_and_arrives(seed):
    chance = random.Random(seed)
    driven = Driven(random_junction(chance))
    stage = 0
    for _ in range(120):
        if chance.random() < 0.15:
            stage = chance.randrange(len(driven.junction.stages))
        driven.second(stage)
    driven.settle(stage)
    assert driven.broken == []
