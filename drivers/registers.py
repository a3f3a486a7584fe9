"""Meaning: the bytes of a look become values, and a value becomes bytes again."""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from drivers.modbus.blocks import BIT_TABLES, Block, span_of
from drivers.profile import FactSpec, PointSpec, Profile
from drivers.row import AS_IT_IS, LETTER, Law, check, is_bit, law_of, places
from edge.model.quality import Quality, QualityArray
from edge.model.scan import Values

_NUMPY = {"H": "<u2", "h": "<i2", "I": "<u4", "i": "<i4", "f": "<f4", "Q": "<u8", "q": "<i8",
          "d": "<f8", "B": "u1"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cell:
    """One point inside the joined answers of a look."""

    column: int
    block: int
    letter: str
    """Type of the raw number, as `struct` knows it."""
    places: tuple[int, ...]
    """Of its bytes, least significant first."""
    shift: int
    """Of its bit; -1 for a number."""
    marks: tuple[int, ...]
    """Raw patterns that mean "not available"."""
    law: Law


class _Marks(NamedTuple):
    """Where to look for "not available": `raw[at] == pattern` speaks of `columns`."""

    raw: npt.NDArray[Any]
    at: npt.NDArray[np.intp]
    pattern: npt.NDArray[Any]
    columns: npt.NDArray[np.intp]


class Decoder:
    """Turns the answers of one look into values and quality by a handful of numpy calls.

    One index gathers all bytes into a buffer in which values of one type stand together, least
    significant byte first, and which is viewed as each type beforehand. The buffer is used again
    by the next look, so a decoder serves one look at a time.
    """

    def __init__(self, cells: Iterable[_Cell], blocks: Sequence[Block], n: int) -> None:
        # the widest first, so that every view is aligned
        cells = sorted(cells, key=lambda c: (-len(c.places), c.letter, c.shift < 0, c.column))
        read = [c.column for c in cells]
        self._sizes = [block.size for block in blocks]
        self._pick = np.array([place for c in cells for place in c.places], np.intp)
        self._gathered = np.zeros(len(self._pick), np.uint8)
        self._of_block = [
            np.array([c.column for c in cells if c.block == i], np.intp) for i in range(len(blocks))
        ]
        self._blank = np.full(n, np.nan)
        self._quality = np.full(n, Quality.REFUSED, np.uint8)
        self._quality[read] = Quality.GOOD
        self._always_finite = len(read) == n and not any(c.letter in "fd" for c in cells)
        self._numbers: list[tuple[slice | npt.NDArray[np.intp], npt.NDArray[Any]]] = []
        self._bits: list[tuple[npt.NDArray[np.intp], npt.NDArray[Any], npt.NDArray[Any]]] = []
        self._marks: list[_Marks] = []
        at = 0
        for (letter, is_number), members in groupby(cells, key=lambda c: (c.letter, c.shift < 0)):
            group = list(members)
            width = len(group[0].places)
            own = self._gathered[at : at + width * len(group)]
            at += len(own)
            raw: npt.NDArray[Any] = own.view(_NUMPY[letter])
            columns = np.array([c.column for c in group], np.intp)
            if is_number:
                self._numbers.append((_as_slice(columns), raw))
            else:
                self._bits.append((columns, raw, np.array([c.shift for c in group], raw.dtype)))
            marked = [(i, mark, c.column) for i, c in enumerate(group) for mark in c.marks]
            if marked:
                index, mark, column = zip(*marked, strict=True)
                unsigned: npt.NDArray[Any] = own.view(f"<u{width}")
                self._marks.append(
                    _Marks(
                        unsigned,
                        np.array(index, np.intp),
                        np.array(mark, unsigned.dtype),
                        np.array(column, np.intp),
                    )
                )
        laws = np.tile(np.array(AS_IT_IS), (n, 1))
        if read:
            laws[read] = [c.law for c in cells]
        # a step that changes nothing is not taken
        self._times, self._plus, self._over = (
            np.ascontiguousarray(step) if (step != nothing).any() else None
            for step, nothing in zip(laws.T, AS_IT_IS, strict=True)
        )

    def decode(self, answers: Sequence[bytes | Quality]) -> tuple[Values, QualityArray]:
        """Values (float64[n]) and quality (uint8[n]) of one look.

        Args:
            answers: For each block, in the order it was compiled with, the content of its answer
                or the reason why there is none.

        A value that no block covers is NaN and REFUSED.

        Raises:
            ValueError: an answer is not as long as its block.
        """
        failed = [(i, a) for i, a in enumerate(answers) if isinstance(a, Quality)]
        whole = [
            bytes(size) if isinstance(a, Quality) else a
            for a, size in zip(answers, self._sizes, strict=True)
        ]
        if [len(a) for a in whole] != self._sizes:
            raise ValueError(f"answers of {[len(a) for a in whole]} bytes, not {self._sizes}")
        wire = np.frombuffer(b"".join(whole), np.uint8)
        values, quality = self._blank.copy(), self._quality.copy()
        if len(self._pick):
            # "clip" spares numpy a copy of `out`; the places were checked when they were compiled
            wire.take(self._pick, out=self._gathered, mode="clip")
        # a signalling NaN or an overflow on the wire is a value to be judged, not a warning
        with np.errstate(all="ignore"):
            for where, raw in self._numbers:
                values[where] = raw
            for columns, raw, shift in self._bits:
                values[columns] = (raw >> shift) & 1
            if self._times is not None:
                values *= self._times
            if self._plus is not None:
                values += self._plus
            if self._over is not None:
                values /= self._over
        for marks in self._marks:
            hit = marks.raw[marks.at] == marks.pattern
            if hit.any():
                values[marks.columns[hit]] = np.nan
                quality[marks.columns[hit]] = Quality.UNAVAILABLE
        if not self._always_finite:
            odd = ~np.isfinite(values)
            if odd.any():
                values[odd] = np.nan
                quality[odd & (quality == Quality.GOOD)] = Quality.NOT_A_NUMBER
        for i, cause in failed:
            values[self._of_block[i]] = np.nan
            quality[self._of_block[i]] = cause
        return values, quality


def compile_decoder(
    profile: Profile, specs: Sequence[PointSpec], blocks: Sequence[Block]
) -> Decoder:
    """The decoder of looks that bring `blocks`, for the values `specs` in the order of a Scan.

    Raises:
        ConfigError: a row of the profile cannot be read as it is written.
    """
    starts = [0]
    for block in blocks:
        starts.append(starts[-1] + block.size)
    cells = []
    for column, spec in enumerate(specs):
        check(profile, spec)
        span = span_of(spec)
        for i, block in enumerate(blocks):
            if block.covers(span):
                cells.append(
                    _cell(profile, spec, column, i, starts[i], span.address - block.address)
                )
                break
    return Decoder(cells, blocks, len(specs))


def decode_point(profile: Profile, spec: PointSpec, data: bytes) -> float:
    """The value of these bytes of one point, in wire order; NaN where they carry none.

    Raises:
        ValueError: there are more or fewer bytes than the point takes.
        ConfigError: the row cannot be read as it is written.
    """
    values, _ = compile_decoder(profile, [spec], [span_of(spec)]).decode([data])
    return float(values[0])


def encode_point(
    profile: Profile, spec: PointSpec, value: float, register: bytes = b"\0\0"
) -> bytes:
    """The bytes of one point that come to `value`, in wire order; a coil is one byte, 0 or 1.

    Args:
        profile: Gives the order of bytes and words.
        spec: The point.
        value: NaN is written as the point's first "not available" pattern, or as a float's NaN.
        register: What the register of a bit holds now: its other bits are kept.

    Raises:
        ValueError: the point cannot carry this value; says why.
        ConfigError: the row cannot be read as it is written.
    """
    check(profile, spec)
    if is_bit(spec):
        if value not in {0, 1}:
            raise ValueError(f"{spec.name}: {value:g} is neither 0 nor 1, and the point is a bit")
        if spec.table in BIT_TABLES:
            return bytes([int(value)])
        order: Any = profile.bytes
        mask = 1 << (spec.bit or 0)
        held = int.from_bytes(register, order) & ~mask
        return (held | (mask if value else 0)).to_bytes(2, order)
    letter = LETTER[spec.type]
    if math.isnan(value) and spec.unavailable:
        little = spec.unavailable[0].to_bytes(struct.calcsize(letter), "little")
    else:
        little = _pack(spec, letter, value)
        if int.from_bytes(little, "little") in spec.unavailable:
            raise ValueError(f"{spec.name}: {value:g} would be taken for its “not available” mark")
    wire = bytearray(len(little))
    for byte, place in zip(little, places(profile, spec), strict=True):
        wire[place] = byte
    return bytes(wire)


def decode_fact(profile: Profile, spec: FactSpec, data: bytes) -> str:
    """The text of a fact's registers: padding dropped, what is not ASCII replaced."""
    if profile.bytes == "little":
        data = b"".join(data[i + 1 : i + 2] + data[i : i + 1] for i in range(0, len(data), 2))
    if spec.type == "string":
        text = data.split(b"\0", 1)[0].decode("ascii", "replace")
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text).strip()
    if profile.words == "little":
        data = b"".join(data[i : i + 2] for i in range(len(data) - 2, -1, -2))
    return str(int.from_bytes(data, "big"))


