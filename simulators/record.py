"""What the devices truly answered: the ground truth against which a gateway is judged."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.model.clock import Instant

FLUSH_S = 0.2
"""No line waits longer than this for the file."""
STOOD_STILL_S = 0.5
"""A flush that comes so much too late tells of a machine without time for us."""


class Record:
    """JSON lines, appended; an answer is a line once its bytes have left, and never before.

    Modbus, one line for each read that was answered intact:
    `{"at", "device", "unit", "function", "address", "count", "data"}`; `at` is the instant at
    which the transport took the answer (ns, UTC), `data` the hex of the register or packed bit
    bytes.

    OPC UA, one line for each source time in each notification or read answer that was handed to
    a client's open connection: `{"at", "device", "how", "values"}`; `at` is the values' source
    timestamp (ns, UTC, whole microseconds), `how` is `publish` or `read`. Values with a bad
    status, NaN, and publications no newer than what a read has told are left out.

    `{"stood_since", "stood_until"}` (ns, UTC): the simulators did not run in that span. What was
    asked meanwhile is answered after it, perhaps to nobody who still waits.

    Neither says that the client has read its socket: an answer may still die with the connection.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._lines: list[str] = []
        self.answers = 0
        """Lines so far."""

    def modbus(self, at: Instant, device: str, unit: int, request: bytes, answer: bytes) -> None:
        """A read request's PDU and the PDU that answered it; anything else is no reading."""
        function = request[0]
        if function > 4 or answer[0] != function:
            return
        address = int.from_bytes(request[1:3], "big")
        count = int.from_bytes(request[3:5], "big")
        self.answers += 1
        self._lines.append(
            f'{{"at":{at},"device":{json.dumps(device)},"unit":{unit},"function":{function},'
            f'"address":{address},"count":{count},"data":"{answer[2:].hex()}"}}\n'
        )

    def opcua(self, at: Instant, device: str, how: str, values: Mapping[str, float]) -> None:
        """Values of one source time that a client was told; `how` is `publish` or `read`."""
        good = {name: value for name, value in values.items() if math.isfinite(value)}
        if good:
            self.answers += 1
            line = {"at": at, "device": device, "how": how, "values": good}
            self._lines.append(json.dumps(line, separators=(",", ":")) + "\n")

    def stood_still(self, since: Instant, until: Instant) -> None:
        """The machine gave the simulators no time in that span."""
        self._lines.append(f'{{"stood_since":{since},"stood_until":{until}}}\n')

    def flush(self) -> None:
        """Give what has gathered to the operating system."""
        if self._lines:
            data = "".join(self._lines).encode()
            self._lines.clear()
            while data:
                data = data[os.write(self._file, data) :]

    def close(self) -> None:
        """Flush, and let go of the file; closing twice is nothing."""
        if self._file >= 0:
            self.flush()
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
