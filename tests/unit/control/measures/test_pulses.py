"""Pulses drawn from counts and occupancies keep both."""

from itertools import pairwise

import numpy as np
import pytest

from control.measures.pulses import Pulses


def drawn(seconds):
    """Edges of one detector that told `(count, occupancy)` second by second."""
    pulses = Pulses(1)
    return [
        edge
        for second, (count, occupancy) in enumerate(seconds)
        for edge in pulses.second(1000 * second, np.array([count]), np.array([occupancy]))
    ]


def test_a_standing_vehicle_is_one_pulse():
    edges = drawn([(0, 0.6), (0, 1.0), (1, 0.3), (0, 0.0)])
    assert [(edge.at_ms, edge.on) for edge in edges] == [(400, True), (2300, False)]


def test_silence_draws_nothing():
    assert drawn([(np.nan, np.nan), (np.nan, 1.0)]) == []


def test_counts_occupancies_and_turns_hold():
    chance = np.random.default_rng(4)
    seconds = [(int(chance.integers(0, 4)), float(chance.uniform())) for _ in range(400)]
    edges = drawn(seconds)
    turns = [edge.on for edge in edges]
    assert turns == [place % 2 == 0 for place in range(len(turns))]
    at_ms = [edge.at_ms for edge in edges]
    assert all(a < b for a, b in pairwise(at_ms))
    # a vehicle that came without having been counted ends its pulse too
    uncounted = 0
    was_on = False
    for second, (count, occupancy) in enumerate(seconds):
        here = [edge for edge in edges if edge.at_ms // 1000 == second]
        ends = sum(not edge.on for edge in here)
        knots = [1000 * second, *(edge.at_ms for edge in here), 1000 * (second + 1)]
        states = [was_on, *(edge.on for edge in here)]
        on_ms = sum(b - a for a, b, on in zip(knots, knots[1:], states, strict=False) if on)
        uncounted += ends - count
        assert ends - count in (0, 1 if count == 0 else 0)
        assert on_ms == pytest.approx(1000 * occupancy, abs=8)
        was_on = states[-1]
    assert uncounted > 0
