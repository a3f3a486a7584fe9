"""Rows of the ledger as InfluxDB line protocol. Pure; the same row gives the same line.

    ria_summary,gateway=,device=,point=,kind=,unit=  mean= min= max= last= delta= good_s= (floats)
                                                     count=i good=i quality=i epoch=i  at since
    ria_state,gateway=,device=,point=,value=         seconds=                          at since
    ria_cell,gateway=,device=,point=                 value= quality=i                  at its time
    ria_event,gateway=,lane=,kind=,subject=          seq=i detail=""                   at its time

A field has one type for ever, and is left out where there is no number. Times are milliseconds.
"""

from collections.abc import Callable, Iterator

import msgspec

from cloud_sync.ioc.rows import Row

SUMMARY = (
    "gateway, device, point, kind, unit, since_ms, mean, min, max, last, delta, good_s, count, "
    "good, quality, counter_epoch, seconds"
)
CELL = "gateway, device, point, at_ms, value, quality"
EVENT = "gateway, lane, kind, subject, at_ms, seq, detail"

_TAG = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ ", "\\": "\\\\"})
_TEXT = str.maketrans({'"': '\\"', "\\": "\\\\"})
_FLOATS = ("mean", "min", "max", "last", "delta", "good_s")
_seconds = msgspec.json.Decoder(dict[str, float])


def summary(row: Row) -> Iterator[str]:
    """Lines of one row of `summary`, columns as in `SUMMARY`."""
    gateway, device, point, kind, unit, since_ms, *numbers, count, good, quality, epoch, text = row
    where = f"gateway={_tag(gateway)},device={_tag(device)},point={_tag(point)}"
    fields = [
        f"{name}={number}"
        for name, number in zip(_FLOATS, numbers, strict=True)
        if number is not None
    ]
    fields += [f"count={count}i", f"good={good}i", f"quality={quality}i"]
    if epoch is not None:
        fields.append(f"epoch={epoch}i")
    tags = f"{where},kind={kind},unit={_tag(unit)}"
    yield f"ria_summary,{tags} {','.join(fields)} {since_ms}"
    if isinstance(text, str):
        for value, seconds in _seconds.decode(text).items():
            yield f"ria_state,{where},value={_tag(value)} seconds={seconds} {since_ms}"


def cell(row: Row) -> Iterator[str]:
    """The line of one row of `cell`, columns as in `CELL`."""
    gateway, device, point, at_ms, value, quality = row
    number = "" if value is None else f"value={value},"
    tags = f"gateway={_tag(gateway)},device={_tag(device)},point={_tag(point)}"
    yield f"ria_cell,{tags} {number}quality={quality}i {at_ms}"


def event(row: Row) -> Iterator[str]:
    """The line of one row of `event`, columns as in `EVENT`."""
    gateway, lane, kind, subject, at_ms, seq, detail = row
    tags = f"gateway={_tag(gateway)},lane={lane},kind={kind},subject={_tag(subject)}"
    yield f'ria_event,{tags} seq={seq}i,detail="{str(detail).translate(_TEXT)}" {at_ms}'


SOURCES: dict[str, tuple[str, Callable[[Row], Iterator[str]]]] = {
    "summary": (SUMMARY, summary),
    "cell": (CELL, cell),
    "event": (EVENT, event),
}
"""Table: its columns, and what makes lines of a row."""


def _tag(value: object) -> str:
    # a tag may not be empty, nor end in a backslash
    return str(value).translate(_TAG) or "-"
