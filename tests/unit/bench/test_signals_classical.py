"""Greedy and max pressure on their grid, and detectors that fail."""

import numpy as np
import pytest

from control.model import Junction, Lamp, SignalGroup, Stage
from control.observe import Observation, Vehicles
from edge.bench.signals.broken import KINDS, Broken
from edge.bench.signals.classical import Greedy, MaxPressure
from edge.bench.signals.spec import DetectorFailures

G, R = Lamp.GREEN, Lamp.RED
PAIRS = frozenset({(0, 1), (1, 0), (1, 2), (2, 1)})
JUNCTION = Junction(
    id="j",
    groups=tuple(SignalGroup(str(g), 3, 7) for g in range(3)),
    conflicts=PAIRS,
    yields=frozenset({(2, 0)}),
    intergreen_s=dict.fromkeys(sorted(PAIRS), 5),
    stages=(Stage("main", frozenset({0, 2}), frozenset({2})), Stage("side", frozenset({1}))),
    lanes={"main": frozenset({0}), "side": frozenset({1}), "left": frozenset({2})},
)
MAIN, SIDE, LEFT = range(3)


def seen(at_s, lamps, *vehicles):
    """Vehicles as (lane, metres to go, speed)."""
    lane, distance, speed = zip(*vehicles, strict=True) if vehicles else ((), (), ())
    return Observation(
        at_s, lamps, (100,) * 3, np.zeros(0), np.zeros(0),
        vehicles=Vehicles(
            np.array(lane, dtype=np.int64), np.array(distance, dtype=float),
            np.array(speed, dtype=float), np.zeros((3, 3)),
        ),
    )  # fmt: skip


IN_MAIN, IN_SIDE, CHANGING = (G, R, G), (R, G, R), (Lamp.YELLOW, R, G)


def test_greedy_counts_vehicles_within_50_m_of_stages_that_need_not_yield():
    greedy = Greedy(JUNCTION, 5)
    assert greedy.decide(seen(5, IN_MAIN, (SIDE, 49, 10), (MAIN, 51, 0))) == 1
    greedy = Greedy(JUNCTION, 5)
    assert greedy.decide(seen(5, IN_MAIN, (LEFT, 3, 0), (LEFT, 9, 0), (SIDE, 3, 0))) == 1


def test_a_tie_keeps_the_running_stage():
    greedy = Greedy(JUNCTION, 5)
    assert greedy.decide(seen(5, IN_MAIN, (SIDE, 9, 0), (MAIN, 9, 0))) == 0
    assert greedy.decide(seen(10, IN_MAIN)) == 0


def test_only_on_the_grid_and_never_in_a_change():
    greedy = Greedy(JUNCTION, 10)
    waiting = (SIDE, 9, 0)
    assert greedy.decide(seen(9, IN_MAIN, waiting)) == 0
    assert greedy.decide(seen(10, CHANGING, waiting)) == 0
    assert greedy.decide(seen(20, IN_MAIN, waiting)) == 1
    assert greedy.decide(seen(30, CHANGING, (MAIN, 9, 0))) == 1
    assert greedy.decide(seen(40, IN_SIDE, (MAIN, 9, 0))) == 0


def test_max_pressure_is_what_stands_before_less_what_stands_behind():
    behind = np.zeros(3)
    pressure = MaxPressure(JUNCTION, 5, lambda: behind)
    rolling = ((MAIN, 9, 5),) * 9
    assert pressure.decide(seen(5, IN_MAIN, (SIDE, 9, 0), *rolling)) == 1
    behind[1] = 2.0
    pressure = MaxPressure(JUNCTION, 5, lambda: behind)
    assert pressure.decide(seen(5, IN_MAIN, (SIDE, 9, 0))) == 0
    assert pressure.decide(seen(10, IN_MAIN, *((SIDE, 9, 0),) * 3)) == 1


def failed(share, seed=1, detectors=400, at_s=200):
    broken = Broken(DetectorFailures(share, 100, seed), 50, "S", detectors)
    return broken.second(at_s, np.full(detectors, 0.5), np.full(detectors, 0.25))


def test_nothing_fails_before_its_second_nor_without_failures():
    count, occupancy = np.full(9, 0.5), np.full(9, 0.25)
    for broken, at_s in (
        (Broken(None, 0, "S", 9), 10_000),
        (Broken(DetectorFailures(1.0, 100, 1), 50, "S", 9), 149),
    ):
        assert all((a == b).all() for a, b in zip(broken.second(at_s, count, occupancy), (count, occupancy), strict=True))  # fmt: skip


def test_the_share_that_was_asked_for_fails_in_all_the_ways_there_are():
    count, occupancy = failed(0.3)
    well = (count == 0.5) & (occupancy == 0.25)
    assert 0.6 < well.mean() < 0.8
    kinds = {
        "on": (count == 0) & (occupancy == 1),
        "off": (count == 0) & (occupancy == 0),
        "silent": np.isnan(count) & np.isnan(occupancy),
    }
    kinds["chatter"] = ~(well | kinds["on"] | kinds["off"] | kinds["silent"])
    assert set(kinds) == set(KINDS)
    assert all(found.any() for found in kinds.values())
    assert not (failed(1.0)[0] == 0.5).any()


def test_the_draw_is_the_seeds_and_the_signals():
    silent = {
        key: tuple(np.isnan(Broken(DetectorFailures(0.5, 0, seed), 0, name, 60).second(1, np.zeros(60), np.ones(60) / 2)[0]))
        for key, name, seed in (("a", "S", 1), ("b", "S", 1), ("c", "S", 2), ("d", "T", 1))
    }  # fmt: skip
    assert silent["a"] == silent["b"]
    assert len({silent["a"], silent["c"], silent["d"]}) == 3


def test_what_was_measured_is_not_changed_in_place():
    count, occupancy = np.full(9, 0.5), np.full(9, 0.25)
    Broken(DetectorFailures(1.0, 0, 1), 0, "S", 9).second(5, count, occupancy)
    assert (count == 0.5).all()
    assert (occupancy == 0.25).all()


def test_without_positions_the_rules_say_so():
    nobody = Observation(5, IN_MAIN, (100,) * 3, np.zeros(0), np.zeros(0))
    with pytest.raises(ValueError, match="no positions at 5 s"):
        Greedy(JUNCTION, 5).decide(nobody)
