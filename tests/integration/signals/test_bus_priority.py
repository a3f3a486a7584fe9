"""Buses of a SUMO town call for their green, and lose less than without."""

from dataclasses import replace

from edge.bench.signals.run import one
from edge.bench.signals.spec import Controller, Sensing, Spec, Stages, Timing
from tests.integration.signals.town import built

HORIZON_S = 320


def with_buses(folder):
    """A town, a bus every 40 s from the top, and at every second one's stop on the way."""
    cfg = built(folder)
    routes = folder / "cross.rou.xml"
    edges = 'from="top0A0" to="A0bottom0"'
    halt = '<stop lane="top0A0_0" endPos="120" duration="12"/>'
    kind = '<vType id="bus" vClass="bus"/>'
    buses = (
        f'<flow id="b" type="bus" {edges} begin="5" end="{HORIZON_S}" period="80"/>'
        f'<flow id="h" type="bus" {edges} begin="45" end="{HORIZON_S}" period="80">{halt}</flow>'
    )
    told = routes.read_text().replace("<routes>", f"<routes>{kind}")
    routes.write_text(told.replace("</routes>", f"{buses}</routes>"))
    return cfg


def test_a_bus_that_calls_loses_less(tmp_path):
    spec = Spec(
        with_buses(tmp_path), Controller.RIA, 1, Timing.SCENARIO, Sensing.FULL, 0, HORIZON_S,
        Stages.NET, drain_s=0,
    )  # fmt: skip
    plain = one(spec, lambda share: None)
    called = one(replace(spec, bus_priority=True), lambda share: None)
    assert plain.buses == called.buses >= 7
    assert called.bus_delay_s < plain.bus_delay_s
    assert called.delay_s < 1.25 * plain.delay_s
    assert (called.refusals, called.violations) == (0, 0)
    assert called.max_call_wait_s <= 120
