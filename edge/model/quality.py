"""How far a reading can be trusted: the OPC quality byte.

Two bits of grade (192 good, 64 uncertain, 0 bad), six bits of cause. Zeroed memory therefore
reads as bad. The table is frozen: the published schema holds it, so a number never changes its
meaning.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

QualityArray = npt.NDArray[np.uint8]


class Quality(IntEnum):
    """Grade and cause of one cell."""

    BAD = 0
    """Bad, and nobody said why."""
    LINK_DOWN = 1
    """No connection to the device, or to the gateway in front of it."""
    TIMEOUT = 2
    """The device was asked and did not answer in time."""
    DEVICE_FAULT = 3
    """The device answered that it, or its sensor, is faulty."""
    REFUSED = 4
    """The device does not know this address or function: a person must look at the profile."""
    BUSY = 5
    """The device answered that it is busy."""
    NOT_A_NUMBER = 6
    """The device sent NaN or an infinity."""
    UNAVAILABLE = 7
    """The device sent its own mark for "not available"."""
    OUT_OF_RANGE = 8
    """A number that cannot be true; the number is kept beside the mark."""
    BAD_FRAME = 9
    """The answer did not parse or did not belong to the question."""
    UNCERTAIN = 64
    """Uncertain, and nobody said why."""
    STALE = 65
    """An old value, shown because nothing newer came."""
    SUBSTITUTED = 66
    """Estimated or set by hand."""
    SUSPECT = 67
    """Readable but improbable: a counter that stepped back, a rate beyond the pipe."""
    GOOD = 192

    @property
    def grade(self) -> str:
        """`good`, `uncertain` or `bad`."""
        return "good" if self >= 192 else "uncertain" if self >= 64 else "bad"


LINK_CAUSES = frozenset({Quality.LINK_DOWN, Quality.TIMEOUT, Quality.BAD_FRAME})
"""The causes that speak of the road to the device, not of the device."""


def is_good(quality: QualityArray) -> npt.NDArray[np.bool_]:
    """Which cells are good, cell by cell."""
    return quality >= np.uint8(Quality.GOOD)


def is_bad(quality: QualityArray) -> npt.NDArray[np.bool_]:
    """Which cells are bad, cell by cell."""
    return quality < np.uint8(Quality.UNCERTAIN)


def name_of(code: int) -> str:
    """The lower-case name of a quality code, or of its grade where the cause is not known."""
    try:
        return Quality(code).name.lower()
    except ValueError:
        return "good" if code >= 192 else "uncertain" if code >= 64 else "bad"
