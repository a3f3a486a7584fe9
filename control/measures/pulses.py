"""Counts and occupancies of one second, drawn as the pulses that they came from.

Many detectors tell no more than how many vehicles left them and for what share of the second they
were covered. The pulses drawn here have that number of ends and that time on, to a few
milliseconds; where within the second they lay is not known.
"""

import math

from control.measures.recorder import Edge
from control.observe import Floats

SECOND_MS = 1000


class Pulses:
    """The pulses of all detectors of a junction, second after second."""

    def __init__(self, detectors: int) -> None:
        self._on = [False] * detectors

    def second(self, since_ms: int, count: Floats, occupancy: Floats) -> list[Edge]:
        """Begins and ends within `[since_ms, since_ms + 1000)`.

        `count` and `occupancy` are those of an `Observation`; of a detector that said nothing
        (NaN) nothing is drawn.
        """
        found: list[Edge] = []
        for detector, was_on in enumerate(self._on):
            drawn = _drawn(float(count[detector]), float(occupancy[detector]), was_on=was_on)
            found += [Edge(since_ms + at_ms, detector, on) for at_ms, on in drawn]
            if drawn:
                self._on[detector] = drawn[-1][1]
        return found


def _drawn(count: float, occupancy: float, *, was_on: bool) -> list[tuple[int, bool]]:
    """When in the second it went on (True) or off."""
    if math.isnan(count) or math.isnan(occupancy):
        return []
    ends = round(count)
    # an end needs a millisecond free after it: two rows of one instant have no order
    on_ms = min(round(SECOND_MS * occupancy), SECOND_MS - ends)
    if ends == 0:
        if was_on:
            return [(on_ms, False)] if on_ms < SECOND_MS else []
        return [(SECOND_MS - on_ms, True)] if on_ms > 0 else []
    pitch_ms = SECOND_MS // ends
    found: list[tuple[int, bool]] = []
    for place in range(ends):
        length_ms = on_ms // ends + (place < on_ms % ends)
        begin_ms = place * pitch_ms
        if place or not was_on:
            found.append((begin_ms, True))
        found.append((begin_ms + min(max(length_ms, 1), pitch_ms - 1), False))
    return found
