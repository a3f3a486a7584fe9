"""Payloads read back, strictly: what does not follow the schema is refused with a sentence."""

from typing import TypeVar

import msgspec

from cloud_sync import topics
from cloud_sync.letters import AnyLetter, Cells, Happening, Interval, Letter, Live, Receipt, Site
from edge.errors import EdgeError
from edge.model.message import Lane

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
"""RFC 8878, 3.1.1: the first four bytes of a zstd frame; no JSON text begins like this."""

LARGEST_BYTES = 16 * 1024 * 1024
"""What a payload may come to when unpacked."""

Form = TypeVar("Form", bound=msgspec.Struct)

_happening = msgspec.json.Decoder(Letter[Happening])
_interval = msgspec.json.Decoder(Letter[Interval])
_cells = msgspec.json.Decoder(Letter[Cells])
_live = msgspec.json.Decoder(Live)
_site = msgspec.json.Decoder(Site)
_receipt = msgspec.json.Decoder(Receipt)


class Illegible(EdgeError, ValueError):
    """The payload does not follow the schema: one of the two sides must be mended."""


def letter(topic: topics.Topic, payload: bytes) -> AnyLetter:
    """Read a sequenced message that came on `topic`.

    Raises:
        Illegible: it breaks the schema, or says another gateway or lane than its topic.
    """
    if not isinstance(topic.leaf, Lane):
        raise Illegible(f"{topic.leaf} is no sequenced lane; use its own reader")
    read: AnyLetter
    match topic.leaf:
        case Lane.AUDIT | Lane.EVENT:
            read = _read(_happening, payload, topic.leaf)
        case Lane.INTERVAL:
            read = _read(_interval, payload, topic.leaf)
        case Lane.RAW:
            read = _read(_cells, payload, topic.leaf)
    if (read.gateway, read.lane) != (topic.gateway, topic.leaf):
        raise Illegible(
            f"{topic.leaf}: the payload says gateway {read.gateway!r}, lane {read.lane.value!r}; "
            f"its topic says {topic.gateway!r}, {topic.leaf.value!r}; check who may publish there"
        )
    return read


def interval(payload: bytes) -> Letter[Interval]:
    """Read an `interval` message wherever it lies."""
    return _read(_interval, payload, Lane.INTERVAL)


def live(payload: bytes) -> Live:
    """Read a `live` message."""
    return _read(_live, payload, "live")


def site(payload: bytes) -> Site:
    """Read a `site` message."""
    return _read(_site, payload, "site")


def receipt(payload: bytes) -> Receipt:
    """Read a `watermark` message."""
    return _read(_receipt, payload, "watermark")


def unpacked(payload: bytes) -> bytes:
    """The JSON text in a payload.

    Raises:
        Illegible: a zstd frame that is broken, or larger than 16 MiB when unpacked.
    """
    if not payload.startswith(ZSTD_MAGIC):
        return payload
    import zstandard  # noqa: PLC0415  # only where the other side compresses

    try:
        size = zstandard.frame_content_size(payload)
        if not 0 <= size <= LARGEST_BYTES:
            raise Illegible(
                f"zstd frame says {size} bytes (-1: does not say), allowed are 0 to {LARGEST_BYTES}"
            )
        return zstandard.ZstdDecompressor().decompress(payload)
    except zstandard.ZstdError as error:
        raise Illegible(f"zstd frame of {len(payload)} bytes is broken: {error}") from error


def _read(decoder: "msgspec.json.Decoder[Form]", payload: bytes, what: str) -> Form:
    try:
        return decoder.decode(unpacked(payload))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Illegible(f"{what} payload of {len(payload)} bytes: {error}") from error