def _pack(spec: PointSpec, letter: str, value: float) -> bytes:
    """The raw number nearest to `value`, least significant byte first."""
    law = law_of(spec)
    if letter in "fd":
        raw_float = (value * law.over - law.plus) / law.times
        try:
            return struct.pack("<" + letter, raw_float)
        except OverflowError:
            raise ValueError(f"{spec.name}: {value:g} is beyond a {spec.type}") from None
    if not math.isfinite(value):
        raise ValueError(f"{spec.name}: a {spec.type} cannot say {value:g}")
    raw = round((Fraction(value) * Fraction(law.over) - Fraction(law.plus)) / Fraction(law.times))
    try:
        return struct.pack("<" + letter, raw)
    except struct.error:
        raise ValueError(f"{spec.name}: {value:g} is raw {raw}, beyond a {spec.type}") from None


def _cell(
    profile: Profile, spec: PointSpec, column: int, block: int, start: int, offset: int
) -> _Cell:
    """Where the point stands when `start` bytes precede its block, `offset` addresses it."""
    if spec.table in BIT_TABLES:
        # the first coil is the least significant bit of the first byte (V1.1b3, 6.1)
        place = start + offset // 8
        return _Cell(column, block, "B", (place,), offset % 8, (), AS_IT_IS)
    letter = "H" if spec.bit is not None else LETTER[spec.type]
    where = tuple(start + offset * 2 + place for place in places(profile, spec))
    shift = -1 if spec.bit is None else spec.bit
    return _Cell(column, block, letter, where, shift, tuple(spec.unavailable), law_of(spec))


def _as_slice(columns: npt.NDArray[np.intp]) -> slice | npt.NDArray[np.intp]:
    """The same columns, as a slice where they follow one another: numpy copies those faster."""
    first, last = int(columns[0]), int(columns[-1])
    return slice(first, last + 1) if last - first + 1 == len(columns) else columns
