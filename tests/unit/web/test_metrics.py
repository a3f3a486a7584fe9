import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.web.feed import Feed
from edge.web.lag import LoopLag
from edge.web.metrics import Exposition
from edge.web.stream import Stream

PAGE = Path(__file__).parents[3] / "docs/reference/metrics.md"


@pytest.fixture
def lag():
    lag = LoopLag()
    for late_s in (0.0005, 0.001, 0.3, 9.0):
        lag.observe(late_s)
    return lag


@pytest.fixture
def text(source, clock, lag):
    return Exposition(source, clock, Stream(Feed(source, clock)), lag).text().decode()


@pytest.fixture
def found(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_line_is_counted(found):
    assert found[("ria_cells_committed_total",)] == 12
    assert found[("ria_commits_total",)] == 3
    assert found[("ria_device_up", ("device", "inlet"))] == 1
    assert found[("ria_device_scans_failed_total", ("device", "inlet"))] == 2
    assert found[("ria_messages_waiting", ("lane", "interval"))] == 2
    assert found[("ria_messages_confirmed_total", ("lane", "interval"))] == 7
    assert found[("ria_store_last_commit_timestamp_seconds",)] == 1_700_000_000
    assert found[("ria_uplink_connected",)] == 1
    assert found[("ria_clock_synced",)] == 0
    assert found[("ria_gateway_info", ("gateway", "g1"), ("version", "0.1.0"))] == 1


def test_the_process_itself_is_counted(found):
    assert found[("process_cpu_seconds_total",)] > 0
    assert found[("process_resident_memory_bytes",)] > 1_000_000


def test_lateness_is_counted_by_size(found):
    assert found[("ria_loop_lag_seconds_bucket", ("le", "0.001"))] == 2
    assert found[("ria_loop_lag_seconds_bucket", ("le", "0.5"))] == 3
    assert found[("ria_loop_lag_seconds_bucket", ("le", "+Inf"))] == 4
    assert found[("ria_loop_lag_seconds_count",)] == 4
    assert found[("ria_loop_lag_seconds_sum",)] == pytest.approx(9.3015)


def test_the_reference_page_has_each_of_them_and_no_other(text):
    told = set(re.findall(r"^# HELP (ria_\w+)", text, re.MULTILINE))
    written = set(re.findall(r"^\| `(ria_\w+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == written
