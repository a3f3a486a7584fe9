"""The disk limit is met while the broker is away: history thins, tells so, and leaves no hole."""

import json
import time

import pytest

from tests.acceptance.line_city import FEEDER, City, now_ms, until

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(360)]

LIMIT_BYTES = 10_000_000
FULL_WITHIN_S = 120.0
STAYS_FULL_S = 5.0
LOOKED_AT_ONCE = 1.05
"""Files are looked at one after another: pages on their way from the log into the database may be
counted in both."""
BACK_WITHIN_S = 30.0


def without_room(city):
    until(lambda: city.ask("SELECT 1 FROM cell LIMIT 1"), 20, "a first raw cell")
    city.broker.kill()
    most = filled(city.store)
    city.start_broker()
    back_ms = now_ms()
    told = "SELECT count(*) FROM tombstone"
    gaps = "SELECT count(*) FROM gap WHERE closed_ms IS NULL"
    until(lambda: newest(city) >= back_ms, BACK_WITHIN_S, "summaries from after the return")
    until(lambda: city.ask(told) > [(0,)], BACK_WITHIN_S, "what was thinned")
    until(lambda: city.ask(gaps) == [(0,)], BACK_WITHIN_S, "no number missing any more")
    return max(most, taken(city.store))


def filled(folder):
    """The most bytes seen until the first file of raw cells had to go, and for a while after."""
    most, seen, ends = 0, set(), time.monotonic() + FULL_WITHIN_S
    thinning = False
    while time.monotonic() < ends:
        most = max(most, taken(folder))
        there = set(folder.rglob("*.seg"))
        if not thinning and seen - there:
            thinning, ends = True, time.monotonic() + STAYS_FULL_S
        seen |= there
        time.sleep(0.05)
    assert thinning, f"nothing was thinned within {FULL_WITHIN_S:g} s, at {most} B"
    return most


def newest(city):
    ((until_ms,),) = city.ask("SELECT max(until_ms) FROM summary")
    return until_ms


def taken(folder):
    """Bytes of every file of the store; one may be removed while we look."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def busy(number):
    return {
        **FEEDER,
        "id": f"feeder-{number}",
        "link": f"modbus+tcp://10.0.1.{number}",
        "every": "100ms",
        "raw": True,
    }


def test_a_full_store_stays_under_its_limit_and_tells_what_it_dropped(tmp_path):
    city = City(tmp_path, [busy(n) for n in range(1, 21)], limit="10 MB")
    try:
        most = without_room(city)
        city.finish()
    finally:
        city.close()
    assert 0.8 * LIMIT_BYTES < most <= LOOKED_AT_ONCE * LIMIT_BYTES
    thinned = city.ask("SELECT detail FROM event WHERE kind = 'history_thinned'")
    assert thinned
    assert {json.loads(detail)["lane"] for (detail,) in thinned} <= {"raw", "interval"}
    assert city.ask("SELECT count(*) FROM tombstone") > [(0,)]
    assert city.ask("SELECT count(*) FROM gap WHERE closed_ms IS NULL") == [(0,)]
    doubled = "SELECT 1 FROM cell GROUP BY device, point, at_ms HAVING count(*) > 1 LIMIT 1"
    assert city.ask(doubled) == []
    # raw cells gave way; the summaries still lie side by side, without a hole and without overlap
    spans = city.ask(
        "SELECT device, point, sum(until_ms - since_ms), max(until_ms) - min(since_ms)"
        " FROM summary GROUP BY device, point"
    )
    assert [row for row in spans if row[2] != row[3]] == []
