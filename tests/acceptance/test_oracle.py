"""The judge sees one row too few and one row too many, in a ledger of a city that truly ran."""

import time

import pytest

from edge.demo.oracle import judge
from tests.acceptance.line_city import METER, PROFILES, PUMP, City, ask, changed

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(240)]

RUN_S = 10
WATER = {
    "id": "analyser",
    "profile": "endress-hauser-liquiline",
    "link": "modbus+tcp://10.0.0.14",
    "every": "500ms",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    city = City(tmp_path_factory.mktemp("city"), (METER, PUMP, WATER))
    try:
        time.sleep(RUN_S)
        city.finish()
        yield city
    finally:
        city.close()


def found(city, ledger):
    verdict = judge(city.record, ledger, city.site, PROFILES)
    return verdict.lost, verdict.duplicated, verdict.wrong


def middle(city, table, device, point):
    """Row number of the middle one of a point's rows."""
    rows = ask(
        city.ledger,
        f"SELECT rowid FROM {table} WHERE device = ? AND point = ? ORDER BY rowid",
        device,
        point,
    )
    assert len(rows) >= 5
    return rows[len(rows) // 2][0]


def without(table, row):
    return f"DELETE FROM {table} WHERE rowid = ?", row


def twice(table, row):
    return f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = ?", row


def test_an_untouched_ledger_has_lost_and_doubled_nothing(city):
    verdict = city.verdict()
    assert (verdict.lost, verdict.duplicated, verdict.wrong) == (0, 0, 0), verdict.remarks
    assert verdict.answers > 80
    assert verdict.cells_expected > 100
    assert verdict.windows_expected > 100
    assert min(verdict.windows.values()) >= 5


@pytest.mark.parametrize("where", [("meter", "voltage"), ("pump", "current")])
def test_one_summary_row_too_few_or_too_many_is_found(city, tmp_path, where):
    row = middle(city, "summary", *where)
    assert found(city, changed(city.ledger, tmp_path, without("summary", row))) == (1, 0, 0)
    assert found(city, changed(city.ledger, tmp_path, twice("summary", row))) == (0, 1, 0)


def test_a_summary_row_of_a_device_without_raw_cells_is_missed(city, tmp_path):
    (point,) = ask(city.ledger, "SELECT point FROM summary WHERE device = 'analyser' LIMIT 1")[0]
    row = middle(city, "summary", "analyser", point)
    assert found(city, changed(city.ledger, tmp_path, without("summary", row))) == (1, 0, 0)
    assert found(city, changed(city.ledger, tmp_path, twice("summary", row))) == (0, 1, 0)


def test_one_raw_cell_too_few_or_too_many_is_found(city, tmp_path):
    row = middle(city, "cell", "meter", "voltage")
    assert found(city, changed(city.ledger, tmp_path, without("cell", row)))[:2] == (1, 0)
    assert found(city, changed(city.ledger, tmp_path, twice("cell", row)))[:2] == (0, 1)


def test_a_loss_is_not_made_good_by_a_double(city, tmp_path):
    for table in ("summary", "cell"):
        gone = middle(city, table, "meter", "active_power")
        doubled = middle(city, table, "pump", "voltage")
        ledger = changed(city.ledger, tmp_path, without(table, gone), twice(table, doubled))
        assert found(city, ledger)[:2] == (1, 1)


def test_a_value_that_no_device_gave_is_wrong(city, tmp_path):
    row = middle(city, "summary", "meter", "voltage")
    raised = "UPDATE summary SET max = max + 1 WHERE rowid = ?", row
    assert found(city, changed(city.ledger, tmp_path, raised)) == (0, 0, 1)
