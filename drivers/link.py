"""When to try again what did not answer: one place for every protocol."""

import random


class Backoff:
    """Tries spread by full jitter, never closer than `floor_s`, never further apart than `cap_s`.

    Full jitter (each wait uniform between nothing and a doubling bound) parts the many clients of
    one dead server best; the floor keeps a server that accepts and closes from being hammered.
    Times are the event loop's, handed in.
    """

    def __init__(self, rng: random.Random, *, floor_s: float = 1.0, cap_s: float = 60.0) -> None:
        self._rng = rng
        self._floor_s = floor_s
        self._cap_s = cap_s
        self._not_before_s = float("-inf")
        self.failures = 0
        """Failed tries since the last success."""

    def wait_s(self, now_s: float) -> float:
        """How long the next try must still wait; 0 where it may begin."""
        return max(0.0, self._not_before_s - now_s)

    def tried(self, now_s: float) -> None:
        """A try begins: whatever comes of it, the next begins `floor_s` later at the earliest."""
        self._not_before_s = max(self._not_before_s, now_s + self._floor_s)

    def failed(self, now_s: float) -> None:
        """The try brought nothing."""
        self.failures += 1
        # the exponent is bounded: a device may be silent for years
        bound_s = min(self._cap_s, self._floor_s * 2.0 ** min(self.failures, 32))
        wait_s = max(self._floor_s, self._rng.uniform(0.0, bound_s))
        self._not_before_s = max(self._not_before_s, now_s + min(wait_s, self._cap_s))

    def succeeded(self) -> None:
        """Something useful came back. A connection that was merely accepted is not yet that."""
        self.failures = 0
