"""A machine that gives the gateway or the devices no time for seconds: nothing lost or doubled."""

import os
import signal
import time

import pytest

from tests.acceptance.line_city import METER, PUMP, City

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(240)]

PLANT = {
    "id": "plant",
    "profile": "opcua-water-plant",
    "link": "opc.tcp://10.0.0.21:4840",
    "insecure_ok": "simulated on loopback",
    "every": "500ms",
    "raw": ["inlet_flow", "tank_level"],
}


def stall(child, for_s):
    os.kill(child.process.pid, signal.SIGSTOP)
    try:
        time.sleep(for_s)
    finally:
        os.kill(child.process.pid, signal.SIGCONT)


def test_a_part_that_stands_still_costs_no_answer(tmp_path):
    city = City(tmp_path, (METER, PUMP, PLANT))
    try:
        time.sleep(6.0)  # the subscription stands, and windows have been closed
        # within every patience; beyond that with a subscription, and beyond the windows' grace
        for stall_s in (1.2, 4.6):
            stall(city.gateway, stall_s)
            time.sleep(2.5)  # the line goes on in between
        log = "".join(path.read_text() for path in tmp_path.glob("*-gateway.log"))
        stall(city.field, 2.7)
        time.sleep(2.5)
        city.finish()
        verdict = city.verdict()
    finally:
        city.close()
    assert (verdict.lost, verdict.duplicated, verdict.wrong) == (0, 0, 0), verdict.remarks
    assert verdict.cells_expected > 100
    assert min(verdict.windows.values()) >= 5
    assert "plant" not in log, "a gateway that slept calls no server silent, and no clock wrong"
