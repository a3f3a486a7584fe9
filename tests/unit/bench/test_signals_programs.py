"""Programs for SUMO's own controllers: the net's plan, its changes under other intervals."""

import xml.etree.ElementTree as ET

import pytest

from control.net import derive as nets
from control.net.timing import Timing
from edge.bench.signals import programs
from edge.bench.signals.spec import Controller
from tests.unit.control.net.drawn import Walk, Way, network

EAST = Way(0, "w_0", "e_0", "-15,0 15,0")
NORTH = Way(1, "s_0", "n_0", "0,-15 0,15")
ACROSS = Walk(2, "10,-6 10,6")
CROSS = (("GrG", 20), ("Grr", 4), ("yrr", 3), ("rrr", 1), ("rGr", 20, 8, 30), ("ryr", 3))
PLAIN = tuple((state, seconds) for state, seconds, *_ in CROSS)


@pytest.fixture
def written(tmp_path):
    def write(controller, timing, program=CROSS):
        path = tmp_path / "j.net.xml"
        path.write_text(network((EAST, NORTH), program, walks=(ACROSS,), foes={(0, 1), (1, 2)}))
        _, derived = nets.read(path, [], timing)
        file = programs.write(derived, controller, timing, tmp_path)
        return None if file is None else ET.parse(file).getroot().find("tlLogic")

    return write


def of(logic):
    return [(p.get("state"), int(p.get("duration"))) for p in logic]


def ranges(logic):
    return {p.get("state"): (p.get("minDur"), p.get("maxDur")) for p in logic if p.get("minDur")}


def test_the_nets_own_program_serves_as_it_stands(written):
    assert written(Controller.FIXED, Timing.SCENARIO) is None


def test_in_scenario_timing_the_phases_stay_and_greens_get_a_range(written):
    logic = written(Controller.ACTUATED, Timing.SCENARIO)
    assert logic.get("type") == "actuated"
    assert of(logic) == [(state, seconds) for state, seconds, *_ in CROSS]
    assert ranges(logic) == {"GrG": ("5", "50"), "rGr": ("8", "30")}


@pytest.mark.parametrize("timing", [Timing.RESCO, Timing.FIELD])
def test_other_intervals_keep_the_cycle_of_the_plan(written, timing):
    logic = written(Controller.FIXED, timing, PLAIN)
    assert logic.get("type") == "static"
    assert sum(seconds for _, seconds in of(logic)) == sum(seconds for _, seconds, *_ in PLAIN)
    assert ranges(logic) == {}
    assert of(logic)[0][0] == "GrG"


def test_field_timing_between_the_greens(written):
    """Ten seconds for 12 m on foot, of which the road beside may use all but its own five."""
    logic = written(Controller.FIXED, Timing.FIELD, PLAIN)
    assert of(logic) == [
        ("GrG", 18), ("Grr", 5), ("yrr", 3), ("rrr", 2), ("rGr", 18), ("ryr", 3), ("rrr", 2)
    ]  # fmt: skip


@pytest.mark.parametrize("controller", [Controller.ACTUATED, Controller.DELAY])
def test_every_stage_has_its_minimum_green_and_a_maximum(written, controller):
    logic = written(controller, Timing.FIELD)
    assert ranges(logic) == {"GrG": ("7", "50"), "rGr": ("7", "50")}


def test_a_cycle_that_is_cut_elsewhere_is_in_step_with_the_net(written):
    """Cut in mid-green it still begins with a stage, and the offset says when."""
    turned = (("GrG", 7), *PLAIN[1:], ("GrG", 13))
    logic = written(Controller.FIXED, Timing.FIELD, turned)
    assert of(logic)[0] == ("rGr", 18)
    assert int(logic.get("offset")) == 7 + 4 + 3 + 1


def test_a_signal_of_one_stage_keeps_its_cycle(written):
    logic = written(Controller.FIXED, Timing.RESCO, (("yyr", 3), ("GGG", 20)))
    assert sum(seconds for _, seconds in of(logic)) == 23
