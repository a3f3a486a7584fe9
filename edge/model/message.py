"""What leaves the site, numbered so that a loss or a repeat is recognisable."""

from dataclasses import dataclass
from enum import StrEnum

from edge.model.clock import Instant


class Lane(StrEnum):
    """Sequenced roads to the operations centre, most urgent first; fixed when a message is made."""

    AUDIT = "audit"
    EVENT = "event"
    INTERVAL = "interval"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Message:
    """`(gateway, epoch, lane, seq)` names it for ever; a resend carries the same bytes."""

    gateway: str
    epoch: str
    """Random identity of the store: a store that was lost or restored starts a new one."""
    lane: Lane
    seq: int
    """From 1, without holes, never used twice in an epoch."""
    payload: bytes
    created_at: Instant


@dataclass(frozen=True, slots=True)
class Watermark:
    """What the operations centre holds of one lane: 1..upto, less the closed ranges `missing`."""

    upto: int
    missing: tuple[tuple[int, int], ...] = ()
