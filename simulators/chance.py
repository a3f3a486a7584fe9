"""Randomness with a memory, and the hour of the day that shapes a city's habits."""

import math
import random

from edge.model.clock import NS_PER_S, Instant

UTC_OFFSET_H = 7.0
"""Việt Nam keeps UTC+7 all year."""


class Wander:
    """A value that strays from zero and is drawn back: the Ornstein-Uhlenbeck process.

    The step is the exact transition (Gillespie, Phys. Rev. E 54, 1996, eq. 3.1), so that its
    spread does not depend on how long the steps are.
    """

    def __init__(self, sigma: float, tau_s: float, rng: random.Random) -> None:
        self._sigma = sigma
        self._tau_s = tau_s
        self._rng = rng
        self.value = rng.gauss(0.0, sigma)

    def step(self, dt_s: float) -> float:
        """The value `dt_s` later."""
        kept = math.exp(-dt_s / self._tau_s)
        spread = self._sigma * math.sqrt(1.0 - kept * kept)
        self.value = self.value * kept + self._rng.gauss(0.0, spread)
        return self.value


def local_hour(at: Instant, utc_offset_h: float = UTC_OFFSET_H) -> float:
    """Hours since local midnight, 0 to 24."""
    return (at / NS_PER_S / 3600.0 + utc_offset_h) % 24.0


def bump(hour: float, peak_h: float, width_h: float) -> float:
    """A hill of height 1 at `peak_h`, around the clock."""
    away = abs(hour - peak_h)
    away = min(away, 24.0 - away)
    return math.exp(-0.5 * (away / width_h) ** 2)
