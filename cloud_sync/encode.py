"""Letters as documented JSON: columns instead of repeated names, null instead of NaN.

The same body gives the same bytes. Floats are written shortest-exact: reading them back gives the
same 64 bits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from cloud_sync.letters import (
    VERSION,
    Cells,
    Counters,
    DescribedDevice,
    Gauges,
    Happening,
    Interval,
    Letter,
    Live,
    LiveCells,
    Place,
    Run,
    Site,
    States,
)
from edge.model.clock import NS_PER_MS, Instant
from edge.model.event import Event
from edge.model.message import Lane
from edge.model.point import Columns, Kind
from edge.model.quality import Quality, QualityArray
from edge.model.scan import Values
from edge.model.summary import RawCells, Summary
from edge.ports import Body, Encode

Pack = Callable[[bytes], bytes]

ZSTD_LEVEL = 3
_LAYOUTS_KEPT = 4096

_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Shown:
    """The latest of one device, for `live`: arrays in the order of `points`."""

    points: Sequence[str]
    values: Values
    quality: QualityArray
    measured_at: Instant


@dataclass(frozen=True, slots=True)
class _Group:
    """The points of one kind: where they stand in a Summary, and how they are named."""

    at: npt.NDArray[np.intp]
    points: tuple[str, ...]
    unit: tuple[str, ...]


_Layout = tuple[_Group | None, _Group | None, _Group | None]


def encoder(*, compress: bool = False) -> Encode:
    """An encoder of letters; with `compress` each payload is one zstd frame."""
    layouts: dict[str, _Layout] = {}
    pack = packer(compress=compress)

    def encode(
        gateway: str, epoch: str, lane: Lane, seq: int, created_at: Instant, body: Body
    ) -> bytes:
        said = _said(body, layouts)
        letter = Letter(
            v=VERSION,
            gateway=gateway,
            epoch=epoch,
            lane=lane,
            seq=seq,
            at=created_at // NS_PER_MS,
            body=said,
        )
        return pack(to_json(letter))

    return encode


def packer(*, compress: bool) -> Pack:
    """What makes a payload of JSON: nothing, or one zstd frame that states its content's size."""
    if not compress:
        return bytes
    from zstandard import ZstdCompressor  # noqa: PLC0415  # only where a site asks for it

    return ZstdCompressor(level=ZSTD_LEVEL, write_content_size=True).compress


def to_json(form: msgspec.Struct) -> bytes:
    """The JSON of any form of `cloud_sync.letters`, without spaces."""
    return _json.encode(form)


def site(
    gateway: str,
    epoch: str,
    at: Instant,
    place: Place,
    devices: Sequence[DescribedDevice],
    software: str = "",
) -> bytes:
    """The description of a site, to be sent retained."""
    return _json.encode(
        Site(
            v=VERSION,
            gateway=gateway,
            epoch=epoch,
            at=at // NS_PER_MS,
            place=place,
            devices=devices,
            software=software,
        )
    )


def live(gateway: str, at: Instant, devices: Mapping[str, Shown]) -> bytes:
    """The latest values of these devices."""
    return _json.encode(
        Live(
            v=VERSION,
            gateway=gateway,
            at=at // NS_PER_MS,
            devices=[
                LiveCells(
                    device=device,
                    at=shown.measured_at // NS_PER_MS,
                    points=shown.points,
                    values=shown.values.tolist(),
                    quality=_unless_good(shown.quality),
                )
                for device, shown in devices.items()
            ],
        )
    )


def _said(body: Body, layouts: dict[str, _Layout]) -> Interval | Cells | Happening:
    match body:
        case Summary():
            fingerprint = body.columns.fingerprint
            layout = layouts.get(fingerprint)
            if layout is None:
                if len(layouts) >= _LAYOUTS_KEPT:
                    layouts.clear()
                layout = layouts[fingerprint] = _layout(body.columns)
            return _interval(body, layout)
        case RawCells():
            return _cells(body)
        case Event():
            return Happening(
                kind=body.kind,
                subject=body.subject,
                at=body.at // NS_PER_MS,
                detail=dict(sorted(body.detail.items())),
            )


def _layout(columns: Columns) -> _Layout:
    def group(*kinds: Kind) -> _Group | None:
        at = columns.where(*kinds)
        points = [columns.points[i] for i in at]
        if not points:
            return None
        return _Group(at, tuple(p.name for p in points), tuple(p.unit for p in points))

    return group(Kind.GAUGE), group(Kind.COUNTER), group(Kind.STATE, Kind.BIT)


def _interval(summary: Summary, layout: _Layout) -> Interval:
    gauges, counters, states = layout
    return Interval(
        device=summary.columns.device,
        since=summary.window.since // NS_PER_MS,
        until=summary.window.until // NS_PER_MS,
        clock_stepped=summary.clock_stepped,
        gauges=_gauges(summary, gauges) if gauges else None,
        counters=_counters(summary, counters) if counters else None,
        states=_states(summary, states) if states else None,
    )


def _gauges(summary: Summary, group: _Group) -> Gauges:
    at = group.at
    return Gauges(
        points=group.points,
        unit=group.unit,
        mean=summary.mean[at].tolist(),
        min=summary.minimum[at].tolist(),
        max=summary.maximum[at].tolist(),
        last=summary.last[at].tolist(),
        count=summary.count[at].tolist(),
        good=summary.good[at].tolist(),
        good_s=summary.good_s[at].tolist(),
        quality=_unless_good(summary.quality[at]),
    )


def _counters(summary: Summary, group: _Group) -> Counters:
    at = group.at
    return Counters(
        points=group.points,
        unit=group.unit,
        delta=summary.delta[at].tolist(),
        last=summary.last[at].tolist(),
        epoch=summary.counter_epoch[at].tolist(),
        count=summary.count[at].tolist(),
        good=summary.good[at].tolist(),
        quality=_unless_good(summary.quality[at]),
    )


def _states(summary: Summary, group: _Group) -> States:
    at = group.at
    return States(
        points=group.points,
        last=summary.last[at].tolist(),
        count=summary.count[at].tolist(),
        good=summary.good[at].tolist(),
        seconds=[dict(sorted(summary.state_s[i].items())) for i in at],
        quality=_unless_good(summary.quality[at]),
    )


def _cells(cells: RawCells) -> Cells:
    values, present = cells.values, cells.present
    if present is not None and present.all():
        present = None
    if present is not None:
        values = np.where(present, values, np.nan)
    return Cells(
        device=cells.device,
        points=cells.points,
        t=[at // NS_PER_MS for at in cells.at],
        values=values.T.tolist(),
        quality=_runs(cells.quality, present),
    )


def _runs(quality: QualityArray, present: npt.NDArray[np.bool_] | None) -> list[list[Run]] | None:
    if present is None and bool((quality == Quality.GOOD).all()):
        return None
    codes = quality.astype(np.int16)
    if present is not None:
        codes[~present] = -1
    return [_runs_of(column) for column in codes.T]


def _runs_of(codes: npt.NDArray[np.int16]) -> list[Run]:
    edges: Iterable[int] = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    return [
        (None if codes[first] < 0 else int(codes[first]), until - first)
        for first, until in pairwise(edges)
        if until > first
    ]


def _unless_good(quality: QualityArray) -> list[int] | None:
    return None if bool((quality == Quality.GOOD).all()) else quality.tolist()
