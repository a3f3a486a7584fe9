"""What a register can say and a reading can be: a simulator stays inside both."""

import math
from typing import NamedTuple

from drivers.profile import PointSpec

_WHOLE: dict[str, tuple[int, int]] = {
    "uint16": (0, 2**16 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint32": (0, 2**32 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint64": (0, 2**53),
    "int64": (-(2**53), 2**53),
}


_USUAL: dict[str, tuple[float, float]] = {"voltage_distortion": (1.0, 4.0)}
"""Where a quantity usually is, in its unit, when what is possible is far wider."""


class Range(NamedTuple):
    """A closed interval of values, in the point's unit."""

    lower: float
    upper: float
    plausible: bool
    """Whether the profile gave it, or only the width of the register."""


def carried_by(spec: PointSpec) -> tuple[float, float]:
    """The least and the largest value that the point's register can hold."""
    if spec.bit is not None or spec.type == "bit":
        return 0.0, 1.0
    if spec.node or spec.type not in _WHOLE:
        return -1e15, 1e15
    low, high = _WHOLE[spec.type]
    ends = (low * spec.scale + spec.offset, high * spec.scale + spec.offset)
    return min(ends), max(ends)


def range_of(spec: PointSpec) -> Range:
    """Where the point may be: what is plausible, as far as its register goes."""
    low, high = carried_by(spec)
    if spec.modulus:
        high = min(high, spec.modulus)
    if spec.plausible is None:
        return Range(low, high, plausible=False)
    (lower, upper), usual = spec.plausible, _USUAL.get(spec.quantity, (-math.inf, math.inf))
    inner = max(low, lower, usual[0]), min(high, upper, usual[1])
    if not math.isfinite(sum(inner)) or inner[0] >= inner[1]:
        return Range(low, high, plausible=False)
    return Range(*inner, plausible=True)
