"""Amounts as people write them: `5s`, `250 ms`, `8 GB`."""

import math
import re
from collections.abc import Mapping
from typing import Self

from edge.document.problem import quoted
from edge.document.readable import Unreadable

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-zµ]+)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_MEANT = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "giây": "s", "msec": "ms", "m": "min",
    "mins": "min", "minute": "min", "minutes": "min", "hr": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "k": "kB", "kb": "kB", "mb": "MB", "g": "GB", "gb": "GB",
    "t": "TB", "tb": "TB", "gib": "GiB", "mib": "MiB",
}  # fmt: skip


class Duration(float):
    """Seconds, written with their unit: `250ms`, `5s`, `1min`, `2h`, `1d`."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Seconds of a text such as `5s`.

        Raises:
            Unreadable: it is no number with a unit of time, or it is zero.
        """
        return cls(_amount(value, _SECONDS, "a duration", "5s"))


class Size(int):
    """Bytes, written with their unit: `500 MB`, `8 GB`."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Bytes of a text such as `8 GB`.

        Raises:
            Unreadable: it is no number with a unit of size, or it is zero.
        """
        return cls(round(_amount(value, _BYTES, "a size", "8 GB")))


def _amount(value: object, units: Mapping[str, float], what: str, example: str) -> float:
    usual = example.lstrip("0123456789")
    listed = ", ".join(units)
    if isinstance(value, int | float):
        remedy = f"write {what} with its unit: {quoted(value)}{usual}"
        raise Unreadable(f"{quoted(value)} has no unit", remedy)
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        remedy = f"write a number and a unit ({listed}): {example}"
        raise Unreadable(f"{quoted(value)} is not {what}", remedy)
    number, unit = match.groups()
    if unit not in units:
        meant = _MEANT.get(unit.lower(), usual.strip())
        remedy = f"write {number}{usual[: -len(usual.strip())]}{meant} (units: {listed})"
        raise Unreadable(f"{unit!r} is not a unit of {what.removeprefix('a ')}", remedy)
    amount = float(number) * units[unit]
    if not 0 < amount < math.inf:
        raise Unreadable(f"{quoted(value)} is not above zero", f"write {what} such as {example}")
    return amount


def spell_duration(seconds: float) -> str:
    """A duration as it would be written: `250ms`, `5s`, `1.5h`."""
    for unit in ("d", "h", "min", "s"):
        if seconds >= _SECONDS[unit]:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds * 1000:g}ms"
