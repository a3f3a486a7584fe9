"""Under `loops` the planner sees loops: whatever else SUMO could tell raises when it is asked."""

import pytest

from control.adaptive import Adaptive
from control.model import Lamp
from control.net import derive as nets
from control.net.loops import equip
from control.net.timing import Timing as NetTiming
from edge.bench.signals.driver import Driver
from edge.bench.signals.spec import Controller, DetectorFailures, Sensing, Spec, Stages, Timing
from simulators.sumo.sensors import loops_file
from simulators.sumo.session import Session, scenario
from tests.integration.signals.town import built

ALLOWED = {
    "inductionloop": {"subscribe", "getSubscriptionResults", "getVehicleData"},
    "trafficlight": {"setRedYellowGreenState"},
}
"""Loops to read, lamps to set; not one domain more."""


class Peeked(AssertionError):
    """Somebody asked SUMO for what no loop knows."""


class Domain:
    def __init__(self, api, name):
        self._domain, self._name = getattr(api, name), name

    def __getattr__(self, word):
        if word not in ALLOWED[self._name]:
            raise Peeked(f"{self._name}.{word}")
        return getattr(self._domain, word)


class Blind:
    """SUMO's interface with its eyes shut."""

    def __init__(self, api):
        self._api = api

    def __getattr__(self, name):
        if name not in ALLOWED:
            raise Peeked(name)
        return Domain(self._api, name)


class Shown:
    """A session as a driver gets it."""

    def __init__(self, session):
        self.api = Blind(session.api)


def run(folder, sensing, seconds, failures=None):
    cfg = built(folder)
    scene = scenario(cfg)
    network, derived = nets.read(scene.network, [], NetTiming.SCENARIO)
    loops = []
    for signal in derived:
        derived[signal], placed = equip(network, derived[signal])
        loops.extend(placed)
    spec = Spec(
        cfg, Controller.RIA, 1, Timing.SCENARIO, sensing, 0, seconds, Stages.NET, failures=failures
    )
    shown, passed = set(), 0
    with Session(scene, seed=1, begin_s=0, more=[loops_file(loops, folder)]) as session:
        driver = Driver(spec, Shown(session), network, derived)
        for at_s in range(1, seconds + 1):
            session.step()
            passed += session.api.simulation.getArrivedNumber()
            driver.second(at_s)
            shown.add(session.api.trafficlight.getRedYellowGreenState("A0"))
    return derived["A0"], shown, passed, driver


@pytest.mark.parametrize("failures", [None, DetectorFailures(0.3, 60, 1)])
def test_no_vehicle_lane_or_route_is_asked_for(tmp_path, failures):
    one, shown, passed, driver = run(tmp_path, Sensing.LOOPS, 180, failures)
    assert len(shown & set(one.stage_states)) >= 2
    assert passed > 10
    assert driver.refusals == 0
    assert len(driver.took_ns) > 60


def test_the_strategy_hears_of_every_call_that_the_controller_remembers(tmp_path, monkeypatch):
    told, remembered = {}, {}

    def decide(self, seen, inner=Adaptive.decide):
        told[self.junction.id, seen.at_s] = seen.calls
        return inner(self, seen)

    def look(self, signal, chain, at_s, inner=Driver._look):
        controller = chain.controller
        if signal == "A0" and Lamp.RED in controller.lamps and not any(remembered.values()):
            controller.calls[controller.lamps.index(Lamp.RED)] = True
        remembered[signal, at_s] = controller.called
        return inner(self, signal, chain, at_s)

    monkeypatch.setattr(Adaptive, "decide", decide)
    monkeypatch.setattr(Driver, "_look", look)
    run(tmp_path, Sensing.LOOPS, 60)
    assert told == remembered
    assert any(remembered.values())
    assert not remembered["A0", 60], "it was served"


@pytest.mark.parametrize("sensing", [Sensing.CAMERA, Sensing.FULL])
def test_who_sees_positions_is_caught_asking(tmp_path, sensing):
    with pytest.raises(Peeked, match=r"simulation|vehicle"):
        run(tmp_path, sensing, 20)
