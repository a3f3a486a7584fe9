"""Requests become bytes and bytes become answers; nothing here knows a socket or a clock.

pymodbus builds the requests, their frames and the CRC. What comes back is compared with what the
question allows (its unit, function, byte count and, over TCP, its transaction) and handed on as
bytes: registers are never unpacked one by one (see docs/decisions/0005-modbus-frames.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.pdu import ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from drivers.modbus.blocks import Block
from drivers.profile import Table
from edge.errors import BadFrame, DeviceRefused

MAX_FRAME = 260
"""Bytes of the longest Modbus TCP frame; a serial one ends at 256."""

_READ: dict[Table, type[ModbusPDU]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "input": ReadInputRegistersRequest,
    "holding": ReadHoldingRegistersRequest,
}
_DECODER = DecodePDU(is_server=False)
_TCP = FramerSocket(_DECODER)
_RTU = FramerRTU(_DECODER)


@dataclass(frozen=True)
class Request:
    """A question to one unit, and what its answer must look like."""

    unit: int
    pdu: bytes
    head: bytes
    """What the answer's PDU begins with: function and byte count; of a write, all of it."""
    size: int
    """Bytes that follow the head."""
    name: str
    """For messages: `holding 0…49`."""

    @cached_property
    def tcp_tail(self) -> bytes:
        """The Modbus TCP frame after its transaction id."""
        return _TCP.encode(self.pdu, self.unit, 0)[2:]

    @cached_property
    def rtu(self) -> bytes:
        """The serial frame, with its CRC."""
        return _RTU.encode(self.pdu, self.unit, 0)

    @property
    def rtu_answer_size(self) -> int:
        """Bytes of the serial frame that answers it, unless it is refused."""
        return 1 + len(self.head) + self.size + 2

    def content(self, unit: int, pdu: bytes) -> bytes:
        """What the answer carries, after its head.

        Raises:
            DeviceRefused: the unit answered with an exception.
            BadFrame: this is not an answer to this question.
        """
        head = self.head
        if unit == self.unit:
            if pdu.startswith(head) and len(pdu) == len(head) + self.size:
                return pdu[len(head) :]
            if len(pdu) == 2 and pdu[0] == head[0] | 0x80:
                raise DeviceRefused(pdu[1], meaning_of(pdu[1]))
        raise BadFrame(
            f"asked unit {self.unit} for {self.name}, got {len(pdu)} bytes of unit {unit} "
            f"beginning {pdu[:4].hex(' ')}"
        )


def read(unit: int, block: Block) -> Request:
    """Ask for the content of a block."""
    question = _READ[block.table](address=block.address, count=block.count, dev_id=unit)
    head = bytes([question.function_code, block.size])
    name = f"{block.table} {block.address}…{block.end - 1}"
    return Request(unit, _pdu(question), head, block.size, name)


def write_coil(unit: int, address: int, state: bool) -> Request:
    """Set one coil (function 5)."""
    question = WriteSingleCoilRequest(address=address, bits=[state], dev_id=unit)
    pdu = _pdu(question)
    return Request(unit, pdu, pdu, 0, f"coil {address} := {state:d}")


def write_registers(unit: int, address: int, content: bytes) -> Request:
    """Set one register (function 6) or several in one request (function 16)."""
    registers = [int.from_bytes(content[i : i + 2], "big") for i in range(0, len(content), 2)]
    name = f"holding {address} := {content.hex(' ', 2)}"
    if len(registers) == 1:
        pdu = _pdu(WriteSingleRegisterRequest(address=address, registers=registers, dev_id=unit))
        return Request(unit, pdu, pdu, 0, name)
    pdu = _pdu(WriteMultipleRegistersRequest(address=address, registers=registers, dev_id=unit))
    return Request(unit, pdu, pdu[:5], 0, name)


def meaning_of(code: int) -> str:
    """What an exception code says, in words."""
    try:
        return ExcCodes(code).name.lower().replace("_", " ").replace("unaviable", "unavailable")
    except ValueError:
        return "exception without a defined meaning"


def _pdu(question: ModbusPDU) -> bytes:
    return bytes([question.function_code]) + question.encode()


class TcpFrames:
    """Cuts a Modbus TCP stream into `(transaction, unit, pdu)`, holding one frame at most."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[int, int, bytes]]:
        """The frames that this chunk completes.

        Raises:
            BadFrame: the stream is not Modbus, or lies about a length; it cannot be trusted again.
        """
        self._rest += chunk
        while len(stream := self._rest) >= 7:
            protocol = stream[2] << 8 | stream[3]
            length = stream[4] << 8 | stream[5]
            if protocol or not 3 <= length <= MAX_FRAME - 6:
                self._rest = b""
                raise BadFrame(
                    f"a Modbus TCP frame of protocol {protocol}, length {length} (protocol is 0, "
                    f"length 3…{MAX_FRAME - 6}): {stream[:8].hex(' ')}"
                )
            end = 6 + length
            if end > len(stream):
                return
            self._rest = stream[end:]
            yield stream[0] << 8 | stream[1], stream[6], stream[7:end]


class RtuAnswer:
    """Finds the answer to one request in what a serial bus brings: noise, an echo, pieces.

    A frame is where the unit, the function, the byte count and the CRC all agree; length alone
    decides nothing. Holds 512 bytes at most.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.spoiled = False
        """Whether a whole frame came that would be the answer, but for its CRC."""
        self._came = b""

    @property
    def heard(self) -> int:
        """Bytes so far, an echo of the request aside."""
        echo = self.request.rtu
        return len(self._came) - (len(echo) if self._came.startswith(echo) else 0)

    def feed(self, chunk: bytes) -> bytes | None:
        """The content of the answer once it is whole; None until then.

        Raises:
            DeviceRefused: the unit answered with an exception.
            BadFrame: so much came that no answer can be among it.
        """
        request = self.request
        came = self._came = self._came + chunk
        start = 0
        # an echo carries a CRC as good as an answer's; of a write it is the same bytes, so that
        # only reading back tells whether the device heard
        if request.pdu != request.head and came.startswith(request.rtu):
            start = len(request.rtu)
        head = bytes([request.unit]) + request.head
        refusal = bytes([request.unit, request.head[0] | 0x80])
        for at in range(start, len(came) - 4):
            if came.startswith(head, at):
                frame = came[at : at + request.rtu_answer_size]
                if len(frame) == request.rtu_answer_size:
                    if _crc_agrees(frame):
                        return frame[len(head) : -2]
                    self.spoiled = True
            elif came.startswith(refusal, at) and _crc_agrees(came[at : at + 5]):
                raise DeviceRefused(came[at + 2], meaning_of(came[at + 2]))
        if len(came) > 512:
            raise BadFrame(f"asked unit {request.unit} for {request.name}, got {len(came)} bytes")
        return None


def _crc_agrees(frame: bytes) -> bool:
    return _RTU.check_CRC(frame[:-2], frame[-2] << 8 | frame[-1])
