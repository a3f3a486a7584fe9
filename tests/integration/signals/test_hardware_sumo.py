"""A SUMO junction behind real sockets gives the delay that it gives without them."""

import subprocess

import pytest
import sumolib

from control.actuated import Actuated
from control.net.timing import Timing
from edge.bench.signals.hardware import Case, direct, lockstep
from edge.errors import ConfigError
from simulators.conflict_monitor import Trip

SIGNAL = "A0"
WITHIN = 0.05
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A crossing, and steady traffic over it."""
    folder = tmp_path_factory.mktemp("town")
    net = folder / "cross.net.xml"
    words = ["--grid", "--grid.number", "1", "--grid.attach-length", "200", "--turn-lanes", "1",
             "--default-junction-type", "traffic_light", "--seed", "3", "-o", str(net)]  # fmt: skip
    subprocess.run(
        [sumolib.checkBinary("netgenerate"), *words], check=True, capture_output=True, timeout=60
    )
    ways = (("left0A0", "A0right0"), ("right0A0", "A0bottom0"), ("top0A0", "A0bottom0"),
            ("bottom0A0", "A0left0"))  # fmt: skip
    flows = "".join(
        f'<flow id="{a}" from="{a}" to="{b}" begin="0" end="600" probability="0.12"/>'
        for a, b in ways
    )
    (folder / "cross.rou.xml").write_text(f"<routes>{flows}</routes>")
    cfg = folder / "cross.sumocfg"
    cfg.write_text(
        '<configuration><input><net-file value="cross.net.xml"/>'
        '<route-files value="cross.rou.xml"/></input></configuration>'
    )
    return cfg


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
