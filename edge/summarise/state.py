"""A device's open window as bytes, so that a restart at any instant changes no number."""

from typing import Any

import msgspec
import numpy as np
import zstandard

from edge.model.clock import Instant, Window
from edge.model.point import Columns, Kind, Point
from edge.summarise.counters import Counters
from edge.summarise.device import DeviceDigest
from edge.summarise.layout import Layout
from edge.summarise.tally import Tally
from edge.summarise.timeline import Timeline

VERSION = 1
LARGEST = 2**24
"""Bytes that a state may unfold to."""

TALLY_ARRAYS = ("weighted", "stood_ns", "count", "good", "minimum", "maximum", "last")
COUNTER_ARRAYS = (
    "base",
    "rose_at_ns",
    "opened",
    "carried",
    "epoch",
    "suspect",
    "told",
    "first",
    "newest",
    "newest_at_ns",
    "confirmed_by",
)

_compressor = zstandard.ZstdCompressor(level=1)
_decompressor = zstandard.ZstdDecompressor()


class _Named(msgspec.Struct, array_like=True):
    """What a letter needs to know of a point that the site file may no longer have."""

    name: str
    kind: Kind
    quantity: str
    unit: str
    modulus: float
    raw: bool


class _Frozen(msgspec.Struct, array_like=True):
    version: int
    device: str
    period_s: float
    window_s: float
    points: list[_Named]
    window: tuple[int, int]
    timeline: tuple[str, int, int, int, int, int]
    held: bytes
    quality: bytes
    tally: list[bytes]
    state_ns: list[dict[int, int]]
    counters: list[bytes]


class Frozen(msgspec.Struct, array_like=True):
    """All that is remembered of one device: its window, and what each rule keeps of it."""

    window: bytes
    """Empty where the device was not seen."""
    watchers: dict[str, bytes]


def pack(frozen: Frozen) -> bytes:
    """Compressed, since most of a young window is zeros."""
    return _compressor.compress(msgspec.msgpack.encode(frozen))


def unpack(state: bytes) -> Frozen:
    """What `pack` was given.

    Raises:
        ValueError: the bytes are not such a state.
    """
    try:
        whole = _decompressor.decompress(state, max_output_size=LARGEST)
        return msgspec.msgpack.decode(whole, type=Frozen)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise ValueError(f"the state of an open window does not unfold: {error}") from error


def freeze(digest: DeviceDigest) -> bytes:
    """The device's memory as bytes; the memory goes on as it was."""
    digest.tally.settle()
    digest.tally.settle_states()
    columns, time = digest.columns, digest.timeline
    return msgspec.msgpack.encode(
        _Frozen(
            version=VERSION,
            device=columns.device,
            period_s=columns.period_s,
            window_s=columns.window_s,
            points=[
                _Named(p.name, p.kind, p.quantity, p.unit, p.modulus, p.raw) for p in columns.points
            ],
            window=(digest.window.since, digest.window.until),
            timeline=(time.boot, time.wall, time.mono_ns, time.at, time.gone_ns, time.life_ns),
            held=digest.tally.held.tobytes(),
            quality=digest.tally.quality.tobytes(),
            tally=_arrays_of(digest.tally, TALLY_ARRAYS),
            state_ns=digest.tally.state_ns,
            counters=_arrays_of(digest.counters, COUNTER_ARRAYS),
        )
    )


def thaw(state: bytes, known: Columns | None) -> DeviceDigest:
    """The memory again; on `known` where its points are the same, else on those it was made of.

    Raises:
        ValueError: the state was written by another version, or is none.
    """
    try:
        frozen = msgspec.msgpack.decode(state, type=_Frozen)
    except msgspec.DecodeError as error:
        raise ValueError(f"not the state of an open window: {error}") from error
    if frozen.version != VERSION:
        raise ValueError(
            f"{frozen.device}: the open window was stored by version {frozen.version} of the "
            f"format and this program reads {VERSION}; start it with an empty window"
        )
    columns = _columns_of(frozen)
    if known is not None and known.fingerprint == columns.fingerprint:
        columns = known
    layout = Layout(columns)
    held = np.frombuffer(frozen.held, np.float64).copy()
    tally = Tally(layout, held, np.frombuffer(frozen.quality, np.uint8).copy())
    _fill(tally, TALLY_ARRAYS, frozen.tally)
    tally.state_ns = frozen.state_ns
    counters = Counters(layout)
    _fill(counters, COUNTER_ARRAYS, frozen.counters)
    boot, wall, mono_ns, at, gone_ns, life_ns = frozen.timeline
    timeline = Timeline(boot, Instant(wall), mono_ns, Instant(at), gone_ns, life_ns)
    since, until = frozen.window
    window = Window(Instant(since), Instant(until))
    return DeviceDigest(layout, timeline, window, tally, counters)


def _columns_of(frozen: _Frozen) -> Columns:
    points = tuple(
        Point(
            frozen.device,
            p.name,
            p.kind,
            quantity=p.quantity,
            unit=p.unit,
            modulus=p.modulus,
            raw=p.raw,
            period_s=frozen.period_s,
        )
        for p in frozen.points
    )
    return Columns(frozen.device, points, frozen.period_s, frozen.window_s)


def _arrays_of(owner: Tally | Counters, names: tuple[str, ...]) -> list[bytes]:
    return [getattr(owner, name).tobytes() for name in names]


def _fill(owner: Tally | Counters, names: tuple[str, ...], stored: list[bytes]) -> None:
    for name, content in zip(names, stored, strict=True):
        array: np.ndarray[Any, np.dtype[Any]] = getattr(owner, name)
        array[:] = np.frombuffer(content, array.dtype)
