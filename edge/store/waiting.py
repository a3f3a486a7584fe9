"""What was handed in and is not on disk yet; bounded, and guarded by the store's lock."""

from concurrent.futures import Future
from dataclasses import dataclass, field

from edge.errors import StoreFailed
from edge.model.event import Event
from edge.model.scan import Scan
from edge.store.block import cells_in

GROUP_CELLS = 20_000
"""Cells that are committed without waiting for more."""
MOST_CELLS = 500_000
"""Cells that may wait in memory, about 5 MB; beyond them scans are refused."""
MOST_EVENTS = 10_000

ScanGroup = list[tuple[Scan, Future[None]]]
EventGroup = list[tuple[Event, Future[None]]]


@dataclass(slots=True)
class Waiting:
    """Scans and events with the futures of their commits."""

    interval_ns: int
    cells: int = 0
    cells_refused: int = 0
    closed: str = ""
    """Why nothing is taken any more; empty while it is."""
    full: str = ""
    """Why no scan is taken for now."""
    events: EventGroup = field(default_factory=list)
    _scans: ScanGroup = field(default_factory=list)
    _first_ns: int = 0
    _retry_ns: int = 0

    def add_scan(self, scan: Scan, now_ns: int) -> tuple[Future[None], bool]:
        """The future of its commit, and whether the writer has to be woken for it."""
        future: Future[None] = Future()
        cells = cells_in(scan)
        if refusal := self._refusal(cells):
            self.cells_refused += cells
            future.set_exception(StoreFailed(refusal))
            return future, False
        if not self._scans:
            self._first_ns = now_ns
        self._scans.append((scan, future))
        self.cells += cells
        return future, len(self._scans) == 1 or self.is_due(now_ns)

    def _refusal(self, cells: int) -> str:
        if self.closed or self.full:
            return self.closed or self.full
        if self.cells + cells > MOST_CELLS:
            return (
                f"{self.cells} cells already wait for the disk and {MOST_CELLS} may: scan refused"
            )
        return ""

    def add_event(self, event: Event) -> Future[None]:
        """The future of its commit."""
        future: Future[None] = Future()
        if self.closed or len(self.events) >= MOST_EVENTS:
            most = f"{MOST_EVENTS} events already wait for the disk: event refused"
            future.set_exception(StoreFailed(self.closed or most))
        else:
            self.events.append((event, future))
        return future

    def is_due(self, now_ns: int) -> bool:
        """Whether the scans make a group now."""
        if not self._scans or now_ns < self._retry_ns:
            return False
        return self.cells >= GROUP_CELLS or now_ns - self._first_ns >= self.interval_ns

    def due_ns(self) -> int | None:
        """When the scans will make a group, at the latest; None where there are none."""
        if not self._scans:
            return None
        return max(self._first_ns + self.interval_ns, self._retry_ns)

    def take_scans(self) -> ScanGroup:
        """All scans; their cells still count as waiting until `done`."""
        group, self._scans = self._scans, []
        return group

    def take_events(self) -> EventGroup:
        """All events."""
        group, self.events = self.events, []
        return group

    def done(self, group: ScanGroup) -> None:
        """These are on disk."""
        self.cells -= sum(cells_in(scan) for scan, _ in group)

    def put_back(self, group: ScanGroup, retry_ns: int) -> None:
        """These are not: before all others again, at `retry_ns`."""
        self._scans = group + self._scans
        self._retry_ns = retry_ns
