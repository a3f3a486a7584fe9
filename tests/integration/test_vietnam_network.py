"""Networks of ours under SUMO: what was built is what was meant, and its stop line is credible."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from control.net import network, programs
from control.net.derive import derive
from control.net.timing import Timing
from edge.bench.signals.saturation import (
    COMPOSITIONS,
    measure,
    steady_mcu_s_m,
    units_by_regression,
)
from simulators.sumo.vietnam.approach import CYCLE_S, GREEN_S, Approach, saturated
from simulators.sumo.vietnam.scenes import Scene, arterial, crossing
from simulators.sumo.vietnam.sumo_call import call
from simulators.sumo.vietnam.vehicles import Traffic

SPAN_S = 180


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An arterial of two signals and a junction with crossings."""
    folder = tmp_path_factory.mktemp("streets")
    return {
        "arterial": arterial(folder / "a", Scene(junctions=2, span_s=SPAN_S)),
        "crossing": crossing(folder / "c", Scene(span_s=SPAN_S)),
    }


@pytest.fixture(params=["arterial", "crossing"])
def cfg(request, built):
    return built[request.param]


def states(cfg):
    net = cfg.with_suffix(".net.xml")
    return {
        signal: [(int(phase.duration_s), phase.state) for phase in program.phases]
        for signal, program in programs.read([net]).items()
    }


def crossings(cfg):
    """Link → width of the road that those on foot cross on it."""
    root = ET.parse(cfg.with_suffix(".net.xml")).getroot()
    edges = {edge.get("id"): edge for edge in root.iter("edge")}
    found = {}
    for way in root.iter("connection"):
        over = edges[way.get("to")].get("crossingEdges")
        if way.get("linkIndex") and over:
            lanes = [lane for name in over.split() for lane in edges[name].iter("lane")]
            driven = [lane for lane in lanes if lane.get("allow") != "pedestrian"]
            found[int(way.get("linkIndex"))] = sum(float(lane.get("width")) for lane in driven)
    return found


def test_the_same_seed_writes_the_same_bytes(built, tmp_path):
    again = arterial(tmp_path, Scene(junctions=2, span_s=SPAN_S))
    routes = again.with_suffix(".rou.xml").read_bytes()
    assert routes == built["arterial"].with_suffix(".rou.xml").read_bytes()
    other = arterial(tmp_path / "other", Scene(junctions=2, span_s=SPAN_S, seed=2))
    assert routes != other.with_suffix(".rou.xml").read_bytes()


def test_every_green_of_vehicles_ends_in_3_s_of_yellow_and_2_s_of_all_red(cfg):
    on_foot = crossings(cfg)
    for phases in states(cfg).values():
        greens = 0
        for (_, state), (seconds, after), (red_s, then) in zip(
            phases, phases[1:] + phases[:1], phases[2:] + phases[:2], strict=True
        ):
            ending = [
                link
                for link, letter in enumerate(state)
                if letter in "gG" and after[link] not in "gG" and link not in on_foot
            ]
            if ending:
                greens += 1
                assert (seconds, red_s) == (3, 2)
                assert all(after[link] == "y" for link in ending)
                assert set(then) == {"r"}
        assert greens == 4


def test_the_lamps_are_sound_to_whoever_times_them(cfg):
    """No two links that meet are fully green together, and each signal has four stages."""
    net = cfg.with_suffix(".net.xml")
    found = derive(network.read(net), programs.read([net]), Timing.FIELD)
    assert len(found) == len(states(cfg))
    for one in found.values():
        assert len(one.junction.stages) == 4
        for stage in one.junction.stages:
            for group in stage.green:
                assert not stage.green & one.junction.conflicting(group)


def test_people_may_finish_what_they_began(built):
    (phases,) = states(built["crossing"]).values()
    walked = crossings(built["crossing"])
    assert len(walked) == 4
    for link, width_m in walked.items():
        shown = [(seconds, state[link]) for seconds, state in phases]
        (begins,) = (n for n, (_, letter) in enumerate(shown) if letter == "G")
        assert shown[begins][0] >= 7
        cleared_s, letter = shown[begins + 1]
        assert letter == "r"
        assert cleared_s * 1.2 >= width_m


def test_traffic_runs_without_collision_or_teleport(cfg, tmp_path):
    report, trips = tmp_path / "s.xml", tmp_path / "t.xml"
    words = ["-c", str(cfg), "--no-step-log", "--no-warnings", "--duration-log.statistics"]
    call("sumo", [*words, "--statistic-output", str(report), "--tripinfo-output", str(trips)])
    root = ET.parse(report).getroot()
    assert root.find("teleports").get("total") == "0"
    assert root.find("safety").get("collisions") == "0"
    vehicles = root.find("vehicles")
    assert int(vehicles.get("inserted")) >= 0.98 * int(vehicles.get("loaded"))
    kinds = [trip.get("vType") for trip in ET.parse(trips).getroot().iter("tripinfo")]
    assert kinds.count("motorcycle") / len(kinds) > 0.7


def test_the_stop_line_sends_what_was_published():
    """One lane, few greens: the whole comparison is `ria signal mixed check`."""
    alone, half = (
        measure(Approach(1, cycles=3), replace(Traffic(), share=share))
        for share in (COMPOSITIONS[0], COMPOSITIONS[2])
    )
    assert steady_mcu_s_m(alone, 3.5).value == pytest.approx(0.53, rel=0.15)
    _, (car, *_) = units_by_regression(np.concatenate([alone, half]), 3.5)
    assert car.value == pytest.approx(3.4, rel=0.3)


def test_the_line_that_is_measured_never_runs_out_of_vehicles(tmp_path):
    """Else what is measured is how SUMO lets vehicles in."""
    approach = Approach(1, cycles=1)
    cfg = saturated(tmp_path, approach, replace(Traffic(), share=COMPOSITIONS[0]), 3.5)
    seen = tmp_path / "seen.xml"
    words = ["-c", str(cfg), "--no-step-log", "--no-warnings", "--max-depart-delay", "30"]
    begin_s = str(approach.begins_s[0] + GREEN_S - 1)
    words += ["--device.fcd.begin", begin_s, "--device.fcd.period", str(CYCLE_S)]
    call("sumo", [*words, "--fcd-output", str(seen)])
    looks = [look for look in ET.parse(seen).getroot().iter("timestep") if len(look)]
    assert looks
    for look in looks:
        upstream = [one for one in look if one.get("lane").startswith("in-line_")]
        assert sum(float(one.get("speed")) < 0.5 for one in upstream) > 20
