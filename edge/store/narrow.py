"""Numbers in as few bytes as hold them exactly.

Most readings were never 64 bits wide: they left the device as float32, or as an integer that a
profile scaled by a power of ten. Each cell takes the narrowest form that gives back the very same
float64; the forms are stored in streams of their own, their bytes shuffled (all first bytes, then
all second ones, …), which is what makes them compress.
"""

import numpy as np
import numpy.typing as npt

from edge.model.scan import Values

# Form 0 is float32. Form i, from 1, is an int32 times MULTIPLIER[i] or divided by DIVISOR[i]: a
# reading scaled by 0.1 and one divided by 10 differ in the last bit. WIDE is float64.
MULTIPLIER = np.array([0, 0.1, 0.01, 0.001, 1, 1, 1], np.float64)
DIVISOR = np.array([1, 1, 1, 1, 10, 100, 1000], np.float64)
SINGLE = 0
WIDE = 7
_INT32 = float(2**31 - 1)

Bytes = npt.NDArray[np.uint8]


def pack(values: Values) -> tuple[bytes, bytes, bytes, bytes]:
    """`(forms, singles, integers, wides)` of float64[n]; one form per cell."""
    forms = np.full(len(values), WIDE, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        singles = values.astype(np.float32)
        fits = (singles == values) | np.isnan(values)
        forms[fits] = SINGLE
        integers = np.zeros(len(values), np.int32)
        left = np.flatnonzero(~fits)
        for form in range(1, WIDE):
            if not len(left):
                break
            here = values[left]
            whole = np.rint(here / MULTIPLIER[form] * DIVISOR[form])
            exact = (whole * MULTIPLIER[form] / DIVISOR[form] == here) & (np.abs(whole) < _INT32)
            taken = left[exact]
            forms[taken] = form
            integers[taken] = whole[exact].astype(np.int32)
            left = left[~exact]
    return (
        forms.tobytes(),
        _shuffled(singles[fits]),
        _shuffled(integers[(forms != SINGLE) & (forms != WIDE)]),
        _shuffled(values[forms == WIDE]),
    )


def unpack(forms: bytes, singles: bytes, integers: bytes, wides: bytes) -> Values:
    """What `pack` was given.

    Raises:
        ValueError: the streams do not belong together.
    """
    form = np.frombuffer(forms, np.uint8)
    values = np.empty(len(form), np.float64)
    narrow = (form != SINGLE) & (form != WIDE)
    values[form == SINGLE] = _unshuffled(singles, np.dtype(np.float32))
    scale = form[narrow]
    whole = _unshuffled(integers, np.dtype(np.int32)).astype(np.float64)
    values[narrow] = whole * MULTIPLIER[scale] / DIVISOR[scale]
    values[form == WIDE] = _unshuffled(wides, np.dtype(np.float64))
    return values


def _shuffled(array: npt.NDArray[np.generic]) -> bytes:
    width = array.dtype.itemsize
    return np.ascontiguousarray(array).view(np.uint8).reshape(-1, width).T.tobytes()


def _unshuffled(text: bytes, dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    rows = np.frombuffer(text, np.uint8).reshape(dtype.itemsize, -1)
    return np.ascontiguousarray(rows.T).view(dtype)[:, 0]
