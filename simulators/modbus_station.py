"""One device behind a unit id: its memory, its faults, and the record of what it answered."""

import random
from collections.abc import Callable, Sequence

from drivers.settings import DeviceSettings
from edge.model.clock import Clock, Instant
from simulators.fault_file import befalls
from simulators.faults import AnyFault, Away, Schedule
from simulators.frame_faults import Envelope, Sent, Wrap, bend
from simulators.modbus_memory import Memory
from simulators.record import Record
from simulators.value_faults import Shown

NO_RESPONSE = 11
"""The exception by which a converter says that the device behind it is silent (V1.1b3, 7)."""

OnWrite = Callable[[str, str, float], None]
"""`(device, point, value)`: a client has set it."""


class Station:
    """Answers requests for one unit, as its faults let it."""

    def __init__(
        self,
        settings: DeviceSettings,
        *,
        clock: Clock,
        schedule: Schedule,
        rng: random.Random,
        record: Record | None,
        on_write: OnWrite,
    ) -> None:
        self.device = settings.id
        self.unit = settings.unit
        self.memory = Memory(settings.profile, f"SIM-{settings.id}")
        self._settings = settings
        self._clock = clock
        self._schedule = schedule
        self._rng = rng
        self._record = record
        self._on_write = on_write

    def faults(self, at: Instant) -> Sequence[AnyFault]:
        """What befalls it now, of what can."""
        active = self._schedule.active(self.device, at)
        if not active:
            return ()
        return [fault for fault in active if befalls(fault, self._settings)]

    def may_ever(self, kinds: tuple[type[AnyFault], ...]) -> bool:
        """Whether the schedule holds such a fault for it."""
        return any(isinstance(fault, kinds) for fault in self._schedule.all_of(self.device))

    def away(self, at: Instant) -> bool:
        """Whether it is gone altogether."""
        return any(isinstance(fault, Away) for fault in self.faults(at))

    def answer(self, request: bytes, envelope: Envelope, wrap: Wrap) -> tuple[Sent | None, bytes]:
        """The frame to send, None for silence; and the answer's own PDU, for the record."""
        faults = self.faults(self._clock.now())
        pdu = self.memory.answer(request)
        for point, value in self.memory.written:
            self._on_write(self.device, point, value)
        self.memory.written.clear()
        if not faults:
            return Sent(wrap(envelope, pdu), 0.0, intact=True), pdu
        return bend(pdu, envelope, wrap, faults, self._rng), pdu

    def left(self, request: bytes, pdu: bytes) -> None:
        """The transport has taken the answer, intact."""
        if self._record is not None:
            self._record.modbus(self._clock.now(), self.device, self.unit, request, pdu)

    async def show(self, device: str, shown: Shown, at: Instant) -> None:  # noqa: ARG002
        """Bring the memory up to what the device tells now."""
        hidden = shown.nan | shown.marked
        values = shown.values
        if hidden:
            values = {name: value for name, value in values.items() if name not in hidden}
        self.memory.show(values)
        for name in shown.nan:
            self.memory.show_nan(name)
        for name in shown.marked:
            self.memory.show_mark(name)
