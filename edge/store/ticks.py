"""The store's second hand, and whether the machine stood still between two of its beats. Pure."""

from dataclasses import dataclass

from edge.model.clock import NS_PER_S

TICK_NS = NS_PER_S
WAITING_TICKS = 2
"""Beats after a stand-still until all that lay in the sockets has been committed."""


@dataclass(slots=True)
class Ticks:
    """When the store looks round next."""

    next_ns: int
    """On the monotonic clock."""
    _waiting: int = 0

    def take(self, now_ns: int) -> bool:
        """Take the tick that is due; whether the clock may close windows at it.

        In the sockets of a machine that stood still lie answers to be counted in windows that have
        ended since. A beat that comes late by one or more, and the next, leave them time to come.
        """
        if self._waiting:
            self._waiting -= 1
        elif now_ns - self.next_ns >= TICK_NS:
            self._waiting = WAITING_TICKS
        self.next_ns = now_ns + TICK_NS
        return not self._waiting
