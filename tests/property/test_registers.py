"""Every type, order and law: the decoder against a slow twin, and against the encoder."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus.blocks import Block, plan, span_of
from drivers.profile import WIDTH, Limits, PointSpec, Profile, Source
from drivers.registers import compile_decoder, decode_point, encode_point
from drivers.row import law_of
from edge.model.quality import Quality

LETTER = {
    "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "float32": "f",
    "uint64": "Q", "int64": "q", "float64": "d",
}  # fmt: skip
ORDERS = st.sampled_from(["big", "little"])
SCALES = st.sampled_from([1.0, 0.1, 0.01, 0.001, 10.0, 0.25, 1 / 3, 1e-7, -1.0, 3600.0])
OFFSETS = st.sampled_from([0.0, 0.0, -40.0, 273.15, 0.05])


def profile(points, order="big", words="big"):
    return Profile(
        profile="made-up", title="", vendor="", domain="plant", trust="A",
        sources=[Source(document="none")], bytes=order, words=words, points=points,
    )  # fmt: skip


@st.composite
def specs(draw, name="p"):
    table = draw(st.sampled_from(["holding", "input", "coil", "discrete"]))
    if table in {"coil", "discrete"}:
        return PointSpec(name=name, table=table, type="bit", address=draw(st.integers(0, 60)))
    kind = draw(st.sampled_from([*LETTER, "bit"]))
    width = WIDTH[kind]
    place = {"name": name, "table": table, "address": draw(st.integers(0, 60))}
    if kind == "bit":
        return PointSpec(type="bit", bit=draw(st.integers(0, 15)), **place)
    return PointSpec(
        type=kind,
        words=draw(st.none() | ORDERS),
        scale=draw(SCALES),
        offset=draw(OFFSETS),
        unavailable=draw(st.lists(st.integers(0, 2 ** (16 * width) - 1), max_size=2)),
        **place,
    )


@st.composite
def devices(draw):
    points = [draw(specs(f"p{i}")) for i in range(draw(st.integers(1, 12)))]
    limits = Limits(max_registers=draw(st.integers(4, 125)), max_gap=draw(st.integers(0, 20)))
    return profile(points, draw(ORDERS), draw(ORDERS)), limits


def naive(device, spec, blocks, answers):
    """One point, the long way: registers first, then words, then struct, then the law."""
    span = span_of(spec)
    for block, answer in zip(blocks, answers, strict=True):
        if not block.covers(span):
            continue
        if isinstance(answer, Quality):
            return math.nan, answer
        offset = spec.address - block.address
        if spec.table in {"coil", "discrete"}:
            return float(answer[offset // 8] >> (offset % 8) & 1), Quality.GOOD
        data = answer[2 * offset : 2 * (offset + span.count)]
        registers = [data[i : i + 2] for i in range(0, len(data), 2)]
        if device.bytes == "little":
            registers = [r[::-1] for r in registers]
        if (spec.words or device.words) == "little":
            registers.reverse()
        big = b"".join(registers)
        if int.from_bytes(big, "big") in spec.unavailable:
            return math.nan, Quality.UNAVAILABLE
        if spec.bit is not None:
            return float(int.from_bytes(big, "big") >> spec.bit & 1), Quality.GOOD
        (raw,) = struct.unpack(">" + LETTER[spec.type], big)
        value = float(raw) * spec.scale + spec.offset
        if not math.isfinite(value):
            return math.nan, Quality.NOT_A_NUMBER
        return value, Quality.GOOD
    return math.nan, Quality.REFUSED


@given(devices(), st.data())
@settings(max_examples=150, deadline=None)
def test_decoder_agrees_with_its_naive_twin(made, data):
    device, limits = made
    blocks = list(plan(device.points, limits))
    if data.draw(st.booleans()):
        blocks.pop(data.draw(st.integers(0, len(blocks) - 1)))
    answers = [
        data.draw(
            st.binary(min_size=b.size, max_size=b.size)
            | st.sampled_from([Quality.TIMEOUT, Quality.BUSY])
        )
        for b in blocks
    ]
    values, quality = compile_decoder(device, device.points, blocks).decode(answers)
    for i, spec in enumerate(device.points):
        value, cause = naive(device, spec, blocks, answers)
        assert Quality(quality[i]) == cause, spec
        assert values[i] == pytest.approx(value, rel=1e-12, abs=1e-9, nan_ok=True), spec


@given(specs(), ORDERS, ORDERS, st.data())
@settings(max_examples=300, deadline=None)
def test_a_value_survives_the_road_out_and_back(spec, order, words, data):
    device = profile([spec], order, words)
    size = span_of(spec).size
    value = decode_point(device, spec, data.draw(st.binary(min_size=size, max_size=size)))
    try:
        wire = encode_point(device, spec, value)
    except ValueError as refusal:
        # NaN in a whole number; beyond 2^53, rounding passed the end of the type; or a float so
        # small that the offset swallowed it comes back as the pattern of the "not available" mark
        marked = "not available" in str(refusal) and spec.unavailable
        assert marked or math.isnan(value) or abs(value) > 2**53 * 1e-7
        return
    assert len(wire) == size
    if math.isnan(value):
        assert math.isnan(decode_point(device, spec, wire))
    else:
        assert decode_point(device, spec, wire) == pytest.approx(value, rel=1e-14, abs=1e-12)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 6), ORDERS, ORDERS)
def test_scaled_integers_come_to_the_nearest_float_and_back_to_themselves(
    raw, decimals, order, words
):
    spec = PointSpec(name="p", address=0, type="int32", scale=float(f"1e-{decimals}"))
    device = profile([spec], order, words)
    wire = encode_point(device, spec, raw / 10**decimals)
    assert decode_point(device, spec, wire) == float(f"{raw}e-{decimals}")


@given(st.integers(0, 2**53), ORDERS, ORDERS)
def test_counters_are_exact_to_two_to_the_fifty_three(raw, order, words):
    spec = PointSpec(name="p", address=0, type="uint64")
    device = profile([spec], order, words)
    assert decode_point(device, spec, encode_point(device, spec, float(raw))) == raw


@given(devices())
@settings(max_examples=100, deadline=None)
def test_a_value_is_read_from_one_block_that_holds_all_of_it(made):
    """Each block is filled with its own number: a value made of two would show."""
    device, limits = made
    blocks = plan(device.points, limits)
    for spec in device.points:
        assert sum(b.covers(span_of(spec)) for b in blocks) >= 1
    assert all(b.size <= 250 for b in blocks)
    torn = [Block(b.table, b.address, b.count - 1) for b in blocks if b.count > 1]
    _, quality = compile_decoder(device, device.points, torn).decode([bytes(b.size) for b in torn])
    for i, spec in enumerate(device.points):
        whole = any(b.covers(span_of(spec)) for b in torn)
        assert (quality[i] == Quality.REFUSED) == (not whole)


@given(SCALES, OFFSETS)
def test_the_law_is_the_profile_s(scale, offset):
    law = law_of(PointSpec(name="p", address=0, scale=scale, offset=offset))
    raw = np.arange(-5.0, 6.0)
    assert (raw * law.times + law.plus) / law.over == pytest.approx(raw * scale + offset)
