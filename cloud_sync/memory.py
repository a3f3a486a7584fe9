"""An outbox that keeps its messages in memory: for rehearsals without a disk."""

import asyncio
from collections.abc import Callable, Sequence

from cloud_sync.lane import holding
from cloud_sync.ranges import Ranges
from edge.model.clock import Instant
from edge.model.message import Lane, Message, Watermark
from edge.ports import Body, Encode


class MemoryOutbox:
    """`edge.ports.Outbox` over lists; what is confirmed is kept, so that it can be sent again."""

    def __init__(self, gateway: str, epoch: str, encode: Encode) -> None:
        self.epoch = epoch
        self._gateway = gateway
        self._encode = encode
        self._messages: dict[Lane, list[Message]] = {lane: [] for lane in Lane}
        self._held = dict.fromkeys(Lane, Ranges())
        self._removed = dict.fromkeys(Lane, Ranges())
        self._wake: list[Callable[[], None]] = []

    def put(self, lane: Lane, at: Instant, body: Body) -> Message:
        """Number a body and keep its message."""
        seq = len(self._messages[lane]) + 1
        payload = self._encode(self._gateway, self.epoch, lane, seq, at, body)
        return self.put_payload(lane, at, payload)

    def put_payload(self, lane: Lane, at: Instant, payload: bytes) -> Message:
        """Keep a payload as the lane's next message."""
        seq = len(self._messages[lane]) + 1
        message = Message(self._gateway, self.epoch, lane, seq, payload, at)
        self._messages[lane].append(message)
        for wake in self._wake:
            wake()
        return message

    def remove(self, lane: Lane, first: int, last: int) -> None:
        """Give up a closed range of messages, as a disk limit does."""
        self._removed[lane] |= Ranges(((first, last),))

    def unconfirmed(self, lane: Lane) -> Ranges:
        """The numbers that the operations centre does not hold."""
        given = Ranges.of([(1, len(self._messages[lane]))])
        return given - self._held[lane] - self._removed[lane]

    async def take(self, lane: Lane, after: int, limit: int) -> Sequence[Message]:
        """Up to `limit` unconfirmed messages with `seq > after`, oldest first."""
        await asyncio.sleep(0)
        found: list[Message] = []
        for first, last in self.unconfirmed(lane):
            found += self._messages[lane][max(first - 1, after) : last]
            if len(found) >= limit:
                break
        return found[:limit]

    async def confirm(self, lane: Lane, watermark: Watermark) -> None:
        """The operations centre holds these, and nothing beyond them.

        Raises:
            ValueError: the watermark is beyond the last number given out.
        """
        if watermark.upto > len(self._messages[lane]):
            raise ValueError(
                f"{lane}: watermark {watermark.upto} is beyond {len(self._messages[lane])}"
            )
        self._held[lane] = holding(watermark)

    async def last(self, lane: Lane) -> int:
        """The last number given out in the lane; 0 where none was."""
        return len(self._messages[lane])

    def on_new(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever a message was kept."""
        self._wake.append(wake)
