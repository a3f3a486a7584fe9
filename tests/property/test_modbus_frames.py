"""Whatever comes: either the answer, or BadFrame, or DeviceRefused; never a wrong value."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.modbus.blocks import Block
from drivers.modbus.frames import RtuAnswer, TcpFrames, read
from edge.errors import BadFrame, DeviceRefused

BLOCKS = st.builds(
    Block,
    st.sampled_from(["coil", "discrete", "input", "holding"]),
    st.integers(0, 60000),
    st.integers(1, 125),
)
UNITS = st.integers(1, 247)


def answered(request, content):
    return bytes([request.unit]) + request.head + content


def crc(frame):
    """The slow way: bit by bit (Modbus over Serial Line V1.02, 6.2.2)."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register.to_bytes(2, "little")


@given(st.lists(st.binary(max_size=300), max_size=8))
@settings(max_examples=300, deadline=None)
def test_tcp_takes_any_stream_and_holds_one_frame(chunks):
    frames = TcpFrames()
    for chunk in chunks:
        try:
            for transaction, unit, pdu in frames.feed(chunk):
                assert 0 <= transaction <= 0xFFFF
                assert 0 <= unit <= 255
                assert 2 <= len(pdu) <= 253
        except BadFrame:
            pass
        assert len(frames._rest) <= 260


@given(UNITS, BLOCKS, st.integers(0, 255), st.binary(max_size=260))
@settings(max_examples=300, deadline=None)
def test_a_pdu_is_the_answer_or_an_error(unit, block, other, pdu):
    request = read(unit, block)
    try:
        content = request.content(other, pdu)
    except (BadFrame, DeviceRefused):
        return
    assert other == unit
    assert pdu == request.head + content
    assert len(content) == block.size


@given(UNITS, BLOCKS, st.lists(st.binary(max_size=80), max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_serial_bus_s_noise_is_never_an_answer(unit, block, chunks):
    request = read(unit, block)
    answer = RtuAnswer(request)
    came = b""
    for chunk in chunks:
        came += chunk
        try:
            content = answer.feed(chunk)
        except (BadFrame, DeviceRefused):
            return
        if content is not None:
            frame = answered(request, content)
            assert frame + crc(frame) in came
            return


@given(UNITS, BLOCKS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_serial_answer_is_found_in_pieces_behind_an_echo_and_noise(unit, block, data):
    request = read(unit, block)
    content = data.draw(st.binary(min_size=block.size, max_size=block.size))
    echo = data.draw(st.sampled_from([b"", request.rtu]))
    noise = data.draw(st.binary(max_size=5).filter(lambda n: bytes([unit]) not in n))
    frame = answered(request, content)
    if frame + crc(frame) == request.rtu:
        return
    stream = echo + noise + frame + crc(frame)
    size = data.draw(st.integers(1, len(stream)))
    answer = RtuAnswer(request)
    found = [answer.feed(stream[i : i + size]) for i in range(0, len(stream), size)]
    assert found[-1] == content
    assert found[:-1] == [None] * (len(found) - 1)


@given(UNITS, BLOCKS, st.data())
@settings(max_examples=200, deadline=None)
def test_one_flipped_bit_is_never_an_answer(unit, block, data):
    request = read(unit, block)
    content = data.draw(st.binary(min_size=block.size, max_size=block.size))
    frame = answered(request, content)
    frame += crc(frame)
    place = data.draw(st.integers(0, 8 * len(frame) - 1))
    spoilt = bytearray(frame)
    spoilt[place // 8] ^= 1 << place % 8
    assert RtuAnswer(request).feed(bytes(spoilt)) is None
