"""Junctions in the site file: one that can be timed, and each reason why another cannot."""

import pytest

from control.plan_text import write
from edge.config.load import check, load_site, render
from tests.integration.signals.crossing import crossing

ORDERS = (
    "hold: [0, 9], force_off: [0, 9], omit: [0, 9], call: [0, 9], pattern: [0, 254], "
    "remote: [0, 1], sequence: [0, 65535], "
    + ", ".join(f"display_{k}: [0, 99]" for k in range(1, 5))
)
DEVICE = "{id: tlc, profile: ria-signal-controller, link: modbus+tcp://h, every: 1s, write: {%s}}"
JUNCTION = "{id: j1, controller: tlc, plan: j1.yaml, detectors: [e-stop, n-stop]}"


def site(tmp_path, *, device=DEVICE % ORDERS, junction=JUNCTION, more=""):
    (tmp_path / "j1.yaml").write_text(write(crossing()), encoding="utf-8")
    path = tmp_path / "site.yaml"
    path.write_text(
        f"gateway: g1\nsite: {{name: Here}}\nplanner: p.sock\n"
        f"devices:\n  - {device}\njunctions:\n  - {junction}\n{more}"
    )
    return path


def told(path):
    (line,) = render(check(path), "F").splitlines()
    return line


def test_a_junction_is_its_plan_its_controller_and_its_wiring(tmp_path):
    loaded = load_site(site(tmp_path))
    (one,) = loaded.junctions
    assert (one.id, one.controller) == ("j1", "tlc")
    assert one.junction == crossing()
    assert one.detectors == ("e-stop", "n-stop")
    assert loaded.planner == tmp_path / "p.sock"


def test_detectors_left_out_are_those_of_the_plan_in_their_order(tmp_path):
    loaded = load_site(site(tmp_path, junction="{id: j1, controller: tlc, plan: j1.yaml}"))
    assert loaded.junctions[0].detectors == tuple(d.id for d in crossing().detectors)


def test_a_site_without_junctions_has_none(tmp_path):
    path = site(tmp_path)
    path.write_text(path.read_text().partition("junctions:")[0])
    assert load_site(path).junctions == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"device": DEVICE % ORDERS.replace("omit: [0, 9], ", "")},
            "junctions[0].controller: tlc may not be told omit; add omit: [0, 4294967295] to the"
            " device's `write`",
        ),
        (
            {"device": DEVICE % ORDERS.replace("display_4: [0, 99]", "")},
            "tlc may not be told display_4; add display_4: [0, 300]",
        ),
        (
            {"device": (DEVICE % ORDERS).replace("every: 1s", "every: 2s")},
            "tlc is read every 2 s; signals are timed by the second",
        ),
        (
            {"device": "{id: tlc, profile: ria-traffic-plc, link: modbus+tcp://h}"},
            "ria-traffic-plc has no remote_in_force",
        ),
        (
            {"junction": JUNCTION.replace("n-stop", "north-stp")},
            "j1.yaml has no detector 'north-stp'; ",
        ),
        ({"junction": JUNCTION.replace("n-stop", "e-stop")}, "e-stop is named twice"),
        (
            {"junction": JUNCTION.replace("tlc", "tcl")},
            "no device is called 'tcl'; did you mean tlc?",
        ),
        ({"junction": JUNCTION.replace("j1.yaml", "j2.yaml")}, "j2.yaml:1: cannot be read"),
        (
            {"more": f"  - {JUNCTION.replace('j1,', 'j2,')}\n"},
            "'tlc' stands in junctions[0] too",
        ),
    ],
)
def test_what_keeps_a_junction_from_being_timed(tmp_path, changes, sentence):
    assert sentence in told(site(tmp_path, **changes))


def test_a_plan_that_contradicts_itself_is_told_with_its_own_line(tmp_path):
    path = site(tmp_path)
    plan = tmp_path / "j1.yaml"
    plan.write_text(plan.read_text().replace("minimum_green_s: 7", "minimum_green_s: seven", 1))
    assert "junctions[0].plan: j1.yaml:" in told(path)


def test_points_that_are_not_read_are_named(tmp_path):
    only = "every: 1s, only: [signal_1, hold, force_off, omit, call, pattern, remote, sequence]"
    short = DEVICE % ORDERS.split(", display", maxsplit=1)[0]
    line = told(site(tmp_path, device=short.replace("every: 1s", only)))
    assert "tlc is not read for controller_mode; add it to the device's `only`" in line
