"""What a window of scans comes to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.model.clock import Instant, Window
from edge.model.point import Columns
from edge.model.scan import Values

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Summary:
    """One device over one window; every array is in the order of `columns.points`.

    Only what a kind allows is meaningful: `mean`, `minimum`, `maximum` for gauges; `delta` and
    `counter_epoch` for counters; `state_s` for states and bits. Elsewhere they are NaN, 0 or {}.
    """

    columns: Columns
    window: Window
    count: Counts
    """Cells whose commit returned, good or not."""
    good: Counts
    """Good cells among them."""
    good_s: Values
    """Seconds of the window for which a good value stood: the weight of `mean`."""
    mean: Values
    """Time-weighted over good cells, each held for at most two periods."""
    minimum: Values
    maximum: Values
    last: Values
    """The last good value in the window; NaN where there was none."""
    quality: npt.NDArray[np.uint8]
    """Quality of the last cell; with no cell in the window, of the last before it."""
    delta: Values
    """Increase of a counter, through resets and rollovers."""
    counter_epoch: Counts
    """Rises by one with each reset or exchange: readings of two epochs do not compare."""
    state_s: tuple[dict[int, float], ...]
    """Seconds in each value, by position."""
    clock_stepped: bool = False
    """Whether the wall clock was stepped inside the window: its length is not to be trusted."""


@dataclass(frozen=True, slots=True)
class RawCells:
    """Cells of one device's `raw` points, scan by scan: `values` and `quality` are [scans, points].

    `present` is None where every cell came.
    """

    device: str
    points: tuple[str, ...]
    at: tuple[Instant, ...]
    values: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_] | None = None
