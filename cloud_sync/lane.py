"""How far one lane has come: what was sent, what is held, what must go again. No I/O, no clock.

Times are seconds of any one monotonic clock.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud_sync.ranges import Ranges
from edge.model.message import Message, Watermark

PATIENCE_S = 30.0
"""Without progress for this long, what is not confirmed is sent again."""
PATIENCE_LIMIT_S = 600.0
AHEAD = 1000
"""Messages sent and not confirmed, beyond which no more are taken out: Mosquitto queues as many for
an absent receiver, and a centre that is away for days then costs a bounded number of repeats."""

ALL = 2**63 - 1
NONE = Ranges()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to take from the outbox next: unconfirmed messages with `after < seq <= last`."""

    after: int
    last: int


@dataclass(slots=True)
class Patience:
    """A wait that doubles each time it was in vain."""

    since: float = 0.0
    wait_s: float = PATIENCE_S

    def out(self, now: float) -> bool:
        """Whether it has run out; then it begins anew, twice as long."""
        if now - self.since < self.wait_s:
            return False
        self.since = now
        self.wait_s = min(2 * self.wait_s, PATIENCE_LIMIT_S)
        return True

    def begin(self, now: float) -> None:
        """Begin with the shortest wait."""
        self.since, self.wait_s = now, PATIENCE_S


@dataclass(slots=True)
class LanePost:
    """One lane's state through all sessions with the broker."""

    ahead: int = AHEAD
    held: Watermark | None = None
    """The last watermark believed."""
    cursor: int = 0
    """The last number sent in order in this pass."""
    sent: Ranges = NONE
    """Sent in this pass and not confirmed."""
    dry: bool = False
    """The outbox had nothing more."""
    _woken: bool = False
    """It has got something since it was last asked."""
    _again: Ranges = NONE
    """To be sent once more, before anything new."""
    _asked: Ranges = NONE
    """Sent once more because the watermark missed them."""
    _ready: deque[Message] = field(default_factory=deque)
    _from: Wanted | None = None
    """What `_ready` came from; None is nothing under way."""
    _progress: Patience = field(default_factory=Patience)
    _repeat: Patience = field(default_factory=Patience)

    def begin(self, now: float) -> None:
        """Send all that is not confirmed, oldest first: a new session with either side."""
        self.cursor, self.dry = 0, False
        self.sent = self._again = self._asked = NONE
        self._drop()
        self._progress.begin(now)
        self._repeat.begin(now)

    def wake(self) -> None:
        """The outbox has something new."""
        self.dry, self._woken = False, True

    def wanted(self) -> Wanted | None:
        """What to take from the outbox, or None where messages are ready or none may go."""
        if self._ready:
            return None
        if self._again:
            first, last = self._again.spans[0]
            self._from = Wanted(first - 1, last)
        elif self.dry or len(self.sent) >= self.ahead:
            return None
        else:
            self._woken = False
            self._from = Wanted(self.cursor, ALL)
        return self._from

    def offer(self, wanted: Wanted, messages: Sequence[Message], limit: int) -> None:
        """What the outbox gave for `wanted`, of at most `limit` messages.

        Repeats that it no longer has are gone for good: confirmed or thinned meanwhile.
        """
        if wanted is not self._from:
            return  # a watermark or a new session overtook the question
        fitting = [message for message in messages if message.seq <= wanted.last]
        self._ready = deque(fitting)
        if wanted.last == ALL:
            self.dry = not messages and not self._woken
            return
        covered = wanted.last
        if len(messages) == limit:
            covered = min(covered, messages[-1].seq)
        there = Ranges.of_numbers(message.seq for message in fitting)
        gone = Ranges.of([(wanted.after + 1, covered)]) - there
        self._again -= gone
        self.sent -= gone

    @property
    def waiting(self) -> bool:
        """Whether a message is ready to go."""
        return bool(self._ready)

    def pop(self, now: float) -> Message:
        """The next message; it counts as sent."""
        message = self._ready.popleft()
        number = Ranges(((message.seq, message.seq),))
        if self._from is not None and self._from.last != ALL:
            self._again -= number
        else:
            self.cursor = message.seq
        if not self.sent:
            self._progress.begin(now)
        self.sent |= number
        return message

    def put_aside(self, seq: int) -> None:
        """It was not sent after all."""
        self.sent -= Ranges(((seq, seq),))

    def repeat(self, seq: int) -> None:
        """Send this one again, before anything new."""
        self._send_again(Ranges(((seq, seq),)))

    def hear(self, watermark: Watermark, now: float) -> bool:
        """Believe a watermark; whether it says anything new."""
        before, self.held = self.held, watermark
        if watermark == before:
            return False
        if before is not None and holding(before) - holding(watermark):
            self.begin(now)  # the receiver was restored from a backup
            return True
        self._progress.begin(now)
        holds, missing = holding(watermark), Ranges.of(watermark.missing)
        self.sent -= holds
        self._again -= holds
        self._asked &= missing
        lost = (missing & self.sent) - self._asked
        if lost:
            if not self._asked:
                self._repeat.begin(now)
            self._asked |= lost
            self._send_again(lost)
        return True

    def patrol(self, now: float) -> bool:
        """Send again what has waited too long for a watermark; whether there was such."""
        if not self.sent or self._again or self._ready:
            return False
        stuck = (self.dry or len(self.sent) >= self.ahead) and self._progress.out(now)
        if stuck:
            self._send_again(self.sent)
        elif self._asked and self._repeat.out(now):
            self._send_again(self._asked & self.sent)
        return bool(self._again)

    def _send_again(self, numbers: Ranges) -> None:
        self._again |= numbers
        self._drop()

    def _drop(self) -> None:
        self._ready.clear()
        self._from = None


def holding(watermark: Watermark) -> Ranges:
    """The numbers that a watermark says are held."""
    return Ranges.of([(1, watermark.upto)]) - Ranges.of(watermark.missing)
