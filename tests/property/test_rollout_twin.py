"""The compiled rollout says what its naive twin says."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.kernels import rollout
from tests.naive import rollout as naive

FOREVER = 10_000
SECONDS = 16

shares = st.sampled_from((0.0, 0.25, 0.5, 1.0))
vehicles = st.sampled_from((0.0, 0.3, 1.0, 2.5, 7.0))
rates = st.sampled_from((0.25, 0.4, 0.5, 0.75))


def table(draw, values, *shape):
    count = int(np.prod(shape))
    return np.array(draw(st.lists(values, min_size=count, max_size=count))).reshape(shape)


@st.composite
def problems(draw):
    lanes, stages = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    protected = table(draw, shares, stages, lanes)
    yielding = (1 - protected) * table(draw, shares, stages, lanes)
    lasts = table(draw, st.integers(0, 6), stages, stages)
    begins = table(draw, st.integers(0, 6), stages, stages, lanes)
    return SimpleNamespace(
        stay=draw(st.sampled_from((0, 2, 5, FOREVER))),
        then=draw(st.integers(0, stages - 1)),
        now=draw(st.integers(0, stages - 1)),
        age=draw(st.integers(0, 9)),
        queue0=table(draw, vehicles, lanes),
        served0=table(draw, vehicles, lanes),
        hinder0=table(draw, st.sampled_from((0.0, 0.0, 1.0, 2.0)), lanes),
        arrivals=table(draw, st.sampled_from((0.0, 0.0, 0.4, 1.0)), lanes, SECONDS),
        saturation=table(draw, rates, lanes),
        protected=protected,
        yielding=yielding,
        opposes=table(draw, st.sampled_from((0.0, 1.0)), lanes, lanes),
        weight=protected + 0.4 * yielding,
        ends=table(draw, st.sampled_from((-FOREVER, 0, 2, FOREVER)), stages, stages, lanes),
        begins=np.where(begins > 5, FOREVER, begins),
        lasts=lasts,
        needs=table(draw, st.integers(1, 12), stages),
        room=table(draw, st.sampled_from((0.0, 2.0, 1e6)), lanes),
        refill=table(draw, st.sampled_from((0.0, 0.15)), lanes),
        stop_cost=table(draw, st.sampled_from((0.0, 4.0)), lanes),
        last_cost=draw(st.sampled_from((0.0, 15.0))),
        every=draw(st.sampled_from((1, 2, 5))),
        most=draw(st.sampled_from((0.0, 0.0, 2.0, 6.5))),
    )


def compiled(p):
    departures = np.full(p.arrivals.shape, np.nan)
    return rollout.roll(*vars(p).values(), departures), departures


def plain(p):
    """The same with lists in place of arrays: nothing of numpy's is left."""
    return SimpleNamespace(
        **{k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(p).items()}
    )


@settings(max_examples=150, deadline=None)
@given(problems())
def test_a_first_decision_costs_the_same_and_lets_out_the_same(p):
    cost, departures = compiled(p)
    expected, let_out, _ = naive.roll(plain(p))
    assert cost == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert departures == pytest.approx(np.array(let_out), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(problems(), st.lists(st.tuples(st.sampled_from((0, 2, 5, FOREVER)), st.integers(0, 2)), min_size=1, max_size=4))  # fmt: skip
def test_of_several_the_cheapest_is_taken(p, candidates):
    candidates = [(stay, then % len(p.needs)) for stay, then in candidates]
    stays, thens = (np.array(each) for each in zip(*candidates, strict=True))
    costs, departures = np.zeros(len(stays)), np.zeros(p.arrivals.shape)
    words = {k: v for k, v in vars(p).items() if k not in ("stay", "then")}
    winner = rollout.best(
        stays, thens, *words.values(), costs, departures, np.zeros(p.arrivals.shape)
    )
    played = []
    for p.stay, p.then in candidates:
        played.append(naive.roll(plain(p))[:2])
    expected = [cost for cost, _ in played]
    assert costs == pytest.approx(np.array(expected), rel=1e-9, abs=1e-6)
    assert expected[winner] == pytest.approx(min(expected), rel=1e-9, abs=1e-6)
    assert departures == pytest.approx(np.array(played[winner][1]), abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(problems(), st.lists(vehicles, min_size=3, max_size=3))
def test_the_base_policy_takes_the_stage_of_the_highest_index(p, soon):
    soon = soon[: len(p.queue0)]
    words = (p.now, p.queue0, np.array(soon), p.weight, p.lasts, p.saturation, p.needs)
    found = rollout.best_stage(*words)
    q = plain(p)
    index = naive.indices(q.now, q.queue0, soon, q.weight, q.lasts, q.saturation, q.needs)
    assert index[found] == pytest.approx(max(index), rel=1e-9, abs=2e-9)


@settings(max_examples=100, deadline=None)
@given(problems(), st.lists(vehicles, min_size=3, max_size=3), st.sampled_from((1.0, 2.0, 6.5)))
def test_on_a_grid_it_takes_the_fullest_stage(p, soon, most):
    soon = soon[: len(p.queue0)]
    found = rollout.fullest_stage(p.now, p.queue0, np.array(soon), p.protected, most)
    q = plain(p)
    assert found == naive.fullest_stage(q.now, q.queue0, soon, q.protected, most)


parts = st.sampled_from(((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.5, 0.25), (0.25, 0.0), (0.0, 0.0)))


@given(parts, vehicles, rates, st.sampled_from((0.0, 0.2, 1.0)), st.sampled_from((0.0, 1.0, 2.0)))
@settings(max_examples=60, deadline=None)
def test_a_second_of_green_lets_out_the_same(part, served, saturation, opposing, hinder):
    words = (*part, 1 - sum(part), served, saturation, opposing, hinder)
    assert rollout.service(*words) == pytest.approx(naive.service(*words), rel=1e-9, abs=1e-12)


def test_a_lane_with_one_unhindered_movement_flows_at_saturation():
    assert rollout.service(1.0, 0.0, 0.0, 5.0, 0.5, 0.0, 0.0) == pytest.approx(0.5)


def test_whoever_yields_lets_out_less_the_more_comes_against_him():
    out = [rollout.service(0.0, 1.0, 0.0, 0.0, 0.5, against, 0.0) for against in (0.0, 0.2, 0.5)]
    assert out[0] == pytest.approx(1 / rollout.FOLLOW_UP_S)
    assert out[0] > out[1] > out[2] > 0
