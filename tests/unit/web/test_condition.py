import pytest
from msgspec.structs import replace

from edge.web.condition import complaints
from edge.web.source import SiteView

NOW_MS = 1_700_000_000_000


def test_a_gateway_that_commits_is_well(source):
    assert complaints(source.view, source.stored, NOW_MS + 900) == []


def test_a_disk_that_refuses_is_named(source):
    assert complaints(
        source.view, replace(source.stored, degraded="the disk is read-only"), NOW_MS
    ) == ["store: the disk is read-only"]


@pytest.mark.parametrize(("silent_s", "wrong"), [(13, 0), (14, 1)])
def test_a_commit_is_due_with_every_period(source, silent_s, wrong):
    found = complaints(source.view, source.stored, NOW_MS + silent_s * 1000)
    assert len(found) == wrong
    assert all("14 s ago, more than the 13 s" in sentence for sentence in found)


def test_no_commit_at_all_is_a_complaint(source):
    assert complaints(source.view, replace(source.stored, last_commit_ms=None), NOW_MS) == [
        "store: nothing was committed yet"
    ]


def test_a_site_without_devices_has_nothing_to_commit(source):
    assert (
        complaints(SiteView(gateway="g1"), replace(source.stored, last_commit_ms=None), NOW_MS)
        == []
    )
