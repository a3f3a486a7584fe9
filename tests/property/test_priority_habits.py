"""Whatever buses call, also false ones: nobody waits too long, nothing is refused, little is lost."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from control.model import Kind, Lamp, TimePlan
from control.observe import BusCall, Observation, Vehicles
from control.planner import Planner
from control.priority import EXTENSION_S
from control.requests import Request
from control.safety import ReadBack, Shield
from control.staging import Staging
from edge.bench.safety.walks import random_junction
from simulators.signal_controller import SignalController
from tests.unit.control.crossroads import MAIN, SIDE, World, crossroads

SECONDS = 300
seeds = st.integers(min_value=0, max_value=2**32 - 1)


def place(chance):
    """Any junction; whoever drives has a lane; sometimes with a plan for when it is full."""
    made = random_junction(chance)
    groups = tuple(replace(group, longest_wait_s=200) for group in made.groups)
    lanes = {
        f"l{g}": frozenset({g}) for g, group in enumerate(groups) if group.kind is Kind.VEHICLE
    }
    order = tuple(range(len(made.stages)))
    plans = (TimePlan("p", order, tuple(20 for _ in order)),) if chance.random() < 0.3 else ()
    return replace(made, groups=groups, lanes=lanes, plans=plans)


def false_calls(chance, groups, at_s):
    """Buses that come, do not come, have gone, never go; for anything that has a number."""
    return tuple(
        BusCall(
            f"b{chance.randrange(40)}",
            chance.randrange(groups + 2),
            at_s + chance.randint(-90, 90),
            at_s + chance.randint(-10, 900),
            chance.choice((0.0, 1.0, 40.0, 300.0)),
        )
        for _ in range(chance.choice((0, 1, 1, 3, 25)))
    )


def driven(chance, junction):
    """Every second of a run with all groups called: what was refused, waits, grants in a wait."""
    planner, staging, shield = Planner(junction, 200.0), Staging(junction), Shield(junction)
    controller, state = SignalController(junction), shield.start("x", "t")
    count, lanes = len(junction.groups), len(junction.lanes)
    waits, longest, through, refused = [0] * count, [0] * count, [0] * count, []
    noise = np.random.default_rng(chance.getrandbits(32))
    everybody, most = frozenset(range(count)), 0
    for at_s in range(SECONDS):
        lamps, age_s = tuple(controller.lamps), tuple(controller.age_s)
        there = int(noise.integers(0, 12)) if lanes else 0
        speed_ms = np.where(noise.random(there) < 0.5, 0.0, 10.0)
        vehicles = Vehicles(
            noise.integers(0, max(1, lanes), there), noise.random(there) * 200, speed_ms,
            np.zeros((lanes, count)),
        )  # fmt: skip
        before = planner.priority.granted
        seen = Observation(
            at_s, lamps, age_s, np.zeros(0), np.zeros(0), everybody, vehicles,
            buses=false_calls(chance, count, at_s),
        )  # fmt: skip
        stage = planner.decide(seen)
        assert 0 <= stage < len(junction.stages)
        wish = staging.wish(lamps, age_s, stage)
        assert all(age_s[g] >= junction.groups[g].minimum_green_s for g in wish.force_off)
        request = Request(
            at_s + 1, 1000 * at_s + 2000, "t", wish.hold, wish.force_off, wish.omit, wish.call
        )
        called = frozenset(g for g in range(count) if controller.calls[g])
        read = ReadBack(lamps, remote=True, config_hash="x", calls=called, age_ms=1000)
        state, told, verdicts = shield.step(state, read, request, 1000 * at_s)
        refused += [verdict for verdict in verdicts if not verdict.accepted]
        controller.step(told)
        for g in range(count):
            if waits[g] and g not in junction.stages[stage].green:
                through[g] += planner.priority.granted - before
            waits[g] = 0 if controller.lamps[g] is Lamp.GREEN else waits[g] + 1
            through[g] = through[g] if waits[g] else 0
            longest[g] = max(longest[g], waits[g])
            most = max(most, through[g])
    return refused, longest, most


@settings(max_examples=12, deadline=None)
@given(seeds)
def test_no_stream_of_calls_starves_anybody_or_is_refused(seed):
    chance = random.Random(seed)
    junction = place(chance)
    refused, longest, most = driven(chance, junction)
    assert not refused
    for group, wait_s in zip(junction.groups, longest, strict=True):
        assert wait_s <= group.longest_wait_s
    assert most <= 1


def lost_s(called, plain):
    """Seconds that the cars of both roads lose by the calls."""
    with_calls, without = (each.delay_s[MAIN] + each.delay_s[SIDE] for each in (called, plain))
    return sum(with_calls) - sum(without)


RED_S = EXTENSION_S + 10 + 7 + 10
"""For so long a grant keeps a road waiting at most."""


def most_lost_s(world):
    """A red more for each grant, for all who come meanwhile."""
    return (world.planner.priority.granted + 1) * RED_S**2 * max(world.rates_s)


def with_and_without_calls(seed, lane):
    words = {"rates_s": (0.2, 0.1), "bus_every_s": 90, "bus_lane": lane, "seed": seed}
    return World(crossroads(), **words).run(540), World(crossroads(), **words, calls=False).run(540)


def test_buses_that_call_are_sooner_through():
    """Six courses on both roads taken together: in any one, what has changed may cost a bus."""
    gain_s = 0.0
    for seed in range(6):
        for lane in (MAIN, SIDE):
            called, plain = with_and_without_calls(seed, lane)
            gain_s += sum(plain.delay_s["bus"]) - sum(called.delay_s["bus"])
    assert gain_s > 0


@settings(max_examples=5, deadline=None)
@given(seeds, st.sampled_from((MAIN, SIDE)))
def test_what_a_bus_that_calls_may_lose_and_others_do_is_bounded(seed, lane):
    """Car by car, with and without the calls."""
    called, plain = with_and_without_calls(seed, lane)
    for with_call, without in zip(called.delay_s["bus"], plain.delay_s["bus"], strict=False):
        assert with_call - without <= RED_S  # a course that has changed meets one red at the worst
    assert not called.refused
    assert max(called.longest_s) <= 120
    assert lost_s(called, plain) <= most_lost_s(called)


@settings(max_examples=4, deadline=None)
@given(seeds)
def test_calls_that_never_end_cost_a_bounded_loss_that_is_given_back(seed):
    """False buses on the main road for ever; whoever came from the side has left."""
    plain = World(crossroads(), (0.05, 0.2), seed=seed).run(400)
    called = World(crossroads(), (0.05, 0.2), seed=seed)
    for _ in range(400):
        called.more = (BusCall(f"b{called.at_s // 7}", MAIN, called.at_s + 9, 10**6),)
        called.second()
    assert max(called.longest_s) <= 120
    assert not called.refused
    assert lost_s(called, plain) <= most_lost_s(called)
    assert len(called.delay_s[SIDE]) >= len(plain.delay_s[SIDE]) - 15
