"""One row of a profile: where its bytes stand on the wire, and what its number means."""

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from drivers.modbus.blocks import BIT_TABLES, span_of
from drivers.profile import PointSpec, Profile
from edge.errors import ConfigError

LETTER = {
    "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "float32": "f",
    "uint64": "Q", "int64": "q", "float64": "d",
}  # fmt: skip
"""The types as `struct` knows them."""


def is_bit(spec: PointSpec) -> bool:
    """Whether the point is one bit: a coil, a discrete input, or a bit of a register."""
    return spec.table in BIT_TABLES or spec.bit is not None


class Law(NamedTuple):
    """`value = (raw * times + plus) / over`.

    Profiles write scale and offset as decimals. As a ratio of whole numbers they leave a single
    rounding, the division's: raw 2301 at scale 0.1 is 2301 / 10, the float nearest 230.1, where
    2301 * 0.1 is one step beside it.
    """

    times: float
    plus: float
    over: float


AS_IT_IS = Law(1.0, 0.0, 1.0)


def law_of(spec: PointSpec) -> Law:
    """The exact ratio where it is one of whole numbers up to 2^53, else scale and offset."""
    if is_bit(spec):
        return AS_IT_IS
    return _law(spec.scale, spec.offset, is_float=spec.type.startswith("float"))


@cache
def _law(scale_as_written: float, offset_as_written: float, *, is_float: bool) -> Law:
    scale, offset = Fraction(repr(scale_as_written)), Fraction(repr(offset_as_written))
    over = math.lcm(scale.denominator, offset.denominator)
    times, plus = scale * over, offset * over
    exact = abs(times) <= 2**53 and abs(plus) <= 2**53 and over <= 2**53
    if is_float:
        # a product with a whole number would round, and could overflow, before the division
        exact = exact and times == 1 and plus == 0
    if exact:
        return Law(float(times), float(plus), float(over))
    return Law(scale_as_written, offset_as_written, 1.0)


def places(profile: Profile, spec: PointSpec) -> list[int]:
    """Where on the wire the bytes of a value stand, least significant first."""
    registers = range(span_of(spec).count)
    if (spec.words or profile.words) == "big":
        registers = registers[::-1]
    low, high = (1, 0) if profile.bytes == "big" else (0, 1)
    return [2 * register + half for register in registers for half in (low, high)]


def check(profile: Profile, spec: PointSpec) -> None:
    """Refuse a row that contradicts itself: no reading of it would be the right one.

    Raises:
        ConfigError: names the row, the value and the bound.
    """
    row = f"{profile.profile}: {spec.name}"
    span = span_of(spec)
    if not 0 <= spec.address <= 65536 - span.count:
        raise ConfigError(f"{row}: address {spec.address} is outside 0…{65536 - span.count}")
    if spec.bit is not None and not 0 <= spec.bit <= 15:
        raise ConfigError(f"{row}: bit {spec.bit} is outside 0…15")
    if spec.type == "bit" and not is_bit(spec):
        raise ConfigError(f"{row}: a bit of a {spec.table} register needs `bit:`, 0…15")
    if not is_bit(spec) and (spec.scale == 0 or not math.isfinite(spec.scale + spec.offset)):
        raise ConfigError(f"{row}: scale {spec.scale:g} and offset {spec.offset:g} lose the value")
    largest = 2 ** (16 * span.count) - 1
    for mark in spec.unavailable:
        if not 0 <= mark <= largest:
            raise ConfigError(f"{row}: unavailable pattern {mark} is outside 0…{largest}")
