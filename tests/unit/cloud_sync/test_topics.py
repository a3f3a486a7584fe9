import pytest

from cloud_sync import topics
from edge.model.message import Lane


def test_every_topic_reads_back():
    for lane in Lane:
        assert topics.parse(topics.lane("vt-p1-01", lane)) == topics.Topic("vt-p1-01", lane)
    for build in (topics.live, topics.site, topics.watermark):
        topic = topics.parse(build("g.1_x"))
        assert (topic.gateway, topic.leaf) == ("g.1_x", build.__name__)


def test_the_spelling_is_the_documented_one():
    assert topics.lane("g", Lane.INTERVAL) == "ria/v1/g/up/interval"
    assert topics.watermark("g") == "ria/v1/g/down/watermark"
    assert topics.EVERY_UP == "ria/v1/+/up/#"


@pytest.mark.parametrize(
    "topic",
    ["", "ria/v1/g/up", "ria/v2/g/up/raw", "xria/v1/g/up/raw", "ria/v1/g/up/raw/x", "ria/v1//up/raw",
     "ria/v1/g/down/raw", "ria/v1/g/up/watermark", "ria/v1/a b/up/raw", "ria/v1/g/up/Raw"],
)  # fmt: skip
def test_anything_else_is_refused_with_its_name(topic):
    with pytest.raises(ValueError, match="topic"):
        topics.parse(topic)


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "x" * 65, "-a", "ồ"])
def test_a_name_that_would_break_a_topic_is_refused(name):
    with pytest.raises(ValueError, match="gateway name"):
        topics.live(name)
