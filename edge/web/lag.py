"""How late the event loop comes to what it promised."""

import asyncio

BOUNDS_S = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0)
BEAT_S = 1.0


class LoopLag:
    """Lateness of a timer that should fire each second, counted by size."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        """How many beats were late by at most each bound; the last is for all beyond."""
        self.sum_s = 0.0
        self._next: asyncio.TimerHandle | None = None

    def observe(self, late_s: float) -> None:
        """Count one lateness."""
        self.counts[next((i for i, b in enumerate(BOUNDS_S) if late_s <= b), len(BOUNDS_S))] += 1
        self.sum_s += late_s

    def start(self) -> None:
        """Begin; the event loop must be running."""
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(BEAT_S, self._beat, loop.time() + BEAT_S)

    def stop(self) -> None:
        """End."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _beat(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        self.observe(max(0.0, loop.time() - due))
        self._next = loop.call_later(BEAT_S, self._beat, loop.time() + BEAT_S)
