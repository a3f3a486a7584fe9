"""Reads are few, values whole, refusals cut in two, bus time counted in characters."""

import pytest

from drivers.modbus.blocks import Block, bus_time_s, plan, silence_s, split
from drivers.profile import Limits, PointSpec


def row(address, kind="uint16", table="holding"):
    return PointSpec(name=f"{table}{address}", address=address, type=kind, table=table)


def test_small_gaps_are_read_along_and_large_ones_are_not():
    rows = [row(0), row(4), row(40)]
    assert plan(rows, Limits(max_gap=3)) == (Block("holding", 0, 5), Block("holding", 40, 1))
    assert plan(rows, Limits(max_gap=2)) == (
        Block("holding", 0, 1),
        Block("holding", 4, 1),
        Block("holding", 40, 1),
    )


def test_the_limit_moves_to_where_a_value_ends():
    rows = [row(0, "float64"), row(4, "float64"), row(8, "float64")]
    assert plan(rows, Limits(max_registers=10)) == (Block("holding", 0, 8), Block("holding", 8, 4))


def test_tables_are_never_joined_and_the_same_address_may_stand_in_each():
    rows = [row(5), row(5, table="input"), row(5, "bit", "coil"), row(6, "bit", "coil")]
    assert plan(rows, Limits()) == (
        Block("coil", 5, 2),
        Block("holding", 5, 1),
        Block("input", 5, 1),
    )


def test_bits_are_joined_to_two_thousand_and_no_further():
    rows = [row(a, "bit", "coil") for a in (0, 200, 400, 1999, 2000)]
    blocks = plan(rows, Limits(max_gap=124))
    assert blocks == (Block("coil", 0, 2000), Block("coil", 2000, 1))
    assert blocks[0].size == 250


def test_one_hundred_floats_in_a_row_are_two_reads():
    assert [b.count for b in plan([row(2 * i, "float32") for i in range(100)], Limits())] == [
        124,
        76,
    ]


def test_a_refused_block_is_cut_at_the_hole_nearest_its_middle():
    spans = [Block("holding", a, 2) for a in (0, 2, 6, 8, 20)]
    assert split(Block("holding", 0, 22), spans) == (
        Block("holding", 0, 10),
        Block("holding", 20, 2),
    )
    assert split(Block("holding", 0, 10), spans) == (
        Block("holding", 0, 4),
        Block("holding", 6, 4),
    )


def test_a_refused_block_without_holes_is_halved_between_values():
    spans = [Block("holding", a, 2) for a in (0, 2, 4)]
    assert split(Block("holding", 0, 6), spans) == (Block("holding", 0, 2), Block("holding", 2, 4))


def test_a_single_value_cannot_be_split_nor_can_two_that_overlap():
    assert split(Block("holding", 0, 4), [Block("holding", 0, 4)]) == ()
    assert split(Block("holding", 0, 4), [Block("holding", 0, 4), Block("holding", 1, 2)]) == ()


def test_one_look_at_ten_registers_takes_what_the_characters_take():
    # 8 + 25 characters of 10 bits and two silences of 3.5 characters, at 9600 Bd
    assert bus_time_s([Block("holding", 0, 10)], 9600, "N", 1) == pytest.approx(40 * 10 / 9600)
    # parity or a second stop bit makes eleven
    assert bus_time_s([Block("holding", 0, 10)], 9600, "E", 1) == pytest.approx(40 * 11 / 9600)
    assert bus_time_s([Block("holding", 0, 10)], 9600, "N", 2) == pytest.approx(40 * 11 / 9600)


def test_silence_is_fixed_above_19200_baud():
    assert silence_s(9600, "E", 1) == pytest.approx(0.00401, abs=1e-5)
    assert silence_s(115200, "N", 1) == 0.00175


def test_a_device_s_own_silence_replaces_the_bus_s_where_it_is_longer():
    once = bus_time_s([Block("holding", 0, 1)], 19200, "E", 1)
    slow = bus_time_s([Block("holding", 0, 1)] * 2, 19200, "E", 1, turnaround_ms=50)
    assert slow == pytest.approx(2 * (once - silence_s(19200, "E", 1) + 0.05))
