"""Room on the road to the broker: so many messages and bytes in flight, no more."""

import asyncio


class Window:
    """Bounds what waits for a PUBACK, so that live values never queue behind much history.

    `messages` is how many may be in flight, `size_bytes` how much; one message may always go, and
    one that must travel alone waits for the others and keeps them waiting.
    """

    def __init__(self, messages: int, size_bytes: int) -> None:
        self._messages = messages
        self._size_bytes = size_bytes
        self._in_flight = 0
        self._bytes = 0
        self._alone = False
        self._changed = asyncio.Condition()

    async def enter(self, size_bytes: int, *, alone: bool) -> None:
        """Wait for room and take it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._room(size_bytes, alone=alone))
            self._in_flight += 1
            self._bytes += size_bytes
            self._alone = alone

    async def leave(self, size_bytes: int) -> None:
        """Give the room back."""
        async with self._changed:
            self._in_flight -= 1
            self._bytes -= size_bytes
            self._alone = False
            self._changed.notify_all()

    def _room(self, size_bytes: int, *, alone: bool) -> bool:
        if self._in_flight == 0:
            return True
        if alone or self._alone or self._in_flight >= self._messages:
            return False
        return self._bytes + size_bytes <= self._size_bytes
