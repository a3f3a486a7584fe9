"""Bytes that manuals print, and what they must come to."""

import math

import pytest

from drivers.modbus.blocks import Block
from drivers.profile import FactSpec, PointSpec, Profile, Source
from drivers.registers import compile_decoder, decode_fact, decode_point, encode_point
from edge.errors import ConfigError
from edge.model.quality import Quality


def profile(order="big", words="big"):
    return Profile(
        profile="made-up", title="", vendor="", domain="plant", trust="A",
        sources=[Source(document="none")], bytes=order, words=words, points=[],
    )  # fmt: skip


def row(kind="uint16", **more):
    return PointSpec(name="p", address=0, type=kind, **more)


@pytest.mark.parametrize(
    ("order", "words", "wire"),
    [
        ("big", "big", "4212806b"),
        ("big", "little", "806b4212"),
        ("little", "big", "12426b80"),
        ("little", "little", "6b801242"),
    ],
)
def test_the_four_orders_of_one_float(order, words, wire):
    """ABCD, CDAB, BADC, DCBA; the TUF-2000M's own example, 36.625, is sent as CDAB."""
    made = profile(order, words)
    assert decode_point(made, row("float32"), bytes.fromhex(wire)) == pytest.approx(
        36.6254, abs=1e-4
    )
    assert encode_point(made, row("float32"), 36.62540817260742).hex() == wire


def test_a_row_may_have_a_word_order_of_its_own():
    wire = bytes.fromhex("0004 0003 0002 0001")
    assert decode_point(profile(), row("uint64", words="little"), wire) == 0x0001_0002_0003_0004


def test_the_prominent_example_is_words_swapped():
    assert decode_point(profile(words="little"), row("float32"), bytes.fromhex("51ec3ff8")) == (
        pytest.approx(1.94, abs=1e-6)
    )


def test_a_decimal_scale_leaves_the_float_a_person_would_write():
    assert decode_point(profile(), row(scale=0.1), (2301).to_bytes(2, "big")) == 230.1
    assert 2301 * 0.1 != 230.1
    assert decode_point(profile(), row("int16", scale=0.1, offset=-40.0), b"\x00\x03") == -39.7


def test_not_available_is_by_pattern_and_by_nan():
    made = profile()
    decoder = compile_decoder(
        made,
        [
            PointSpec(name="a", address=0, unavailable=[0xFFFF, 0x8000]),
            PointSpec(name="b", address=1),
            PointSpec(name="c", address=2, type="float32"),
            PointSpec(name="d", address=4, type="float32", unavailable=[0x7FC00000]),
            PointSpec(name="e", address=6, type="int32", unavailable=[0x7FFFFFFF, 0xFFFFFFFF]),
            PointSpec(name="f", address=8, type="float32"),
        ],
        [Block("holding", 0, 10)],
    )
    wire = bytes.fromhex("8000 8000 7fa00000 7fc00000 ffffffff ff800000")
    values, quality = decoder.decode([wire])
    assert [math.isnan(v) for v in values] == [True, False, True, True, True, True]
    assert values[1] == 0x8000
    assert quality.tolist() == [
        Quality.UNAVAILABLE,
        Quality.GOOD,
        Quality.NOT_A_NUMBER,
        Quality.UNAVAILABLE,
        Quality.UNAVAILABLE,
        Quality.NOT_A_NUMBER,
    ]


def test_bits_count_from_the_least_significant_in_registers_and_in_packed_answers():
    assert decode_point(profile(), row("bit", bit=0), b"\x00\x01") == 1
    assert decode_point(profile("little"), row("bit", bit=0), b"\x01\x00") == 1
    coils = [PointSpec(name=f"c{a}", table="coil", type="bit", address=a) for a in (19, 26, 27, 55)]
    # the book's example: 37 coils from 19 are CD 6B B2 0E 1B (V1.1b3, 6.1)
    values, _ = compile_decoder(profile(), coils, [Block("coil", 19, 37)]).decode(
        [bytes.fromhex("cd6bb20e1b")]
    )
    assert values.tolist() == [1, 1, 1, 1]


def test_a_block_that_failed_marks_its_own_cells():
    rows = [PointSpec(name="a", address=0), PointSpec(name="b", address=99)]
    blocks = [Block("holding", 0, 1), Block("holding", 99, 1)]
    values, quality = compile_decoder(profile(), rows, blocks).decode([b"\x00\x05", Quality.BUSY])
    assert values[0] == 5
    assert math.isnan(values[1])
    assert quality.tolist() == [Quality.GOOD, Quality.BUSY]


def test_nothing_read_is_everything_refused():
    values, quality = compile_decoder(profile(), [row()], []).decode([])
    assert math.isnan(values[0])
    assert quality.tolist() == [Quality.REFUSED]


def test_an_answer_of_the_wrong_length_is_not_decoded():
    with pytest.raises(ValueError, match=r"\[4\] bytes"):
        decode_point(profile(), row(), bytes(4))


def test_a_written_bit_keeps_its_neighbours():
    assert encode_point(profile(), row("bit", bit=3), 1, b"\x81\x01") == b"\x81\x09"
    assert encode_point(profile("little"), row("bit", bit=3), 0, b"\x0f\x00") == b"\x07\x00"


def test_nan_is_written_as_the_device_s_own_mark():
    assert encode_point(profile(), row(unavailable=[0xFFFF]), math.nan) == b"\xff\xff"
    assert math.isnan(decode_point(profile(), row("float32"), encode_point(
        profile(), row("float32"), math.nan)))  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "value", "why"),
    [
        (row(), -1, "beyond a uint16"),
        (row(scale=0.1), 7000, "raw 70000"),
        (row(), math.nan, "cannot say nan"),
        (row(), math.inf, "cannot say inf"),
        (row("float32"), 1e39, "beyond a float32"),
        (row("bit", bit=1), 2, "neither 0 nor 1"),
        (row(unavailable=[0xFFFF]), 0xFFFF, "mark"),
    ],
)
def test_a_value_that_the_point_cannot_carry_is_refused_with_the_reason(spec, value, why):
    with pytest.raises(ValueError, match=why):
        encode_point(profile(), spec, value)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (PointSpec(name="p", address=65535, type="uint32"), "address 65535 is outside 0…65534"),
        (PointSpec(name="p"), "address -1"),
        (row("bit"), "needs `bit:`"),
        (row("bit", bit=16), "bit 16 is outside"),
        (row(scale=0.0), "scale 0"),
        (row(unavailable=[-1]), "pattern -1 is outside 0…65535"),
    ],
)
def test_a_row_that_contradicts_itself_is_named(spec, why):
    with pytest.raises(ConfigError, match=why):
        compile_decoder(profile(), [spec], [])


def test_facts_are_texts():
    made = profile()
    assert decode_fact(made, FactSpec(name="s", length=4), b"SN-1 \0xx") == "SN-1"
    assert decode_fact(profile("little"), FactSpec(name="s", length=2), b"NS1-") == "SN-1"
    assert decode_fact(made, FactSpec(name="s", type="uint32"), b"\x00\x01\x00\x02") == "65538"
    swapped = profile(words="little")
    assert decode_fact(swapped, FactSpec(name="s", type="uint32"), b"\x00\x02\x00\x01") == "65538"
    assert "\n" not in decode_fact(made, FactSpec(name="s", length=2), b"a\nb\xff")
