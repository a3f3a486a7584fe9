"""Frames by the book, and what is refused."""

import pytest

from drivers.modbus.blocks import Block
from drivers.modbus.frames import (
    RtuAnswer,
    TcpFrames,
    meaning_of,
    read,
    write_coil,
    write_registers,
)
from edge.errors import BadFrame, DeviceRefused

# the worked example of the serial-line guides: unit 17 is asked for three registers from 107
ASK = read(17, Block("holding", 107, 3))
ANSWER = bytes.fromhex("11 03 06 ae41 5652 4340 49ad")


def tcp(transaction, unit, pdu, length=None):
    length = len(pdu) + 1 if length is None else length
    return (
        transaction.to_bytes(2, "big") + b"\0\0" + length.to_bytes(2, "big") + bytes([unit]) + pdu
    )


def test_a_read_is_framed_as_the_book_says():
    assert ASK.rtu.hex() == "1103006b00037687"
    assert ASK.tcp_tail.hex() == "000000061103006b0003"
    assert read(1, Block("coil", 19, 37)).rtu[:6].hex() == "010100130025"
    assert read(1, Block("discrete", 196, 22)).rtu[:6].hex() == "010200c40016"
    assert read(1, Block("input", 8, 1)).rtu[:6].hex() == "010400080001"


def test_writes_take_the_function_their_size_asks_for():
    assert write_registers(1, 9, b"\x01\x02").pdu.hex() == "0600090102"
    assert write_registers(1, 9, b"\x01\x02\x03\x04").pdu.hex() == "100009000204" + "01020304"
    assert write_coil(1, 172, True).pdu.hex() == "0500acff00"
    assert write_coil(1, 172, False).pdu.hex() == "0500ac0000"


def test_a_write_is_answered_by_its_echo():
    assert write_registers(1, 9, b"\x01\x02").content(1, bytes.fromhex("0600090102")) == b""
    assert write_registers(1, 9, bytes(4)).content(1, bytes.fromhex("1000090002")) == b""
    with pytest.raises(BadFrame):
        write_registers(1, 9, b"\x01\x02").content(1, bytes.fromhex("0600090103"))


def test_the_answer_s_content_is_handed_on_whole():
    assert ASK.content(17, ANSWER[1:-2]) == ANSWER[3:-2]


@pytest.mark.parametrize(
    ("unit", "pdu"),
    [
        (18, "0306ae4156524340"),
        (17, "0406ae4156524340"),
        (17, "0304ae415652"),
        (17, "0306ae41565243"),
        (17, "0306ae415652434000"),
        (17, "03"),
        (17, ""),
        (17, "8302ff"),
        (17, "8402"),
        (18, "8302"),
    ],
)
def test_what_does_not_answer_the_question_is_not_an_answer(unit, pdu):
    with pytest.raises(BadFrame, match="asked unit 17"):
        ASK.content(unit, bytes.fromhex(pdu))


def test_an_exception_carries_its_code_and_meaning():
    with pytest.raises(DeviceRefused, match=r"illegal address \(code 2\)") as refused:
        ASK.content(17, b"\x83\x02")
    assert refused.value.code == 2
    assert meaning_of(0x0A) == "gateway path unavailable"
    assert meaning_of(200) == "exception without a defined meaning"


def test_a_stream_is_cut_at_any_chunk_size():
    stream = tcp(1, 17, ANSWER[1:-2]) + tcp(2, 3, b"\x83\x02")
    expected = [(1, 17, ANSWER[1:-2]), (2, 3, b"\x83\x02")]
    for size in range(1, len(stream) + 1):
        frames = TcpFrames()
        chunks = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert [frame for chunk in chunks for frame in frames.feed(chunk)] == expected


@pytest.mark.parametrize("length", [0, 1, 2, 255, 65535])
def test_a_length_that_lies_is_refused_before_it_is_believed(length):
    with pytest.raises(BadFrame, match=f"length {length} "):
        list(TcpFrames().feed(tcp(1, 17, b"\x03\x02\x00\x00", length)))


def test_another_protocol_s_bytes_are_refused():
    with pytest.raises(BadFrame, match="protocol"):
        list(TcpFrames().feed(b"HTTP/1.1 400 Bad Request\r\n"))


def test_a_frame_before_the_garbage_still_counts():
    frames = TcpFrames().feed(tcp(1, 17, ANSWER[1:-2]) + b"\xff" * 9)
    assert next(frames) == (1, 17, ANSWER[1:-2])
    with pytest.raises(BadFrame):
        next(frames)


def test_a_serial_answer_is_found_byte_by_byte():
    answer = RtuAnswer(ASK)
    assert [answer.feed(bytes([byte])) for byte in ANSWER[:-1]] == [None] * (len(ANSWER) - 1)
    assert answer.feed(ANSWER[-1:]) == ANSWER[3:-2]


@pytest.mark.parametrize(
    ("before", "after"), [(b"\x00\xff\x11\x03", b""), (b"", b"\x00\x7f"), (b"\x11\x83", b"\x11")]
)
def test_noise_around_a_serial_answer_is_passed_over(before, after):
    assert RtuAnswer(ASK).feed(before + ANSWER + after) == ANSWER[3:-2]


def test_an_echo_of_the_question_is_not_its_answer():
    answer = RtuAnswer(ASK)
    assert answer.feed(ASK.rtu) is None
    assert answer.heard == 0
    assert answer.feed(ANSWER) == ANSWER[3:-2]
    # three bytes of coils from address 768: here an answer could look as the question does
    coils = read(1, Block("coil", 0x0312, 20))
    assert RtuAnswer(coils).feed(coils.rtu) is None


def test_a_wrong_crc_is_no_answer_but_is_noticed():
    answer = RtuAnswer(ASK)
    assert answer.feed(ANSWER[:-1] + b"\x00") is None
    assert answer.spoiled
    assert answer.feed(ANSWER) == ANSWER[3:-2]


def test_a_serial_exception_is_five_bytes():
    with pytest.raises(DeviceRefused, match="code 2"):
        RtuAnswer(ASK).feed(bytes.fromhex("1183 02 c134"))
    assert RtuAnswer(ASK).feed(bytes.fromhex("1183 02 c135")) is None


def test_another_unit_s_answer_is_passed_over():
    assert RtuAnswer(read(18, Block("holding", 107, 3))).feed(ANSWER) is None


def test_endless_babble_is_cut_off():
    answer = RtuAnswer(ASK)
    assert [answer.feed(b"\x55" * 16) for _ in range(32)] == [None] * 32
    with pytest.raises(BadFrame, match="513 bytes"):
        answer.feed(b"\x55")
