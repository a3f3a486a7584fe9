"""The judge beside SUMO: foes as sumolib reads them, losses as SUMO's own cut has them."""

import re
import subprocess
from pathlib import Path

import pytest
import sumolib

from edge.bench.signals.demand import read_demand
from edge.bench.signals.lights import Monitor
from edge.bench.signals.program import read_signals
from edge.bench.signals.rules import rules
from edge.bench.signals.spec import Timing
from edge.bench.signals.stoplines import StopLines, watched_lanes
from edge.bench.signals.tripinfo import Ledger, trips
from simulators.sumo.session import Session, scenario

HORIZON_S = 240
PERIODS_S = {"dense": 1, "south": 4, "west": 4}
STYLES = {
    "turn lanes and crossings": ["--turn-lanes", "1", "--crossings.guess", "--sidewalks.guess"],
    "two lanes": ["--default.lanenumber", "2"],
    "left turns apart": ["--default.lanenumber", "2", "--tls.left-green.time", "8"],
    "all approaches in turn": ["--tls.layout", "incoming"],
}


def built(program, *words):
    done = subprocess.run(
        [sumolib.checkBinary(program), *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=STYLES)
def net(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "grid.net.xml"
    size = ["--grid", "--grid.number", "2", "--grid.length", "120", "--grid.attach-length", "120"]
    lights = ["--default-junction-type", "traffic_light", "--seed", "3"]
    built("netgenerate", *size, *lights, *STYLES[request.param], "-o", str(path))
    return path


@pytest.fixture
def town(net, tmp_path):
    """A configuration with more traffic than its signals take, so that some never get in."""
    flows = "".join(
        f'<flow id="{name}" from="{a}" to="{b}" begin="0" end="600" period="{PERIODS_S[name]}"/>'
        for name, a, b in (
            ("dense", "left0A0", "B0right0"),
            ("south", "top0A1", "A0bottom0"),
            ("west", "right1B1", "A1left1"),
        )
    )
    routes = tmp_path / "town.rou.xml"
    one = '<trip id="one" depart="30" from="left1A1" to="B0right0"/>'
    routes.write_text(f"<routes>{flows}{one}</routes>")
    cfg = tmp_path / "town.sumocfg"
    cfg.write_text(
        f'<configuration><input><net-file value="{net}"/><route-files value="{routes}"/></input>'
        f'<time><begin value="0"/><end value="{HORIZON_S}"/></time></configuration>'
    )
    return cfg


def test_foes_are_those_that_sumolib_reads(net):
    read = sumolib.net.readNet(str(net), withPrograms=True)
    signals = read_signals(net)
    assert len(signals) >= 4
    for signal in read.getTrafficLights():
        expected = set()
        links = signal.getConnections()
        for one_from, one_to, one in links:
            for two_from, two_to, two in links:
                first = next(c for c in one_from.getOutgoing() if c.getToLane() is one_to)
                second = next(c for c in two_from.getOutgoing() if c.getToLane() is two_to)
                node = first.getJunction()
                if node.areFoes(first.getJunctionIndex(), second.getJunctionIndex()):
                    expected.add((one, two))
        vehicles = {
            pair
            for pair in signals[signal.getID()].foes
            if not signals[signal.getID()].crossings & set(pair)
        }
        assert vehicles == {pair for pair in expected if pair[0] != pair[1]}


def test_every_program_passes_its_own_monitor(net):
    for signal in read_signals(net).values():
        monitor = Monitor(signal, rules(signal, Timing.SCENARIO, 5, own_program=True))
        for at_s in range(3 * len(signal.cycle)):
            monitor.look(at_s, signal.cycle[at_s % len(signal.cycle)])
        assert monitor.sentences == []


def test_losses_are_those_of_sumos_own_cut_at_the_horizon(town, tmp_path):
    """SUMO ends its run at the horizon and writes who is under way: the same vehicles and losses."""
    cut = tmp_path / "cut.xml"
    built(
        "sumo", "-c", str(town), "--seed", "7", "--time-to-teleport", "-1", "--no-step-log", "true",
        "--no-warnings", "true", "--tripinfo-output", str(cut),
        "--tripinfo-output.write-unfinished", "true",
    )  # fmt: skip
    expected = list(trips(cut))
    scene = scenario(town)
    ledger = Ledger(read_demand(scene.routes, 0), 0, HORIZON_S)
    signals = read_signals(scene.network)
    monitors = {
        key: Monitor(signal, rules(signal, Timing.SCENARIO, 5, own_program=True))
        for key, signal in signals.items()
    }
    with Session(scene, seed=7, begin_s=0) as session:
        lines = StopLines(session.api, scene.network, signals)
        lamps = session.api.trafficlight.getRedYellowGreenState
        while session.now_s < HORIZON_S + 7200:
            at_s = session.now_s
            if at_s == HORIZON_S:
                ledger.close(session.api)
            if at_s >= HORIZON_S and not session.api.vehicle.getIDCount():
                break
            session.step()
            ledger.watch(session.api)
            states = {key: lamps(key) for key in signals}
            lines.second(at_s, states)
            for key, state in states.items():
                monitors[key].look(at_s, state)
        ended_s = session.now_s
        session.close()
        score = ledger.score(trips(session.tripinfo), ended_s)
    lines.end(ended_s)
    due_s = {"one": 30.0} | {
        f"{name}.{place}": float(place * period_s)
        for name, period_s in PERIODS_S.items()
        for place in range(HORIZON_S // period_s)
    }
    lost_s = {trip.id: trip.time_loss_s + trip.depart_delay_s for trip in expected}
    never_s = {name: HORIZON_S - due for name, due in due_s.items() if name not in lost_s}
    assert never_s, "the dense flow was to be more than its lane takes"
    assert (score.n, score.pending) == (len(due_s), len(never_s))
    assert score.arrived == sum(trip.arrival_s is not None for trip in expected)
    assert score.unfinished == sum(trip.arrival_s is None for trip in expected)
    # trip records are rounded to a hundredth
    mean_s = (sum(lost_s.values()) + sum(never_s.values())) / len(due_s)
    assert score.delay_s == pytest.approx(mean_s, abs=0.01)
    assert score.delay_published_s == pytest.approx(sum(lost_s.values()) / len(lost_s), abs=0.01)
    assert score.locked or score.drained_unfinished == 0
    assert lines.longest_s > 10
    assert not any(monitor.violations for monitor in monitors.values())


def test_lanes_within_reach_of_a_line_are_watched(net):
    signals = read_signals(net)
    read = sumolib.net.readNet(str(net), withPrograms=True)
    controlled = {
        link[0].getID() for signal in read.getTrafficLights() for link in signal.getConnections()
    }
    assert signals
    assert controlled <= set(watched_lanes(net))


@pytest.mark.parametrize("net", ["two lanes"], indirect=True)
@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("held", [False, True])
def test_a_lone_vehicle_waits_from_its_standing_to_the_green_it_leaves_in(
    net, tmp_path, held, remote
):
    """Held back for one whole green it was given nothing: that green is empty, the wait goes on."""
    routes = tmp_path / "lone.rou.xml"
    routes.write_text('<routes><trip id="one" depart="88" from="left0A0" to="B0right0"/></routes>')
    cfg = tmp_path / "lone.sumocfg"
    cfg.write_text(
        f'<configuration><input><net-file value="{net}"/><route-files value="{routes}"/></input>'
        "</configuration>"
    )
    scene = scenario(cfg)
    sumo = Path(sumolib.checkBinary("sumo")) if remote else None
    stood_s, link, shown = 0, -1, ""
    with Session(scene, seed=1, begin_s=0, sumo=sumo) as session:
        api = session.api
        lines = StopLines(api, scene.network, ["A0"], remote=remote)
        while True:
            at_s = session.now_s
            session.step()
            state = api.trafficlight.getRedYellowGreenState("A0")
            lines.second(at_s, {"A0": state})
            if "one" not in api.vehicle.getIDList():
                continue
            facing = api.vehicle.getNextTLS("one")[0]
            if not stood_s and api.vehicle.getSpeed("one") < 0.1 and state[facing[1]] == "r":
                stood_s, link = at_s, facing[1]
                if held:
                    api.vehicle.setSpeed("one", 0)
            if stood_s:
                shown += state[link]
                if "Gyr" in re.sub(r"(.)\1+", r"\1", shown):
                    api.vehicle.setSpeed("one", -1)
            if facing[0] != "A0":
                break
        lines.end(at_s)
    greens_s = [stood_s + found.start() for found in re.finditer("G+", shown)]
    assert len(greens_s) == 1 + held
    assert lines.longest_s == greens_s[-1] - stood_s
    assert lines.empty_greens == held
