"""Which quality codes speak of the road to a device."""

import numpy as np
import numpy.typing as npt

from edge.model.quality import LINK_CAUSES, Quality, QualityArray

_IS_LINK_CAUSE = np.zeros(256, np.bool_)
_IS_LINK_CAUSE[sorted(LINK_CAUSES)] = True


def speaks_of_link(quality: QualityArray) -> npt.NDArray[np.bool_]:
    """Which cells are bad because the device could not be reached, cell by cell."""
    return _IS_LINK_CAUSE[quality]


def is_cut_off(quality: QualityArray) -> bool:
    """Whether every cell is bad because the device could not be reached."""
    return bool(quality.size) and bool(speaks_of_link(quality).all())


def main_cause(quality: QualityArray) -> Quality:
    """The link cause that most cells carry; the lowest code among equals."""
    causes = quality[speaks_of_link(quality)]
    return Quality(int(np.bincount(causes).argmax()))
