"""What a Modbus device holds, and how it answers: V1.1b3 of the protocol, without a socket."""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from drivers.modbus.blocks import span_of
from drivers.profile import FactSpec, PointSpec, Profile, Table
from drivers.registers import decode_point, encode_point
from drivers.row import AS_IT_IS, law_of
from simulators.ranges import carried_by

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3

READS: dict[int, Table] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
MAX_BITS = 2000
MAX_REGISTERS = 125
_ON = 0xFF00


@dataclass(slots=True)
class _Area:
    """One table from its first to its last address; holes in between read as zeros."""

    first: int
    end: int
    cell: int
    """Bytes for each address: 2 for a register, 1 for a bit."""
    data: bytearray

    def at(self, address: int, count: int) -> slice:
        low = (address - self.first) * self.cell
        return slice(low, low + count * self.cell)


class Memory:
    """The tables of one device, laid out by its profile; `answer` is a pure function of them.

    Reads outside [lowest, highest] address of a table are refused with exception 2, as are writes
    to anything but a writable point; holes inside the map read as zeros, which most devices do.
    """

    def __init__(self, profile: Profile, serial: str) -> None:
        self._profile = profile
        self._areas = _areas(profile)
        self._specs = profile.by_name
        self._shown: dict[str, float] = {}
        self._plain = _plain_floats(profile, self._areas)
        self._writable = [s for s in profile.points if s.writable is not None and s.address >= 0]
        self.written: list[tuple[str, float]] = []
        """Points that a client has set, oldest first; whoever takes them clears them."""
        for fact in profile.facts:
            if fact.address >= 0:
                self._store(fact.table, fact.address, _fact_bytes(profile, fact, serial))

    def show(self, outputs: Mapping[str, float]) -> None:
        """Put values into the registers, as far as these can carry them; NaN is NaN or its mark."""
        shown = self._shown
        for name, value in outputs.items():
            if shown.get(name) == value:
                continue
            shown[name] = value
            if (plain := self._plain.get(name)) is not None and abs(value) < 1e38:
                pack_into, data, offset = plain
                pack_into(data, offset, value)
            elif (spec := self._specs.get(name)) is not None:
                self._put(spec, value)

    def show_mark(self, name: str) -> None:
        """Put the device's own mark for "not available" into a point, where it has one."""
        spec = self._specs[name]
        if spec.unavailable and spec.bit is None and spec.type != "bit":
            self._shown.pop(name, None)
            self._store(spec.table, spec.address, encode_point(self._profile, spec, math.nan))

    def show_nan(self, name: str) -> None:
        """Put an IEEE NaN into a point, where it is a float."""
        spec = self._specs[name]
        if spec.type.startswith("float"):
            self._shown.pop(name, None)
            bare = msgspec.structs.replace(spec, unavailable=[])
            self._store(spec.table, spec.address, encode_point(self._profile, bare, math.nan))

    def _put(self, spec: PointSpec, value: float) -> None:
        if spec.address < 0:
            return
        low, high = carried_by(spec)
        value = min(max(value, low), high)
        if spec.kind in {"bit", "state"} and not math.isnan(value):
            value = float(round(value))
        area = self._areas[spec.table]
        try:
            if spec.bit is not None:
                register = bytes(area.data[area.at(spec.address, 1)])
                data = encode_point(self._profile, spec, value, register)
            else:
                data = encode_point(self._profile, spec, value)
        except ValueError:
            # The pattern of "not available" cannot also be a value: the register keeps the last.
            return
        self._store(spec.table, spec.address, data)

    def _store(self, table: Table, address: int, data: bytes) -> None:
        area = self._areas[table]
        area.data[area.at(address, len(data) // area.cell)] = data

    def answer(self, pdu: bytes) -> bytes:
        """The answer to a request, function code first; an exception where it cannot be met."""
        function = pdu[0] if pdu else 0
        if function in READS:
            return self._read(pdu)
        if function in {5, 6}:
            return self._write_one(pdu)
        if function in {15, 16}:
            return self._write_many(pdu)
        return refusal(function, ILLEGAL_FUNCTION)

    def _read(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if len(pdu) != 5:
            return refusal(function, ILLEGAL_VALUE)
        address, count = struct.unpack_from(">HH", pdu, 1)
        bits = function <= 2
        if not 1 <= count <= (MAX_BITS if bits else MAX_REGISTERS):
            return refusal(function, ILLEGAL_VALUE)
        area = self._areas.get(READS[function])
        if area is None or address < area.first or address + count > area.end:
            return refusal(function, ILLEGAL_ADDRESS)
        if not bits and count > self._profile.limits.max_registers:
            return refusal(function, ILLEGAL_ADDRESS)
        content = bytes(area.data[area.at(address, count)])
        if bits:
            content = _packed(content)
        return bytes((function, len(content))) + content

    def _write_one(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if len(pdu) != 5:
            return refusal(function, ILLEGAL_VALUE)
        address, value = struct.unpack_from(">HH", pdu, 1)
        if function == 5 and value not in {0, _ON}:
            return refusal(function, ILLEGAL_VALUE)
        content = bytes([value == _ON]) if function == 5 else pdu[3:5]
        code = self._write("coil" if function == 5 else "holding", address, content)
        return refusal(function, code) if code else pdu

    def _write_many(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if len(pdu) < 7:
            return refusal(function, ILLEGAL_VALUE)
        address, count, size = struct.unpack_from(">HHB", pdu, 1)
        content = pdu[6:]
        bits = function == 15
        fits = 1 <= count <= (1968 if bits else 123)
        if not fits or size != len(content) or size != ((count + 7) // 8 if bits else count * 2):
            return refusal(function, ILLEGAL_VALUE)
        if bits:
            content = bytes(content[i // 8] >> i % 8 & 1 for i in range(count))
        code = self._write("coil" if bits else "holding", address, content)
        return refusal(function, code) if code else pdu[:5]

    def _write(self, table: Table, address: int, content: bytes) -> int:
        """Store what a client may set, all of it or nothing; the exception code, 0 for none."""
        area = self._areas.get(table)
        if area is None:
            return ILLEGAL_ADDRESS
        end = address + len(content) // area.cell
        touched = []
        covered: set[int] = set()
        for spec in self._writable:
            span = span_of(spec)
            if spec.table == table and span.address < end and address < span.end:
                touched.append((spec, span))
                covered.update(range(span.address, span.end))
        if not covered.issuperset(range(address, end)):
            return ILLEGAL_ADDRESS
        before = bytes(area.data)
        area.data[area.at(address, end - address)] = content
        news = []
        for spec, span in touched:
            data = bytes(area.data[area.at(span.address, span.count)])
            value = decode_point(self._profile, spec, data)
            low, high = spec.writable or (0.0, 0.0)
            if not low <= value <= high:
                area.data[:] = before
                return ILLEGAL_VALUE
            news.append((spec.name, value))
        self._shown.update(news)
        self.written.extend(news)
        return 0


def refusal(function: int, code: int) -> bytes:
    """The exception response (V1.1b3, 7)."""
    return bytes((function & 0x7F | 0x80, code))


def _packed(cells: bytes) -> bytes:
    """One bit for each byte, the first the least significant of the first byte."""
    packed = bytearray((len(cells) + 7) // 8)
    for i, cell in enumerate(cells):
        packed[i // 8] |= (cell & 1) << i % 8
    return bytes(packed)


def _areas(profile: Profile) -> dict[Table, _Area]:
    spans: dict[Table, list[tuple[int, int]]] = {}
    for spec in profile.points:
        if spec.address >= 0:
            span = span_of(spec)
            spans.setdefault(spec.table, []).append((span.address, span.end))
    for fact in profile.facts:
        if fact.address >= 0:
            end = fact.address + _FACT_WIDTH.get(fact.type, fact.length)
            spans.setdefault(fact.table, []).append((fact.address, end))
    areas = {}
    for table, ends in spans.items():
        first, end = min(low for low, _ in ends), max(high for _, high in ends)
        cell = 1 if table in {"coil", "discrete"} else 2
        areas[table] = _Area(first, end, cell, bytearray((end - first) * cell))
    return areas


def _plain_floats(
    profile: Profile, areas: Mapping[Table, _Area]
) -> dict[str, tuple[Callable[..., None], bytearray, int]]:
    """Floats that stand on the wire as they are: a benchmark's thousands must cost next to nothing.

    The general way takes some 15 µs a value, this one a hundredth of it.
    """
    plain = {}
    for spec in profile.points:
        order = (profile.bytes, spec.words or profile.words)
        letter = {"float32": "f", "float64": "d"}.get(spec.type)
        bare = spec.bit is None and not spec.unavailable and law_of(spec) == AS_IT_IS
        if letter and bare and order == ("big", "big") and spec.address >= 0:
            area = areas[spec.table]
            start = area.at(spec.address, 1).start
            plain[spec.name] = (struct.Struct(f">{letter}").pack_into, area.data, start)
    return plain


_FACT_WIDTH = {"uint16": 1, "uint32": 2, "uint64": 4}


def _fact_bytes(profile: Profile, fact: FactSpec, serial: str) -> bytes:
    """A text padded with zeros, or a number made of the text, in the device's byte order."""
    if fact.type == "string":
        data = serial.encode("ascii", "replace")[: 2 * fact.length].ljust(2 * fact.length, b"\0")
    else:
        width = 2 * _FACT_WIDTH[fact.type]
        number = sum(serial.encode()) * 7919 % 2 ** (8 * width)
        data = number.to_bytes(width, "big")
        if profile.words == "little":
            data = b"".join(data[i : i + 2] for i in range(width - 2, -1, -2))
    if profile.bytes == "little":
        data = b"".join(data[i + 1 : i + 2] + data[i : i + 1] for i in range(0, len(data), 2))
    return data
