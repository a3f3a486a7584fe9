"""A short version of the proof, for mutants: a few seconds of CPU."""

import random
from collections import Counter

from edge.bench.safety import lies
from edge.bench.safety.adversary import Adversary
from edge.bench.safety.disagreement import stuck_green
from edge.bench.safety.explorer import World, explore
from edge.bench.safety.junctions import three
from edge.bench.safety.walks import Walk

WALKS = 15
STUCK = 10
SEARCH_S = 0.7


def judged() -> str:
    """The first thing that is wrong with the shield; empty where nothing is."""
    for seed in range(WALKS):
        if broken := Walk(random.Random(seed)).run(60):
            return broken[0]
    for seed in range(STUCK):
        if broken := stuck_green(random.Random(seed), Counter()):
            return broken[0]
    for options in (
        {"observed": 0, "gateway": False},
        {"observed": 2, "gateway": False},
        {"promises_s": (2,), "gateway": False},
        {},
    ):
        world = World(three(), omits=not options)
        moves = Adversary(world, **options).moves
        found = explore(world, "trial", [world.first()], moves, budget_s=SEARCH_S)
        if found.broken:
            return str(found.traces[0][-1])
    world = World(three(), careless=False)
    found = explore(world, "trial", [world.first(1)], lies.moves, budget_s=SEARCH_S)
    return str(found.traces[0][-1]) if found.broken else ""
