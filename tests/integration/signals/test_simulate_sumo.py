"""`ria signal plan` and `ria simulate --sumo`: a plan from a network, and the street it belongs to."""

import argparse
import asyncio

import pytest

from control import plan_file
from control.fingerprint import fingerprint
from edge.cli.main import parser
from edge.cli.simulate_sumo import sumo_street
from edge.config.site import JunctionSettings
from edge.errors import ConfigError
from simulators.conflict_monitor import Trip
from simulators.signal_cabinet import SignalCabinet
from tests.integration.signals.town import built


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return built(tmp_path_factory.mktemp("town"))


def planned(config, capsys, timing="field"):
    words = ["signal", "plan", str(config), "A0", "--timing", timing]
    arguments = parser().parse_args(words)
    assert arguments.command(arguments) == 0
    told = capsys.readouterr()
    assert "signal A0:" in told.err
    return plan_file.read_text(told.out)


def asked(config, for_s):
    return argparse.Namespace(sumo=config, for_s=for_s, seed=1, timing="field")


def settings(junction):
    return JunctionSettings("j1", "tlc", junction, tuple(d.id for d in junction.detectors))


def test_a_cabinet_of_the_plan_stands_in_the_network_it_came_from(config, capsys):
    junction = planned(config, capsys)
    stop = asyncio.Event()
    with sumo_street(settings(junction), asked(config, 90.0), stop) as street:
        cabinet = SignalCabinet(junction, street, fingerprint(junction))
        while not stop.is_set():
            cabinet.second()
        assert street.passed_s == 90
        assert cabinet.monitor.trip is Trip.NONE
        shown = cabinet.outputs()
        assert sum(shown[f"count_{k + 1}"] for k in range(len(junction.detectors))) > 20
    assert "90 s: " in capsys.readouterr().out


def test_a_plan_of_other_seconds_is_refused(config, capsys):
    junction = planned(config, capsys, "resco")
    with (
        pytest.raises(ConfigError, match=r"its plan is not what .* comes to with --timing field"),
        sumo_street(settings(junction), asked(config, 10.0), asyncio.Event()),
    ):
        pass


def test_a_signal_has_to_be_named_where_there_are_some(config):
    arguments = parser().parse_args(["signal", "plan", str(config)])
    with pytest.raises(ConfigError, match="name one of them"):
        arguments.command(arguments)
