"""Answers on their way out: in order, each when its time has come."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from simulators.modbus_station import Station


class Answer(NamedTuple):
    """What goes out, and whose it is."""

    frame: bytes
    intact: bool
    station: Station
    request: bytes
    pdu: bytes

    def left(self) -> None:
        """The transport has taken it: it may go on record, if it was not tampered with."""
        if self.intact:
            self.station.left(self.request, self.pdu)


class Departures:
    """A queue with one timer. An answer never overtakes the one before it."""

    def __init__(self, send: Callable[[Answer], None]) -> None:
        self._send = send
        self._queue: deque[tuple[float, Answer]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, answer: Answer, delay_s: float) -> None:
        """Send it in `delay_s`, or as soon as those before it have gone."""
        if delay_s <= 0.0 and not self._queue:
            self._send(answer)
            return
        loop = asyncio.get_running_loop()
        self._queue.append((loop.time() + delay_s, answer))
        if self._timer is None:
            self._timer = loop.call_later(delay_s, self._due)

    def drop(self) -> None:
        """Nothing that waits will be sent."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        # A timer may come a hair before its time; it is this one's all the same.
        soon_s = loop.time() + 1e-4
        while self._queue and self._queue[0][0] <= soon_s:
            self._send(self._queue.popleft()[1])
        if self._queue:
            self._timer = loop.call_at(self._queue[0][0], self._due)
