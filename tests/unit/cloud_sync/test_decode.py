import json

import pytest
import zstandard

from cloud_sync import decode, topics
from cloud_sync.decode import Illegible
from edge.model.message import Lane

EVENT = {
    "v": 1, "gateway": "g", "epoch": "e", "lane": "event", "seq": 1, "at": 5,
    "body": {"kind": "device_up", "subject": "m1", "at": 4},
}  # fmt: skip
GAUGES = {
    "points": ["a"], "unit": ["V"], "mean": [1.0], "min": [1.0], "max": [1.0], "last": [None],
    "count": [1], "good": [1], "good_s": [1.0],
}  # fmt: skip


def read(message, lane=Lane.EVENT):
    return decode.letter(topics.Topic("g", lane), json.dumps(message).encode())


def interval(**body):
    return EVENT | {"lane": "interval", "body": {"device": "m", "since": 0, "until": 60} | body}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"v": 2}, "v"),
        ({"seq": 0}, "seq"),
        ({"seq": 2**60}, "seq"),
        ({"gateway": "other"}, "topic says 'g'"),
        ({"lane": "audit"}, "topic says"),
        ({"lane": "raw"}, "topic says"),
        ({"extra": 1}, "extra"),
        ({"body": {"kind": "never_heard_of", "subject": "m", "at": 1}}, "never_heard_of"),
        ({"body": {"kind": "device_up", "subject": "m"}}, "at"),
    ],
)
def test_what_breaks_the_schema_is_refused_by_name(change, says):
    with pytest.raises(Illegible, match=says):
        read(EVENT | change)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"gauges": GAUGES | {"mean": [1.0, 2.0]}}, "mean: 2 entries for 1 points"),
        ({"gauges": GAUGES | {"quality": []}}, "quality: 0 entries for 1 points"),
        ({"gauges": GAUGES | {"quality": [256]}}, "quality"),
        ({"until": 0}, "not after its start"),
    ],
)
def test_columns_must_fit_each_other(body, says):
    with pytest.raises(Illegible, match=says):
        read(interval(**body), Lane.INTERVAL)


def test_raw_columns_must_fit_their_times():
    body = {"device": "m", "points": ["a"], "t": [1, 2], "values": [[1.0]]}
    with pytest.raises(Illegible, match="each point needs 2 numbers"):
        read(EVENT | {"lane": "raw", "body": body}, Lane.RAW)
    body |= {"values": [[1.0, 2.0]], "quality": [[[192, 3]]]}
    with pytest.raises(Illegible, match="add up to 3 cells, not 2"):
        read(EVENT | {"lane": "raw", "body": body}, Lane.RAW)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b"[" * 5000])
def test_noise_is_refused_with_a_sentence(payload):
    with pytest.raises(Illegible, match="payload of"):
        decode.letter(topics.Topic("g", Lane.RAW), payload)
    with pytest.raises(Illegible):
        decode.receipt(payload)


def test_a_zstd_frame_may_not_be_broken_nor_unpack_without_bound():
    bomb = zstandard.ZstdCompressor().compress(b" " * (decode.LARGEST_BYTES + 1))
    assert len(bomb) < 5000
    with pytest.raises(Illegible, match="allowed are"):
        decode.unpacked(bomb)
    with pytest.raises(Illegible, match="broken"):
        decode.unpacked(decode.ZSTD_MAGIC + b"\x20\x05junk")
    streamed = zstandard.ZstdCompressor(write_content_size=False).compress(b"{}")
    with pytest.raises(Illegible, match="does not say"):
        decode.unpacked(streamed)


def test_live_and_site_are_no_lanes():
    with pytest.raises(Illegible, match="no sequenced lane"):
        decode.letter(topics.Topic("g", "live"), b"{}")
