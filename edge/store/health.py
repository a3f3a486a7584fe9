"""How the store is."""

from dataclasses import dataclass

from edge.model.clock import Instant
from edge.model.message import Lane
from edge.store.messages import LaneDepth


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """What the writer last said of itself; the counts are since it was opened."""

    lanes: dict[Lane, LaneDepth]
    """What waits for the operations centre."""
    bytes_on_disk: int
    limit_bytes: int
    segments: int
    commits: int
    cells_committed: int
    cells_waiting: int
    """In memory, not yet acknowledged."""
    cells_refused: int
    """Not taken, because memory or disk had met its limit; their futures failed."""
    last_commit: Instant | None
    degraded: str
    """Why the store is not well; empty where it is."""
