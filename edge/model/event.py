"""What happened: the things a person would want to be told."""

from dataclasses import dataclass, field
from enum import StrEnum

from edge.model.clock import Instant


class EventKind(StrEnum):
    """Frozen: the schema publishes these names."""

    DEVICE_UP = "device_up"
    DEVICE_DOWN = "device_down"
    QUALITY_CHANGED = "quality_changed"
    COUNTER_RESET = "counter_reset"
    COUNTER_ROLLOVER = "counter_rollover"
    COUNTER_SUSPECT = "counter_suspect"
    CLOCK_STEPPED = "clock_stepped"
    GATEWAY_STARTED = "gateway_started"
    GATEWAY_STOPPED = "gateway_stopped"
    WATERMARK_REFUSED = "watermark_refused"
    HISTORY_THINNED = "history_thinned"
    """A tombstone: a range of messages that the disk limit replaced or removed. Its detail says
    `lane`; `ranges`, closed ranges of sequence numbers laid flat (`[3, 3, 9, 12]`); `kept_s`, the
    resolution kept in seconds (0: nothing); and `replaced_by`, the number of the message in the
    same lane that now says it (left out where none does)."""
    STORE_DEGRADED = "store_degraded"
    COMMAND = "command"


Detail = str | int | float | bool | None | list[str] | list[int]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, to one subject, at one instant."""

    kind: EventKind
    at: Instant
    subject: str
    """`device`, `device.point`, or the gateway's own name."""
    detail: dict[str, Detail] = field(default_factory=dict)
