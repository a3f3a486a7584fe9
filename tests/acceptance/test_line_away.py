"""A broker or a device goes away for a while, and what that may and may not cost.

The two cities live side by side, for what takes the time is the waiting.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from paho.mqtt import subscribe

from edge.model.quality import Quality
from tests.acceptance.line_city import WINDOW_MS, City, now_ms, until

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(240)]

AWAY_S = 60.0
BACK_WITHIN_S = 30.0
SILENT_SINCE_S, SILENT_S = 5.0, 6.0


def lived(folder, live, **how):
    """The city once `live` has passed over it and all parts have ended, and what `live` told."""
    city = City(folder, **how)
    try:
        told = live(city)
        city.finish()
        return city, told
    finally:
        city.close()


def whole(city, since_ms):
    """Whether every device has every window from its first to one that ended after `since_ms`."""
    rows = city.ask(
        "SELECT count(DISTINCT since_ms), min(since_ms), max(until_ms) FROM summary GROUP BY device"
    )
    return all(
        last >= since_ms and count == (last - first) // WINDOW_MS for count, first, last in rows
    )


def without_broker(city):
    until(lambda: whole(city, 0) and city.ask("SELECT 1 FROM summary"), 15, "a first window")
    city.broker.kill()
    gone_ms = now_ms()
    time.sleep(AWAY_S)
    ((held_ms,),) = city.ask("SELECT max(until_ms) FROM summary")
    city.start_broker()
    back_ms = now_ms()
    topic = "ria/v1/city-01/up/live"
    caught_up_s = until(
        lambda: whole(city, back_ms), BACK_WITHIN_S, "every window of the minute, confirmed"
    )
    live = subscribe.simple(topic, hostname="127.0.0.1", port=city.port, retained=False)
    return gone_ms, held_ms, back_ms, caught_up_s, live


def without_device(city):
    told = "SELECT count(*) FROM event WHERE subject = 'meter' AND kind = 'device_up'"
    # tries are spread by jitter whose bound doubles: the last may come long after the silence
    until(lambda: city.ask(told) == [(2,)], SILENT_SINCE_S + SILENT_S + 30, "the meter is back")
    time.sleep(WINDOW_MS / 1000)


@pytest.fixture(scope="module")
def cities(tmp_path_factory):
    silent = {
        "fault": "silent",
        "devices": ["meter"],
        "since": f"{SILENT_SINCE_S:g}s",
        "until": f"{SILENT_SINCE_S + SILENT_S:g}s",
    }
    folder = tmp_path_factory.mktemp
    with ThreadPoolExecutor(2) as side_by_side:
        start = side_by_side.submit
        yield {
            "broker": start(lived, folder("broker"), without_broker),
            "device": start(lived, folder("device"), without_device, faults=[silent]),
        }


def test_a_minute_without_the_broker_costs_nothing(cities):
    city, (gone_ms, held_ms, back_ms, caught_up_s, live) = cities["broker"].result()
    assert held_ms < gone_ms + WINDOW_MS  # it truly was away
    assert back_ms - gone_ms >= AWAY_S * 1000
    assert caught_up_s < BACK_WITHIN_S
    assert live.payload
    verdict = city.verdict()
    assert (verdict.lost, verdict.duplicated, verdict.wrong) == (0, 0, 0), verdict.remarks
    assert min(verdict.windows.values()) >= AWAY_S * 1000 / WINDOW_MS
    own = json.loads(city.report.read_text())
    assert own["messages_confirmed"] > 0
    assert city.ask("SELECT count(*) FROM gap WHERE closed_ms IS NULL") == [(0,)]


def test_a_silent_device_is_told_and_costs_the_others_nothing(cities):
    city, _ = cities["device"].result()
    verdict = city.verdict()
    assert (verdict.lost, verdict.duplicated, verdict.wrong) == (0, 0, 0), verdict.remarks
    bad = city.ask("SELECT at_ms, quality FROM cell WHERE device = 'meter' AND quality < 192")
    assert {quality for _, quality in bad} == {Quality.TIMEOUT}
    times = [at_ms for at_ms, _ in bad]
    assert max(times) - min(times) > (SILENT_S - 3) * 1000
    assert city.ask("SELECT 1 FROM cell WHERE device <> 'meter' AND quality < 192") == []
    events = city.ask(
        "SELECT kind, at_ms, detail FROM event WHERE subject = 'meter'"
        " AND kind IN ('device_up', 'device_down') ORDER BY at_ms, rowid"
    )
    assert [kind for kind, _, _ in events] == ["device_up", "device_down", "device_up"]
    _, (_, down_ms, cause), (_, up_ms, _) = events
    assert json.loads(cause)["cause"] == "timeout"
    assert all(down_ms <= at_ms < up_ms for at_ms in times)
    others = city.ask("SELECT DISTINCT subject FROM event WHERE kind = 'device_down'")
    assert others == [("meter",)]
    # its neighbours were read through the silence as often as ever
    for device, period_ms in (("feeder", 200), ("pump", 500)):
        at = city.ask("SELECT DISTINCT at_ms FROM cell WHERE device = ? ORDER BY at_ms", device)
        steps = [later - sooner for (sooner,), (later,) in pairwise(at)]
        assert max(steps) < period_ms * 2.5, (device, max(steps))
