"""Whose turn it is: urgent lanes first, none starved."""

from collections.abc import Collection

from edge.model.message import Lane

WEIGHTS = {Lane.AUDIT: 8, Lane.EVENT: 4, Lane.INTERVAL: 2, Lane.RAW: 1}
"""Messages of each lane in one round, while all have some waiting."""


class Turns:
    """Weighted rounds: the most urgent lane that has turns left in this round goes next."""

    def __init__(self) -> None:
        self._left = dict(WEIGHTS)

    def next(self, waiting: Collection[Lane]) -> Lane:
        """The lane to send from, of those with messages waiting; takes one of its turns.

        Raises:
            ValueError: nothing is waiting.
        """
        if not waiting:
            raise ValueError("no lane is waiting: ask when one is")
        for _ in range(2):
            for lane in WEIGHTS:
                if lane in waiting and self._left[lane] > 0:
                    self._left[lane] -= 1
                    return lane
            self._left = dict(WEIGHTS)
        raise AssertionError("a full round has a turn for every lane")
