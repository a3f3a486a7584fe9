"""From the model to what the page reads. Pure."""

import msgspec
import numpy as np
import numpy.typing as npt

from edge.model.clock import NS_PER_MS
from edge.model.event import Detail, Event
from edge.model.scan import Scan
from edge.web.source import Cells, numbers


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event with a time that a browser can hold: nanoseconds pass 2^53."""

    kind: str
    at_ms: int
    subject: str
    detail: dict[str, Detail]


def cells_of(scan: Scan, measured_at: npt.NDArray[np.int64] | None = None) -> Cells:
    """The cells of a whole look; `measured_at` int64[n] ns where each cell has a time of its own.

    A number that cannot be true stays beside its mark, as the judgement left it.
    """
    return Cells(
        device=scan.columns.device,
        measured_at_ms=(
            scan.measured_at // NS_PER_MS
            if measured_at is None
            else (measured_at // NS_PER_MS).tolist()
        ),
        values=numbers(scan.values),
        quality=scan.quality.tolist(),
    )


def view_of(event: Event) -> EventView:
    """An event as the page reads it."""
    return EventView(
        kind=event.kind.value,
        at_ms=event.at // NS_PER_MS,
        subject=event.subject,
        detail=event.detail,
    )
