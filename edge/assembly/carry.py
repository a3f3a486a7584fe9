"""The straight line, entire: from a device to the journal and to whoever looks."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from edge.intake import admit
from edge.latest import Latest
from edge.model.clock import Instant
from edge.model.quality import is_good
from edge.model.scan import Scan
from edge.ports import Driver, Journal


@dataclass(slots=True)
class Carried:
    """What came of one device since the process began."""

    protocol: str
    scans: int = 0
    samples: int = 0
    failed: int = 0
    """Scans without one good cell."""
    last_at: Instant | None = None
    up: bool | None = None
    """Whether it answers; None until the first look has ended."""
    turned_at: Instant | None = None
    """Since when it is as it is."""
    cause: int | None = None
    """Quality of the failed look's first bad cell; None while it answers."""


async def carry(
    driver: Driver,
    journal: Journal,
    latest: Latest,
    carried: Carried,
    stored: Callable[[Future[None]], None],
) -> None:
    """Bring every scan of `driver` to the journal and to the latest values, until it stops.

    `stored` is handed the promise of each commit; polling waits for none of them.
    """
    async for looked in driver.scans():
        scan = admit(looked)
        stored(journal.append(scan))
        latest.update(scan)
        _count(scan, carried)


def _count(scan: Scan, carried: Carried) -> None:
    present = scan.present
    cells = len(scan.values) if present is None else int(np.count_nonzero(present))
    carried.scans += 1
    carried.samples += cells
    carried.last_at = scan.measured_at
    # a subscription that brings nothing new is alive; one that brings only bad cells is not
    failed = cells > 0 and not is_good(scan.quality).any()
    carried.failed += failed
    up = not failed
    if up != carried.up:
        carried.up, carried.turned_at = up, scan.measured_at
    carried.cause = None if up else int(scan.quality[0])
