"""Judgement: a reading that cannot be true is marked, never dropped, never smoothed."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge.model.quality import Quality, is_bad
from edge.model.scan import Scan, Values


def admit(scan: Scan) -> Scan:
    """The scan with the quality its numbers deserve; the same object where nothing changes.

    Of the cells that came and are not already bad: NaN and the infinities become NaN with
    `NOT_A_NUMBER`; a number outside the point's plausible bounds, and a bit that is neither 0 nor
    1, keep their number and become `OUT_OF_RANGE`; -0.0 becomes 0.0, so that equal values are
    equal bytes. Everything behind this room may rely on it: a good cell is a finite number.
    """
    columns, values = scan.columns, scan.values
    possible = (values >= columns.lower) & (values <= columns.upper) & np.isfinite(values)
    if columns.bits.size:
        levels = values.take(columns.bits)
        possible[columns.bits] &= (levels == 0.0) | (levels == 1.0)
    # adding 0.0 changes -0.0 and nothing else
    if np.count_nonzero(possible) == len(values) and (values + 0.0).tobytes() == values.tobytes():
        return scan
    return _marked(scan, possible)


def _marked(scan: Scan, possible: npt.NDArray[np.bool_]) -> Scan:
    judged = ~is_bad(scan.quality)
    if scan.present is not None:
        judged &= scan.present
    impossible = judged & ~possible
    negative_zero = judged & (scan.values == 0.0) & np.signbit(scan.values)
    if not (impossible.any() or negative_zero.any()):
        return scan
    values: Values = scan.values.copy()
    quality = scan.quality.copy()
    no_number = impossible & ~np.isfinite(values)
    quality[impossible] = Quality.OUT_OF_RANGE
    quality[no_number] = Quality.NOT_A_NUMBER
    values[no_number] = np.nan
    values[negative_zero] = 0.0
    return replace(scan, values=values, quality=quality)
