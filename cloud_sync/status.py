"""What there is to know about the road to the operations centre, for the page and the metrics."""

from dataclasses import dataclass

from edge.model.clock import Instant
from edge.model.message import Lane


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """How far one lane has come, in numbers of messages of the present epoch."""

    lane: Lane
    stored: int
    """The last number given out."""
    sent: int
    """The last number handed to the broker since the session began."""
    upto: int
    """The largest number that the operations centre holds."""
    missing: int
    """Numbers below `upto` that it does not hold."""
    aside: int
    """Messages that broke the session with the broker, and are tried again later."""
    confirmed_at: Instant | None
    """When the watermark last moved."""

    @property
    def confirmed(self) -> int:
        """Messages that the operations centre holds."""
        return self.upto - self.missing

    @property
    def depth(self) -> int:
        """Messages stored and not confirmed."""
        return max(0, self.stored - self.confirmed)


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The road as it is now."""

    connected: bool
    since: Instant | None
    """Since when it is as it is; None before the first attempt."""
    receiver_seen_at: Instant | None
    """When a watermark of this gateway last came."""
    receiver_session: str
    lanes: tuple[LaneStatus, ...]
    published: int
    """Messages that the broker took, repeats included, since the process began."""
    last_error: str
    """A sentence; empty when nothing went wrong since the session began."""
