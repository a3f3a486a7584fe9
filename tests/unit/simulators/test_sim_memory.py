"""What a Modbus device answers, byte by byte; examples from V1.1b3 where it gives them."""

import math
import struct

import pytest

from drivers.profile import FactSpec, Limits, PointSpec, Profile, Source
from edge.model.point import Kind
from simulators.modbus_memory import Memory


def profile(points, **more):
    return Profile(
        profile="sim-test", title="Test", vendor="Ria", domain="water", trust="B",
        sources=[Source(document="made up")], points=points, **more,
    )  # fmt: skip


@pytest.fixture
def memory():
    return Memory(
        profile(
            [
                PointSpec(name="flow", address=10, type="float32", unit="m3/h"),
                PointSpec(
                    name="total", address=14, type="uint32", scale=0.1, kind=Kind.COUNTER,
                    unavailable=[0xFFFFFFFF],
                ),
                PointSpec(name="alarm", address=16, bit=3, kind=Kind.BIT),
                PointSpec(name="empty", address=16, bit=0, kind=Kind.BIT),
                PointSpec(name="setpoint", address=20, type="float32", writable=(0.2, 1.0)),
                PointSpec(name="mode", address=22, kind=Kind.STATE, writable=(0, 2)),
                PointSpec(name="pump", address=5, table="coil", type="bit", kind=Kind.BIT, writable=(0, 1)),
                PointSpec(name="valve", address=6, table="coil", type="bit", kind=Kind.BIT, writable=(0, 1)),
                PointSpec(name="door", address=100, table="discrete", type="bit", kind=Kind.BIT),
                PointSpec(name="door2", address=108, table="discrete", type="bit", kind=Kind.BIT),
                PointSpec(name="temperature", address=0, table="input", type="int16", scale=0.1),
            ],
            facts=[FactSpec(name="serial", address=30, length=6), FactSpec(name="fw", address=40, type="uint16")],
            limits=Limits(max_registers=20),
        ),
        "SIM-inlet",
    )  # fmt: skip


def read(memory, function, address, count):
    return memory.answer(struct.pack(">BHH", function, address, count))


def test_values_stand_where_the_profile_says(memory):
    memory.show({"flow": 12.5, "total": 4321.0, "alarm": 1.0, "temperature": -3.2, "door2": 1.0})
    assert read(memory, 3, 10, 2) == bytes([3, 4]) + struct.pack(">f", 12.5)
    assert read(memory, 3, 14, 3) == bytes([3, 6]) + struct.pack(">IH", 43210, 0b1000)
    assert read(memory, 4, 0, 1) == bytes([4, 2]) + struct.pack(">h", -32)
    assert read(memory, 2, 100, 9) == bytes([2, 2, 0, 1])


def test_holes_inside_the_map_read_as_zeros_and_outside_is_refused(memory):
    assert read(memory, 3, 11, 4) == bytes([3, 8]) + bytes(8)
    assert read(memory, 3, 9, 2) == bytes([0x83, 2])
    assert read(memory, 3, 40, 2) == bytes([0x83, 2])
    assert read(memory, 4, 1, 1) == bytes([0x84, 2])
    assert read(memory, 1, 4, 1) == bytes([0x81, 2])


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (bytes([7]), 1),
        (bytes([0x2B, 14, 1, 0]), 1),
        (struct.pack(">BHH", 3, 10, 0), 3),
        (struct.pack(">BHH", 3, 10, 126), 3),
        (struct.pack(">BHH", 3, 10, 21), 2),
        (struct.pack(">BHH", 1, 5, 2001), 3),
        (struct.pack(">BH", 3, 10), 3),
        (struct.pack(">BHH", 5, 5, 0x1234), 3),
        (struct.pack(">BHH", 5, 100, 0xFF00), 2),
        (struct.pack(">BHH", 6, 10, 1), 2),
        (struct.pack(">BHHBH", 16, 22, 1, 2, 3), 3),
        (struct.pack(">BHHBH", 16, 22, 2, 2, 1), 3),
        (struct.pack(">BHHBHH", 16, 21, 2, 4, 1, 1)[:-1], 3),
        (struct.pack(">BHHBHHH", 16, 21, 3, 6, 1, 1, 1), 2),
        (struct.pack(">BHHBB", 15, 5, 9, 1, 1), 3),
    ],
)
def test_refusals_carry_the_standards_codes(memory, request_, code):
    before = read(memory, 3, 10, 20)
    assert memory.answer(request_) == bytes([request_[0] | 0x80, code])
    assert memory.written == []
    assert read(memory, 3, 10, 20) == before


def test_writes_are_kept_echoed_and_told(memory):
    assert memory.answer(struct.pack(">BHH", 5, 5, 0xFF00)) == struct.pack(">BHH", 5, 5, 0xFF00)
    assert memory.answer(struct.pack(">BHH", 6, 22, 2)) == struct.pack(">BHH", 6, 22, 2)
    many = struct.pack(">BHHBf", 16, 20, 2, 4, 0.5)
    assert memory.answer(many) == many[:5]
    assert memory.answer(struct.pack(">BHHBB", 15, 5, 2, 1, 0b10)) == struct.pack(">BHH", 15, 5, 2)
    assert memory.written == [
        ("pump", 1),
        ("mode", 2),
        ("setpoint", 0.5),
        ("pump", 0),
        ("valve", 1),
    ]
    assert read(memory, 1, 5, 2) == bytes([1, 1, 0b10])


def test_out_of_the_devices_own_bounds_nothing_is_written(memory):
    for value in (1.5, 0.1, math.nan):
        assert memory.answer(struct.pack(">BHHBf", 16, 20, 2, 4, value)) == bytes([0x90, 3])
    assert read(memory, 3, 20, 2) == bytes([3, 4, 0, 0, 0, 0])


def test_what_a_register_cannot_hold_is_held_at_its_end(memory):
    memory.show({"temperature": 9999.0, "total": -5.0})
    assert read(memory, 4, 0, 1)[2:] == struct.pack(">h", 32767)
    assert read(memory, 3, 14, 2)[2:] == bytes(4)


def test_marks_and_nan(memory):
    memory.show({"flow": 1.0, "total": 7.0})
    memory.show_nan("flow")
    memory.show_nan("total")
    memory.show_mark("total")
    memory.show_mark("flow")
    assert math.isnan(struct.unpack(">f", read(memory, 3, 10, 2)[2:])[0])
    assert read(memory, 3, 14, 2)[2:] == b"\xff\xff\xff\xff"
    memory.show({"flow": 1.0, "total": 7.0})
    assert read(memory, 3, 14, 2)[2:] == struct.pack(">I", 70)
    assert read(memory, 3, 10, 2)[2:] == struct.pack(">f", 1.0)


def test_facts_are_there(memory):
    assert read(memory, 3, 30, 6)[2:] == b"SIM-inlet\0\0\0"
    assert read(memory, 3, 40, 1)[2:] != b"\0\0"


def test_facts_follow_the_devices_byte_order():
    swapped = Memory(
        profile([], facts=[FactSpec(name="serial", address=0, length=2)], bytes="little"), "ABCD"
    )
    assert read(swapped, 3, 0, 2)[2:] == b"BADC"


def test_words_of_little_endian_devices_are_swapped():
    memory = Memory(profile([PointSpec(name="e", address=0, type="uint32")], words="little"), "x")
    memory.show({"e": 0x00010002})
    assert read(memory, 3, 0, 2)[2:] == bytes([0, 2, 0, 1])
