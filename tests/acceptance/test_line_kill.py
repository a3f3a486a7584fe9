"""kill -9 of gateway, broker and centre in turn: no measurement is lost, none counted twice."""

import time

import pytest

from tests.acceptance.line_city import City

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(240)]

ROUNDS = 2
BETWEEN_S = (2.3, 1.4, 1.9)


def kill_broker(city):
    city.broker.kill()
    time.sleep(1.0)
    city.start_broker()


def kill_receiver(city):
    city.receiver.kill()
    time.sleep(1.0)
    city.start_receiver()


def test_killing_each_part_in_turn_loses_nothing(tmp_path):
    city = City(tmp_path)
    try:
        time.sleep(3.0)
        for pause_s in BETWEEN_S[:ROUNDS]:
            city.kill_gateway(away_s=1.0)
            time.sleep(pause_s)  # that each death meets another moment of the windows
            kill_broker(city)
            time.sleep(pause_s)
            kill_receiver(city)
            time.sleep(pause_s)
        own = city.finish()
        verdict = city.verdict()
    finally:
        city.close()
    assert (verdict.lost, verdict.duplicated, verdict.wrong) == (0, 0, 0), verdict.remarks
    assert city.ask("SELECT count(*) FROM gap WHERE closed_ms IS NULL") == [(0,)]
    assert own["messages_confirmed"] > 0
    assert len(city.forgiven) == ROUNDS
    # what is forgiven must not be what is judged
    forgiven_ms = sum(until - since for since, until in city.forgiven)
    ((judged_ms,),) = city.ask("SELECT max(until_ms) - min(since_ms) FROM summary")
    assert forgiven_ms < judged_ms / 2, (forgiven_ms, judged_ms)
    assert verdict.cells_expected > 200
    assert min(verdict.windows.values()) >= 8
