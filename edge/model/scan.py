"""One look at one device: columns, not objects."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.model.clock import ClockQuality, Instant
from edge.model.point import Columns, Point
from edge.model.quality import Quality, QualityArray

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look at a device brought; made even when it failed, so that silence says something.

    `values` is float64[n] and `quality` uint8[n], both in the order of `columns.points`. A failed
    cell is NaN with its cause. Counters are exact to 2^53; bits are 0 and 1.
    """

    columns: Columns
    measured_at: Instant
    mono_ns: int
    boot: str
    clock_quality: ClockQuality
    values: Values
    quality: QualityArray
    present: npt.NDArray[np.bool_] | None = None
    """Which cells this look brought; None is all. An absent cell is unchanged, not bad."""

    def samples(self) -> Iterator["Sample"]:
        """The cells one by one, for people and for rules."""
        for i, point in enumerate(self.columns.points):
            if self.present is None or self.present[i]:
                yield Sample(point, float(self.values[i]), int(self.quality[i]), self.measured_at)


@dataclass(frozen=True, slots=True)
class Sample:
    """One cell of a Scan."""

    point: Point
    value: float
    quality: int
    measured_at: Instant


def failed(
    columns: Columns,
    cause: Quality,
    *,
    measured_at: Instant,
    mono_ns: int,
    boot: str,
    clock_quality: ClockQuality,
) -> Scan:
    """The Scan of a look that brought nothing: every cell NaN, every cell with the cause."""
    n = len(columns)
    return Scan(
        columns,
        measured_at,
        mono_ns,
        boot,
        clock_quality,
        np.full(n, np.nan),
        np.full(n, cause, np.uint8),
    )
