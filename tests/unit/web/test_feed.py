import json

import pytest

from edge.model.event import Event, EventKind
from edge.model.quality import Quality
from edge.web.feed import NOTHING, Feed
from edge.web.source import SiteView


@pytest.fixture
def feed(source, clock):
    return Feed(source, clock)


def told(frame):
    assert frame.startswith(b"data: {")
    assert frame.endswith(b"\n\n")
    assert frame.count(b"\n") == 2, "a line break would end the event early"
    return json.loads(frame[6:])


def test_a_new_reader_is_told_everything(source, feed):
    source.read(1.0, 2.0)
    _, frame = feed.frame(NOTHING, 1)
    news = told(frame)
    assert news["cells"][0]["values"] == [1.0, 2.0]
    assert news["events"] == []
    assert news["clock"] == "holdover"
    assert news["now_ms"] == 1_700_000_000_000
    assert news["sync"]["lanes"][0]["confirmed"] == 7


def test_then_only_what_changed(source, feed):
    source.read(1.0, 2.0)
    seen, _ = feed.frame(NOTHING, 1)
    seen, frame = feed.frame(seen, 2)
    assert told(frame)["cells"] == []
    assert "events" not in told(frame)
    source.read(3.0, 4.0)
    _, frame = feed.frame(seen, 3)
    assert told(frame)["cells"][0]["values"] == [3.0, 4.0]


def test_readers_who_hold_the_same_share_the_bytes(source, feed):
    source.read(1.0, 2.0)
    _, one = feed.frame(NOTHING, 1)
    _, other = feed.frame(NOTHING, 1)
    assert one is other
    assert source.asked == [0]
    _, later = feed.frame(NOTHING, 2)
    assert later is not one


def test_events_are_told_again_when_there_is_a_new_one(source, feed, clock):
    seen, _ = feed.frame(NOTHING, 1)
    source.happened.insert(0, Event(EventKind.DEVICE_DOWN, clock.now(), "inlet"))
    seen, frame = feed.frame(seen, 2)
    assert [event["kind"] for event in told(frame)["events"]] == ["device_down"]
    _, frame = feed.frame(seen, 3)
    assert "events" not in told(frame)


def test_a_changed_site_has_a_new_revision(source, feed):
    before = told(feed.frame(NOTHING, 1)[1])["site"]
    assert told(feed.frame(NOTHING, 2)[1])["site"] == before == feed.site()[0]
    source.view = SiteView(gateway="g1")
    after = told(feed.frame(NOTHING, 3)[1])["site"]
    assert after == feed.site()[0] != before


def test_revisions_of_two_processes_differ(source, clock):
    before = Feed(source, clock).site()[0]
    clock.at_s += 5
    assert Feed(source, clock).site()[0] != before


def test_line_breaks_in_a_device_text_do_not_break_the_stream(source, feed, clock):
    source.happened.insert(
        0, Event(EventKind.COMMAND, clock.now(), "inlet", {"text": "a\n\ndata: {}"})
    )
    assert told(feed.frame(NOTHING, 1)[1])["events"][0]["detail"]["text"] == "a\n\ndata: {}"


def test_a_failed_look_is_told_too(source, feed):
    source.read(1.0, 2.0)
    source.cells = [
        source.cells[0].__class__(
            device="inlet", measured_at_ms=1, values=[None, None], quality=[1, 1]
        )
    ]
    assert told(feed.frame(NOTHING, 1)[1])["cells"][0]["quality"] == [Quality.LINK_DOWN] * 2
