"""Whatever detectors say or leave unsaid, demand is never read as nothing (I23)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.health import Condition, Health
from control.model import Detector, Junction, Lamp, Role, SignalGroup
from control.observe import Observation
from control.substitute import Source, Substitute

GROUPS = tuple(SignalGroup(f"g{i}", 3, 7) for i in range(3))
ODD = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 1.0, 3.0, 1e300])


@st.composite
def days(draw):
    """Detectors, and for some stretches of time what each says in every second."""
    detectors = tuple(
        Detector(f"d{i}", draw(st.sampled_from(Role)), frozenset({draw(st.integers(0, 2))}),
                 draw(st.sampled_from([0.0, 25.0, 80.0])))
        for i in range(draw(st.integers(1, 5)))
    )  # fmt: skip
    junction = Junction("j", GROUPS, frozenset(), frozenset(), {}, (), detectors)
    n = len(detectors)
    said = st.lists(ODD, min_size=n, max_size=n)
    return junction, draw(st.lists(st.tuples(said, said, st.integers(1, 25)), max_size=6))


def seconds(junction, stretches):
    at_s = 0
    for count, occupancy, lasts_s in stretches:
        for _ in range(lasts_s):
            green = at_s // 20 % 3
            lamps = tuple(Lamp.GREEN if g == green else Lamp.RED for g in range(3))
            yield Observation(at_s, lamps, (0,) * 3, np.array(count), np.array(occupancy))
            at_s += 1


@given(days())
def test_no_failed_detector_is_an_empty_road(day):
    junction, stretches = day
    health, substitute = Health(junction), Substitute(junction)
    unsaid_s = np.zeros(len(junction.detectors))
    for look in seconds(junction, stretches):
        verdict = health.judge(look)
        rates = substitute.rates(look, verdict, look.at_s)
        failed = ~verdict.good
        assert np.isfinite(rates.rate_s).all()
        assert (rates.rate_s[failed] >= 1 / 120 - 1e-12).all()
        assert (rates.source[failed] != Source.MEASURED).all()
        assert (rates.source[~failed] == Source.MEASURED).all()
        # who says nothing is found out within five seconds, and its groups are on recall at once
        unsaid_s = np.where(np.isfinite(look.count), 0, unsaid_s + 1)
        assert failed[unsaid_s >= 5].all()
        for i in np.flatnonzero(failed):
            detector = junction.detectors[i]
            if detector.role is not Role.EXIT:
                assert detector.groups <= verdict.recall


@given(days())
def test_a_verdict_changes_only_when_it_says_since_when(day):
    junction, stretches = day
    health = Health(junction)
    before = np.zeros(len(junction.detectors), np.int8)
    for look in seconds(junction, stretches):
        verdict = health.judge(look)
        moved = verdict.state != before
        assert (verdict.since_s[moved] == look.at_s).all()
        # no fault turns into another: one is declared, and cured
        assert ((before[moved] == Condition.GOOD) | (verdict.state[moved] == Condition.GOOD)).all()
        before = verdict.state.copy()


@pytest.mark.parametrize(("rate_s", "seed"), [(0.4, 0), (0.1, 1), (0.05, 2), (0.02, 3)])
def test_an_evening_that_gets_quieter_is_no_fault(rate_s, seed):
    """Two lanes and their advance loop under a signal: Poisson arrivals, halving twice an hour."""
    detectors = (
        Detector("left", Role.STOP_LINE, frozenset({0})),
        Detector("right", Role.STOP_LINE, frozenset({0})),
        Detector("up", Role.ADVANCE, frozenset({0}), 60.0),
    )
    health = Health(Junction("j", GROUPS[:1], frozenset(), frozenset(), {}, (), detectors))
    random = np.random.default_rng(seed)
    arriving = random.poisson(rate_s * 0.5 ** (np.arange(4500) // 1800)[:, None], (4500, 2))
    queue = np.zeros(2)
    for at_s in range(len(arriving)):
        green = at_s % 60 < 30
        queue += arriving[at_s]
        passed = (queue > 0) & green & (at_s % 2 == 0)
        queue -= passed
        count = np.array([*passed, arriving[at_s].sum()], float)
        cover = np.minimum(0.4 * count, 1.0)
        cover[:2] = np.where(queue > 0, np.where(passed, 0.7, 1.0), cover[:2])
        lamps = (Lamp.GREEN if green else Lamp.RED,)
        verdict = health.judge(Observation(at_s, lamps, (at_s % 30,), count, cover))
        assert verdict.good.all(), (at_s, verdict.state)
