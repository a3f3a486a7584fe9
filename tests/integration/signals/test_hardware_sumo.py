"""A SUMO junction behind real sockets gives the delay that it gives without them."""

import pytest

from control.fallback.actuated import Actuated
from control.net.timing import Timing
from edge.bench.signals.hardware import Case, direct, lockstep
from edge.errors import ConfigError
from simulators.conflict_monitor import Trip
from tests.integration.signals.town import built

SIGNAL = "A0"
WITHIN = 0.05
SEEDS = (1, 2)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return built(tmp_path_factory.mktemp("town"))


@pytest.mark.parametrize("seed", SEEDS)
def test_sockets_cost_no_delay(config, seed):
    case = Case(config, 0, 200, seed, Timing.FIELD, SIGNAL)
    wired, plain = lockstep(case, Actuated), direct(case, Actuated)
    assert wired.trip is Trip.NONE
    assert wired.steered_s >= 200
    assert wired.score.n == plain.score.n > 50
    assert not wired.score.locked
    assert wired.score.delay_s == pytest.approx(plain.score.delay_s, rel=WITHIN)


def test_a_signal_that_is_not_there_is_named(config):
    with pytest.raises(ConfigError, match=r"has the signals A0, .*; name one of them"):
        lockstep(Case(config, 0, 60, 1, signal="B7"), Actuated)
