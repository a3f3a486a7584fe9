import msgspec
import numpy as np
import pytest

from edge.model.clock import Instant
from edge.model.event import Event, EventKind
from edge.model.quality import Quality
from edge.web.cells import cells_of, view_of
from edge.web.source import Trend


def test_a_failed_cell_is_null_and_keeps_its_cause(source):
    cells = cells_of(source.scan(float("nan"), 7.0, Quality.TIMEOUT))
    assert cells.values == [None, 7.0]
    assert cells.quality == [2, 2]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_what_json_does_not_know_becomes_null(source, odd):
    assert b'"values":[null,1.0]' in msgspec.json.encode(cells_of(source.scan(odd, 1.0)))


def test_a_counter_is_exact_to_two_to_the_fifty_third(source):
    cells = cells_of(source.scan(0.0, 2.0**53 - 1))
    assert int(msgspec.json.decode(msgspec.json.encode(cells))["values"][1]) == 2**53 - 1


def test_times_are_milliseconds_which_a_browser_can_hold(source):
    assert cells_of(source.scan(1.0, 2.0)).measured_at_ms == 1_700_000_000_000


def test_cells_of_a_subscription_have_times_of_their_own(source):
    at = np.array([1_700_000_000_123_456_789, 1_699_999_000_000_000_000], np.int64)
    assert cells_of(source.scan(1.0, 2.0), at).measured_at_ms == [
        1_700_000_000_123,
        1_699_999_000_000,
    ]


def test_an_event_is_told_in_milliseconds():
    event = Event(
        EventKind.DEVICE_DOWN, Instant(1_700_000_000_999_999_999), "inlet", {"cause": "timeout"}
    )
    told = view_of(event)
    assert (told.kind, told.at_ms, told.subject, told.detail) == (
        "device_down",
        1_700_000_000_999,
        "inlet",
        {"cause": "timeout"},
    )


def test_a_trend_comes_from_columns_as_the_store_keeps_them():
    trend = Trend.of(
        np.array([5_000_000, 6_999_999], np.int64),
        np.array([1.5, np.nan]),
        np.array([192, 1], np.uint8),
    )
    assert trend == Trend(measured_at_ms=[5, 6], values=[1.5, None], quality=[192, 1])
