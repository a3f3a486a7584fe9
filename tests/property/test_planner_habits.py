"""Whatever the traffic: a stage there is, a minimum green that was had, nobody left waiting."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from control.model import Detector, Lamp, Role
from control.observe import Observation
from control.planner import Planner
from control.requests import Actuation
from control.staging import Staging
from edge.bench.safety.walks import random_junction
from simulators.signal_controller import SignalController

SECONDS = 400
seeds = st.integers(min_value=0)


def street(chance):
    """A random junction of vehicles with a lane, a stop line and an advance loop for each group."""
    made = random_junction(chance)
    lanes = {f"l{g}": frozenset({g}) for g in range(len(made.groups))}
    detectors = tuple(
        Detector(f"{role}{g}", role, frozenset({g}), away_m, (f"l{g}",))
        for g in range(len(made.groups))
        for role, away_m in ((Role.STOP_LINE, 1.5), (Role.ADVANCE, 80.0))
    )
    groups = tuple(replace(group, longest_wait_s=200) for group in made.groups)
    return replace(made, groups=groups, lanes=lanes, detectors=detectors)


def run(chance, junction, look):
    """Longest wait of a called group, from the call to its green; every choice is checked."""
    planner, staging, controller = Planner(junction), Staging(junction), SignalController(junction)
    waits = [0] * len(junction.groups)
    longest = [0] * len(junction.groups)
    for at_s in range(SECONDS):
        lamps, age_s = tuple(controller.lamps), tuple(controller.age_s)
        count, occupancy, called = look(at_s, lamps)
        stage = planner.decide(Observation(at_s, lamps, age_s, count, occupancy, calls=called))
        assert 0 <= stage < len(junction.stages)
        wish = staging.wish(lamps, age_s, stage)
        for g in wish.force_off:
            assert age_s[g] >= junction.groups[g].minimum_green_s
        controller.step(Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True))
        for g, lamp in enumerate(controller.lamps):
            waits[g] = 0 if lamp is Lamp.GREEN or g not in called else waits[g] + 1
            longest[g] = max(longest[g], waits[g])
    return longest


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_every_standing_call_is_served_in_time(seed):
    """All called all the time, the loops say whatever they like."""
    chance = random.Random(seed)
    junction = street(chance)
    noise = np.random.default_rng(seed % 2**32)
    everybody = frozenset(range(len(junction.groups)))

    def look(at_s, lamps):
        size = len(junction.detectors)
        occupancy = np.where(noise.random(size) < 0.3, 1.0, noise.random(size))
        return noise.integers(0, 2, size).astype(float), occupancy, everybody

    longest = run(chance, junction, look)
    for group, wait_s in zip(junction.groups, longest, strict=True):
        assert wait_s <= group.longest_wait_s


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_silent_detectors_break_nothing_and_starve_nobody(seed):
    chance = random.Random(seed)
    junction = street(chance)
    everybody = frozenset(range(len(junction.groups)))
    silence = np.full(len(junction.detectors), np.nan)
    longest = run(chance, junction, lambda at_s, lamps: (silence, silence, everybody))
    assert all(
        wait_s <= g.longest_wait_s for g, wait_s in zip(junction.groups, longest, strict=True)
    )


def test_nobody_there_changes_nothing():
    chance = random.Random(7)
    junction = street(chance)
    empty = np.zeros(len(junction.detectors))
    planner, staging, controller = Planner(junction), Staging(junction), SignalController(junction)
    chosen = []
    for at_s in range(SECONDS):
        lamps, age_s = tuple(controller.lamps), tuple(controller.age_s)
        chosen.append(planner.decide(Observation(at_s, lamps, age_s, empty, empty)))
        wish = staging.wish(lamps, age_s, chosen[-1])
        controller.step(Actuation(wish.hold, wish.force_off, wish.omit, wish.call, remote=True))
    assert len(set(chosen[-200:])) == 1
